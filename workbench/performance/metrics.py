"""How good were the predictions, beyond good and bad? The usual metrics, from counts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts

Metrics = dict[str, float | None]


def metrics(bucket: OutcomeBucket, task: str) -> Metrics:
    """The metrics of one bucket; None where a task or the data does not define one.

    Rates are fractions of the labelled rows, but `positive_rate` is of all predicted rows;
    `miss_rate` is of the positives, `false_alarm_rate` of the negatives. `mae`, `rmse` and
    `bias` (mean of prediction minus label) are in the label's unit.
    """
    counts = bucket.counts
    if task == "regression":
        return {
            "mae": _share(counts.absolute_error, counts.labelled),
            "rmse": _root(_share(counts.squared_error, counts.labelled)),
            "bias": _share(counts.error, counts.labelled),
        }
    found: Metrics = {"accuracy": _share(counts.correct, counts.labelled)}
    if task == "multiclass":
        found["f1"] = macro_f1(bucket.classes)
        return found
    return found | {
        "roc_auc": roc_auc(bucket.scores),
        "f1": _f1(counts.true_positive, counts.false_positive, counts.false_negative),
        "log_loss": _share(counts.log_loss, counts.scored),
        "miss_rate": _share(counts.false_negative, counts.true_positive + counts.false_negative),
        "false_alarm_rate": _share(counts.false_positive, counts.false_positive + counts.true_negative),
        "positive_rate": _share(counts.predicted_positive, counts.predicted),
        "cost_per_1000": _thousand(_share(counts.cost, counts.labelled)),
    }


def roc_auc(scores: Sequence[tuple[float, float]]) -> float | None:
    """The area under the ROC curve from binned scores; None without both classes.

    P(score of a positive > score of a negative) + half of the ties (Mann-Whitney). Pairs in
    one bin count as ties, so that it differs from the exact area by at most half of the share
    of pairs in one bin: sum p_i n_i / (2 P N).

    Args:
        scores: (positives, negatives) a bin, ascending in score.
    """
    positives = sum(p for p, _ in scores)
    negatives = sum(n for _, n in scores)
    if positives <= 0 or negatives <= 0:
        return None
    below = 0.0
    area = 0.0
    for positive, negative in scores:
        area += positive * (below + negative / 2)
        below += negative
    return area / (positives * negatives)


def macro_f1(classes: Sequence[tuple[str, str, float]]) -> float | None:
    """The mean over the classes of 2 tp / (2 tp + fp + fn); None without labelled rows.

    Args:
        classes: (label, prediction, rows).
    """
    names = {label for label, _, n in classes if n} | {guess for _, guess, n in classes if n}
    each = []
    for name in names:
        hit = sum(n for label, guess, n in classes if label == guess == name)
        alarm = sum(n for label, guess, n in classes if guess == name != label)
        missed = sum(n for label, guess, n in classes if label == name != guess)
        each.append(_f1(hit, alarm, missed) or 0.0)
    return sum(each) / len(each) if each else None


def total(buckets: Sequence[OutcomeBucket]) -> OutcomeBucket | None:
    """Several buckets as one; None for none."""
    if not buckets:
        return None
    counts = OutcomeCounts()
    classes: dict[tuple[str, str], float] = {}
    for bucket in buckets:
        counts = counts + bucket.counts
        classes |= {(label, guess): classes.get((label, guess), 0.0) + n for label, guess, n in bucket.classes}
    return OutcomeBucket(
        min(bucket.start for bucket in buckets),
        max(bucket.end for bucket in buckets),
        counts,
        scores=tuple(
            (sum(p for p, _ in bin_), sum(n for _, n in bin_))
            for bin_ in itertools.zip_longest(*(b.scores for b in buckets), fillvalue=(0.0, 0.0))
        ),
        classes=tuple((label, guess, n) for (label, guess), n in classes.items()),
    )


def _f1(hit: float, alarm: float, missed: float) -> float | None:
    return _share(2 * hit, 2 * hit + alarm + missed)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None


def _root(value: float | None) -> float | None:
    return None if value is None else max(value, 0.0) ** 0.5


def _thousand(value: float | None) -> float | None:
    return None if value is None else value * 1000
