"""Has a bad-prediction rate risen? Yes, no, or not judgeable yet.

A rise raises an alarm if it is large enough (the card's `bad_rate`, absolute, or
`bad_rate_ratio`, relative) and significant: the 95 % interval of the difference to the
reference, which allows for rows of one day being alike, lies above 0. The interval of a
difference takes the two intervals in quadrature (Newcombe's hybrid, Statistics in Medicine 17,
1998, method 10): low = d - sqrt((p - p_low)^2 + (r_high - r)^2).

What is not raised is `ok` only if the labels at hand could have shown a critical rise. As long
as the interval for independent rows reaches above the critical threshold, harm is not ruled
out, and the status is `unknown` with the reason. The critical threshold, not the warning's, so
that a day of some hundred labels is judged although it cannot tell 1 point from 3; and the
interval for independent rows, so that a model whose days differ much (also in the
reference) is not `unknown` for ever: only a day that stands out, without going beyond what
days do, is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench.domain.card import Thresholds
from workbench.performance.intervals import Interval


@dataclass(frozen=True)
class Rate:
    """A rate with its two intervals."""

    value: float
    sampling: Interval
    """For independent rows."""
    longrun: Interval
    """Allowing for rows of one day being alike; at least as wide."""
    labelled: float


@dataclass(frozen=True)
class Judgement:
    """The status of a rate, and why it is that."""

    status: str
    reason: str | None = None


def threshold_rates_of(reference: float, thresholds: Thresholds) -> tuple[float, float]:
    """The rates from which a significant rise is a warning, and critical.

    The smaller of reference + absolute rise and reference x relative rise. With a reference of
    0 only the absolute one has a meaning.
    """
    rates = []
    for absolute, ratio in zip(thresholds.bad_rate, thresholds.bad_rate_ratio, strict=True):
        either = [reference + absolute, reference * ratio] if reference > 0 else [absolute]
        rates.append(min(either))
    return rates[0], rates[1]


def judge_rate(current: Rate | None, reference: Rate | None, thresholds: Thresholds) -> Judgement:
    """Whether the current rate is a significant and large enough rise over the reference's.

    Args:
        current: None without labels.
        reference: None when the reference has no labels.
        thresholds: the card's.

    Returns:
        `critical` or `warning` with the reason; `ok`; or `unknown`, with the reason: no labels,
        no reference rate, or too little to rule a critical rise out.
    """
    if current is None:
        return Judgement("unknown", "no labels yet")
    if reference is None:
        return Judgement("unknown", "no rate to compare with: the reference has no labels")
    warning, critical = threshold_rates_of(reference.value, thresholds)
    rise = current.value - reference.value
    is_sure = rise - _margin_below(current.longrun, current, reference.longrun, reference) > 0
    if is_sure and current.value >= warning:
        status = "critical" if current.value >= critical else "warning"
        limit = critical if status == "critical" else warning
        return Judgement(
            status,
            f"{current.value:.1%} bad, {100 * rise:.1f} points above the reference's "
            f"{reference.value:.1%}; {status} from {limit:.1%}",
        )
    room = rise + math.hypot(
        current.sampling[1] - current.value, reference.value - reference.sampling[0]
    )
    if is_sure or reference.value + room <= critical:
        return Judgement("ok")
    if rise - _margin_below(current.sampling, current, reference.sampling, reference) > 0:
        return Judgement(
            "unknown",
            f"{100 * rise:.1f} points above the reference's {reference.value:.1%}, but rates "
            "differ as much from one bucket to the next",
        )
    return Judgement(
        "unknown",
        f"not judgeable yet: {current.labelled:,.0f} labels leave room for a rise of up to "
        f"{100 * room:.1f} points",
    )


def _margin_below(low: Interval, current: Rate, high: Interval, reference: Rate) -> float:
    """How far the difference of the two rates can be below what was seen."""
    return math.hypot(current.value - low[0], high[1] - reference.value)
