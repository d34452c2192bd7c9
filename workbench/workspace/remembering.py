"""What can be said of a time whose rows are gone? Over which baseline, and what must be added.

Retention takes rows and leaves counts. They answer for whole buckets, over the reference of
then; whatever an answer leaves out or mixes is in its notes.
"""

from __future__ import annotations

from dataclasses import replace

from workbench.domain.period import Period, iso
from workbench.errors import NoRowsError
from workbench.store.baseline_record import Baseline
from workbench.store.counted import Counts, ModelStore
from workbench.store.judging import own_bucket
from workbench.store.measured import WIDTHS
from workbench.store.stretches import Stretch, segment_number


def compared_with(store: ModelStore, counts: Counts) -> Baseline:
    """What rates are compared with: the reference of then for a period that is all of then."""
    if counts.stretches and not any(stretch.is_current for stretch in counts.stretches):
        return counts.stretches[-1].baseline
    return store.baseline


def compared_stretch(counts: Counts, period: Period, like: Baseline | None = None) -> Stretch:
    """The newest part of a period that is counted over one set of bins.

    Args:
        counts: the counts of the period.
        period: what was asked.
        like: the bins that it must be counted over; None: any.

    Raises:
        NoRowsError: nothing of the period is counted over them.
    """
    found = [s for s in counts.stretches if like is None or s.baseline.bins_id == like.bins_id]
    if found:
        return found[-1]
    if counts.stretches:
        raise NoRowsError(
            f"the period {period} is counted over the bins of another reference",
            "Its rows are gone (`store retain`): compare it with a period of the same time.",
        )
    raise NoRowsError(
        f"no whole bucket of the period {period} is left",
        "Its rows are gone (`store retain`): ask for whole buckets.",
    )


def outcome_notes(
    store: ModelStore, counts: Counts, period: Period, by: str, segment: str | None
) -> tuple[str, ...]:
    """What an answer about outcomes must say of the rows that are gone and of earlier rules."""
    notes = [*_gone(store, counts, period), *_outdated(store)]
    earlier = () if counts.is_from_rows else _earlier(counts)
    current = compared_with(store, counts)
    ruled = [s for s in earlier if _rules(s.baseline) != _rules(store.baseline)]
    if ruled:
        notes.append(f"judged by the earlier rules of the card or reference: {_times(ruled)}")
    if earlier and current.ids != store.baseline.ids:
        notes.append("compared with the reference of that time, whose rows are gone")
    deaf = [s for s in earlier if segment_number(s.baseline, segment) is None]
    if deaf:
        notes.append(f"left out, not broken down by {segment!r} then: {_times(deaf)}")
    coarse = [s for s in counts.stretches if _is_coarser(s, by)] if not counts.is_from_rows else []
    if coarse:
        width = own_bucket(coarse[0].baseline.rules)
        notes.append(f"only buckets of {width} are left of {_times(coarse)}")
    if len({s.score_edges for s in counts.stretches}) > 1:
        notes.append(
            "no area under the curve of the whole: scores were counted in other bins before "
            f"{iso(counts.stretches[-1].period.start)}"
        )
    return tuple(notes)


def profile_notes(
    store: ModelStore, counts: Counts, period: Period, stretch: Stretch
) -> tuple[str, ...]:
    """What an answer about distributions must say of the rows that are gone and of earlier bins."""
    notes = [*_gone(store, counts, period), *_outdated(store)]
    if counts.is_from_rows:
        return ("counted from the rows: the period cuts a bucket", *notes)
    others = [s for s in counts.stretches if s != stretch]
    if others:
        notes.append(f"left out, counted over the bins of another reference: {_times(others)}")
    if not stretch.is_current:
        notes.append(
            "counted over the bins of the reference of that time, and compared with it: "
            "the rows are gone"
        )
    return tuple(notes)


def _gone(store: ModelStore, counts: Counts, period: Period) -> list[str]:
    """That rows are missing from the answer, or that it is of whole buckets only."""
    before = store.before
    if before is None or period.start >= before:
        return []
    if counts.is_from_rows:
        first = store.counted_from
        if first is not None and period.end <= first:
            return []
        left = "only those that are left were counted"
        return [f"rows older than {iso(before)} are gone (`store retain`): {left}"]
    if not counts.stretches:
        return ["no whole bucket of the period is left: its rows are gone (`store retain`)"]
    if counts.stretches[0].period.start > period.start or (
        period.end <= before and counts.stretches[-1].period.end < period.end
    ):
        covered = Period(counts.stretches[0].period.start, counts.stretches[-1].period.end)
        return [f"rows are gone (`store retain`): only the whole buckets {covered} are counted"]
    return []


def _outdated(store: ModelStore) -> list[str]:
    if not store.is_outdated:
        return []
    return [
        "another process is counting the rows over the changed reference or card; until then as before"
    ]


def _earlier(counts: Counts) -> tuple[Stretch, ...]:
    return tuple(stretch for stretch in counts.stretches if not stretch.is_current)


def _rules(baseline: Baseline) -> object:
    """What of the rules judges a row."""
    return replace(baseline.rules, segments=(), bucket_seconds=0, maturity_seconds=0)


def _is_coarser(stretch: Stretch, by: str) -> bool:
    own = own_bucket(stretch.baseline.rules)
    if by == "month":
        return own == "7d" and not stretch.is_current
    return by in WIDTHS and WIDTHS[by] < WIDTHS[own]


def _times(stretches: list[Stretch] | tuple[Stretch, ...]) -> str:
    return ", ".join(str(stretch.period) for stretch in stretches)
