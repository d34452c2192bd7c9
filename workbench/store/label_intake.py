"""How does a label file become a batch? Which records are new, which predictions they judge anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from workbench.domain.card import ModelCard
from workbench.domain.ingested import RowCounts
from workbench.domain.rules import OutcomeRules
from workbench.store.baseline import Baseline
from workbench.store.catalog import LABELS, ModelSegments
from workbench.store.committing import PreparedBatch
from workbench.store.connections import Connection
from workbench.store.counting import (
    count_categories,
    count_numbers,
    count_outcomes,
    counted_columns,
    group_rows,
    make_empty_counts,
    write_counts,
)
from workbench.store.intake import (
    OpenedFile,
    StagedFile,
    count_reasons,
    require_usable,
    set_aside,
    staged_segments,
    translated,
    with_rejects,
    write_rejects,
)
from workbench.store.judging import assumed_label, own_bucket
from workbench.store.normalising import normalised_labels
from workbench.store.outcome_sql import bucket_of
from workbench.store.prediction_intake import file_record
from workbench.store.quoting import literal
from workbench.store.row_files import RowFile
from workbench.store.rows import (
    label_that_stands,
    make_label_records,
    make_rows_view,
    make_sequences,
    outcome_columns,
    standing_labels,
)
from workbench.store.staging import Staging
from workbench.store.tombstones import Tombstones, marking_erased

_RECORD = "wb_id, wb_label, wb_label_timestamp, wb_file, wb_row"


def stage_labels(
    connection: Connection,
    staging: Staging,
    file: OpenedFile,
    card: ModelCard,
    baseline: Baseline,
    tombstones: Tombstones | None = None,
) -> StagedFile:
    """Writes a label file's usable records as a staged file and sets the others aside.

    Raises:
        LogFileError: the id or the label column is missing, no row is usable, or reading
            breaks off.
    """
    normalised = normalised_labels(file.source, card, baseline.rules, file=file.identity)
    target = staging.work / f"labels-{file.number:05d}.parquet"
    query = normalised.query
    try:
        query = marking_erased(connection, query, file.number, card, tombstones)
        reasons = count_reasons(connection, query)
        require_usable(file, reasons)
        connection.execute(
            f"COPY (SELECT {_RECORD} FROM ({query}) WHERE wb_reason IS NULL) "
            f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION zstd)"
        )
    except duckdb.Error as error:
        target.unlink(missing_ok=True)
        raise translated(file, error) from error
    set_aside(connection, file, query, reasons)
    lines = sum(file.source.rejects.values())
    rejected = sum(reasons.values()) + lines
    reasons = with_rejects(reasons, file.source)
    counts = RowCounts(rows_read=file.source.rows + lines, rows_quarantined=rejected)
    return StagedFile(file, counts, reasons, file.source.notes)


def prepare_labels(
    connection: Connection,
    staging: Staging,
    files: Sequence[StagedFile],
    card: ModelCard,
    baseline: Baseline,
    segments: ModelSegments,
) -> tuple[tuple[StagedFile, ...], PreparedBatch]:
    """Drops records that are there already and counts what the new ones change."""
    rules = baseline.rules
    _make_records(connection, staging, files, rules, segments)
    target = staging.rows / "labels.parquet"
    connection.execute(
        "COPY (SELECT * FROM (SELECT wb_id, wb_label, wb_label_timestamp, wb_file, "
        "place::BIGINT * 1000000000 + wb_row AS wb_row FROM new_records) ORDER BY wb_row) "
        f"TO {literal(str(target))} "
        "(FORMAT parquet, COMPRESSION zstd)"
    )
    _make_touched(connection, baseline, segments)
    make_empty_counts(connection)
    _count_changes(connection, baseline)
    counted = _count_files(connection, files)
    staged = staged_segments(connection, [RowFile(target)], "wb_label_timestamp")
    if not staged:
        target.unlink()
    return counted, PreparedBatch(
        model=card.name,
        kind=LABELS,
        files=tuple(file_record(file) for file in counted if file.opened.path),
        segments=staged,
        rejected=write_rejects(connection, staging),
        counts=write_counts(connection, staging.work),
        bins_id=baseline.bins_id,
        rules_id=baseline.rules_id,
        checked=segments.version,
        retained=segments.before,
    )


def _make_records(
    connection: Connection,
    staging: Staging,
    files: Sequence[StagedFile],
    rules: OutcomeRules,
    segments: ModelSegments,
) -> None:
    """Makes `old_records` (committed, of these ids), `old_standing` and `new_records`.

    A record with a time is there already when the same id, time and label are. One without
    is when it says what already stands, what the newest record without a time says, or what
    the record just before it said.
    """
    type_ = "VARCHAR" if rules.is_classification else "DOUBLE"
    paths = staged_label_paths(staging, files)
    columns = {
        "wb_id": "VARCHAR", "wb_label": type_, "wb_label_timestamp": "TIMESTAMP",
        "wb_file": "VARCHAR", "wb_row": "BIGINT",
    }  # fmt: skip
    make_rows_view(connection, "staged_labels", paths, columns)
    order = ", ".join(f"({literal(f.opened.identity)}, {f.opened.number})" for f in files)
    make_label_records(connection, "committed_labels", segments.labels, rules)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE old_records AS SELECT * FROM committed_labels "
        "WHERE wb_id IN (SELECT wb_id FROM staged_labels)"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE old_standing AS {standing_labels('old_records')}"
    )
    untimed = standing_labels("old_records", "WHERE wb_label_timestamp IS NULL")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE arrived AS SELECT l.*, place, row_number() OVER ("
        "PARTITION BY wb_id, wb_label, wb_label_timestamp ORDER BY place, wb_row) AS copy_no, "
        "row_number() OVER untimed AS untimed_no, lag(wb_label) OVER untimed AS before "
        f"FROM staged_labels l JOIN (SELECT * FROM (VALUES {order}) t(wb_file, place)) USING (wb_file) "
        "WINDOW untimed AS (PARTITION BY wb_id, wb_label_timestamp IS NULL ORDER BY place, wb_row)"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE new_records AS SELECT a.*, {segments.version + 1}::BIGINT AS sequence "
        "FROM arrived a LEFT JOIN old_standing s ON a.wb_id = s.wb_id "
        f"LEFT JOIN ({untimed}) u ON a.wb_id = u.wb_id WHERE CASE "
        "WHEN wb_label_timestamp IS NOT NULL THEN copy_no = 1 AND NOT EXISTS (SELECT 1 FROM old_records o "
        "WHERE o.wb_id = a.wb_id AND o.wb_label = a.wb_label AND o.wb_label_timestamp = a.wb_label_timestamp) "
        "WHEN untimed_no > 1 THEN a.wb_label IS DISTINCT FROM before "
        "ELSE coalesce(a.wb_label NOT IN (s.standing.v, u.standing.v), "
        "s.standing.v IS DISTINCT FROM a.wb_label) END"
    )


def _make_touched(connection: Connection, baseline: Baseline, segments: ModelSegments) -> None:
    """Makes `touched`: committed predictions of the new records' ids, with both labels."""
    make_rows_view(
        connection,
        "committed_rows",
        segments.predictions,
        outcome_columns(baseline.rules, baseline.shape),
    )
    make_sequences(connection, "row_sequences", segments.predictions, (), 0)
    connection.execute(
        "CREATE OR REPLACE TEMP VIEW all_records AS "
        "SELECT wb_id, wb_label, wb_label_timestamp, sequence, "
        "place::BIGINT * 1000000000 + wb_row AS wb_row FROM new_records "
        "UNION ALL SELECT wb_id, wb_label, wb_label_timestamp, sequence, wb_row FROM old_records"
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE new_standing AS "
        + standing_labels("all_records", "WHERE wb_id IN (SELECT wb_id FROM new_records)")
    )
    label = label_that_stands("coalesce(wb_sequence, sequence)")
    rows = (
        "(SELECT * FROM committed_rows WHERE wb_id IN (SELECT wb_id FROM new_records)) "
        "JOIN row_sequences USING (wb_path)"
    )
    bucket = bucket_of("wb_timestamp", own_bucket(baseline.rules))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE touched AS SELECT *, {label} AS new_label FROM ("
        f"SELECT * EXCLUDE (standing), {label} AS old_label, {bucket} AS wb_bucket FROM {rows} "
        "LEFT JOIN old_standing USING (wb_id)) LEFT JOIN new_standing USING (wb_id)"
    )


def _count_changes(connection: Connection, baseline: Baseline) -> None:
    """Adds to the `new_` tables what the changed labels of `touched` add and take back."""
    rules = baseline.rules
    changed = "FROM touched WHERE old_label IS DISTINCT FROM new_label"
    parts = [
        (
            "SELECT *, new_label AS judged_label, 0 AS row_count, 1 AS sign, false AS is_assumed "
            f"{changed}"
        ),
        (
            "SELECT *, old_label AS judged_label, 0 AS row_count, -1 AS sign, false AS is_assumed "
            f"{changed} AND old_label IS NOT NULL"
        ),
    ]
    if rules.missing_means is not None:
        parts.append(
            f"SELECT *, {assumed_label(rules)} AS judged_label, 0 AS row_count, -1 AS sign, "
            f"true AS is_assumed {changed} AND old_label IS NULL"
        )
    connection.execute("CREATE OR REPLACE TEMP VIEW judged AS " + " UNION ALL ".join(parts))
    groups = group_rows(connection, "judged", rules, baseline.bins, only_outcomes=True)
    count_outcomes(connection, "judged", groups, rules, baseline.bins)
    labels = counted_columns(baseline.bins, ("label",), rules.task)
    count_categories(connection, groups, labels)
    for sign in (1, -1):
        relation = (
            f"(SELECT * FROM judged WHERE wb_role = 'live' AND NOT is_assumed AND sign = {sign})"
        )
        count_numbers(connection, relation, labels, sign=sign)


def _count_files(connection: Connection, files: Sequence[StagedFile]) -> tuple[StagedFile, ...]:
    """The files with their matched, pending and duplicate records counted."""
    found = {
        str(file): (int(matched), int(pending))
        for file, matched, pending in connection.execute(
            "SELECT wb_file, count(*) FILTER (WHERE is_matched), count(*) FILTER (WHERE NOT is_matched) "
            "FROM (SELECT wb_file, wb_id IN (SELECT wb_id FROM touched) AS is_matched FROM new_records) "
            "GROUP BY 1"
        ).fetchall()
    }
    counted = []
    for file in files:
        matched, pending = found.get(file.opened.identity, (0, 0))
        usable = file.counts.rows_read - file.counts.rows_quarantined
        counts = RowCounts(
            rows_read=file.counts.rows_read,
            rows_quarantined=file.counts.rows_quarantined,
            rows_duplicate=usable - matched - pending,
            labels_matched=matched,
            labels_pending=pending,
        )
        counted.append(StagedFile(file.opened, counts, file.reasons, file.notes))
    return tuple(counted)


def staged_label_paths(staging: Staging, files: Sequence[StagedFile]) -> list[Path]:
    """The staged files of usable records, one a label file."""
    return [staging.work / f"labels-{file.opened.number:05d}.parquet" for file in files]
