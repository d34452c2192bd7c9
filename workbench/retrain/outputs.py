"""What does a model say, in the words of the store? Normalised classes, scores, or numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.domain.card import ModelCard
from workbench.domain.classes import class_name
from workbench.domain.rules import OutcomeRules
from workbench.errors import ArtifactError

if TYPE_CHECKING:
    import polars as pl

Scorer = Callable[["pl.DataFrame"], "pl.DataFrame"]
"""Outputs for rows of features: `wb_prediction`, and for classes `wb_score` or `score_<class>`."""

Fitter = Callable[["pl.DataFrame", "pl.Series", int], Scorer]
"""Fits a recipe to features and labels, with a seed."""


def names_threshold(card: ModelCard) -> bool:
    """Whether the card itself says where a score becomes the positive class."""
    return "decision.threshold" in card.named or bool(card.decision.threshold_column)


def score_column(card: ModelCard, name: str) -> str:
    """The column of a class's score, as a multiclass log has it."""
    return f"{card.columns.score or 'score'}_{name}"


def no_outputs(card: ModelCard, rules: OutcomeRules, classes: Sequence[str] = ()) -> pl.DataFrame:
    """The outputs of no rows; with a score column for each of some classes."""
    import polars as pl

    kind = pl.String if rules.is_classification else pl.Float64
    empty = pl.Series("wb_prediction", [], dtype=kind)
    scores = {name: pl.Series([], dtype=pl.Float64) for name in classes}
    return outputs(pl.DataFrame(), empty, scores, card, rules)


def outputs(
    frame: pl.DataFrame,
    prediction: pl.Series | None,
    scores: Mapping[str, pl.Series],
    card: ModelCard,
    rules: OutcomeRules,
) -> pl.DataFrame:
    """One row for each row of the frame, in its order.

    Args:
        frame: the rows that were scored; they may hold the card's threshold column.
        prediction: what the model said; None: the score decides, at the card's threshold (of its
            column where the row has one), or the largest score of several classes.
        scores: by normalised class; of a binary model only the positive class counts.
        card: the threshold and the names of score columns.
        rules: the task and the classes.

    Raises:
        ArtifactError: there is neither a prediction nor a score to make one of.
    """
    import polars as pl

    if rules.task == "regression":
        if prediction is None:
            raise ArtifactError(
                "the model gives no prediction", f"It must give {card.columns.prediction!r}."
            )
        return pl.DataFrame({"wb_prediction": prediction.cast(pl.Float64, strict=False)})
    numbers = {name: one.cast(pl.Float64, strict=False) for name, one in scores.items()}
    if rules.task == "binary":
        score = numbers.get(rules.positive_class)
        if prediction is None:
            prediction = _decided(frame, score, rules)
        if score is None:
            score = pl.Series([None] * prediction.len(), dtype=pl.Float64)
        return pl.DataFrame({"wb_prediction": normalised(prediction), "wb_score": score})
    if prediction is None:
        prediction = _largest(numbers, card)
    columns = {score_column(card, name): one for name, one in sorted(numbers.items())}
    return pl.DataFrame({"wb_prediction": normalised(prediction)} | columns)


def normalised(classes: pl.Series) -> pl.Series:
    """Classes by their one normalisation, as text."""
    import polars as pl

    if classes.dtype == pl.Boolean:
        classes = classes.cast(pl.Int64)
    text = classes.cast(pl.String)
    names = {one: class_name(one) for one in text.unique().drop_nulls()}
    return text.replace_strict(names, default=None, return_dtype=pl.String)


def _decided(frame: pl.DataFrame, score: pl.Series | None, rules: OutcomeRules) -> pl.Series:
    """The same decision as the store makes of a log that has scores only."""
    import polars as pl

    if score is None:
        raise ArtifactError(
            "the model gives neither a prediction nor a score of the positive class "
            f"{rules.positive_class!r}",
            "Correct [bad_prediction] positive_class in the card.",
        )
    limit = pl.Series([rules.threshold], dtype=pl.Float64).new_from_index(0, score.len())
    if rules.threshold_column in frame.columns:
        limit = frame[rules.threshold_column].cast(pl.Float64, strict=False).fill_null(limit)
    made = pl.DataFrame({"score": score, "limit": limit}).select(
        pl.when(pl.col("score").is_null() | pl.col("score").is_nan())
        .then(None)
        .when(pl.col("score") >= pl.col("limit"))
        .then(pl.lit(rules.positive_class))
        .otherwise(pl.lit(rules.negative_class))
        .alias("decided")
    )
    return made["decided"]


def _largest(scores: Mapping[str, pl.Series], card: ModelCard) -> pl.Series:
    import numpy as np
    import polars as pl

    if not scores:
        raise ArtifactError(
            "the model gives neither a prediction nor a score for each class",
            f"It must give {card.columns.prediction!r} or {score_column(card, 'CLASS')!r} columns.",
        )
    names = sorted(scores)
    table = np.column_stack([scores[name].fill_null(float("nan")).to_numpy() for name in names])
    known = np.isfinite(table).all(axis=1)
    best = np.where(known[:, None], table, 0.0).argmax(axis=1)
    return pl.Series(np.array(names, dtype=object)[best], dtype=pl.String).set(
        pl.Series(~known), None
    )
