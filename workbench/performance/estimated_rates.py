"""What would the labels say? A bucket's rate with its estimate, and their difference once labels are in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from workbench.domain.card import Thresholds
from workbench.domain.estimates import RowEstimate
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.rates import ConceptGap, RateBucket
from workbench.domain.rules import OutcomeRules
from workbench.performance.calibration import (
    Calibration,
    are_probabilities,
    calibrate,
    score_centers,
)
from workbench.performance.concept import LabelledPart, concept_gap
from workbench.performance.estimation import (
    Badness,
    ScoredRows,
    badness_of_errors,
    calibration_variance,
    expect,
    expected_metrics,
    expected_rate,
    first_positive,
    follows_one_threshold,
    labelled_rows,
    spread_around,
)
from workbench.performance.timeline import pooled

ASK = "needs the rows: workbench performance --estimate"
ONLY_BUCKETS = "estimated for buckets and the whole period only"


@dataclass(frozen=True)
class ScoreModel:
    """What the reference says of a score."""

    calibration: Calibration
    badness: Badness
    spread: float
    """Between the reference's buckets of the same scores, a standard deviation."""
    length: timedelta
    """Of a bucket of the reference."""


def score_model(
    reference: Sequence[OutcomeBucket],
    edges: Sequence[float],
    rules: OutcomeRules,
    *,
    is_discrete: bool = False,
) -> ScoreModel | str:
    """The model that estimates a binary model's rates from its scores, or why there is none.

    Args:
        reference: its labelled buckets.
        edges: of the score's bins; empty without a score.
        rules: the card's.
        is_discrete: whether each edge is the only value of its bin.
    """
    if rules.task != "binary" or not edges:
        return ASK
    if not reference:
        return "the reference has no labelled predictions"
    whole = pooled(reference)
    if not follows_one_threshold(whole):
        return f"predictions do not follow from the score by one threshold; {ASK}"
    found = calibrate(
        whole.scores,
        score_centers(edges, is_discrete),
        are_probable=are_probabilities(edges),
        border=first_positive(whole),
    )
    if found is None:
        return "the reference's labels are all of one class, and its scores are no probabilities"
    badness = badness_of_errors(rules)
    return ScoreModel(found, badness, spread_around(reference, found, badness), rules.bucket)


def scored_rows(counts: Sequence[int], outcome: OutcomeBucket) -> ScoredRows | None:
    """All rows of a bucket by score bin; None where none has a score.

    Args:
        counts: rows in each bin.
        outcome: of the same rows.
    """
    predicted = outcome.counts.predicted
    if predicted <= 0 or not any(counts):
        return None
    return ScoredRows(
        tuple(float(n) for n in counts), outcome.counts.predicted_positive / predicted
    )


def with_score_estimate(
    bucket: RateBucket,
    rows: ScoredRows | None,
    model: ScoreModel,
    parts: Sequence[OutcomeBucket],
    thresholds: Thresholds,
) -> RateBucket:
    """A bucket with the rate that its scores let expect, and the difference to its labels.

    Args:
        bucket: the realised rate.
        rows: its rows by score bin.
        model: of the score.
        parts: the outcomes that it is made of, one a day or so, for the difference.
        thresholds: the card's.
    """
    expected = expect(rows, model.calibration, model.badness) if rows else None
    if rows is None or expected is None:
        return replace(bucket, estimated_reason="no row has a score")
    many = (bucket.end - bucket.start) / model.length if model.length else 1.0
    rate, (low, high) = expected_rate(expected, model.calibration, model.spread, many)
    return replace(
        bucket,
        estimated_bad_rate=rate,
        estimated_low=low,
        estimated_high=high,
        estimated_metrics=expected_metrics(rows, expected, model.calibration),
        estimated_reason=None,
        concept=_score_gap(parts, model, thresholds),
    )


def with_row_estimate(
    bucket: RateBucket,
    estimate: RowEstimate | None,
    thresholds: Thresholds,
) -> RateBucket:
    """A bucket with what was estimated from its rows; why not, where it was not or not lately.

    An estimate from the scores' counts stays: it is of all rows.

    Args:
        bucket: the realised rate, perhaps with such an estimate.
        estimate: of the same stretch of time; None when none was made.
        thresholds: the card's.
    """
    is_counted = bucket.estimated_bad_rate is not None
    is_old = estimate is not None and estimate.rows != bucket.rows
    if estimate is None or is_old:
        reason = "rows came in since it was estimated: give --estimate again" if is_old else ASK
        estimated = None if is_counted else (reason if is_old else bucket.estimated_reason or ASK)
        return replace(bucket, weighted_reason=reason, estimated_reason=estimated)
    found = replace(
        bucket,
        weighted_bad_rate=estimate.weighted_bad_rate,
        weighted_low=estimate.weighted_low,
        weighted_high=estimate.weighted_high,
        weighted_reason=estimate.weighted_reason,
    )
    if is_counted:
        return found
    return replace(
        found,
        estimated_bad_rate=estimate.bad_rate,
        estimated_low=estimate.low,
        estimated_high=estimate.high,
        estimated_metrics=dict(estimate.metrics),
        estimated_reason=estimate.reason,
        concept=_row_gap(estimate, bucket, thresholds),
    )


def _score_gap(
    parts: Sequence[OutcomeBucket], model: ScoreModel, thresholds: Thresholds
) -> ConceptGap | None:
    bins = len(model.calibration.probabilities)
    known: list[LabelledPart] = []
    gradient = [0.0] * len(model.calibration.variances)
    for part in parts:
        rows = labelled_rows(part, bins)
        expected = expect(rows, model.calibration, model.badness) if rows else None
        if expected is not None:
            known.append(
                LabelledPart(expected.rows, part.counts.bad, expected.bad, expected.row_variance)
            )
            gradient = [
                sum_ + expected.rows * slope
                for sum_, slope in zip(gradient, expected.gradient, strict=True)
            ]
    labelled = math.fsum(part.labelled for part in known)
    if labelled <= 0:
        return None
    slopes = [sum_ / labelled for sum_ in gradient]
    variance = calibration_variance(slopes, model.calibration)
    return concept_gap(known, thresholds, model_variance=variance, spread=model.spread)


def _row_gap(
    estimate: RowEstimate, bucket: RateBucket, thresholds: Thresholds
) -> ConceptGap | None:
    if not estimate.has_labels(bucket.labelled, bucket.bad):
        return None
    if not math.isfinite(estimate.labelled_variance):
        return None
    part = LabelledPart(
        estimate.labelled_rows, estimate.labelled_bad, estimate.labelled_expected,
        estimate.labelled_variance,
    )  # fmt: skip
    return concept_gap(
        [part], thresholds, model_variance=estimate.model_variance, spread=estimate.spread
    )
