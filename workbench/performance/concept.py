"""Has the meaning of the scores changed? Realised minus estimated bad rate, once labels are in.

An estimate from scores is blind to a changed meaning. On the same labelled rows, the difference
between what came and what the scores let expect is that change, free of the rows' mix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.card import Thresholds
from workbench.domain.rates import ConceptGap
from workbench.performance.intervals import LEAST_CLUSTERS, LEVEL
from workbench.performance.judgement import threshold_rates_of
from workbench.performance.quantiles import normal_quantile, student_quantile


@dataclass(frozen=True)
class LabelledPart:
    """Labelled rows of one bucket: how bad they are, and how bad they were expected to be."""

    labelled: float
    bad: float
    expected: float
    """Sum of expected badness of the same rows."""
    variance: float
    """Of the sum of badness, given the expectations."""


def concept_gap(
    parts: Sequence[LabelledPart],
    thresholds: Thresholds,
    *,
    model_variance: float,
    spread: float = 0.0,
) -> ConceptGap | None:
    """The difference with its interval and status; None without labelled rows.

    difference = sum (bad - expected) / n. Its interval takes the larger of two variances of
    the sampling - of independent rows, and between buckets as in `clustered_interval` (for fewer
    than three buckets: the reference's `spread`) - and adds that of the estimate.

    Status: `critical` or `warning` if the interval lies above 0 and the realised rate is as far
    above the estimate as the card's thresholds say; `ok` if a critical rise is ruled out;
    else `unknown`.

    Args:
        parts: one a bucket; buckets are taken as independent of one another.
        thresholds: the card's.
        model_variance: of the estimated rate, from the calibration or the loss model.
        spread: between the reference's buckets beyond their scores, a standard deviation.
    """
    kept = [part for part in parts if part.labelled > 0]
    n = math.fsum(part.labelled for part in kept)
    if n <= 0:
        return None
    realised = math.fsum(part.bad for part in kept) / n
    estimated = math.fsum(part.expected for part in kept) / n
    difference = realised - estimated
    z = normal_quantile((1 + LEVEL) / 2)
    sampling = z * z * math.fsum(part.variance for part in kept) / n**2
    count = len(kept)
    if count >= LEAST_CLUSTERS:
        squares = math.fsum(
            (part.bad - part.expected - difference * part.labelled) ** 2 for part in kept
        )
        t = student_quantile((1 + LEVEL) / 2, count - 1)
        between = t * t * squares * count / (count - 1) / n**2
        sampling = max(sampling, between)
    else:
        sampling += z * z * spread * spread / count
    half = math.sqrt(sampling + z * z * model_variance)
    low, high = max(difference - half, -1.0), min(difference + half, 1.0)
    status, reason = _status(realised, estimated, low, high, thresholds)
    return ConceptGap(realised, estimated, difference, low, high, round(n), status, reason)


def _status(
    realised: float, estimated: float, low: float, high: float, thresholds: Thresholds
) -> tuple[str, str | None]:
    warning, critical = threshold_rates_of(estimated, thresholds)
    if low > 0 and realised >= warning:
        status = "critical" if realised >= critical else "warning"
        return (
            status,
            f"{100 * (realised - estimated):.1f} points more are bad than the scores let expect",
        )
    if low > 0 or estimated + high <= critical:
        return "ok", None
    return "unknown", f"not judgeable yet: up to {100 * high:.1f} points more may be bad"
