"""Since when is the rate up? The one point in time that best divides before from after."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from math import log

from workbench.domain.outcomes import OutcomeBucket

LEAST_GAIN = 8.0
"""Log-likelihood that a division must gain; 2 x 8 is beyond any fixed point's 0.1 % level, which
leaves room for having looked at every point."""


def onset(buckets: Sequence[OutcomeBucket]) -> datetime | None:
    """The start of the bucket from which the bad rate is higher, or None when none stands out.

    Every border between two buckets is tried: the gain of a division is the binomial
    log-likelihood of the two rates over that of one rate (Hinkley & Hinkley 1970). The
    largest gain wins, if the rate after it is the higher one and the gain reaches
    `LEAST_GAIN`. A rise in steps gives its largest step; a slow ramp gives its middle.

    Args:
        buckets: in time order; those without labels are passed over.
    """
    kept = [bucket for bucket in buckets if bucket.counts.labelled > 0]
    bad = sum(bucket.counts.bad for bucket in kept)
    labelled = sum(bucket.counts.labelled for bucket in kept)
    together = _likelihood(bad, labelled)
    best: tuple[float, datetime] | None = None
    bad_before = labelled_before = 0.0
    for previous, bucket in pairwise(kept):
        bad_before += previous.counts.bad
        labelled_before += previous.counts.labelled
        bad_after, labelled_after = bad - bad_before, labelled - labelled_before
        if bad_after / labelled_after <= bad_before / labelled_before:
            continue
        gain = (
            _likelihood(bad_before, labelled_before)
            + _likelihood(bad_after, labelled_after)
            - together
        )
        if best is None or gain > best[0]:
            best = (gain, bucket.start)
    return best[1] if best is not None and best[0] >= LEAST_GAIN else None


def _likelihood(bad: float, n: float) -> float:
    """The binomial log-likelihood at its maximum, without the constant."""
    return _term(bad, n) + _term(n - bad, n)


def _term(count: float, n: float) -> float:
    return count * log(count / n) if count > 0 else 0.0
