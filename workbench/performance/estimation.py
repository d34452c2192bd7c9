"""How many predictions are bad, before the labels come? Confidence-based estimates from counts.

CBPE: a row predicted positive with probability c of being so is wrong with 1 - c, one predicted
negative with c. The sum over a bucket's score bins is its expected confusion matrix, and all
metrics follow. It holds while a score means what it meant on the reference: it sees that rows
move to where the model is less sure, and is blind to a changed meaning by construction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul, sub

from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.rules import OutcomeRules
from workbench.performance.calibration import Calibration
from workbench.performance.intervals import LEAST_CLUSTERS, LEVEL, Interval, spread_between
from workbench.performance.metrics import roc_auc
from workbench.performance.quantiles import normal_quantile

_UNLIKE = 0.005
"""Share of the reference's rows whose prediction may not follow from the score."""


@dataclass(frozen=True)
class Badness:
    """How bad each of the two errors of a binary model is, 0 to 1."""

    false_positive: float
    false_negative: float


@dataclass(frozen=True)
class ScoredRows:
    """The rows of a bucket by score bin."""

    counts: tuple[float, ...]
    positive_share: float
    """Of the rows predicted positive. They are taken to be those with the highest scores."""


@dataclass(frozen=True)
class Expected:
    """What the scores of some rows let expect of their labels."""

    rows: float
    true_positive: float
    false_positive: float
    false_negative: float
    true_negative: float
    bad: float
    """Expected sum of badness."""
    row_variance: float
    """Variance of that sum, given the probabilities."""
    gradient: tuple[float, ...]
    """Change of the expected bad rate with the probability of each block of the calibration."""


def badness_of_errors(rules: OutcomeRules) -> Badness:
    """How bad a false alarm and a miss are under a card's rule."""
    if rules.rule == "miss":
        return Badness(0.0, 1.0)
    if rules.rule == "false_alarm":
        return Badness(1.0, 0.0)
    if rules.rule == "cost":
        largest = max(rules.cost_false_positive, rules.cost_false_negative) or 1.0
        return Badness(rules.cost_false_positive / largest, rules.cost_false_negative / largest)
    return Badness(1.0, 1.0)


def positive_shares(rows: ScoredRows) -> list[float]:
    """The share of each bin's rows that is predicted positive: all from some bin on, none below.

    The bin that holds the threshold is divided so that the number predicted positive is right,
    wherever the threshold lies and whether or not it has moved.
    """
    left = rows.positive_share * math.fsum(rows.counts)
    shares = [0.0] * len(rows.counts)
    for place in range(len(rows.counts) - 1, -1, -1):
        count = rows.counts[place]
        if count > 0:
            shares[place] = min(max(left / count, 0.0), 1.0)
            left -= min(left, count)
        if left <= 0:
            break
    return shares


def expect(rows: ScoredRows, calibration: Calibration, badness: Badness) -> Expected | None:
    """The expected confusion matrix and badness of some rows; None without rows.

    With n_b rows in bin b, share s_b of them predicted positive and probability c_b: TP = sum n_b
    s_b c_b, FP = sum n_b s_b (1 - c_b), FN and TN likewise.

    Args:
        rows: by score bin.
        calibration: over the same bins.
        badness: of the two errors.
    """
    counts = rows.counts
    total = math.fsum(counts)
    if total <= 0:
        return None
    shares = positive_shares(rows)
    alarms = list(map(mul, counts, shares))
    chances, spreads = calibration.probabilities, calibration.row_variances
    positive = list(map(mul, counts, chances))
    varied = list(map(mul, counts, spreads))
    tp, said, there = sum(map(mul, alarms, chances)), sum(alarms), sum(positive)
    fp, fn = said - tp, there - tp
    tn = total - tp - fp - fn
    alarm_variance = sum(map(mul, alarms, spreads))
    variance = (
        alarm_variance * badness.false_positive**2
        + (sum(varied) - alarm_variance) * badness.false_negative**2
    )
    gradient = [0.0] * len(calibration.variances)
    weight = badness.false_negative + badness.false_positive
    for count, alarm, block in zip(counts, alarms, calibration.blocks, strict=True):
        if count:
            gradient[block] += (count * badness.false_negative - alarm * weight) / total
    return Expected(
        total, tp, fp, fn, tn, badness.false_positive * fp + badness.false_negative * fn, variance,
        tuple(gradient),
    )  # fmt: skip


def expected_metrics(
    rows: ScoredRows, expected: Expected, calibration: Calibration
) -> dict[str, float | None]:
    """The metrics to be expected of some rows; None where one is not defined.

    accuracy, f1, precision and recall from the expected confusion matrix; roc_auc from n_b c_b
    positives and n_b (1 - c_b) negatives a bin; log_loss and brier of the score itself, where all
    scores are probabilities.

    Args:
        rows: by score bin.
        expected: of the same rows.
        calibration: over the same bins.
    """
    counts, e = rows.counts, expected
    positive = list(map(mul, counts, calibration.probabilities))
    area = roc_auc(list(zip(positive, map(sub, counts, positive), strict=True)))
    losses, squares = calibration.log_losses, calibration.squares
    return {
        "accuracy": (e.true_positive + e.true_negative) / e.rows,
        "roc_auc": area.value if area else None,
        "f1": _ratio(
            2 * e.true_positive, 2 * e.true_positive + e.false_positive + e.false_negative
        ),
        "precision": _ratio(e.true_positive, e.true_positive + e.false_positive),
        "recall": _ratio(e.true_positive, e.true_positive + e.false_negative),
        "log_loss": sum(map(mul, counts, losses)) / e.rows if losses else None,
        "brier": sum(map(mul, counts, squares)) / e.rows if squares else None,
    }


def calibration_variance(gradient: Sequence[float], calibration: Calibration) -> float:
    """The variance of an expected bad rate that comes from the calibration: the delta method.

    Args:
        gradient: the change of the rate with the probability of each block.
        calibration: the blocks.
    """
    return math.fsum(
        slope * slope * variance
        for slope, variance in zip(gradient, calibration.variances, strict=True)
    )


def expected_rate(
    expected: Expected, calibration: Calibration, spread: float = 0.0, buckets: float = 1.0
) -> tuple[float, Interval]:
    """The expected bad rate, and where the rate will lie in 95 % of cases once labels are in.

    rate +- z sqrt(sampling + calibration + spread^2 / buckets), clipped to 0..1; sampling is the
    variance of that many labels given their probabilities.

    Args:
        expected: of the rows.
        calibration: that made it.
        spread: standard deviation between buckets of the same scores; see `spread_around`.
        buckets: how many buckets of the reference's length the rows are of.
    """
    rate = expected.bad / expected.rows
    variance = (
        expected.row_variance / expected.rows**2
        + calibration_variance(expected.gradient, calibration)
        + spread * spread / max(buckets, 1.0)
    )
    half = normal_quantile((1 + LEVEL) / 2) * math.sqrt(variance)
    return rate, (max(rate - half, 0.0), min(rate + half, 1.0))


def labelled_rows(bucket: OutcomeBucket, bins: int) -> ScoredRows | None:
    """The labelled rows of a bucket by score bin; None without any, or where scores are missing."""
    c = bucket.counts
    counts = tuple(pos + neg for pos, neg in bucket.scores)
    scored = math.fsum(counts)
    if scored <= 0 or len(counts) > bins or abs(scored - c.labelled) > 0.5:
        return None
    padded = (*counts, *[0.0] * (bins - len(counts)))
    return ScoredRows(padded, (c.true_positive + c.false_positive) / c.labelled)


def follows_one_threshold(bucket: OutcomeBucket) -> bool:
    """Whether the reference's predictions can be told from its scores: positive from some score on.

    They cannot with a threshold a row, or where something else than the score decides. Then the
    positives among the rows predicted positive are not as many as among the rows with the
    highest scores: by more than 0.5 % of the rows and what the bin at the threshold can hide.

    Args:
        bucket: all labelled rows of the reference.
    """
    rows = labelled_rows(bucket, len(bucket.scores))
    if rows is None:
        return False
    shares = positive_shares(rows)
    hits = math.fsum(pos * share for (pos, _), share in zip(bucket.scores, shares, strict=True))
    hidden = max(
        (n for n, share in zip(rows.counts, shares, strict=True) if 0 < share < 1), default=0.0
    )
    return abs(hits - bucket.counts.true_positive) <= _UNLIKE * bucket.counts.labelled + hidden


def first_positive(bucket: OutcomeBucket) -> int | None:
    """The first score bin that is predicted positive; None where none is."""
    rows = labelled_rows(bucket, len(bucket.scores))
    shares = positive_shares(rows) if rows else []
    return next((place for place, share in enumerate(shares) if share > 0), None)


def spread_around(
    buckets: Sequence[OutcomeBucket], calibration: Calibration, badness: Badness
) -> float:
    """How much bad rates of buckets differ from what their scores let expect, beyond chance.

    A standard deviation; 0 where it cannot be told. Days differ in more than their scores.

    Args:
        buckets: the reference's, with labels.
        calibration: made on them.
        badness: of the two errors.
    """
    excess, sizes, variance = [], [], 0.0
    for bucket in buckets:
        rows = labelled_rows(bucket, len(calibration.probabilities))
        expected = expect(rows, calibration, badness) if rows else None
        if expected is not None:
            excess.append(bucket.counts.bad - expected.bad)
            sizes.append(expected.rows)
            variance += expected.row_variance
    if len(sizes) < LEAST_CLUSTERS:
        return 0.0
    return spread_between(excess, sizes, variance / math.fsum(sizes)) or 0.0


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
