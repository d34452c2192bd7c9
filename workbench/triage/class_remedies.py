"""How would predicted classes be put right from their scores: new priors, a threshold, a calibration?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workbench.performance.estimation import badness_of_errors
from workbench.triage.case import Case
from workbench.triage.label_shift import classes_of, measure_label_shift, score_matrix
from workbench.triage.remedy import LEAST_ROWS, Lessons, Predict, Remedy

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_CUTS = 400
"""Thresholds that are tried, quantiles of the scores."""
_FAR = 1e-9
_RIDGE = 1e-3


def new_prior(case: Case, lessons: Lessons) -> Remedy | str:
    """Scores times (share now / share before), shares from the scores alone."""
    import numpy as np

    shift = measure_label_shift(case, base=lessons.base, current=lessons.recent)
    if shift.skipped or shift.factors is None:
        return shift.skipped or "no shares of classes"
    factors, classes = np.maximum(shift.factors, _FAR), classes_of(case)
    shares = tuple((f"share of {one.name}", one.current) for one in shift.shares)
    if case.rules.task != "binary":

        def predict(frame: pl.DataFrame) -> pl.Series:
            return _most_likely(frame, classes, np.log(factors))

        told = ", ".join(f"{one.name} {one.current:.1%}" for one in shift.shares[:6])
        return Remedy(
            "prior", f"scores re-weighted to these shares of classes: {told}", shares, predict
        )
    # Odds times a factor, cut at the card's threshold, are the odds cut elsewhere.
    old = min(max(case.rules.threshold, _FAR), 1 - _FAR)
    odds = old / (1 - old) * factors[0] / factors[1]
    cut = float(odds / (1 + odds))
    one = shift.shares[1]
    return Remedy(
        "prior",
        f"a prior of {one.current:.1%} for class {one.name} instead of {one.reference:.1%} (a "
        f"threshold of {cut:.3f} on the score as logged, instead of {old:.3f})",
        (*shares[1:], ("threshold", cut)), _cut_at(case, cut),
    )  # fmt: skip


def new_threshold(case: Case, lessons: Lessons) -> Remedy | str:
    """The threshold with the lowest badness on the labelled rows; on a tie the nearest to the card's.

    For the rules `miss` and `false_alarm`, which see one kind of error only, the other kind may
    be no more frequent than in the time before, or under the predictions logged.
    """
    import numpy as np

    found = _scores(case, lessons.labelled)
    if isinstance(found, str):
        return found
    score, positive = found
    cuts = np.unique(np.quantile(score, np.linspace(0, 1, _CUTS + 1)))
    cuts = np.append((cuts[1:] + cuts[:-1]) / 2, [cuts[0], np.nextafter(cuts[-1], np.inf)])
    cuts = np.sort(np.append(cuts, case.rules.threshold))
    n = len(score)
    below = np.searchsorted(np.sort(score[positive]), cuts, side="left")
    missed = below / n
    alarmed = (~positive).sum() / n - np.searchsorted(np.sort(score[~positive]), cuts, "left") / n
    weight = badness_of_errors(case.rules)
    cost = weight.false_negative * missed + weight.false_positive * alarmed
    rule = case.rules.rule
    if rule in {"miss", "false_alarm"}:
        other = alarmed if rule == "miss" else missed
        cost = np.where(other <= _other_errors(case, lessons) + 1e-12, cost, np.inf)
        if not np.isfinite(cost).any():
            return "every other threshold has more errors of the other kind"
    best = np.flatnonzero(cost <= cost.min() + 1e-12)
    cut = float(cuts[best[np.argmin(np.abs(cuts[best] - case.rules.threshold))]])
    return Remedy(
        "threshold", f"a threshold of {cut:.3f} instead of {case.rules.threshold:.3f}",
        (("threshold", cut),), _cut_at(case, cut),
    )  # fmt: skip


def platt(case: Case, lessons: Lessons) -> Remedy | str:
    """Platt's calibration, a logistic fit of the labels on the score's log odds, at the card's threshold.

    Any rising map of the score, isotonic ones too, moves predictions as a threshold does; this
    one has two numbers and needs the fewest labels.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    found = _scores(case, lessons.labelled)
    if isinstance(found, str):
        return found
    score, positive = found
    if positive.all() or not positive.any():
        return "all labels to fit to are the same"
    is_chance = bool(score.min() >= 0 and score.max() <= 1)
    x = _logit(score) if is_chance else score
    spread = float(x.std())
    if not spread > 0:
        return "all scores are the same"
    fit = LogisticRegression(C=1e6, max_iter=200).fit((x / spread)[:, None], positive)
    slope, offset = float(fit.coef_[0, 0]) / spread, float(fit.intercept_[0])
    if slope * spread < 0.05:
        return "the score does not rank the labels the right way round any more"
    wanted = float(_logit(np.array([case.rules.threshold]))[0])
    cut = (wanted - offset) / slope
    cut = 1 / (1 + math.exp(-min(max(cut, -30.0), 30.0))) if is_chance else cut
    return Remedy(
        "calibration",
        f"scores calibrated anew (log odds x {slope:.2f} {offset:+.2f}: a threshold of {cut:.3f} on "
        f"the score as logged, instead of {case.rules.threshold:.3f})",
        (("slope", slope), ("offset", offset), ("threshold", cut)), _cut_at(case, cut),
    )  # fmt: skip


def class_offsets(case: Case, lessons: Lessons) -> Remedy | str:
    """Log scores times a temperature plus an offset a class, by maximum likelihood."""
    import numpy as np
    from scipy.optimize import minimize

    classes = classes_of(case)
    scores = score_matrix(lessons.labelled, classes)
    if scores is None:
        return "no scores are logged that are probabilities"
    names = np.array(lessons.labelled["wb_label"].cast(str).to_list(), dtype=object)
    place = np.array([classes.index(name) if name in classes else -1 for name in names])
    kept = np.isfinite(scores).all(axis=1) & (place >= 0)
    if kept.sum() < LEAST_ROWS or len(np.unique(place[kept])) < 2:
        return "too few labelled rows of several classes"
    logs, y = np.log(np.maximum(scores[kept], _FAR)), place[kept]
    yes = np.eye(len(classes))[y]

    def loss(values: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        z = values[0] * logs + values[1:]
        z -= z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1, keepdims=True)
        wrong = p / total - yes
        pull = values - start
        value = -np.mean((z - np.log(total))[np.arange(len(y)), y]) + _RIDGE * (pull @ pull)
        gradient = np.append((wrong * logs).sum(axis=1).mean(), wrong.mean(axis=0))
        return float(value), gradient + 2 * _RIDGE * pull

    start = np.append(1.0, np.zeros(len(classes)))
    values = minimize(loss, start, jac=True, method="L-BFGS-B").x
    if values[0] < 0.05:
        return "the scores do not rank the labels the right way round any more"
    offsets = values[1:] / values[0]
    told = ", ".join(f"{n} {v:+.2f}" for n, v in zip(classes[:6], offsets, strict=False))
    return Remedy(
        "calibration", f"an offset to the log score of each class: {told}",
        (("temperature", float(values[0])), *zip(classes, offsets.tolist(), strict=True)),
        lambda frame: _most_likely(frame, classes, offsets),
    )  # fmt: skip


def _cut_at(case: Case, cut: float) -> Predict:
    """Predictions from the score by another threshold."""
    import polars as pl

    positive, negative = case.rules.positive_class, case.rules.negative_class

    def predict(frame: pl.DataFrame) -> pl.Series:
        score = pl.col("wb_score").cast(pl.Float64)
        said = pl.when(score >= cut).then(pl.lit(positive)).otherwise(pl.lit(negative))
        known = score.is_not_null() & score.is_not_nan()
        return frame.select(pl.when(known).then(said).alias("wb_prediction")).to_series()

    return predict


def _most_likely(frame: pl.DataFrame, classes: tuple[str, ...], offsets: NDArray[Any]) -> pl.Series:
    """The class with the highest log score plus offset."""
    import numpy as np
    import polars as pl

    scores = score_matrix(frame, classes)
    if scores is None:
        return pl.Series("wb_prediction", [None] * frame.height, dtype=pl.String)
    known = np.isfinite(scores).all(axis=1)
    best = np.argmax(np.log(np.maximum(np.nan_to_num(scores), _FAR)) + offsets, axis=1)
    names = [classes[i] if good else None for i, good in zip(best, known, strict=True)]
    return pl.Series("wb_prediction", names, dtype=pl.String)


def _other_errors(case: Case, lessons: Lessons) -> float:
    """The share of errors that the rule does not see: the larger of before and of those logged."""
    import polars as pl

    said, true = pl.col("wb_prediction").cast(pl.String), pl.col("wb_label").cast(pl.String)
    positive = case.rules.positive_class
    unseen = (
        (said == positive) & (true != positive)
        if case.rules.rule == "miss"
        else (said != positive) & (true == positive)
    )
    shares = [
        frame.select(unseen.fill_null(value=False).mean()).item() or 0.0
        for frame in (lessons.base, lessons.labelled)
        if {"wb_prediction", "wb_label"} <= set(frame.columns) and frame.height
    ]
    return float(max(shares, default=1.0))


def _scores(case: Case, frame: pl.DataFrame) -> tuple[NDArray[Any], NDArray[Any]] | str:
    """Scores and whether each label is the positive class, of rows with both."""
    import numpy as np
    import polars as pl

    if "wb_score" not in frame.columns:
        return "no scores are logged"
    score = np.asarray(frame["wb_score"].cast(pl.Float64).fill_null(np.nan).to_numpy())
    positive = (frame["wb_label"].cast(pl.String) == case.rules.positive_class).to_numpy()
    known = np.isfinite(score)
    if known.sum() < LEAST_ROWS:
        return "too few labelled rows with a score"
    return score[known], np.asarray(positive[known], dtype=bool)


def _logit(p: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    held = np.clip(p, _FAR, 1 - _FAR)
    found: NDArray[Any] = np.log(held / (1 - held))
    return found
