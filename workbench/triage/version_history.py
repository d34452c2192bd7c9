"""What became of each retraining? By how each version did since it took over, as the log tells it.

A version that the log has not seen before is a retraining that went live. What it gained is what the
registry recorded, or else what the version before it got wrong at the end less what it got wrong
itself at first. It has worn off at the bucket from which it was at the alarm's level to its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from workbench.domain.outcomes import OutcomeBucket, bad_rate
from workbench.performance.intervals import wilson
from workbench.triage.half_life import Retraining
from workbench.triage.since import find_rise

LEAST_LABELS = 50
"""Of a version, to say how it did."""


def retrainings(
    by_version: Sequence[OutcomeBucket],
    usual: float | None,
    alarm: float | None,
    recorded: Mapping[str, float] | None = None,
) -> tuple[Retraining, ...]:
    """The retrainings that the log has seen go live, oldest first.

    Args:
        by_version: outcomes of live rows by bucket, their segment the version, in order of time.
        usual: the reference's bad rate; None where it has none: nothing has worn off then.
        alarm: the bad rate of a warning.
        recorded: what the registry says that each version gained, in bad rate.
    """
    known = recorded or {}
    versions = _in_order(by_version)
    found = []
    worst = None  # the rate of the version before, once it had worn off, or over all
    for place, (version, buckets) in enumerate(versions):
        gone = _gone_at(buckets, usual, alarm)
        good = _rate([b for b in buckets if gone is None or b.start < gone])
        if place:
            gain = known.get(version)
            if gain is None and worst is not None and good is not None:
                gain = worst - good
            found.append(Retraining(version, buckets[0].start, gain, gone))
        worst = _rate([b for b in buckets if gone is None or b.start >= gone])
    return tuple(found)


def _in_order(by_version: Sequence[OutcomeBucket]) -> list[tuple[str, list[OutcomeBucket]]]:
    """The versions by when they were first seen, with their buckets."""
    found: dict[str, list[OutcomeBucket]] = {}
    for bucket in by_version:
        if bucket.segment is not None and bucket.counts.rows > 0:
            found.setdefault(bucket.segment, []).append(bucket)
    return sorted(found.items(), key=lambda item: (item[1][0].start, item[0]))


def _gone_at(
    buckets: Sequence[OutcomeBucket], usual: float | None, alarm: float | None
) -> datetime | None:
    """From when on a version was at the alarm's level, surely above what is usual; None: it was not."""
    if usual is None or alarm is None:
        return None
    labelled = [b for b in buckets if b.counts.labelled > 0]
    rise = find_rise(labelled, least=0.0)
    start = rise.start if rise is not None and rise.end is None else None
    if start is None and labelled:
        start = labelled[0].start
    after = [b for b in labelled if start is not None and b.start >= start]
    rows = sum(b.counts.labelled for b in after)
    if rows < LEAST_LABELS:
        return None
    bad = sum(b.counts.bad for b in after)
    bounds = wilson(bad, rows)
    if bounds is None or bounds[0] <= usual or bad / rows < alarm:
        return None
    return start


def _rate(buckets: Sequence[OutcomeBucket]) -> float | None:
    rows = sum(b.counts.labelled for b in buckets)
    return bad_rate(buckets) if rows >= LEAST_LABELS else None
