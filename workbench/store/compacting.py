"""How do many small segments become few? Written together outside the lock, exchanged in a commit.

What is written carries the commit of each row, so that labels stand as they did and an ingest
that was checked against the small segments need not be checked again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.clock import Clock
from workbench.domain.housekeeping import Compacted
from workbench.errors import SegmentGoneError, StoreError
from workbench.store.catalog import LABELS, PREDICTIONS, ModelSegments, model_segments
from workbench.store.committing import move_in_place, record_segments, settle_batch
from workbench.store.compaction_plan import Group, label_groups, portions, prediction_groups
from workbench.store.connections import Connection, StoreHome, reading, scratch, writing
from workbench.store.joined_rows import JoinedFile, joined_rows, split_days, write_joined
from workbench.store.merging_counts import merge_counts, scattered_buckets
from workbench.store.replacing import (
    COMPACTED,
    record_batch,
    record_commit,
    remove_segments,
    stand_all,
    stored_paths,
)
from workbench.store.staging import Staging, staging_folder

MERGED_COUNTS = "merge counts"
"""The action of a commit that added up counts."""
_TRIES = 3
_ORDER = {
    PREDICTIONS: "wb_timestamp, wb_sequence, wb_file, wb_row",
    LABELS: "wb_sequence, wb_row",
}
_TIME = {PREDICTIONS: "wb_timestamp", LABELS: "wb_label_timestamp"}


class _DisturbedError(Exception):
    """Segments that were to be exchanged are not there any more."""


def compact_model(
    home: StoreHome, model: str, clock: Clock, told: Callable[[float], None] | None = None
) -> Compacted:
    """Puts a model's small segments together, and adds up its counts of the same bucket.

    Args:
        home: the store.
        model: whose segments.
        clock: the machine's clock.
        told: told the share of the rows that are written.

    Raises:
        StoreError: the store cannot be written; what was exchanged by then stays.
    """
    before = _segments(home, model)
    written = 0
    disturbed = False
    for kind in (PREDICTIONS, LABELS):
        rows, gave_up = _compact_kind(home, model, kind, clock, told or (lambda _: None))
        written += rows
        disturbed = disturbed or gave_up
    saved = _merge(home, model, clock)
    after = _segments(home, model)
    notes = ("others exchanged the same segments meanwhile; run it again",) if disturbed else ()
    return Compacted(model, _count(before), _count(after), written, saved, notes=notes)


def _compact_kind(
    home: StoreHome, model: str, kind: str, clock: Clock, told: Callable[[float], None]
) -> tuple[int, bool]:
    """Exchanges the segments of a kind; the rows written, and whether it gave up."""
    written = 0
    for attempt in range(_TRIES):
        segments = _segments(home, model)
        groups = (
            prediction_groups(segments.predictions)
            if kind == PREDICTIONS
            else label_groups(segments.labels)
        )
        total = sum(group.rows for group in groups) or 1
        done = 0
        try:
            for portion in portions(groups):
                _exchange(home, model, kind, portion, clock)
                done += sum(group.rows for group in portion)
                told(done / total)
        except (_DisturbedError, SegmentGoneError) as error:
            if isinstance(error, SegmentGoneError) and attempt == _TRIES - 1:
                raise  # nobody exchanged it: it is lost
            written += done
            continue
        return written + done, False
    return written, True


def _exchange(
    home: StoreHome, model: str, kind: str, groups: Sequence[Group], clock: Clock
) -> None:
    """Writes the rows of some groups and puts the files in the place of their segments."""
    old = [segment for group in groups for segment in group.segments]
    with staging_folder(home) as staging:
        with scratch(home, staging.work) as connection:
            made = [
                file
                for number, group in enumerate(groups)
                for file in _write(connection, staging, kind, number, group)
            ]
        if sum(file.staged.rows for file in made) != sum(segment.rows for segment in old):
            raise StoreError(
                f"the segments of {model} do not hold the rows that the catalog says",
                "Run `workbench doctor`.",
            )
        settle_batch(staging)
        paths = stored_paths(home, old)
        with writing(home, f"compacting {model}") as catalog:
            if not stand_all(catalog, paths):
                raise _DisturbedError
            now = clock.now()
            version = record_commit(catalog, model, COMPACTED, now)
            record_batch(catalog, staging.batch, model, kind, version, now)
            for file in made:
                record_segments(catalog, staging.batch, model, kind, file.sequence, [file.staged])
            remove_segments(catalog, paths, version, now)
            move_in_place(home, staging)


def _write(
    connection: Connection, staging: Staging, kind: str, number: int, group: Group
) -> list[JoinedFile]:
    relation = joined_rows(connection, group.segments)
    sources = {f"{number:05d}": relation}
    if group.days:
        split = split_days(connection, relation, staging.work / f"days-{number:05d}")
        sources = {f"{number:05d}-{day}": part for day, part in split.items()}
    written = [
        write_joined(connection, rows, staging.rows / f"{name}.parquet", _ORDER[kind], _TIME[kind])
        for name, rows in sources.items()
    ]
    return [file for file in written if file is not None]


def _merge(home: StoreHome, model: str, clock: Clock) -> int:
    with reading(home, f"compacting {model}") as catalog:
        scattered = scattered_buckets(catalog, *_identities(catalog, model))
    if not scattered:
        return 0
    with writing(home, f"compacting the counts of {model}") as catalog:
        saved = merge_counts(catalog, *_identities(catalog, model))
        record_commit(catalog, model, MERGED_COUNTS, clock.now())
    return saved


def _identities(catalog: Connection, model: str) -> tuple[list[str], list[str]]:
    """What a model's own counts are stored under, now and from before its rows went."""
    rows = catalog.execute(
        "SELECT bins_id, rules_id FROM baselines WHERE model = ? "
        "UNION SELECT bins_id, rules_id FROM retained WHERE model = ?",
        [model, model],
    ).fetchall()
    return sorted({row[0] for row in rows}), sorted({row[1] for row in rows})


def _segments(home: StoreHome, model: str) -> ModelSegments:
    with reading(home, f"compacting {model}") as catalog:
        return model_segments(catalog, model, home.segments)


def _count(segments: ModelSegments) -> int:
    return len(segments.predictions) + len(segments.labels)
