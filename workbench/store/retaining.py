"""How do old rows leave the store while what was counted of them stays?

Whole segments go; one that the cut divides is written again. Label records go with their
predictions; those that wait for a prediction go once they are older than the cut themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from workbench.clock import Clock
from workbench.domain.card import ModelCard
from workbench.domain.housekeeping import Retained
from workbench.domain.period import resolve_period
from workbench.errors import SegmentGoneError, StoreError
from workbench.store.baseline import Baseline, ensure_baseline
from workbench.store.catalog import LABELS, PREDICTIONS, ModelSegments, Segment, model_segments
from workbench.store.committing import move_in_place, record_segments, settle_batch
from workbench.store.compaction_plan import LARGE_ROWS
from workbench.store.connections import Connection, StoreHome, reading, scratch, writing
from workbench.store.eras import record_retained
from workbench.store.joined_rows import JoinedFile, joined_rows, split_days, write_joined
from workbench.store.judging import moment_literal
from workbench.store.old_labels import label_order, make_label_fates
from workbench.store.replacing import (
    record_batch,
    record_commit,
    remove_segments,
    stand_all,
    stored_paths,
    was_restored,
)
from workbench.store.rows import make_rows_view
from workbench.store.staging import Staging, spill_folder, staging_folder

RETAINED = "retain"
"""The action of a commit that took old rows."""
_TRIES = 3
_DAY = timedelta(days=1)


class _DisturbedError(Exception):
    """What was to be taken is not what is there any more."""


@dataclass(frozen=True)
class _Plan:
    """What a retention takes, at one version of the catalog."""

    segments: ModelSegments
    now: datetime
    before: datetime
    gone: tuple[Segment, ...]
    """Prediction segments that go whole."""
    divided: tuple[Segment, ...]
    """Prediction segments that keep their newer rows."""


def retention_plan(
    home: StoreHome, root: Path, card: ModelCard, keep: timedelta, clock: Clock
) -> Retained:
    """What `retain_model` would take, as the store is now; labels are not counted."""
    plan = _plan(home, ensure_baseline(home, root, card, clock.now()), keep)
    if plan is None:
        return Retained(card.name, None, None)
    rows = sum(s.rows for s in plan.gone)
    if plan.divided:
        with spill_folder(home) as folder, scratch(home, folder) as connection:
            make_rows_view(connection, "old", plan.divided, {"wb_timestamp": "TIMESTAMP"})
            found = connection.execute(
                f"SELECT count(*) FROM old WHERE wb_timestamp < {moment_literal(plan.before)}"
            )
            rows += int(found.fetchall()[0][0])
    return Retained(card.name, plan.now, plan.before, rows, 0, len(plan.gone), len(plan.divided))


def retain_model(
    home: StoreHome, root: Path, card: ModelCard, keep: timedelta, clock: Clock
) -> Retained:
    """Takes a model's rows that are older than `keep` before its newest prediction.

    What is kept is what a period of that length covers, so whole buckets and whole days.

    Raises:
        StoreError: the store cannot be written, or others exchange the same rows again and
            again.
        ReferenceTableError: the model's reference cannot be used.
    """
    for attempt in range(_TRIES):
        baseline = ensure_baseline(home, root, card, clock.now())
        plan = _plan(home, baseline, keep)
        if plan is None:
            return Retained(card.name, None, None)
        try:
            return _take(home, baseline, plan, clock)
        except _DisturbedError:
            continue
        except SegmentGoneError:
            if attempt == _TRIES - 1:
                raise  # nobody exchanged it: it is lost
    raise StoreError(
        f"the rows of {card.name} are exchanged again and again",
        "Give the command again when no other one is at work.",
    )


def _plan(home: StoreHome, baseline: Baseline, keep: timedelta) -> _Plan | None:
    """What is to be taken; None for a model without rows."""
    with reading(home, f"retaining {baseline.model}") as catalog:
        segments = model_segments(catalog, baseline.model, home.segments)
    times = [(s.start, s.end) for s in segments.predictions]
    known = [(start, end) for start, end in times if start is not None and end is not None]
    if not known:
        return None
    now = max(end for _, end in known)
    before = resolve_period(
        f"{keep // _DAY}d",
        first=min(start for start, _ in known),
        now=now,
        bucket=max(baseline.rules.bucket, _DAY),
    ).start
    if segments.before is not None:
        before = max(before, segments.before)
    gone = tuple(s for s in segments.predictions if s.end is not None and s.end < before)
    divided = tuple(
        s
        for s in segments.predictions
        if s.start is not None and s.end is not None and s.start < before <= s.end
    )
    return _Plan(segments, now, before, gone, divided)


def _take(home: StoreHome, baseline: Baseline, plan: _Plan, clock: Clock) -> Retained:
    model = baseline.model
    with staging_folder(home) as staging, staging_folder(home) as labels_staging:
        with scratch(home, staging.work) as connection:
            kept = _without_old(connection, staging, plan)
            taken, labels, left = _labels(connection, home, labels_staging, model, plan)
        old = (*plan.gone, *plan.divided, *labels)
        removed = sum(s.rows for s in (*plan.gone, *plan.divided))
        removed -= sum(file.staged.rows for file in kept)
        result = Retained(
            model, plan.now, plan.before, removed, taken, len(old), len(kept) + len(left)
        )
        if not old:
            return result
        settle_batch(staging)
        settle_batch(labels_staging)
        paths = stored_paths(home, old)
        with writing(home, f"retaining {model}") as catalog:
            _require_same(catalog, home, baseline, plan, paths)
            now = clock.now()
            version = record_commit(catalog, model, RETAINED, now)
            for part, kind, files in (
                (staging, PREDICTIONS, kept), (labels_staging, LABELS, left),
            ):  # fmt: skip
                if not files:
                    continue
                record_batch(catalog, part.batch, model, kind, version, now)
                for file in files:
                    record_segments(catalog, part.batch, model, kind, file.sequence, [file.staged])
            remove_segments(catalog, paths, version, now)
            if removed:
                record_retained(catalog, baseline, plan.before, version)
            move_in_place(home, staging)
            move_in_place(home, labels_staging)
        return result


def _without_old(connection: Connection, staging: Staging, plan: _Plan) -> list[JoinedFile]:
    """Writes the newer rows of the divided segments.

    Large ones become one a day, so that the next retention need not write them again.
    """
    sources: dict[str, str] = {}
    for number, segment in enumerate(plan.divided):
        cut = moment_literal(plan.before)
        joined = joined_rows(connection, [segment])
        rows = f"(SELECT * FROM {joined} WHERE wb_timestamp >= {cut})"
        name = f"{number:05d}-kept"
        if segment.rows < LARGE_ROWS:
            sources[name] = rows
            continue
        days = split_days(connection, rows, staging.work / f"days-{number:05d}")
        sources |= {f"{name}-{day}": part for day, part in days.items()}
    order = "wb_timestamp, wb_sequence, wb_file, wb_row"
    written = [
        write_joined(connection, rows, staging.rows / f"{name}.parquet", order, "wb_timestamp")
        for name, rows in sources.items()
    ]
    return [file for file in written if file is not None]


def _labels(
    connection: Connection, home: StoreHome, staging: Staging, model: str, plan: _Plan
) -> tuple[int, tuple[Segment, ...], list[JoinedFile]]:
    """Writes the label records that stay: how many go, from which segments, into which files."""
    make_label_fates(
        connection, home, model, plan.segments, (*plan.gone, *plan.divided), plan.before
    )
    going = {
        str(path): int(count)
        for path, count in connection.execute(
            "SELECT wb_path, count(*) FROM going_labels GROUP BY 1"
        ).fetchall()
    }
    touched = tuple(s for s in plan.segments.labels if str(s.path) in going)
    written = []
    for number, part in enumerate(_parts(touched)):
        rows = (
            f"{joined_rows(connection, part)} r ANTI JOIN going_labels g "
            f"ON {label_order('r')} = {label_order('g')}"
        )
        target = staging.rows / f"labels-{number:03d}.parquet"
        written.append(
            write_joined(connection, rows, target, "wb_sequence, wb_row", "wb_label_timestamp")
        )
    return sum(going.values()), touched, [file for file in written if file is not None]


def _parts(segments: Sequence[Segment]) -> list[list[Segment]]:
    parts: list[list[Segment]] = []
    for segment in segments:
        if not parts or sum(s.rows for s in parts[-1]) + segment.rows > LARGE_ROWS:
            parts.append([])
        parts[-1].append(segment)
    return parts


def _require_same(
    catalog: Connection, home: StoreHome, baseline: Baseline, plan: _Plan, paths: Sequence[str]
) -> None:
    """Raises `_DisturbedError` when others changed what is to be taken, or brought more of it."""
    current = catalog.execute(
        "SELECT bins_id, rules_id FROM baselines WHERE model = ?", [baseline.model]
    ).fetchall()
    now = model_segments(catalog, baseline.model, home.segments)
    more = any(
        segment.start is not None and segment.start < plan.before
        for segment in now.since(plan.segments.version).predictions
    )
    if current != [baseline.ids] or now.before != plan.segments.before or more:
        raise _DisturbedError
    if not stand_all(catalog, paths) or was_restored(catalog, plan.segments.version):
        raise _DisturbedError
