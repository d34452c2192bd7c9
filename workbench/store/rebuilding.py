"""How are counts copied into the catalog, and remade from the rows when their basis changes?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from workbench.domain.period import bucket_start
from workbench.domain.profile import ColumnBins
from workbench.domain.rules import OutcomeRules
from workbench.store.baseline_record import Baseline, reference_id
from workbench.store.catalog import ModelSegments, Segment
from workbench.store.connections import Connection, StoreHome, scratch
from workbench.store.counting import (
    OUTCOME_TABLES,
    PROFILE_TABLES,
    count_categories,
    count_numbers,
    count_outcomes,
    count_parse_failures,
    counted_columns,
    group_rows,
    make_empty_counts,
    write_counts,
)
from workbench.store.judging import make_judged_view
from workbench.store.quoting import literal
from workbench.store.replacing import COMPACTED, was_restored

REBUILT = "rebuilt"
"""The batch that remade counts are stored under."""
_ROWS_AT_ONCE = 4_000_000


def copy_counts(
    catalog: Connection, written: dict[str, Path], bins_id: str, rules_id: str, batch: str
) -> None:
    """Copies the files of `write_counts` into the catalog's tables."""
    for table, path in written.items():
        basis = bins_id if table in PROFILE_TABLES else rules_id
        catalog.execute(
            f"INSERT INTO {table} SELECT ?, ?, * FROM read_parquet({literal(str(path))})",
            [basis, batch],
        )


def count_segments(
    home: StoreHome, segments: ModelSegments, baseline: Baseline, folder: Path
) -> dict[str, Path]:
    """Counts committed rows over a baseline, into the files of `write_counts`.

    Args:
        home: for the limits.
        segments: what is counted, with the labels that stand for it.
        baseline: the bins and the rules.
        folder: for spilling and for the files; it is made.
    """
    folder.mkdir(exist_ok=True)
    if not segments.predictions:
        return {}
    with scratch(home, folder) as connection:
        make_empty_counts(connection)
        for part, start, end in row_stretches(segments, baseline.rules):
            make_judged_view(connection, part, baseline.rules, baseline.shape, start=start, end=end)
            count_judged(connection, baseline.rules, baseline.bins)
        return write_counts(connection, folder)


def has_changed(catalog: Connection, model: str, counted: ModelSegments) -> bool:
    """Whether the rows, labels or counts of a model are others than those that were counted."""
    rows = catalog.execute(
        "SELECT count(*) FROM commits WHERE model = ? AND version > ? AND action <> ?",
        [model, counted.version, COMPACTED],
    ).fetchall()
    return bool(rows[0][0]) or was_restored(catalog, counted.version)


def replace_counts(
    catalog: Connection, baseline: Baseline, written: dict[str, Path], since: int | None = None
) -> None:
    """Puts remade counts in the place of a model's, in the open transaction.

    Args:
        catalog: the open transaction.
        baseline: whose bins and rules they are over.
        written: the files of `write_counts`.
        since: what batches later than this version added stays: it was not counted.
    """
    _drop_own(catalog, baseline.bins_id, baseline.rules_id, since)
    copy_counts(catalog, written, baseline.bins_id, baseline.rules_id, REBUILT)


def drop_counts(catalog: Connection, bins_id: str, rules_id: str) -> None:
    """Removes bins and the counts over them, but for what can never be counted again.

    That is what they have of buckets whose rows retention took; the bins and the reference's
    own counts stay as long as there is such a bucket.
    """
    _drop_own(catalog, bins_id, rules_id)
    if kept_before(catalog, bins_id, rules_id) is None:
        _drop_own(catalog, reference_id(bins_id), reference_id(rules_id))
        catalog.execute("DELETE FROM bins WHERE bins_id = ?", [bins_id])


def _drop_own(catalog: Connection, bins_id: str, rules_id: str, since: int | None = None) -> None:
    kept = kept_before(catalog, bins_id, rules_id)
    for tables, column, own in (
        (PROFILE_TABLES, "bins_id", bins_id), (OUTCOME_TABLES, "rules_id", rules_id),
    ):  # fmt: skip
        for table in tables:
            conditions = f"{column} = ?"
            values: list[object] = [own]
            if kept is not None:
                conditions += " AND bucket >= ?"
                values.append(kept)
            if since is not None:
                conditions += " AND batch NOT IN (SELECT batch FROM batches WHERE version > ?)"
                values.append(since)
            catalog.execute(f"DELETE FROM {table} WHERE {conditions}", values)


def kept_before(catalog: Connection, bins_id: str, rules_id: str) -> datetime | None:
    """Counts over these bins and rules of buckets before this have no rows any more (naive)."""
    found: datetime | None = catalog.execute(
        "SELECT max(before) FROM retained WHERE bins_id = ? AND rules_id = ?", [bins_id, rules_id]
    ).fetchall()[0][0]
    return found


def count_judged(connection: Connection, rules: OutcomeRules, bins: tuple[ColumnBins, ...]) -> None:
    """Adds every count of the view `judged`: outcomes of all roles, profiles of live rows."""
    groups = group_rows(connection, "judged", rules, bins)
    count_outcomes(connection, "judged", groups, rules, bins)
    live = "(SELECT * FROM judged WHERE wb_role = 'live' AND NOT is_assumed)"
    plain = counted_columns(bins, ("feature", "prediction", "score"), rules.task)
    labels = counted_columns(bins, ("label",), rules.task)
    count_categories(connection, groups, [*plain, *labels])
    count_numbers(connection, live, plain)
    count_parse_failures(connection, live, plain)
    labelled = "(SELECT * FROM judged WHERE wb_role = 'live' AND NOT is_assumed AND judged_label IS NOT NULL)"
    count_numbers(connection, labelled, labels)


def row_stretches(
    segments: ModelSegments, rules: OutcomeRules
) -> Iterator[tuple[ModelSegments, datetime | None, datetime | None]]:
    """The rows in stretches of whole buckets, so that memory does not grow with the log."""
    ordered = sorted(
        (s for s in segments.predictions if s.start is not None), key=lambda s: (s.start, s.path)
    )
    borders: list[datetime] = []
    rows = 0
    for segment in ordered:
        start = bucket_start(segment.start, rules.bucket) if segment.start else None
        if rows >= _ROWS_AT_ONCE and start is not None and (not borders or start > borders[-1]):
            borders.append(start)
            rows = 0
        rows += segment.rows
    starts: list[datetime | None] = [None, *borders]
    ends: list[datetime | None] = [*borders, None]
    for start, end in zip(starts, ends, strict=True):
        inside = tuple(s for s in segments.predictions if _overlaps(s, start, end))
        yield ModelSegments(segments.version, inside, segments.labels), start, end


def _overlaps(segment: Segment, start: datetime | None, end: datetime | None) -> bool:
    after = start is None or segment.end is None or segment.end >= start
    return after and (end is None or segment.start is None or segment.start < end)
