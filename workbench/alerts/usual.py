"""What is usual? How far a share, or a column's distribution, differs from bucket to bucket.

Rows of one day are alike, Saturdays differ from Mondays and nights from noons. A test that
takes the reference for one sample of independent rows alarms on each of these. So the
reference's own buckets say what is usual: the cycle of the week and of the day, and how much is
left beyond chance. Without times, or with fewer than `LEAST` buckets, rows count as independent.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from workbench.alerts.cycles import DAY as _DAY
from workbench.alerts.cycles import WEEK as _WEEK
from workbench.alerts.cycles import Counted, Cycle, day_of, week_of
from workbench.alerts.tails import gamma_survival
from workbench.performance.intervals import spread_between
from workbench.performance.quantiles import normal_quantile, student_quantile

Array = npt.NDArray[np.float64]

LEAST = 5
"""With fewer buckets nothing is known of what they differ by."""
_TAIL = 0.999
"""Where the law of a difference in units of an estimated spread is matched to Student's."""


@dataclass(frozen=True)
class UsualShare:
    """A share (bad, missed, missing) in the reference, and what it differs by."""

    share: float
    rows: float
    bucket: timedelta
    bucket_variance: float = 0.0
    """Of the true share of one bucket, beyond chance and cycle."""
    unit_variance: float = 0.0
    """Likewise of one day (of one bucket, where that is longer)."""
    units: int = 0
    cycle: Cycle = field(default_factory=Cycle)
    """What the share is higher by in a phase of the week or the day."""

    def expected(self, start: datetime) -> float:
        """The share to expect of the bucket that starts then."""
        higher = self.cycle.higher(start, self.bucket)
        return min(max(self.share + higher, self.share / 10), 1 - 1e-9)

    def variance(self, length: timedelta) -> float:
        """The variance of the true share over a stretch of this length, and of its estimate.

        Days are taken as independent of one another; the hours of a day are not.
        """
        estimated = self.share * (1 - self.share) / max(self.rows, 1.0)
        if self.units:
            estimated += self.unit_variance / self.units
        unit = max(self.bucket, _DAY)
        if length < unit:
            return estimated + max(self.bucket_variance, self.unit_variance)
        return estimated + self.unit_variance / (length / unit)


@dataclass(frozen=True)
class UsualSpread:
    """A column's rows over its bins in the reference, by phase, and what buckets differ by.

    An excess is (Pearson's statistic - degrees of freedom) a row, of a bucket against its phase;
    0 where buckets differ as independent rows do.
    """

    bucket: timedelta
    whole: Array
    """(bins,)"""
    bucket_excess: float = 0.0
    unit_excess: float = 0.0
    """Of a day, or of one bucket where that is longer."""
    by_phase: dict[int, tuple[Array, int]] = field(default_factory=dict)
    """Rows over the bins in each phase (see `phase`), and how many such buckets there are."""

    def beside(self, start: datetime, span: int) -> tuple[list[int], float]:
        """What `span` buckets up to the one that starts then are compared with.

        Returns:
            The reference's rows over the bins in the same phases of week and day (all of them
            for a week or more, and where phases are unknown), and the excess a row.
        """
        length, unit = span * self.bucket, max(self.bucket, _DAY)
        excess = self.unit_excess / (length / unit)
        if length < unit:
            excess = max(self.bucket_excess, self.unit_excess)
        own: dict[int, int] = {}
        for back in range(span if length < _WEEK else 0):
            place = phase(start - back * self.bucket, self.bucket)
            own[place] = own.get(place, 0) + 1
        if not own or not own.keys() <= self.by_phase.keys():
            return _whole_numbers(self.whole), excess
        # Phases count as they do in the span, and in all no more rows than the rarest phase has.
        least = min(self.by_phase[place][1] / times for place, times in own.items())
        counts = np.zeros(len(self.whole))
        for place, times in own.items():
            rows, buckets = self.by_phase[place]
            counts += rows * (least * times / buckets)
        few = min(self.by_phase[place][1] for place in own)
        return _whole_numbers(counts), excess * (1 + 1 / few)


def _whole_numbers(counts: Array) -> list[int]:
    found: list[int] = counts.round().astype(np.int64).tolist()
    return found


def phase(start: datetime, bucket: timedelta) -> int:
    """Where in the week a bucket lies, so that its like can be found in the reference.

    The day of the week; for buckets shorter than a day the hour, and 24 more at the weekend.
    """
    if bucket >= _DAY:
        return start.weekday()
    return start.hour + (24 if start.weekday() >= 5 else 0)


def usual_share(
    hits: Sequence[float], rows: Sequence[float], starts: Sequence[datetime], bucket: timedelta
) -> UsualShare | None:
    """What a share is in the reference's buckets; None without rows.

    Args:
        hits: rows with the property, a bucket each.
        rows: all rows of each bucket.
        starts: when the buckets start; all the same where the reference has no times.
        bucket: their width.
    """
    kept = [(h, n, s) for h, n, s in zip(hits, rows, starts, strict=True) if n > 0]
    total = math.fsum(n for _, n, _ in kept)
    if total <= 0:
        return None
    share = (math.fsum(h for h, _, _ in kept) + 0.5) / (total + 1)
    base = UsualShare(share, total, bucket)
    if len({s for _, _, s in kept}) < LEAST:
        return base
    unit = max(bucket, _DAY)
    days = _by_day(kept) if bucket < _DAY else kept
    cycle = week_of(days, share) if unit < _WEEK else Cycle()
    if bucket < _DAY:
        cycle |= day_of(kept, share)
    of_bucket = _variance(kept, cycle, bucket)
    # One day says nothing of how days differ: as much as its buckets do.
    of_unit = _variance(days, cycle, unit) if len(days) > 1 else of_bucket
    return UsualShare(share, total, bucket, of_bucket, of_unit, len(days), cycle)


def usual_spread(
    whole: Array, counts: Array, starts: Sequence[datetime], bucket: timedelta
) -> UsualSpread:
    """By how much a column's buckets differ in the reference.

    Args:
        whole: rows in each bin of the whole reference.
        counts: the same a bucket: (buckets, bins).
        starts: when the buckets start.
        bucket: their width.
    """
    if len(set(starts)) < LEAST or counts.sum() == 0:
        return UsualSpread(bucket, whole)
    if bucket >= _WEEK:
        excess = _pooled([_excesses(whole, counts)], 1)
        return UsualSpread(bucket, whole, excess, excess)
    by_phase, bucket_excess = _phased(whole, counts, [phase(start, bucket) for start in starts])
    if bucket >= _DAY:
        return UsualSpread(bucket, whole, bucket_excess, bucket_excess, by_phase)
    dates = sorted({start.date() for start in starts})
    place = {date: i for i, date in enumerate(dates)}
    daily = np.zeros((len(dates), len(whole)))
    np.add.at(daily, [place[start.date()] for start in starts], counts)
    _, unit_excess = _phased(whole, daily, [date.weekday() >= 5 for date in dates])
    return UsualSpread(bucket, whole, bucket_excess, unit_excess, by_phase)


def _by_day(kept: Sequence[Counted]) -> list[Counted]:
    sums: defaultdict[datetime, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for hits, rows, start in kept:
        day = sums[start.replace(hour=0, minute=0, second=0, microsecond=0)]
        day[0] += hits
        day[1] += rows
    return [(hits, rows, day) for day, (hits, rows) in sums.items()]


def _variance(kept: Sequence[Counted], cycle: Cycle, width: timedelta) -> float:
    """The variance between buckets that chance and cycle leave, wide enough for its own error.

    Half a standard error is added, (all variance) sqrt(2 / degrees): the estimate is 0 as often as not where
    days differ less than chance does. The sum is widened by what Student's law is wider than the normal.
    """
    own = [max(hits - rows * cycle.higher(start, width), 0.0) for hits, rows, start in kept]
    rows = [n for _, n, _ in kept]
    between = (spread_between(own, rows) or 0.0) ** 2
    share, degrees = math.fsum(own) / math.fsum(rows), len(kept) - 1
    chance = share * (1 - share) * len(kept) / math.fsum(rows)
    between += (between + chance) * math.sqrt(2 / degrees) / 2
    return between * (student_quantile(_TAIL, degrees) / normal_quantile(_TAIL)) ** 2


def _phased(
    whole: Array, counts: Array, phases_of: Sequence[int]
) -> tuple[dict[int, tuple[Array, int]], float]:
    """Rows over the bins and buckets of each phase, and the excess within phases.

    No phases, and the excess against the whole, where phases do not differ, or one has fewer than
    two buckets: the whole has more rows to compare with.
    """
    has = counts.sum(axis=1) > 0
    counts, labels = counts[has], np.asarray(phases_of)[has]
    groups = [counts[labels == label] for label in np.unique(labels)]
    sums = [group.sum(axis=0) for group in groups]
    if min(len(group) for group in groups) < 2 or not _differ(whole, sums):
        return {}, _pooled([_excesses(whole, counts)], 1)
    within = [_excesses(total, group) for total, group in zip(sums, groups, strict=True)]
    places = [int(label) for label in np.unique(labels)]
    known = {
        place: (total, len(group))
        for place, total, group in zip(places, sums, groups, strict=True)
    }  # fmt: skip
    return known, _pooled(within, len(groups))


def _differ(whole: Array, sums: Sequence[Array]) -> bool:
    """Whether the phases differ more than chance would have it: Pearson's test at 20 %."""
    share = whole[whole > 0] / whole.sum()
    degrees = (len(sums) - 1) * (len(share) - 1)
    statistic = 0.0
    for own in sums:
        expected = own.sum() * share
        statistic += float(((own[whole > 0] - expected) ** 2 / expected).sum())
    return degrees > 0 and gamma_survival(statistic, degrees, 2 * degrees) < 0.2


def _excesses(whole: Array, counts: Array) -> Array:
    """(excess, rows) of each bucket: Pearson's statistic against the whole, less its degrees."""
    filled = whole > 0
    share = whole[filled] / whole.sum()
    own = counts[:, filled]
    rows = own.sum(axis=1)
    has = rows > 0
    own, rows = own[has], rows[has]
    expected = rows[:, None] * share
    # A bucket is part of the whole that it is compared with.
    apart = np.maximum(1 - rows / whole.sum(), 0.05)
    statistic = ((own - expected) ** 2 / expected).sum(axis=1) / apart
    return np.column_stack([statistic - (len(share) - 1), rows])


def _pooled(excesses: Sequence[Array], groups: int) -> float:
    """The excess a row over all buckets, at least 0, and two standard errors of it."""
    both = np.concatenate(excesses)
    rows, free = float(both[:, 1].sum()), len(both) - groups
    if rows <= 0 or free < 1:
        return 0.0
    return max(float(both[:, 0].sum()) / rows, 0.0) * (1 + 2 * math.sqrt(2 / free))
