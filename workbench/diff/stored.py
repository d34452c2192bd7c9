"""What are the stored rows of a model and a period as a dataset? Features, outputs and outcome, by id."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from workbench.diff.sides import Side, relation_columns
from workbench.diff.value_types import ValueType
from workbench.domain.card import ModelCard
from workbench.domain.names import shown
from workbench.domain.period import Period, iso
from workbench.domain.rules import OutcomeRules
from workbench.errors import NoRowsError
from workbench.store import expressions
from workbench.store.connections import Connection
from workbench.store.counted import ModelStore, overlaps
from workbench.store.judging import make_judged_view
from workbench.store.outcome_sql import badness
from workbench.store.quoting import identifier, literal, literal_list

Chooser = Callable[[Sequence[str | None]], tuple[tuple[str, ...] | None, tuple[str, ...]]]
"""Given the versions that are there: those to filter by (None: no filter), and those answered."""

_BAD = "wb_bad"


def stored_side(
    connection: Connection,
    name: str,
    card: ModelCard,
    store: ModelStore,
    period: Period,
    choose: Chooser,
    folder: Path,
) -> Side:
    """The live rows of a period, copied to a file of their own.

    The columns are the features and segments, and under the card's names the id, the prediction,
    the score and the label that stands.

    Args:
        connection: scratch.
        name: how the side is shown.
        card: the model's card.
        store: its rows.
        period: half-open.
        choose: which versions.
        folder: where the copy is put.

    Raises:
        NoRowsError: there are none.
    """
    rules, shape = store.baseline.rules, store.baseline.shape
    inside = store.segments.of(s for s in store.segments.predictions if overlaps(s, period))
    make_judged_view(
        connection, inside, rules, shape, start=period.start, end=period.end, as_of=store.as_of
    )
    present = connection.execute(
        "SELECT DISTINCT wb_version FROM judged_rows WHERE wb_role = 'live' ORDER BY 1"
    ).fetchall()
    filtered, answered = choose([None if v is None else str(v) for (v,) in present])
    by_version = filtered is None and len(answered) > 1
    columns = _columns(card, store, by_version=by_version)
    target = folder / "rows.parquet"
    _copy_rows(connection, rules, columns, filtered, target)
    relation = f"read_parquet({literal(str(target))}, hive_partitioning = false)"
    found = {n: t for n, t in relation_columns(connection, relation).items() if n != _BAD}
    rows, digest = _digest(connection, relation, found)
    if not rows:
        raise NoRowsError(
            f"no rows of {shown(card.name)} are stored from {iso(period.start)} to {iso(period.end)}",
            f"`workbench performance {shown(card.name)} --period all` shows where there are some.",
        )
    notes = [f"{iso(period.start)} to {iso(period.end)}, {_versions(answered)}"]
    if store.before is not None and period.start < store.before:
        notes.append(f"`store retain` took the rows before {iso(store.before)}")
    return Side(
        name, relation, found, f"rows:{digest}",
        key=tuple(columns)[: 2 if by_version else 1],
        bad=_BAD,
        numbers_as_text=_numbers_as_text(connection, relation, found),
        sensitive=frozenset(n for n in found if card.privacy.is_sensitive(n)),
        notes=tuple(notes),
        period=period,
    )  # fmt: skip


def _columns(card: ModelCard, store: ModelStore, *, by_version: bool) -> dict[str, str]:
    """Each column of the dataset, the key first, and what it is of the judged rows, as SQL."""
    rules, shape = store.baseline.rules, store.baseline.shape
    columns = {card.columns.prediction_id or "prediction_id": "wb_id"}
    if by_version:
        columns[card.columns.model_version or "model_version"] = "wb_version"
    outputs = {card.columns.prediction: "wb_prediction", card.columns.label: "judged_label"}
    if rules.task == "binary":
        outputs[card.columns.score] = "wb_score"
    scores = shape.scores if rules.task == "multiclass" else ()
    own = dict.fromkeys((*shape.feature_names, *scores, *rules.segments))
    for column, value in (*((n, identifier(n)) for n in own), *outputs.items()):
        if column and column.lower() not in {taken.lower() for taken in columns}:
            columns[column] = value
    return columns


def _copy_rows(
    connection: Connection,
    rules: OutcomeRules,
    columns: Mapping[str, str],
    versions: tuple[str, ...] | None,
    target: Path,
) -> None:
    """Writes the live rows of `judged_rows`, with how bad each was."""
    where = "wb_role = 'live'"
    if versions is not None:
        where += f" AND list_contains({literal_list(versions)}, wb_version)"
    bad = badness(rules, "j.wb_prediction", "j.judged_label")
    # Through an alias: a name that this SELECT gives would hide a column of the same name.
    listed = ", ".join(f"j.{value} AS {identifier(column)}" for column, value in columns.items())
    connection.execute(
        f"COPY (SELECT {listed}, CASE WHEN j.wb_prediction IS NULL OR j.judged_label IS NULL THEN NULL "
        f"ELSE {bad} END::DOUBLE AS {_BAD} FROM judged_rows j WHERE {where}) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )


def _digest(
    connection: Connection, relation: str, columns: Mapping[str, ValueType]
) -> tuple[int, str]:
    """How many rows there are, and 16 hexadecimal digits that follow from them in any order."""
    rows, digest = connection.execute(
        f"SELECT count(*), printf('%016x', (coalesce(sum(hash({', '.join(map(identifier, columns))})::HUGEINT), 0) "
        f"% 9223372036854775807)::BIGINT) FROM {relation}"
    ).fetchall()[0]
    return int(rows), str(digest)


def _numbers_as_text(
    connection: Connection, relation: str, columns: Mapping[str, ValueType]
) -> frozenset[str]:
    """The columns of text that hold numbers only: classes, say, that files hold as numbers."""
    texts = [name for name, type_ in columns.items() if type_.family == "text"]
    if not texts:
        return frozenset()
    readable = ", ".join(
        f"bool_and(TRY_CAST({identifier(n)} AS DOUBLE) IS NOT NULL) FILTER (WHERE {identifier(n)} IS NOT NULL)"
        for n in texts
    )
    found = connection.execute(f"SELECT {readable} FROM {relation}").fetchall()[0]
    return frozenset(name for name, is_all in zip(texts, found, strict=True) if is_all)


def outcome_of_file(side: Side, card: ModelCard, rules: OutcomeRules) -> str:
    """SQL of how bad a row of a file was, by the card's columns; empty without them."""
    prediction, label = card.columns.prediction, card.columns.label
    if prediction not in side.columns or label not in side.columns:
        return ""
    read = expressions.class_of if rules.is_classification else expressions.number
    values = [read(name, side.columns[name].text) for name in (prediction, label)]
    bad = badness(rules, f"({values[0]})", f"({values[1]})")
    return (
        f"CASE WHEN ({values[0]}) IS NULL OR ({values[1]}) IS NULL THEN NULL ELSE {bad} END::DOUBLE"
    )


def _versions(answered: tuple[str, ...]) -> str:
    plural = "version" if len(answered) == 1 else "versions"
    return f"{plural} {', '.join(answered) or 'unknown'}"
