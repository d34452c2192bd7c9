"""Is a rate worth a look or a page? Effect and significance both, or an honest "cannot tell"."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from workbench.domain.card import Thresholds


@dataclass(frozen=True)
class Estimate:
    """A rate with its 95 % interval."""

    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class Judgement:
    """A status and, unless it is plainly ok, the reason in words."""

    status: str
    reason: str | None = None


def judge_rate(
    current: Estimate | None, labelled: float, reference: Estimate | None, thresholds: Thresholds
) -> Judgement:
    """The status of a rate against the reference.

    It is raised when the rise is past the threshold (absolute or relative, either) and the
    lower bound of the rise is above zero. The bounds of the difference combine both intervals
    (Newcombe 1998, method 10): d - sqrt((r - low)² + (high0 - r0)²) and, above,
    d + sqrt((high - r)² + (r0 - low0)²).

    A rate that is not raised is `ok` only when the upper bound rules out a critical rise;
    otherwise it is `unknown`: too few labels to say.

    Args:
        current: the rate in question; None without labels.
        labelled: how many labels it rests on.
        reference: the baseline; None when the reference has no labels.
        thresholds: the card's.
    """
    if current is None:
        return Judgement("unknown", "no labels yet")
    if reference is None:
        return Judgement("unknown", "the reference has no labelled predictions to compare with")
    rise = current.rate - reference.rate
    lowest = rise - sqrt((current.rate - current.low) ** 2 + (reference.high - reference.rate) ** 2)
    highest = rise + sqrt((current.high - current.rate) ** 2 + (reference.rate - reference.low) ** 2)
    warning, critical = threshold_pair(reference.rate, thresholds)
    for status, limit in (("critical", critical), ("warning", warning)):
        if current.rate >= limit and lowest > 0:
            return Judgement(
                status, f"bad rate {current.rate:.1%} at or above {limit:.1%} (reference {reference.rate:.1%})"
            )
    room = max(thresholds.bad_rate[1], reference.rate * (thresholds.bad_rate_ratio[1] - 1))
    if highest > room:
        return Judgement(
            "unknown",
            f"not judgeable yet: {labelled:,.0f} labels leave room for a rise of {highest:.1%}",
        )
    return Judgement("ok")


def threshold_pair(reference: float, thresholds: Thresholds) -> tuple[float, float]:
    """The rates from which a warning and a critical status are raised, were they significant."""
    warning, critical = (
        min(reference + rise, reference * ratio if reference > 0 else 1.0)
        for rise, ratio in zip(thresholds.bad_rate, thresholds.bad_rate_ratio, strict=True)
    )
    return min(warning, 1.0), min(critical, 1.0)
