"""Which rows stand for a period? A sample that the same rows always give, as a Polars frame.

For what needs rows and not counts: domain classifiers, slices, faults that join columns. A row
is in the sample or not by a hash of its id, so that the answer to a question does not change
with the order of files, and two overlapping periods share their rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.card import ModelCard
from workbench.domain.period import Period
from workbench.domain.rules import OutcomeRules
from workbench.errors import ReferenceTableError, WorkbenchError
from workbench.store.connections import Connection, StoreHome, scratch
from workbench.store.counted import ModelStore, overlaps
from workbench.store.judging import make_judged_view
from workbench.store.outcome_sql import badness
from workbench.store.pseudonym_key import concealment
from workbench.store.quoting import identifier, literal, literal_list
from workbench.store.reference_counts import make_reference_rows
from workbench.store.rows import known_columns
from workbench.store.sources import open_source
from workbench.store.staging import spill_folder

if TYPE_CHECKING:
    from datetime import datetime

    import polars as pl

MOST_ROWS = 50_000
"""How many rows a sample has at most, by default."""

_WHOLE = 2**64
_OURS = ("wb_id", "wb_timestamp", "wb_version", "wb_role", "wb_prediction", "wb_score")


@dataclass(frozen=True)
class RowSample:
    """Some or all of the rows of a period (or of the reference), with what they stand for."""

    frame: pl.DataFrame
    """One row a prediction, in order of time and id. The features and segment columns under
    their own names (Float64 or String), multiclass scores too, and of ours `wb_id`,
    `wb_timestamp` (UTC), `wb_version`, `wb_role`, `wb_prediction`, `wb_score` (binary),
    `wb_label` (the one that stands) and `wb_bad` (0 to 1; null without a label). Classes are
    normalised text, predictions and labels of a regression numbers."""
    rows: int
    """How many there were to choose from."""

    @property
    def is_whole(self) -> bool:
        """Whether every row is in the sample."""
        return self.frame.height == self.rows


def sampled_rows(
    store: ModelStore,
    period: Period,
    *,
    versions: tuple[str, ...] | None = None,
    roles: tuple[str, ...] = ("live",),
    most: int = MOST_ROWS,
    only_labelled: bool = False,
    but_live: tuple[str, ...] | None = (),
    further: Mapping[str, str] | None = None,
    with_arm: bool = False,
) -> RowSample:
    """The stored rows of a period, or about `most` of them.

    Args:
        store: the model's rows.
        period: half-open; rows are of it by their own timestamps.
        versions: None: every version.
        roles: empty: every role.
        most: with more rows than this, each is taken with the same probability, and about so
            many are (fewer than 5 % more or less from 10,000 on).
        only_labelled: rows without a label are none to choose from.
        but_live: live rows of these versions are none to choose from either; None: of any version.
        further: logged columns to add that the card knows nothing of, with the type
            (`DOUBLE` or `VARCHAR`) to read them as; what cannot be read so is null.
        with_arm: adds `wb_arm`, the arm of the card's experiment as text.
    """
    rules, shape = store.baseline.rules, store.baseline.shape
    inside = store.segments.of(s for s in store.segments.predictions if overlaps(s, period))
    with spill_folder(store.home) as spill, scratch(store.home, spill) as connection:
        make_judged_view(
            connection, inside, rules, shape, start=period.start, end=period.end,
            as_of=store.as_of, further=further,
        )  # fmt: skip
        conditions = ["true"]
        if roles:
            conditions.append(f"list_contains({literal_list(roles)}, wb_role)")
        if versions is not None:
            conditions.append(f"list_contains({literal_list(versions)}, wb_version)")
        if only_labelled:
            conditions.append("judged_label IS NOT NULL")
        if but_live is None:
            conditions.append("wb_role IS DISTINCT FROM 'live'")
        elif but_live:
            own = f"list_contains({literal_list(but_live)}, wb_version)"
            conditions.append(f"NOT coalesce(wb_role = 'live' AND {own}, false)")
        columns = {**(further or {}), **known_columns(rules, shape)}
        where, ours = " AND ".join(conditions), (*_OURS, "wb_arm") if with_arm else _OURS
        return _sample(connection, "judged_rows", where, columns, rules, most, ours)


def sampled_reference(
    home: StoreHome,
    root: Path,
    card: ModelCard,
    store: ModelStore,
    now: datetime,
    *,
    most: int = MOST_ROWS,
    table: str | None = None,
) -> RowSample:
    """The rows of the reference, or about `most` of them, in the form of `sampled_rows`.

    Args:
        home: the store.
        root: the workspace, which the card's paths are relative to.
        card: the model's card.
        store: the model's baseline.
        now: the machine's clock.
        most: as for `sampled_rows`.
        table: another table with the reference's features and a label (the training table, or the
            rows that a version was judged on); what it has no column of is null.

    Raises:
        ReferenceTableError: the reference is not there any more, or cannot be read.
    """
    rules, shape = store.baseline.rules, store.baseline.shape
    named = table or store.baseline.path
    what = "reference"
    if table is not None:
        what = "training table" if table == card.training.data else "table of judged rows"
    path = root / named
    if not path.exists():
        raise ReferenceTableError(
            f"the {what} of {card.name} is not there: {named}",
            f"Correct [{'training' if table == card.training.data else 'reference'}] data in the card, "
            "or put the file there.",
        )
    with spill_folder(home) as folder, scratch(home, folder) as connection:
        conceal = concealment(home, card, now)
        try:
            source = open_source(connection, path, folder, conceal=conceal)
        except WorkbenchError as error:
            raise ReferenceTableError(
                f"the {what} of {card.name} cannot be read", error.hint
            ) from None
        make_reference_rows(connection, source, card, shape, rules, folder, now)
        # A reference needs no ids: a row without one goes by its place in the file.
        connection.execute(
            "CREATE OR REPLACE TEMP VIEW reference_judged AS SELECT * "
            "REPLACE (coalesce(wb_id, wb_file || ':' || wb_row) AS wb_id), "
            "wb_label AS judged_label FROM reference_rows"
        )
        columns = known_columns(rules, shape)
        return _sample(connection, "reference_judged", "true", columns, rules, most)


def _sample(
    connection: Connection,
    relation: str,
    where: str,
    columns: dict[str, str],
    rules: OutcomeRules,
    most: int,
    ours: tuple[str, ...] = _OURS,
) -> RowSample:
    rows = int(
        connection.execute(f"SELECT count(*) FROM {relation} WHERE {where}").fetchall()[0][0]
    )
    chosen = where
    if rows > most:
        # The salt keeps the choice apart from other uses of the same hash.
        limit = int(_WHOLE * (most / rows))
        chosen += f" AND hash(wb_id, wb_version, wb_role, {literal('sample')}) < {limit}::UBIGINT"
    own = [name for name in columns if not name.startswith("wb_")]
    bad = badness(rules, "wb_prediction", "judged_label")
    bad = f"CASE WHEN wb_prediction IS NULL OR judged_label IS NULL THEN NULL ELSE {bad} END"
    listed = ", ".join(identifier(name) for name in (*ours, *own))
    frame = connection.sql(
        f"SELECT {listed}, judged_label AS wb_label, ({bad})::DOUBLE AS wb_bad FROM {relation} "
        f"WHERE {chosen} ORDER BY wb_timestamp, wb_id, wb_version, wb_role"
    ).pl()
    return RowSample(frame.with_columns(_utc()), rows)


def _utc() -> pl.Expr:
    import polars as pl

    return pl.col("wb_timestamp").dt.replace_time_zone("UTC")
