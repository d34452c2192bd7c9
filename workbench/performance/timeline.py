"""How did the bad-prediction rate go? From outcome counts to judged buckets.

Rates here are realised: they need labels. Estimates without labels are measured elsewhere and
join the same buckets.
"""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.card import ModelCard
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.rates import RateBucket
from workbench.performance.intervals import (
    Interval,
    clustered_interval,
    mean_interval,
    wilson,
)
from workbench.performance.judgement import Estimate, judge_rate, threshold_pair
from workbench.performance.metrics import metrics, total


def rate_buckets(
    buckets: Sequence[OutcomeBucket],
    card: ModelCard,
    baseline: Sequence[OutcomeBucket],
    segment_column: str | None = None,
) -> tuple[RateBucket, ...]:
    """One judged rate a bucket, each with the interval of its own sample.

    Args:
        buckets: the outcomes, a bucket (and group) each.
        card: the thresholds, the rule and the task.
        baseline: the reference's outcomes a bucket; empty when it has no labels.
        segment_column: what the buckets are broken down by, for their `segment`.
    """
    reference = baseline_estimate(card, baseline)
    return tuple(_rate(bucket, card, reference, None, segment_column) for bucket in buckets)


def whole_rate(
    buckets: Sequence[OutcomeBucket], card: ModelCard, baseline: Sequence[OutcomeBucket]
) -> RateBucket:
    """All buckets as one, judged by an interval that allows for rows of one bucket being alike.

    `low` and `high` are those of the sample all the same, as everywhere.

    Raises:
        ValueError: there are no buckets.
    """
    pooled = total(buckets)
    if pooled is None:
        raise ValueError("no buckets to pool")
    reference = baseline_estimate(card, baseline)
    return _rate(pooled, card, reference, _clustered(buckets, card), None)


def baseline_estimate(card: ModelCard, baseline: Sequence[OutcomeBucket]) -> Estimate | None:
    """The reference's rate, with an interval clustered by its buckets; None without labels."""
    pooled = total(baseline)
    if pooled is None or pooled.counts.labelled <= 0:
        return None
    interval = _clustered(baseline, card)
    if interval is None:
        return None
    return Estimate(pooled.counts.bad / pooled.counts.labelled, *interval)


def threshold_rates(
    card: ModelCard, baseline: Sequence[OutcomeBucket]
) -> tuple[float | None, float | None]:
    """The warning and the critical rate of a model; None without a baseline."""
    reference = baseline_estimate(card, baseline)
    return (None, None) if reference is None else threshold_pair(reference.rate, card.thresholds)


def _rate(
    bucket: OutcomeBucket,
    card: ModelCard,
    reference: Estimate | None,
    clustered: Interval | None,
    segment_column: str | None,
) -> RateBucket:
    counts = bucket.counts
    interval = _sample(bucket, card)
    current = None
    if interval is not None:
        current = Estimate(counts.bad / counts.labelled, *(clustered or interval))
    judged = judge_rate(current, counts.labelled, reference, card.thresholds)
    return RateBucket(
        start=bucket.start,
        end=bucket.end,
        rows=round(counts.rows),
        labelled=round(counts.labelled),
        bad=counts.bad,
        bad_rate=current.rate if current else None,
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        status=judged.status,
        reason=judged.reason,
        segment={segment_column: bucket.segment} if segment_column else None,
        metrics=metrics(bucket, card.model.task),
    )


def _sample(bucket: OutcomeBucket, card: ModelCard) -> Interval | None:
    counts = bucket.counts
    if card.rule == "cost":
        return mean_interval(counts.bad, counts.bad_squares, counts.labelled)
    return wilson(counts.bad, counts.labelled)


def _clustered(buckets: Sequence[OutcomeBucket], card: ModelCard) -> Interval | None:
    # A cost is between 0 and 1, so that Wilson's interval, the floor here, is wider than its own.
    return clustered_interval(
        [bucket.counts.bad for bucket in buckets], [bucket.counts.labelled for bucket in buckets]
    )
