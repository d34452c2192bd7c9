"""How likely is each class, row by row? Calibrated scores, and the badness to be expected of a prediction.

On rows rather than counts: for several classes, for thresholds that differ by row, and for a
reference whose rows are weighted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.rules import OutcomeRules
from workbench.performance.calibration import are_probabilities, calibrate, isotonic
from workbench.performance.estimation import badness_of_errors

if TYPE_CHECKING:
    from numpy.typing import NDArray

BINS = 250
"""Quantile bins of a score; as many as the store counts."""


@dataclass(frozen=True)
class ScoreBins:
    """The bins of one class's score and which of the reference's rows are of that class."""

    edges: NDArray[Any]
    placed: NDArray[Any]
    """The bin of each of the reference's rows."""
    is_class: NDArray[Any]
    """1 for the reference's rows of the class, else 0."""
    plain: NDArray[Any]
    """The probability of the class in each bin; NaN where the score itself is used."""


def score_bins(scores: NDArray[Any], is_class: NDArray[Any], seed: int) -> ScoreBins:
    """The bins of a class's score, calibrated as `calibration.calibrate` does.

    Args:
        scores: the reference's.
        is_class: 1 or 0 a row.
        seed: of the splits.
    """
    import numpy as np

    edges = np.unique(np.quantile(scores, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    placed = np.searchsorted(edges, scores, side="left")
    size = len(edges) + 1
    positive = np.bincount(placed, weights=is_class, minlength=size)
    rows = np.bincount(placed, minlength=size)
    means = np.bincount(placed, weights=scores, minlength=size) / np.maximum(rows, 1)
    labels = list(zip(positive.tolist(), (rows - positive).tolist(), strict=True))
    are_probable = are_probabilities([float(scores.min()), float(scores.max())])
    found = calibrate(labels, means.tolist(), are_probable=are_probable, seed=seed)
    plain = np.full(size, np.nan)
    if found is not None and found.is_isotonic:
        plain = np.array(found.probabilities)
    elif found is None:
        plain = np.array(isotonic(labels)[0])
    return ScoreBins(edges, placed, is_class, plain)


def probability(
    bins: ScoreBins, scores: NDArray[Any], weights: NDArray[Any] | None = None
) -> NDArray[Any]:
    """The probability of the class for each score.

    Args:
        bins: of the class.
        scores: of the rows asked about.
        weights: of the reference's rows: the isotonic fit is then made on the weighted ones.
    """
    import numpy as np

    placed = np.searchsorted(bins.edges, scores, side="left")
    if weights is None:
        found = bins.plain[placed]
        return np.where(np.isnan(found), np.clip(scores, 0.0, 1.0), found)
    size = len(bins.edges) + 1
    positive = np.bincount(bins.placed, weights=weights * bins.is_class, minlength=size)
    rows = np.bincount(bins.placed, weights=weights, minlength=size)
    negative = np.maximum(rows - positive, 0.0)
    shares, _ = isotonic(list(zip(positive.tolist(), negative.tolist(), strict=True)))
    return np.array(shares)[placed]


def class_probabilities(
    bins: Sequence[ScoreBins], scores: NDArray[Any], weights: NDArray[Any] | None = None
) -> NDArray[Any]:
    """The probability of each class, one a column; several classes are scaled to add up to 1.

    Args:
        bins: one a class; for a binary model one, of the positive class.
        scores: of the rows asked about, a column a class.
        weights: of the reference's rows; None for the plain calibration.
    """
    import numpy as np

    found = np.column_stack(
        [probability(one, scores[:, place], weights) for place, one in enumerate(bins)]
    )
    if len(bins) == 1:
        return np.column_stack([1 - found[:, 0], found[:, 0]])
    total = found.sum(axis=1, keepdims=True)
    return np.where(total > 0, found / np.where(total > 0, total, 1.0), 1 / len(bins))


def badness_matrix(classes: Sequence[str], rules: OutcomeRules) -> NDArray[Any]:
    """How bad predicting class i is where class j is right, 0 to 1."""
    import numpy as np

    found = np.zeros((len(classes), len(classes)))
    errors = badness_of_errors(rules)
    for i, predicted in enumerate(classes):
        for j, label in enumerate(classes):
            if i == j:
                continue
            if rules.rule == "mismatch":
                found[i, j] = 1.0
            elif label == rules.positive_class:
                found[i, j] = errors.false_negative
            elif predicted == rules.positive_class:
                found[i, j] = errors.false_positive
    return found


def expected_metrics(
    chances: NDArray[Any], predicted: NDArray[Any], scores: NDArray[Any], classes: Sequence[str]
) -> dict[str, float | None]:
    """Accuracy, roc_auc and f1 to be expected.

    For several classes f1 and roc_auc (each class against the rest) are plain means over classes.

    Args:
        chances: the probability of each class, a column a class.
        predicted: the place of the predicted class of each row.
        scores: the raw scores, a column a class, or one column for a binary model.
        classes: their names, in the order of the columns.
    """
    import numpy as np

    rows = len(predicted)
    if rows == 0:
        return {}
    right = chances[np.arange(rows), predicted]
    judged = range(len(classes)) if scores.shape[1] > 1 else [1]
    f1, area = [], []
    for place in judged:
        chance, is_said = chances[:, place], predicted == place
        hits, said, there = chance[is_said].sum(), is_said.sum(), chance.sum()
        if said + there > 0:
            f1.append(2 * hits / (said + there))
        score = scores[:, place if scores.shape[1] > 1 else 0]
        found = expected_area(score, chance)
        if found is not None:
            area.append(found)
    return {
        "accuracy": float(right.mean()),
        "roc_auc": float(np.mean(area)) if area else None,
        "f1": float(np.mean(f1)) if f1 else None,
    }


def expected_area(scores: NDArray[Any], chances: NDArray[Any]) -> float | None:
    """The area under the ROC curve to be expected: sum over pairs of c_i (1 - c_j) [s_i > s_j].

    Ties count half; divided by sum c sum (1 - c). None where either is 0.
    """
    import numpy as np

    _, places = np.unique(scores, return_inverse=True)
    positive = np.bincount(places, weights=chances)
    negative = np.bincount(places, weights=1 - chances)
    pairs = positive.sum() * negative.sum()
    if pairs <= 0:
        return None
    below = np.cumsum(negative) - negative
    return float(np.sum(positive * (below + negative / 2)) / pairs)
