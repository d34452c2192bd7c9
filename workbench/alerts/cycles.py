"""What does a share differ by in each phase of the week and of the day, and how well is that known?

Eight Saturdays say little of Saturdays, and a test against what they happened to be pages on the
error. So what a phase differs by is drawn towards what its like differ by: a day of the week
towards weekends or working days, these towards all days, an hour towards all hours. With n
buckets in each of some means m, s^2 the variance of the buckets within phases and k how many
means more there are than means they are drawn to, each difference d is multiplied by
max(1 - k s^2 / sum(n d^2), 0), so that a cycle which is no larger than chance is none
(empirical Bayes; cf. Efron and Morris, 1975). What is left of the error is the share of it that was
not drawn away.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Phase = tuple[str, int]
Counted = tuple[float, float, datetime]
"""Rows with a property, all rows, and the start of their bucket."""

DAY, WEEK = timedelta(days=1), timedelta(days=7)
_LENGTHS = {"weekday": WEEK, "hour": DAY}


@dataclass(frozen=True)
class Cycle:
    """What a share is higher by in each phase."""

    offsets: dict[Phase, float] = field(default_factory=dict)
    errors: dict[Phase, float] = field(default_factory=dict)
    """The variance of each offset's error, beyond that of the share of all."""

    def __or__(self, other: Cycle) -> Cycle:
        """Both cycles, of the week and of the day."""
        return Cycle(self.offsets | other.offsets, self.errors | other.errors)

    def higher(self, start: datetime, bucket: timedelta) -> float:
        """What the share of the bucket that starts then is higher by."""
        return math.fsum(self.offsets.get(phase, 0.0) for phase in phases(start, bucket))

    def error(self, start: datetime, bucket: timedelta, length: timedelta) -> float:
        """The variance of what the offsets are wrong by, for a stretch of this length.

        The offsets of a whole cycle add up to nothing, and so do their errors. Those of a part are
        taken as all the same, which is the careful side.
        """
        own = (phase for phase in phases(start, bucket) if _LENGTHS[phase[0]] > length)
        return math.fsum(self.errors.get(phase, 0.0) for phase in own)


def phases(start: datetime, bucket: timedelta) -> tuple[Phase, ...]:
    """Where in the week and in the day a bucket lies, as far as buckets of its width differ by it."""
    if bucket >= WEEK:
        return ()
    weekday: Phase = ("weekday", start.weekday())
    return (weekday,) if bucket >= DAY else (weekday, ("hour", start.hour))


def week_of(days: Sequence[Counted], share: float) -> Cycle:
    """What the days of the week differ by, drawn towards working days and weekends.

    Args:
        days: the counts of each day, none without rows.
        share: of all days.
    """
    return _cycle(days, share, lambda s: ("weekday", s.weekday()), lambda p: p[1] >= 5)


def day_of(buckets: Sequence[Counted], share: float) -> Cycle:
    """What the hours of the day differ by. Arguments as in `week_of`."""
    return _cycle(buckets, share, lambda s: ("hour", s.hour), lambda _: False)


def _cycle(
    buckets: Sequence[Counted],
    share: float,
    phase_of: Callable[[datetime], Phase],
    like: Callable[[Phase], bool],
) -> Cycle:
    """None with one phase, or with fewer than two buckets a phase."""
    groups: defaultdict[Phase, list[Counted]] = defaultdict(list)
    wider: defaultdict[bool, list[Counted]] = defaultdict(list)
    for bucket in buckets:
        phase = phase_of(bucket[2])
        groups[phase].append(bucket)
        wider[like(phase)].append(bucket)
    free = len(buckets) - len(groups)
    if len(groups) < 2 or free < len(groups):
        return Cycle()
    means = {phase: _mean(own) for phase, own in groups.items()}
    within = math.fsum((h / n - means[phase_of(s)]) ** 2 for h, n, s in buckets) / free
    # With one kind of phases the share of all is what they are drawn to.
    centres = {key: _mean(own) if len(wider) > 1 else share for key, own in wider.items()}
    kept_wider = _kept(
        ((len(own), centres[key] - share) for key, own in wider.items()), len(wider) - 1, within
    )
    kept = _kept(
        ((len(own), means[phase] - centres[like(phase)]) for phase, own in groups.items()),
        len(groups) - len(wider), within,
    )  # fmt: skip
    if kept_wider == kept == 0:
        return Cycle()
    offsets, errors = {}, {}
    for phase, own in groups.items():
        centre, many = centres[like(phase)], len(wider[like(phase)])
        offsets[phase] = kept_wider * (centre - share) + kept * (means[phase] - centre)
        errors[phase] = within * (
            kept_wider * (1 / many - 1 / len(buckets)) + kept * (1 / len(own) - 1 / many)
        )
    return Cycle(offsets, errors)


def _mean(buckets: Sequence[Counted]) -> float:
    return math.fsum(h for h, _, _ in buckets) / math.fsum(n for _, n, _ in buckets)


def _kept(differences: Iterable[tuple[int, float]], free: int, within: float) -> float:
    """What differences (buckets, difference) are multiplied by."""
    size = math.fsum(many * difference**2 for many, difference in differences)
    return max(1 - free * within / size, 0.0) if size > 0 and free > 0 else 0.0
