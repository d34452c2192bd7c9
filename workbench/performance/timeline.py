"""How did the bad-prediction rate go over time, and as a whole? Rates with their judgement.

Intervals that are shown are for the rows of the bucket (Wilson; Student for the cost rule).
Those that judge also allow for days that differ: a period of at least three buckets by what
its own buckets do, a single bucket by how much the reference's buckets differ from one
another. Each bucket is judged by itself, so that a long timeline holds a false alarm now and
then; what pages is the whole.

Labels come late: `labelled` beside `rows` says how many are in.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest

from workbench.domain.card import ModelCard
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.rates import RateBucket
from workbench.performance.intervals import (
    LEAST_CLUSTERS,
    LEVEL,
    Interval,
    clustered_interval,
    mean_interval,
    spread_between,
    wilson,
)
from workbench.performance.judgement import Rate, judge_rate, threshold_rates_of
from workbench.performance.metrics import metrics
from workbench.performance.quantiles import student_quantile


def rate_buckets(
    buckets: Sequence[OutcomeBucket],
    card: ModelCard,
    baseline: Sequence[OutcomeBucket] = (),
    segment_column: str | None = None,
) -> tuple[RateBucket, ...]:
    """The rate of each bucket, judged against the baseline, in the order given.

    Args:
        buckets: one a stretch of time and segment value.
        card: rule, task and thresholds.
        baseline: the reference's buckets; empty when it has no labels.
        segment_column: the column that the buckets' segment values are of; None for no break-down.
    """
    base = _baseline(baseline, card)
    return tuple(
        _judged(
            bucket,
            card,
            base,
            None if segment_column is None else {segment_column: bucket.segment},
        )
        for bucket in buckets
    )


def whole_rate(
    buckets: Sequence[OutcomeBucket],
    card: ModelCard,
    baseline: Sequence[OutcomeBucket] = (),
    segment: dict[str, str | None] | None = None,
) -> RateBucket:
    """The rate of all buckets together, judged by how much they differ from one another.

    Args:
        buckets: one a day, say; those with the same start count as one.
        card: rule, task and thresholds.
        baseline: the reference's buckets; empty when it has no labels.
        segment: what the result says it is of.

    Raises:
        ValueError: there is no bucket at all, so no stretch of time to speak of.
    """
    return _judged(pooled(buckets), card, _baseline(baseline, card), segment, buckets)


def threshold_rates(
    card: ModelCard, baseline: Sequence[OutcomeBucket]
) -> tuple[float | None, float | None]:
    """The rates from which a bucket is a warning, and critical; None without a baseline."""
    base = _baseline(baseline, card)
    if base is None:
        return None, None
    return threshold_rates_of(base.rate.value, card.thresholds)


def pooled(buckets: Sequence[OutcomeBucket]) -> OutcomeBucket:
    """All buckets as one: counts, scores and classes added; it has no segment.

    Raises:
        ValueError: there is no bucket.
    """
    if not buckets:
        raise ValueError("there is no bucket to pool")
    total = OutcomeCounts()
    classes: defaultdict[tuple[str, str], float] = defaultdict(float)
    for bucket in buckets:
        total = total + bucket.counts
        for label, prediction, rows in bucket.classes:
            classes[label, prediction] += rows
    columns = zip_longest(*(bucket.scores for bucket in buckets), fillvalue=(0.0, 0.0))
    scores = [(sum(pos for pos, _ in cells), sum(neg for _, neg in cells)) for cells in columns]
    return OutcomeBucket(
        min(bucket.start for bucket in buckets),
        max(bucket.end for bucket in buckets),
        total,
        scores=tuple(scores),
        classes=tuple((*pair, rows) for pair, rows in sorted(classes.items())),
    )


@dataclass(frozen=True)
class _Baseline:
    """The reference's rate, and how much its buckets differ beyond chance."""

    rate: Rate
    spread: float
    """Standard deviation of the true rate of one bucket; 0 when it cannot be told."""
    clusters: int
    length: timedelta
    """Of one bucket."""


def _baseline(buckets: Sequence[OutcomeBucket], card: ModelCard) -> _Baseline | None:
    labelled = [bucket for bucket in buckets if bucket.counts.labelled > 0]
    if not labelled:
        return None
    total = pooled(labelled).counts
    bad, n = _clusters(labelled)
    rate = total.bad / total.labelled
    variance = max(total.bad_squares / total.labelled - rate * rate, 0.0)
    sampling = _sampling(total, card)
    return _Baseline(
        Rate(rate, sampling, clustered_interval(bad, n, within=sampling) or sampling, sum(n)),
        spread_between(bad, n, variance) or 0.0,
        len(n),
        sorted(bucket.end - bucket.start for bucket in labelled)[len(labelled) // 2],
    )


def _clusters(buckets: Iterable[OutcomeBucket]) -> tuple[list[float], list[float]]:
    """Bad and labelled rows by time alone: segments of one bucket are one cluster."""
    sums: dict[datetime, tuple[float, float]] = {}
    for bucket in buckets:
        bad, n = sums.get(bucket.start, (0.0, 0.0))
        sums[bucket.start] = (bad + bucket.counts.bad, n + bucket.counts.labelled)
    kept = [pair for pair in sums.values() if pair[1] > 0]
    return [bad for bad, _ in kept], [n for _, n in kept]


def _judged(
    bucket: OutcomeBucket,
    card: ModelCard,
    baseline: _Baseline | None,
    segment: dict[str, str | None] | None,
    parts: Sequence[OutcomeBucket] = (),
) -> RateBucket:
    counts = bucket.counts
    rate = _rate(bucket, card, baseline, parts)
    judgement = judge_rate(rate, baseline.rate if baseline else None, card.thresholds)
    reason = "no predictions" if counts.rows <= 0 and rate is None else judgement.reason
    return RateBucket(
        start=bucket.start,
        end=bucket.end,
        rows=round(counts.rows),
        labelled=round(counts.labelled),
        bad=counts.bad,
        bad_rate=rate.value if rate else None,
        low=rate.sampling[0] if rate else None,
        high=rate.sampling[1] if rate else None,
        status=judgement.status,
        reason=reason,
        segment=segment,
        metrics=metrics(counts, card.model.task, bucket.scores, bucket.classes),
    )


def _rate(
    bucket: OutcomeBucket,
    card: ModelCard,
    baseline: _Baseline | None,
    parts: Sequence[OutcomeBucket],
) -> Rate | None:
    counts = bucket.counts
    if counts.labelled <= 0:
        return None
    value = counts.bad / counts.labelled
    sampling = _sampling(counts, card)
    bad, n = _clusters(parts)
    if len(n) >= LEAST_CLUSTERS:
        longrun = clustered_interval(bad, n, within=sampling) or sampling
    else:
        longrun = _widened(value, sampling, bucket.end - bucket.start, baseline)
    return Rate(value, sampling, longrun, counts.labelled)


def _sampling(counts: OutcomeCounts, card: ModelCard) -> Interval:
    if card.rule == "cost":
        found = mean_interval(counts.bad, counts.bad_squares, counts.labelled)
    else:
        found = wilson(counts.bad, counts.labelled)
    return found or (0.0, 1.0)


def _widened(
    value: float, interval: Interval, length: timedelta, baseline: _Baseline | None
) -> Interval:
    """An interval of a few buckets, allowing for what one of the reference's may differ by."""
    if baseline is None or baseline.spread == 0 or baseline.clusters < LEAST_CLUSTERS:
        return interval
    many = max(length / baseline.length, 1.0) if baseline.length else 1.0
    quantile = student_quantile((1 + LEVEL) / 2, baseline.clusters - 1)
    half = quantile * baseline.spread / math.sqrt(many)
    return (
        max(value - math.hypot(value - interval[0], half), 0.0),
        min(value + math.hypot(interval[1] - value, half), 1.0),
    )
