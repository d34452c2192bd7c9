"""Which points does a chart have room for? Neighbouring buckets pooled, gaps kept as gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from workbench.domain.rates import RateBucket


@dataclass(frozen=True)
class Point:
    """A stretch of time and the bad rate of its labelled rows; None without any."""

    start: datetime
    end: datetime
    rate: float | None


def pooled(buckets: Sequence[RateBucket], most: int) -> tuple[tuple[Point, ...], timedelta]:
    """One point for every so many buckets, and how much time a point stands for.

    The rate of a point is that of all its labelled rows together. A bucket that is not there
    (no rows) is a gap, as one without labels is. Points are 1, 2, 3, 7, 14, 28, ... buckets
    long, the shortest that fit.

    Args:
        buckets: in time order, of one length; at least one.
        most: how many points fit, at least one.
    """
    step = max(b.end - b.start for b in buckets)
    first = buckets[0].start
    # The first bucket may be cut by the period; the second one lies on the grid.
    on_grid = buckets[1].start if len(buckets) > 1 else first
    origin = on_grid - -(-(on_grid - first) // step) * step
    slots = -(-(buckets[-1].end - origin) // step)
    size = next(s for s in _sizes() if -(-slots // s) <= most)
    length = step * size
    rows: dict[int, tuple[float, int]] = {}
    for bucket in buckets:
        index = (bucket.start - origin) // length
        bad, labelled = rows.get(index, (0.0, 0))
        rows[index] = (bad + bucket.bad, labelled + bucket.labelled)
    end = buckets[-1].end
    points = []
    for index in range(-(-slots // size)):
        bad, labelled = rows.get(index, (0.0, 0))
        start = max(origin + index * length, first)
        rate = bad / labelled if labelled else None
        points.append(Point(start, min(origin + (index + 1) * length, end), rate))
    return tuple(points), length


def _sizes() -> Iterator[int]:
    yield from (1, 2, 3)
    yield from (7 * 2**power for power in count())
