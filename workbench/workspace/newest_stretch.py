"""Which is the newest stretch of time whose rows can all be looked at? For what needs each row's neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period


def newest_stretch(buckets: Sequence[OutcomeBucket], most: int) -> Period | None:
    """The time of the newest buckets up to the last that has labels, as many as hold `most` rows.

    Of a bucket with more rows than that its end, by its rows spread evenly. None without labels.

    Args:
        buckets: in order of time, their labels in.
        most: rows that there may be, about.
    """
    last = max((i for i, b in enumerate(buckets) if b.counts.labelled > 0), default=None)
    if last is None:
        return None
    newest = buckets[last]
    start, rows = newest.start, newest.counts.rows
    if rows > most:
        return Period(newest.end - (newest.end - start) * (most / rows), newest.end)
    for earlier in reversed(buckets[:last]):
        rows += earlier.counts.rows
        if rows > most:
            break
        start = earlier.start
    return Period(start, newest.end)
