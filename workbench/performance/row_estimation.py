"""What do the rows themselves let expect? Estimates for any task, plain and weighted to the inputs.

Classes with scores: calibrated probabilities (CBPE; PAPE with weights). Everything else: a
model of the loss (direct loss estimation). With weights, what the reference shows of the
estimate's error at inputs like the current ones is added, so that both the calibration and the
loss model are corrected where they are off (the augmented estimator of missing-data problems).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.domain.estimates import RowEstimate
from workbench.domain.rules import OutcomeRules
from workbench.performance.class_probabilities import (
    ScoreBins,
    badness_matrix,
    class_probabilities,
    expected_metrics,
    score_bins,
)
from workbench.performance.intervals import LEAST_CLUSTERS, LEVEL, spread_between
from workbench.performance.loss_model import LossModel, fit_loss
from workbench.performance.quantiles import normal_quantile
from workbench.performance.row_matrix import RowEncoding, encoded, row_encoding
from workbench.performance.weighting import RowWeights, domain_weights

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_REFERENCE = 200
"""Fewer labelled rows of the reference say too little."""
LEAST_CURRENT = 50
"""Fewer rows have no inputs to speak of that the reference could be weighted to."""
_MONDAY = 4 * 86_400
"""1970-01-05, in seconds."""


@dataclass(frozen=True)
class RowModel:
    """What the labelled rows of the reference say of the badness of a prediction."""

    rules: OutcomeRules
    inputs: RowEncoding
    """Of the features and what the model said: what weights and loss models are made of."""
    matrix: NDArray[Any]
    """The reference's encoded inputs."""
    bad: NDArray[Any]
    """Its badness."""
    classes: tuple[str, ...]
    """Of the scores; empty without scores."""
    columns: tuple[str, ...]
    """The score columns, in the order of the classes; for a binary model one."""
    bins: tuple[ScoreBins, ...]
    scores: NDArray[Any]
    predicted: NDArray[Any]
    """The reference's scores, and the places of its predicted classes."""
    losses: dict[str, LossModel]
    """By `bad`, `absolute`, `squared`; empty with scores."""
    errors: dict[str, NDArray[Any]]
    """The reference's losses that those are models of."""
    spread: float
    """Between the reference's buckets beyond what is expected, a standard deviation."""
    seed: int


def row_model(
    reference: pl.DataFrame,
    features: Sequence[str],
    scores: Sequence[tuple[str, str]],
    rules: OutcomeRules,
    *,
    seed: int = 0,
) -> RowModel | str:
    """The model that estimates from rows, or why there is none.

    Args:
        reference: rows as `sampled_reference` gives them.
        features: their feature columns.
        scores: (class, column) of each class that has a score; binary: (positive class, `wb_score`).
        rules: the card's.
        seed: of all that is random.
    """
    import numpy as np
    import polars as pl

    labelled = reference.filter(pl.col("wb_bad").is_not_null())
    if not rules.is_classification:
        error = pl.col("wb_prediction") - pl.col("wb_label")  # its square may be too large
        labelled = labelled.filter((error * error).is_finite())
    usable = _with_scores(labelled, scores)
    has_scores = bool(scores) and usable.height >= LEAST_REFERENCE
    kept = usable if has_scores else labelled
    if kept.height < LEAST_REFERENCE:
        return f"the reference has fewer than {LEAST_REFERENCE} labelled predictions"
    outputs = [column for _, column in scores] if has_scores else ["wb_prediction"]
    inputs = row_encoding(kept, list(dict.fromkeys([*features, *outputs])))
    bad = kept["wb_bad"].to_numpy().astype(float)
    matrix = encoded(kept, inputs)
    made = RowModel(
        rules, inputs, matrix, bad, (), (), (), np.zeros((0, 0)), np.zeros(0, int), {}, {},
        0.0, seed,
    )  # fmt: skip
    made = _scored(made, kept, scores) if has_scores else _modelled(made, kept)
    fitted = made.losses["bad"].fitted if made.losses else _scored_badness(made)[0]
    return replace(made, spread=_spread(kept, bad - fitted, fitted, rules))


def row_estimate(model: RowModel, current: pl.DataFrame, place: RowEstimate) -> RowEstimate:
    """The estimate of one stretch of time from its rows.

    Plain: the mean of the expected badness m(x). Weighted: the same with m calibrated on the
    weighted reference, + sum w (bad - m) / sum w over the reference. The variance adds sampling
    of that many labels, the reference's sum w^2 (bad - m)^2 / (sum w)^2, and the spread between
    buckets: spread^2 sum (rows of a bucket / all rows)^2.

    Args:
        model: of the reference.
        current: rows as `sampled_rows` gives them; all or a sample.
        place: the stretch, its rows and its labels.
    """
    import numpy as np

    rows = _with_scores(current, list(zip(model.classes, model.columns, strict=False)))
    rows = _known_predictions(rows, model)
    if rows.height == 0:
        nothing = "no row has what the estimate needs"
        return replace(place, reason=nothing, weighted_reason=nothing)
    expected = _expected(model, rows)
    own_spread = _spread_of(model, rows)
    plain = _mean(model, expected, np.ones(len(model.bad)), place.rows, own_spread)
    labelled = rows["wb_bad"].is_not_null().to_numpy()
    own = expected.current[labelled] + plain.correction
    found = replace(
        place,
        bad_rate=plain.rate,
        low=plain.low,
        high=plain.high,
        metrics=expected.metrics,
        labelled_rows=int(labelled.sum()),
        labelled_bad=float(rows["wb_bad"].drop_nulls().sum()),
        labelled_expected=float(own.sum()),
        labelled_variance=float(np.sum(np.clip(own * (1 - own), 0.0, None))),
        model_variance=plain.model_variance,
        spread=_spread_of(model, rows.filter(labelled)),
    )
    if rows.height < LEAST_CURRENT:
        few = f"fewer than {LEAST_CURRENT} rows cannot be told from the reference"
        return replace(found, weighted_reason=few)
    weights = domain_weights(
        model.matrix, encoded(rows, model.inputs), model.inputs.is_categorical, seed=model.seed
    )
    found = replace(found, effective_share=weights.effective_share, domain_auc=weights.auc)
    if weights.shortage is not None:
        return replace(found, weighted_reason=weights.shortage)
    weighted = _mean(model, _expected(model, rows, weights), weights.values, place.rows, own_spread)
    return replace(
        found,
        weighted_bad_rate=weighted.rate,
        weighted_low=weighted.low,
        weighted_high=weighted.high,
    )


@dataclass(frozen=True)
class _Expectation:
    """The expected badness of the current rows and of the reference's."""

    current: NDArray[Any]
    reference: NDArray[Any]
    is_corrected: bool
    """Whether the reference's residual is added."""
    metrics: dict[str, float | None]


@dataclass(frozen=True)
class _Mean:
    rate: float
    low: float
    high: float
    correction: float
    model_variance: float


def _scored(model: RowModel, kept: pl.DataFrame, scores: Sequence[tuple[str, str]]) -> RowModel:
    import numpy as np

    columns = tuple(column for _, column in scores)
    values = kept.select(columns).to_numpy().astype(float)
    labels = kept["wb_label"].to_numpy()
    bins = tuple(
        score_bins(values[:, i], (labels == name).astype(float), model.seed)
        for i, (name, _) in enumerate(scores)
    )
    binary = model.rules.task == "binary"
    classes = (
        (model.rules.negative_class, model.rules.positive_class)
        if binary
        else tuple(name for name, _ in scores)
    )
    made = replace(model, classes=classes, columns=columns, bins=bins, scores=values)
    return replace(made, predicted=np.array(_places(kept, classes)))


def _modelled(model: RowModel, kept: pl.DataFrame) -> RowModel:
    import numpy as np

    errors = {"bad": model.bad}
    if not model.rules.is_classification:
        error = np.abs(kept["wb_prediction"].to_numpy() - kept["wb_label"].to_numpy()).astype(float)
        errors |= {"absolute": error, "squared": error * error}
    losses = {
        name: fit_loss(
            model.matrix, loss, model.inputs.is_categorical,
            ceiling=1.0 if name == "bad" else None, seed=model.seed,
        )
        for name, loss in errors.items()
    }  # fmt: skip
    return replace(model, losses=losses, errors=errors)


def _expected(
    model: RowModel, rows: pl.DataFrame, weights: RowWeights | None = None
) -> _Expectation:
    import numpy as np

    if model.losses:
        matrix = encoded(rows, model.inputs)
        bad = model.losses["bad"]
        return _Expectation(bad.expected(matrix), bad.fitted, True, _loss_metrics(model, matrix))
    own = None if weights is None else weights.values
    values = rows.select(model.columns).to_numpy().astype(float)
    chances = class_probabilities(model.bins, values, own)
    predicted = np.array(_places(rows, model.classes))
    matrix = badness_matrix(model.classes, model.rules)
    current = np.sum(chances * matrix[predicted], axis=1)
    reference, _ = _scored_badness(model, own)
    metrics = expected_metrics(chances, predicted, values, model.classes)
    return _Expectation(current, reference, weights is not None, metrics)


def _scored_badness(
    model: RowModel, weights: NDArray[Any] | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The expected badness of the reference's rows, and their class probabilities."""
    import numpy as np

    chances = class_probabilities(model.bins, model.scores, weights)
    matrix = badness_matrix(model.classes, model.rules)
    return np.sum(chances * matrix[model.predicted], axis=1), chances


def _loss_metrics(model: RowModel, matrix: NDArray[Any]) -> dict[str, float | None]:
    import numpy as np

    def mean(name: str) -> float:
        loss = model.losses[name]
        gap = float(np.mean(model.errors[name] - loss.fitted))
        return max(float(loss.expected(matrix).mean()) + gap, 0.0)

    if "absolute" in model.losses:
        return {"mae": mean("absolute"), "rmse": math.sqrt(mean("squared"))}
    return {"accuracy": 1 - mean("bad") if model.rules.rule == "mismatch" else None}


def _mean(
    model: RowModel, expected: _Expectation, weights: NDArray[Any], rows: int, spread: float
) -> _Mean:
    """The expected bad rate of a stretch of `rows` rows, from a sample of them."""
    import numpy as np

    total = weights.sum()
    residual = model.bad - expected.reference
    correction = float(np.sum(weights * residual) / total) if expected.is_corrected else 0.0
    model_variance = float(np.sum((weights * (residual - correction)) ** 2) / total**2)
    e = expected.current
    rate = min(max(float(e.mean()) + correction, 0.0), 1.0)
    sampling = float(np.mean(np.clip(e * (1 - e), 0.0, None))) / max(rows, 1)
    left_out = float(e.var()) / len(e) * (1 - min(len(e) / max(rows, 1), 1.0))
    variance = sampling + left_out + model_variance + spread**2
    half = normal_quantile((1 + LEVEL) / 2) * math.sqrt(variance)
    return _Mean(rate, max(rate - half, 0.0), min(rate + half, 1.0), correction, model_variance)


def _spread_of(model: RowModel, rows: pl.DataFrame) -> float:
    """Of the mean of rows from several buckets, whose effects cancel in part; 0 without rows."""
    if rows.height == 0:
        return 0.0
    counts = rows.group_by(_bucket(model.rules)).len()["len"].to_list()
    return model.spread * math.sqrt(sum(n * n for n in counts)) / rows.height


def _bucket(rules: OutcomeRules) -> pl.Expr:
    """A number a bucket; weeks begin on Mondays, as in the store's counts."""
    import polars as pl

    return (pl.col("wb_timestamp").dt.epoch("s") - _MONDAY) // rules.bucket_seconds


def _with_scores(frame: pl.DataFrame, scores: Sequence[tuple[str, str]]) -> pl.DataFrame:
    import polars as pl

    needed = [column for _, column in scores]
    kept = frame.filter(pl.col("wb_prediction").is_not_null())
    if not needed:
        return kept
    return kept.filter(pl.all_horizontal(pl.col(c).is_finite().fill_null(False) for c in needed))


def _known_predictions(frame: pl.DataFrame, model: RowModel) -> pl.DataFrame:
    import polars as pl

    if not model.classes:
        return frame
    return frame.filter(pl.col("wb_prediction").is_in(list(model.classes)))


def _places(frame: pl.DataFrame, classes: Sequence[str]) -> list[int]:
    """The place of each row's predicted class; a class without a score counts as the first."""
    order = {name: place for place, name in enumerate(classes)}
    return [order.get(name, 0) for name in frame["wb_prediction"].to_list()]


def _spread(
    kept: pl.DataFrame, residual: NDArray[Any], fitted: NDArray[Any], rules: OutcomeRules
) -> float:
    """Between the reference's buckets; 0 without times."""
    import polars as pl

    times = kept.select(
        bucket=_bucket(rules),
        residual=pl.Series(residual),
    ).filter(pl.col("bucket").is_not_null())
    sums = times.group_by("bucket").agg(pl.col("residual").sum(), n=pl.len())
    if sums.height < LEAST_CLUSTERS:
        return 0.0
    variance = float((fitted * (1 - fitted)).mean())
    return spread_between(sums["residual"].to_list(), sums["n"].to_list(), variance) or 0.0
