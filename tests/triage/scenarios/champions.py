"""What does a made-up model say, and how bad is that? Trained by the recipe that its card names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import polars as pl

from tests.triage.scenarios.worlds import (
    Array,
    Law,
    Rows,
    World,
    draw_rows,
    features_of,
    law_of,
    many_days,
)

PARAMS: Mapping[str, Mapping[str, Any]] = {
    "gradient_boosting": {"max_iter": 60, "max_leaf_nodes": 15, "min_samples_leaf": 30},
    "linear": {},
}
"""`[training.params]` of the cards."""

STRONG: Mapping[str, Any] = {"max_iter": 150, "max_leaf_nodes": 31, "min_samples_leaf": 20}


@dataclass(frozen=True)
class Outputs:
    """What was predicted, a row each."""

    prediction: Array
    """Places of classes, or numbers."""
    scores: Array | None = None
    """(rows, classes)."""

    def where(self, mask: Array, other: Outputs) -> Outputs:
        """The other outputs in the masked rows."""
        scores = self.scores
        if scores is not None and other.scores is not None:
            scores = np.where(mask[:, None], other.scores, scores)
        return Outputs(np.where(mask, other.prediction, self.prediction), scores)


@dataclass(frozen=True)
class Model:
    """A fitted estimator of one world."""

    world: World
    estimator: Any

    def outputs(self, frame: pl.DataFrame) -> Outputs:
        """What it says of rows with the world's features."""
        table = frame.select(self.world.features)
        if not table.height:
            many = len(self.world.classes)
            return Outputs(np.empty(0), np.empty((0, many)) if many else None)
        if self.world.task == "regression":
            return Outputs(np.asarray(self.estimator.predict(table)))
        found = np.asarray(self.estimator.predict_proba(table))
        scores = np.zeros((len(found), len(self.world.classes)))
        for place, name in enumerate(self.estimator.classes_):
            scores[:, self.world.classes.index(str(name))] = found[:, place]
        return decided(self.world, scores)


def decided(world: World, scores: Array) -> Outputs:
    """The predictions that follow from scores."""
    if world.task == "binary":
        return Outputs((scores[:, 1] >= world.threshold).astype(int), scores)
    return Outputs(scores.argmax(axis=1), scores)


def fit(
    world: World,
    frame: pl.DataFrame,
    labels: Array,
    seed: int = 0,
    recipe: str = "",
    params: Mapping[str, Any] | None = None,
) -> Model:
    """A model of rows and their labels (places of classes, or numbers)."""
    from sklearn.pipeline import Pipeline

    recipe = recipe or world.recipe
    given = PARAMS[recipe] if params is None else params
    model, is_tree = _estimator(world.task, recipe, given, seed), recipe != "linear"
    pipeline = Pipeline([("columns", _columns(world, is_tree)), ("model", model)])
    y = labels if not world.classes else np.asarray(world.classes)[labels.astype(int)]
    return Model(world, pipeline.fit(frame.select(world.features), y))


def _estimator(task: str, recipe: str, params: Mapping[str, Any], seed: int) -> Any:
    from sklearn import ensemble, linear_model

    if recipe == "linear":
        return linear_model.HuberRegressor() if task == "regression" else (
            linear_model.LogisticRegression(max_iter=1000)
        )  # fmt: skip
    kind = (
        ensemble.HistGradientBoostingRegressor
        if task == "regression"
        else ensemble.HistGradientBoostingClassifier
    )
    return kind(random_state=seed, early_stopping=False, categorical_features=None, **params)


def _columns(world: World, is_tree: bool) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

    numbers, texts = [*world.numbers, "hour"], list(world.texts)
    if is_tree:
        nan = float("nan")
        codes = OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=nan, encoded_missing_value=nan
        )
        return ColumnTransformer([("numbers", "passthrough", numbers), ("texts", codes, texts)])
    scaled = Pipeline(
        [("impute", SimpleImputer(strategy="median", add_indicator=True)), ("scale", StandardScaler())]
    )  # fmt: skip
    one_hot = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False)
    return ColumnTransformer([("numbers", scaled, numbers), ("texts", one_hot, texts)])


@dataclass(frozen=True)
class Setup:
    """A world with its champion, its tables, and the rates that go with them."""

    world: World
    seed: int
    champion: Model
    training: pl.DataFrame
    training_rows: Rows
    training_labels: Array
    reference: pl.DataFrame
    reference_labels: Array
    tolerance: float
    """Of a regression: the error above which a prediction is bad."""

    def bad(self, outputs: Outputs, labels: Array) -> Array:
        """How bad each prediction is, 0 to 1, given its label."""
        world = self.world
        if world.task == "regression":
            return np.asarray(np.abs(outputs.prediction - labels) > self.tolerance, dtype=float)
        said = outputs.prediction.astype(int)
        if world.task == "multiclass":
            return np.asarray(said != labels, dtype=float)
        alarm, miss = (said == 1) & (labels == 0), (said == 0) & (labels == 1)
        return np.asarray((alarm * world.costs[0] + miss * world.costs[1]) / max(world.costs))

    def expected_bad(self, outputs: Outputs, law: Law) -> Array:
        """How bad each prediction is in the mean over what the label can be."""
        world = self.world
        if law.shares is None:
            low = (outputs.prediction - self.tolerance - law.mean) / law.spread
            high = (outputs.prediction + self.tolerance - law.mean) / law.spread
            return 1 - (_normal(high) - _normal(low))
        said = outputs.prediction.astype(int)
        if world.task == "multiclass":
            return np.asarray(1 - law.shares[np.arange(len(said)), said])
        positive = law.shares[:, 1]
        cost = np.where(said == 1, (1 - positive) * world.costs[0], positive * world.costs[1])
        return np.asarray(cost / max(world.costs))

    @cached_property
    def usual(self) -> float:
        """The champion's bad rate in the long run, when nothing is wrong."""
        rows = many_days(self.world, 20_000, np.random.default_rng([self.seed, 11]))
        outputs = self.champion.outputs(features_of(self.world, rows))
        return float(self.expected_bad(outputs, law_of(self.world, rows)).mean())

    @property
    def floor(self) -> float:
        """The smallest rise of the bad rate that matters: the card's default warning."""
        return min(0.02, 0.25 * self.usual)

    @property
    def critical(self) -> float:
        """The rise of the bad rate that is critical by the card's defaults."""
        return min(0.05, 0.5 * self.usual)


def _normal(x: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(ndtr(x))


TRAINED_FROM = np.datetime64("2023-11-01", "us")
REFERENCE_FROM = np.datetime64("2024-01-01", "us")
REFERENCE_DAYS = 28


@lru_cache(maxsize=4)
def set_up(world: World, seed: int) -> Setup:
    """The champion of a world, trained on two months; its reference is the month after."""
    random = np.random.default_rng([seed, 1])
    is_rare = world.task == "binary" and world.positives < 0.02
    many, held_out = (20_000, 30_000) if is_rare else (6000, 6000)
    training = draw_rows(world, _spread(TRAINED_FROM, 60, many, random), random)
    labels = law_of(world, training).draw(random)
    frame = features_of(world, training)
    champion = fit(world, frame, labels, seed)
    rows = draw_rows(world, _spread(REFERENCE_FROM, REFERENCE_DAYS, held_out, random), random)
    held_labels = law_of(world, rows).draw(random)
    reference = features_of(world, rows)
    made = Setup(
        world, seed, champion, frame, training, labels,
        reference.with_columns(timestamp=pl.Series(rows.moments)), held_labels, 0.0,
    )  # fmt: skip
    if world.task != "regression":
        return made
    errors = np.abs(champion.outputs(reference).prediction - held_labels)
    return replace(made, tolerance=math.floor(float(np.quantile(errors, 0.9)) * 100) / 100)


def _spread(start: Any, days: int, rows: int, random: np.random.Generator) -> Array:
    return np.sort(start + (random.random(rows) * days * 86_400e6).astype("timedelta64[us]"))
