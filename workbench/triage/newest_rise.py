"""Is the end of a calm whole worse by what matters? The newest buckets by themselves.

A rise of this morning is diluted by the days before, and too short for a moment to stand out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from workbench.domain.outcomes import OutcomeBucket
from workbench.triage.day_rates import concentration, rate_of, usual_rate
from workbench.triage.since import find_rise

LEAST_LABELS = 100
"""With fewer labels nothing is said of harm."""

_NEWER = 3.0
"""Standard errors: up to seven stretches are tried, and days differ a little more than was seen."""
_BUDDING = 2.5
"""Log-likelihood that a moment must gain to be nearly one that stands out (8): calm logs of three weeks
have one that is worse than the reference besides in two of a hundred, as simulated with days that
differ; at 4 it is one of two hundred, and twice as many rises of the last day are taken for none."""
_BESIDES = 1.64
"""Standard errors over the reference that it must have besides."""


def newest_rise(
    before: Sequence[OutcomeBucket],
    then: Sequence[OutcomeBucket],
    now: Sequence[OutcomeBucket],
    spread: float,
    floor: float,
) -> str:
    """Whether the end of a calm whole is worse by what matters, in words; "" if not.

    Args:
        before: the buckets before the whole.
        then: the reference's.
        now: the whole.
        spread: what the rates of days differ by, without the rise that is asked for.
        floor: the smallest rise that matters.
    """
    found = _newer_rise(then, now, spread, floor)
    return found or _budding_rise(before, then, now, spread, floor)


def _newer_rise(
    then: Sequence[OutcomeBucket], now: Sequence[OutcomeBucket], spread: float, floor: float
) -> str:
    """Whether the newest buckets are worse than the reference by what matters, in words; "" if not.

    A rise of this morning is diluted by the days before, and too short for a moment to stand out.
    Every number of newest buckets is tried, so that each must be `_NEWER` standard errors off.
    """
    tried = (_worse(then, now[-many:], spread, floor, _NEWER) for many in range(1, len(now)))
    return next((words for words in tried if words), "")


def _budding_rise(
    before: Sequence[OutcomeBucket], then: Sequence[OutcomeBucket], now: Sequence[OutcomeBucket],
    spread: float, floor: float,
) -> str:  # fmt: skip
    """Whether a moment nearly stands out since which it is worse by what matters, in words; "" if not.

    Such a moment is no onset yet, but one among all stretches that so few calm logs have: what is
    calm up to it does not speak for what comes since.
    """
    rise = find_rise([*before, *now], _BUDDING)
    if rise is None or rise.end is not None or rise.start <= now[0].start:
        return ""
    return _worse(then, [b for b in now if b.start >= rise.start], spread, floor, _BESIDES)


def _worse(
    then: Sequence[OutcomeBucket], newest: Sequence[OutcomeBucket], spread: float, floor: float,
    sure: float,
) -> str:  # fmt: skip
    """How much worse some buckets are than the reference, in words; "" if not by so many errors."""
    labelled, plain = sum(b.counts.labelled for b in then), rate_of(then)
    n = sum(b.counts.labelled for b in newest)
    if n < LEAST_LABELS:
        return ""
    rate, usual = rate_of(newest), usual_rate(then, newest)
    between = spread**2 * (concentration(newest) + concentration(then))
    error = math.sqrt(
        max(rate, plain) * (1 - min(rate, 0.99)) / n + plain * (1 - plain) / labelled + between
    )
    if rate - usual < floor or rate - usual <= sure * error:
        return ""
    since = f"{newest[0].start:%Y-%m-%d %H:%MZ}"
    return f"{rate:.1%} bad of {n:,.0f} labelled since {since}, {usual:.1%} usually"
