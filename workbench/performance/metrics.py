"""Which other figures describe the predictions of a bucket? From sums, whatever the row count."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.outcomes import OutcomeCounts

METRICS = (
    "accuracy",
    "roc_auc",
    "f1",
    "log_loss",
    "mae",
    "rmse",
    "miss_rate",
    "false_alarm_rate",
    "positive_rate",
    "cost_per_1000",
    "bias",
)
"""The keys of `metrics`, always all of them."""


@dataclass(frozen=True)
class RocAuc:
    """The area under the ROC curve, and how far ties that binning made can move it."""

    value: float
    bound: float


def metrics(
    counts: OutcomeCounts,
    task: str,
    scores: Sequence[tuple[float, float]] = (),
    classes: Sequence[tuple[str, str, float]] = (),
) -> dict[str, float | None]:
    """Every metric of `METRICS`; None where the task does not define it or rows are missing.

    Over the labelled rows, except `positive_rate`, the share of all rows predicted positive:

    - accuracy: correct / labelled (classes);
    - roc_auc: binary, see `roc_auc`;
    - f1: binary, 2 TP / (2 TP + FP + FN) of the positive class; multiclass, the plain mean over
      the classes that occur as label or prediction;
    - log_loss: binary, mean of -ln P(label) over the rows that have a score;
    - mae, rmse, bias: regression, of prediction - label, in the label's unit;
    - miss_rate: binary, FN / (TP + FN); false_alarm_rate: FP / (FP + TN);
    - cost_per_1000: binary, the card's cost of wrong predictions per 1000 labelled rows.

    Args:
        counts: the sums of the bucket.
        task: `binary`, `multiclass` or `regression`.
        scores: binary: (positives, negatives) a score bin, ascending.
        classes: (label, prediction, rows).
    """
    found: dict[str, float | None] = dict.fromkeys(METRICS)
    c = counts
    if task == "regression":
        found["mae"] = _ratio(c.absolute_error, c.labelled)
        mean_square = _ratio(c.squared_error, c.labelled)
        found["rmse"] = math.sqrt(max(mean_square, 0.0)) if mean_square is not None else None
        found["bias"] = _ratio(c.error, c.labelled)
        return found
    found["accuracy"] = _ratio(c.correct, c.labelled)
    if task == "multiclass":
        found["f1"] = macro_f1(classes)
        return found
    area = roc_auc(scores)
    found["roc_auc"] = area.value if area else None
    found["f1"] = _ratio(
        2 * c.true_positive, 2 * c.true_positive + c.false_positive + c.false_negative
    )
    found["log_loss"] = _ratio(c.log_loss, c.scored)
    found["miss_rate"] = _ratio(c.false_negative, c.true_positive + c.false_negative)
    found["false_alarm_rate"] = _ratio(c.false_positive, c.false_positive + c.true_negative)
    found["positive_rate"] = _ratio(c.predicted_positive, c.predicted)
    cost = _ratio(c.cost, c.labelled)
    found["cost_per_1000"] = 1000 * cost if cost is not None else None
    return found


def roc_auc(scores: Sequence[tuple[float, float]]) -> RocAuc | None:
    """The probability that a positive scores above a negative, ties counting half.

    From counts over score bins, rows of one bin being ties: sum over bins of pos_i (neg below
    i + neg_i / 2) / (pos neg). Only pairs within a bin can be ordered otherwise in the raw scores,
    and each by at most a half, so the exact area lies within `bound` = sum pos_i neg_i /
    (2 pos neg). None without rows of both labels.

    Args:
        scores: (positives, negatives) a bin, bins ascending in score.
    """
    positives = math.fsum(pos for pos, _ in scores)
    negatives = math.fsum(neg for _, neg in scores)
    pairs = positives * negatives
    if pairs <= 0:
        return None
    won = tied = below = 0.0
    for pos, neg in scores:
        won += pos * below
        tied += pos * neg
        below += neg
    return RocAuc((won + tied / 2) / pairs, tied / 2 / pairs)


def macro_f1(classes: Sequence[tuple[str, str, float]]) -> float | None:
    """The plain mean of each class's F1 over the classes that occur as label or prediction.

    A class that is never predicted right has 0. None without rows.

    Args:
        classes: (label, prediction, rows).
    """
    right: defaultdict[str, float] = defaultdict(float)
    labels: defaultdict[str, float] = defaultdict(float)
    predictions: defaultdict[str, float] = defaultdict(float)
    for label, prediction, rows in classes:
        if rows > 0:
            labels[label] += rows
            predictions[prediction] += rows
            right[label] += rows if label == prediction else 0.0
    names = sorted({*labels, *predictions})
    if not names:
        return None
    return math.fsum(2 * right[c] / (labels[c] + predictions[c]) for c in names) / len(names)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
