"""Which label stands for which row? The judged rows that the counting statements read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from workbench.domain.card import BUCKETS
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import LogShape
from workbench.store.catalog import ModelSegments, naive
from workbench.store.connections import Connection
from workbench.store.outcome_sql import bucket_of
from workbench.store.quoting import literal
from workbench.store.row_files import RowFile
from workbench.store.rows import (
    known_columns,
    label_that_stands,
    make_label_records,
    make_rows_view,
    make_sequences,
    standing_labels,
)

_SECONDS = {"1h": 3600, "1d": 86400, "7d": 604800}


def own_bucket(rules: OutcomeRules) -> str:
    """The card's bucket, as `bucket_of` names it."""
    return next(name for name in BUCKETS if _SECONDS[name] == rules.bucket_seconds)


def make_judged_view(
    connection: Connection,
    segments: ModelSegments,
    rules: OutcomeRules,
    shape: LogShape,
    *,
    staged: Sequence[RowFile] = (),
    by: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    as_of: datetime | None = None,
    further: Mapping[str, str] | None = None,
) -> None:
    """Makes the view `judged` over committed rows or over staged ones.

    Args:
        connection: scratch.
        segments: committed rows; their label files count in any case.
        rules: the card's rules.
        shape: the features.
        staged: when given, the rows are these files' and not the committed ones'.
        by: the length of `wb_bucket`; the card's by default.
        start: only rows from here on.
        end: only rows before this.
        as_of: later predictions, and labels with a later time, do not exist.
        further: logged columns that the card knows nothing of, with the type to read them as.
    """
    files = staged or segments.predictions
    columns = {**(further or {}), **known_columns(rules, shape)}
    make_rows_view(connection, "stored_rows", files, columns)
    sequence = segments.version + 1
    where = _within(start, end, as_of)
    bucket = bucket_of("wb_timestamp", by or own_bucket(rules))
    if segments.labels:
        make_label_records(
            connection, "label_records", segments.labels, rules, as_of, up_to=segments.up_to
        )
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE standing_now AS "
            + standing_labels(
                "label_records", f"WHERE wb_id IN (SELECT wb_id FROM stored_rows{where})"
            )
        )
        committed = () if staged else segments.predictions
        make_sequences(connection, "row_sequences", committed, staged, sequence)
        joined = (
            f"(SELECT * FROM stored_rows{where}) LEFT JOIN standing_now USING (wb_id) "
            "LEFT JOIN row_sequences USING (wb_path)"
        )
        label = label_that_stands("coalesce(wb_sequence, sequence)")
    else:
        joined, label = f"stored_rows{where}", "wb_label"
    if segments.up_to is not None:
        joined = _known_by(connection, segments, segments.up_to, joined)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW judged_rows AS SELECT *, {bucket} AS wb_bucket, "
        f"{label} AS judged_label FROM {joined}"
    )
    make_judged_union(connection, rules)


def _within(start: datetime | None, end: datetime | None, as_of: datetime | None) -> str:
    """The WHERE of the rows of a time; empty for all."""
    conditions = [
        f"wb_timestamp {compared} {moment_literal(moment)}"
        for compared, moment in ((">=", start), ("<", end), ("<=", as_of))
        if moment is not None
    ]
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _known_by(connection: Connection, segments: ModelSegments, version: int, joined: str) -> str:
    """The relation without rows that a later commit brought; a compacted file says it row by row."""
    if not segments.labels:
        make_sequences(connection, "row_sequences", segments.predictions, (), segments.version + 1)
        joined = f"(SELECT * FROM {joined}) LEFT JOIN row_sequences USING (wb_path)"
    return f"(SELECT * FROM {joined}) WHERE coalesce(wb_sequence, sequence) <= {version:d}"


def make_judged_union(connection: Connection, rules: OutcomeRules) -> None:
    """Makes the view `judged` from `judged_rows`: each row as new, and what is assumed of it."""
    real = "SELECT *, 1 AS row_count, 1 AS sign, false AS is_assumed FROM judged_rows"
    if rules.missing_means is None:
        connection.execute(f"CREATE OR REPLACE TEMP VIEW judged AS {real}")
        return
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW judged AS {real} UNION ALL BY NAME "
        f"SELECT * REPLACE ({assumed_label(rules)} AS judged_label), 0 AS row_count, 1 AS sign, "
        "true AS is_assumed FROM judged_rows WHERE judged_label IS NULL"
    )


def assumed_label(rules: OutcomeRules) -> str:
    """What the card says that a missing label means, as SQL."""
    if rules.is_classification:
        return literal(rules.missing_means or "")
    return f"TRY_CAST({literal(rules.missing_means or '')} AS DOUBLE)"


def moment_literal(moment: datetime) -> str:
    """An aware moment as SQL, naive and in UTC as the rows have it."""
    return f"TIMESTAMP '{naive(moment).isoformat(sep=' ')}'"
