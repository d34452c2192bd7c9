"""What does a reference table look like? Its shape, its bins, and the counts over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from workbench.domain.bins import make_category_bins, make_numeric_bins
from workbench.domain.card import ModelCard
from workbench.domain.profile import ColumnBins
from workbench.domain.rules import OutcomeRules, identity, outcome_rules, rules_id
from workbench.domain.shape import LogShape
from workbench.errors import LogFileError, ReferenceTableError, WorkbenchError
from workbench.store.baseline_record import REFERENCE, Baseline, card_basis
from workbench.store.catalog import aware
from workbench.store.connections import Connection
from workbench.store.counting import (
    count_categories,
    count_numbers,
    count_outcomes,
    counted_columns,
    group_rows,
    make_empty_counts,
)
from workbench.store.normalising import normalised_predictions
from workbench.store.outcome_sql import bucket_of
from workbench.store.pseudonyms import Concealment
from workbench.store.quoting import identifier, literal
from workbench.store.reference_shape import reference_shape
from workbench.store.rows import known_columns, make_rows_view
from workbench.store.source import Source
from workbench.store.sources import open_source

_NAME_CAP = 10_000
"""A reference with more categories than this is not listed: unseen names cannot be told."""


def measure_reference(
    connection: Connection,
    path: Path,
    folder: Path,
    card: ModelCard,
    digest: str,
    now: datetime,
    conceal: Concealment | None = None,
) -> Baseline:
    """The baseline that a reference file gives; its counts are then in the `new_` tables.

    Args:
        connection: scratch.
        path: the reference file.
        folder: for copies.
        card: the model's card.
        digest: the hash of the file.
        now: the machine's clock.
        conceal: what no copy of it may hold.

    Raises:
        ReferenceTableError: it cannot be used.
    """
    try:
        source = open_source(connection, path, folder, conceal=conceal)
    except LogFileError as error:
        is_private = card.privacy.is_any
        raise ReferenceTableError(
            f"the reference of {card.name}: {error.discreet if is_private else error.message}",
            error.hint,
        ) from (None if is_private else error)
    shape = reference_shape(connection, source, card)
    rules = outcome_rules(card, shape, card.bad_prediction.tolerance)
    make_reference_rows(connection, source, card, shape, rules, folder, now)
    if not rules.is_classification and rules.tolerance == 0:
        rules = replace(rules, tolerance=_default_tolerance(connection, rules))
    bins = _bins(connection, source, card, shape, rules)
    _count(connection, card, rules, bins, ("feature", "prediction", "score", "label"))
    rows, start, end = _extent(connection)
    bins_identity = identity("bins", card.name, digest, card_basis(card))
    return Baseline(
        card.name, bins_identity, rules_id(card.name, bins_identity, rules), shape, rules, bins,
        rows, start, end, card.reference.data,
    )  # fmt: skip


def count_scored(
    connection: Connection,
    path: Path,
    folder: Path,
    card: ModelCard,
    baseline: Baseline,
    now: datetime,
    conceal: Concealment | None = None,
) -> tuple[int, datetime | None, datetime | None]:
    """Counts labelled rows that a version has scored, over a baseline's bins and rules.

    Outcomes, predictions and scores are then in the `new_` tables; inputs are not counted.

    Args:
        connection: scratch.
        path: a table in the reference's columns.
        folder: for copies.
        card: the model's card.
        baseline: whose bins and rules.
        now: the machine's clock.
        conceal: what no copy of it may hold.

    Returns:
        How many rows it has, and its oldest and newest timestamp.

    Raises:
        ReferenceTableError: it cannot be read, or has no labelled prediction.
    """
    what = f"the rows that a version of {card.name} was judged on"
    try:
        source = open_source(connection, path, folder, conceal=conceal)
        make_reference_rows(connection, source, card, baseline.shape, baseline.rules, folder, now)
    except WorkbenchError as error:
        said = "cannot be read" if card.privacy.is_any else error.message
        raise ReferenceTableError(f"{what}: {said}", error.hint) from None
    usable = connection.execute(
        "SELECT count(*) FROM reference_rows WHERE wb_prediction IS NOT NULL AND wb_label IS NOT NULL"
    ).fetchall()[0][0]
    if not usable:
        raise ReferenceTableError(
            f"{what} hold no labelled prediction",
            "It is a table in the columns that the card names, with prediction and label.",
        )
    _count(connection, card, baseline.rules, baseline.bins, ("prediction", "score"))
    return _extent(connection)


def _count(
    connection: Connection,
    card: ModelCard,
    rules: OutcomeRules,
    bins: tuple[ColumnBins, ...],
    roles: tuple[str, ...],
) -> None:
    """Counts the view `reference_rows` into the `new_` tables: outcomes, and profiles of some roles."""
    day = bucket_of("coalesce(wb_timestamp, TIMESTAMP '1970-01-01')", card.monitoring.bucket)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW judged AS SELECT *, {day} AS wb_bucket, wb_label AS judged_label, "
        "1 AS row_count, 1 AS sign, false AS is_assumed FROM reference_rows "
        + ("" if rules.is_classification else "WHERE true")
    )
    make_empty_counts(connection)
    plain = counted_columns(bins, tuple(role for role in roles if role != "label"), rules.task)
    labels = counted_columns(bins, tuple(role for role in roles if role == "label"), rules.task)
    groups = group_rows(connection, "judged", rules, bins)
    count_categories(connection, groups, [*plain, *labels], "true")
    count_numbers(connection, "judged", plain)
    count_numbers(connection, "(SELECT * FROM judged WHERE judged_label IS NOT NULL)", labels)
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW predicted AS SELECT * FROM judged WHERE wb_prediction IS NOT NULL"
    )
    groups = group_rows(connection, "predicted", rules, bins, only_outcomes=True)
    count_outcomes(connection, "predicted", groups, rules, bins)


def _extent(connection: Connection) -> tuple[int, datetime | None, datetime | None]:
    rows, start, end = connection.execute(
        "SELECT count(*), min(wb_timestamp), max(wb_timestamp) FROM reference_rows"
    ).fetchall()[0]
    return int(rows), aware(start), aware(end)


def make_reference_rows(
    connection: Connection,
    source: Source,
    card: ModelCard,
    shape: LogShape,
    rules: OutcomeRules,
    folder: Path,
    now: datetime,
) -> None:
    """Makes the view `reference_rows`: the reference's rows in the form of stored ones.

    Args:
        connection: scratch.
        source: the opened file.
        card: the model's card.
        shape: what the reference was found to consist of.
        rules: the card's rules.
        folder: for a copy.
        now: the machine's clock.
    """
    query = normalised_predictions(
        source, card, shape, rules, file=REFERENCE, now=now, is_reference=True
    ).query
    target = folder / "reference.rows"
    connection.execute(
        f"COPY (SELECT * EXCLUDE (wb_reason, wb_day) FROM ({query})) TO {literal(str(target))} (FORMAT parquet)"
    )
    make_rows_view(connection, "reference_rows", [target], known_columns(rules, shape))


def _default_tolerance(connection: Connection, rules: OutcomeRules) -> float:
    error = "abs(wb_prediction - wb_label)"
    if rules.rule == "relative_error":
        error += " / greatest(abs(wb_label), 1e-9)"
    value = connection.execute(
        f"SELECT quantile_cont({error}, 0.9) FROM reference_rows"
    ).fetchall()[0][0]
    return float(value) if value is not None else 0.0


def _bins(
    connection: Connection, source: Source, card: ModelCard, shape: LogShape, rules: OutcomeRules
) -> tuple[ColumnBins, ...]:
    names = source.names
    kind = "categorical" if rules.is_classification else "numeric"
    bins = [
        _column_bins(connection, f.name, "feature", f.kind, identifier(f.name))
        for f in shape.features
    ]
    if card.columns.prediction in names or (rules.task == "binary" and card.columns.score in names):
        bins.append(
            _column_bins(connection, card.columns.prediction, "prediction", kind, "wb_prediction")
        )
    for name in shape.scores:
        value = "wb_score" if rules.task == "binary" else identifier(name)
        bins.append(_column_bins(connection, name, "score", "numeric", value))
    if card.columns.label in names:
        bins.append(_column_bins(connection, card.columns.label, "label", kind, "wb_label"))
    return tuple(bins)


def _column_bins(connection: Connection, name: str, role: str, kind: str, value: str) -> ColumnBins:
    if kind == "numeric":
        values = connection.execute(
            f"SELECT {value} AS x FROM reference_rows WHERE {value} IS NOT NULL"
        ).fetchnumpy()
        return make_numeric_bins(name, role, values["x"])
    rows = connection.execute(
        f"SELECT {value}, count(*) AS n FROM reference_rows WHERE {value} IS NOT NULL "
        f"GROUP BY 1 ORDER BY n DESC, 1 LIMIT {_NAME_CAP + 1}"
    ).fetchall()
    made = make_category_bins(name, role, dict(rows))
    return replace(made, other=made.other[:1], is_open=True) if len(rows) > _NAME_CAP else made
