"""How are a model's stored counts made anew from its rows? Outside the lock, then exchanged.

What is committed in between stays: each batch added what it changed to what was there. Only
when something else happened than an ingest is it all counted again.
"""

from __future__ import annotations

from pathlib import Path

from workbench.clock import Clock
from workbench.domain.card import ModelCard
from workbench.domain.housekeeping import Rebuilt
from workbench.errors import SegmentGoneError
from workbench.store.baseline import Baseline, ensure_baseline
from workbench.store.catalog import ModelSegments, aware, model_segments
from workbench.store.connections import Connection, StoreHome, reading, writing
from workbench.store.counting import OUTCOME_TABLES, PROFILE_TABLES
from workbench.store.rebuilding import REBUILT, count_segments, kept_before, replace_counts
from workbench.store.replacing import COMPACTED, record_commit, was_restored
from workbench.store.staging import spill_folder

RECOUNTED = "rebuild"
"""The action of a commit that counted a model's rows anew."""
_TRIES = 3
_HARMLESS = (COMPACTED, "ingest predictions", "ingest labels")


def rebuild_model(home: StoreHome, root: Path, card: ModelCard, clock: Clock) -> Rebuilt:
    """Makes a model's profiles and outcomes anew from its segments.

    Counts of buckets whose rows retention took stay as they are.

    Raises:
        StoreError: the store cannot be written.
        ReferenceTableError: the model's reference cannot be used.
    """
    purpose = f"rebuilding the counts of {card.name}"
    with spill_folder(home) as folder:
        for attempt in range(_TRIES):
            baseline = ensure_baseline(home, root, card, clock.now())
            with reading(home, purpose) as catalog:
                segments = model_segments(catalog, card.name, home.segments)
            try:
                counted = count_segments(home, segments, baseline, folder / f"{attempt}")
            except SegmentGoneError:
                if attempt == _TRIES - 1:
                    raise  # nobody exchanged it: it is lost
                continue
            with writing(home, purpose) as catalog:
                if not _is_disturbed(catalog, baseline, segments):
                    return _commit(catalog, baseline, counted, segments, clock)
        baseline = ensure_baseline(home, root, card, clock.now())
        with writing(home, purpose) as catalog:
            segments = model_segments(catalog, card.name, home.segments)
            counted = count_segments(home, segments, baseline, folder / "last")
            return _commit(catalog, baseline, counted, segments, clock)


def _is_disturbed(catalog: Connection, baseline: Baseline, segments: ModelSegments) -> bool:
    """Whether the counted rows are not what was there, so that newer counts do not add to them."""
    current = catalog.execute(
        "SELECT bins_id, rules_id FROM baselines WHERE model = ?", [baseline.model]
    ).fetchall()
    others = catalog.execute(
        "SELECT count(*) FROM commits WHERE model = ? AND version > ? AND NOT list_contains(?, action)",
        [baseline.model, segments.version, list(_HARMLESS)],
    ).fetchall()
    restored = was_restored(catalog, segments.version)
    return current != [baseline.ids] or bool(others[0][0]) or restored


def _commit(
    catalog: Connection,
    baseline: Baseline,
    counted: dict[str, Path],
    segments: ModelSegments,
    clock: Clock,
) -> Rebuilt:
    replace_counts(catalog, baseline, counted, since=segments.version)
    record_commit(catalog, baseline.model, RECOUNTED, clock.now())
    made = 0
    for table in PROFILE_TABLES | OUTCOME_TABLES:
        made += int(
            catalog.execute(
                f"SELECT count(*) FROM {table} WHERE batch = ? AND "
                f"{'bins_id' if table in PROFILE_TABLES else 'rules_id'} = ?",
                [REBUILT, baseline.bins_id if table in PROFILE_TABLES else baseline.rules_id],
            ).fetchall()[0][0]
        )
    return Rebuilt(
        baseline.model,
        sum(s.rows for s in segments.predictions),
        made,
        aware(kept_before(catalog, *baseline.ids)),
    )
