"""Is the harm older than the moment that stands out? Then that moment is not its onset.

A step inside a period that was bad all along (a worse month of a model that has been wrong for a
year), or a fault that comes when the harm is there already, is no onset: what is cut off before it
would be most of the harm, and rows that are no example of how things are when nothing is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from workbench.domain.card import Thresholds
from workbench.domain.outcomes import OutcomeBucket, bad_rate
from workbench.performance.judgement import threshold_rates_of
from workbench.triage.since import Since, find_rise

MOST = 0.5
"""Of the rise since a moment, what must have been there before it, for the harm to be older."""

_LEAST_LABELS = 100
_MOST_STEPS = 4


def onset_of_harm(
    since: Since,
    buckets: Sequence[OutcomeBucket],
    reference: Sequence[OutcomeBucket],
    thresholds: Thresholds,
) -> Since:
    """The same, with the onset moved back to where most of the harm began.

    The onset is given up where no earlier moment stands out: the harm is as old as the log.

    Args:
        since: what was found.
        buckets: the outcomes in order of time, back to where anything is looked at.
        reference: the reference's outcomes.
        thresholds: of the card.
    """
    labelled = [b for b in reference if b.counts.labelled > 0]
    usual = bad_rate(labelled)
    if usual is None:
        return since
    for _ in range(_MOST_STEPS):
        onset = since.onset
        if onset is None or not _is_older(buckets, onset, since.ended, usual, thresholds):
            return since
        earlier = find_rise([b for b in buckets if b.end <= onset])
        if earlier is None or earlier.end is not None:
            return Since(
                None, None, since.ended, None, (), "the bad rate was as high before: no moment stands out"
            )  # fmt: skip
        since = replace(since, onset=earlier.start, basis="outcomes", rise=earlier, events=())
    return since


def _is_older(
    buckets: Sequence[OutcomeBucket],
    onset: datetime,
    ended: datetime | None,
    usual: float,
    thresholds: Thresholds,
) -> bool:
    """Whether the rate before the moment is surely one that matters, and most of that since."""
    before = [b for b in buckets if b.end <= onset and b.counts.labelled > 0]
    after = [
        b
        for b in buckets
        if b.start >= onset and (ended is None or b.end <= ended) and b.counts.labelled > 0
    ]
    then, now = bad_rate(before), bad_rate(after)
    rows = sum(b.counts.labelled for b in before)
    if then is None or rows < _LEAST_LABELS:
        return False
    spread = sum((b.counts.bad - then * b.counts.labelled) ** 2 for b in before)
    deviation = math.sqrt(max(spread, then * (1 - then) * rows)) / rows
    if then - 2 * deviation < threshold_rates_of(usual, thresholds)[0]:
        return False
    return now is None or then - usual >= MOST * (now - usual)
