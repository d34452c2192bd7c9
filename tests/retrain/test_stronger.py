"""The stronger class of model is stronger, and works wherever the recipe does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.retrain.worlds import FEATURES, card_of, rules_of, world
from workbench.domain.card import BadPrediction, Training
from workbench.retrain.recipes import recipe_of
from workbench.retrain.stronger import stronger_fitter

TASKS = ("binary", "multiclass", "regression")


@pytest.mark.parametrize("task", TASKS)
def test_the_stronger_class_finds_what_a_line_cannot(task: str) -> None:
    def rows(seed: int) -> tuple[pl.DataFrame, pl.Series]:
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(2000, 2))
        product = 3 * x[:, 0] * x[:, 1]
        label: Any = product
        if task != "regression":
            label = (
                np.where(product > 0, "1", "0")
                if task == "binary"
                else np.array(["a", "b", "c"])[np.digitize(product, [-1, 1])]
            )
        made = world(task, 2000, seed=seed).rows
        return made.with_columns(x=x[:, 0], noise=x[:, 1]), pl.Series(label)

    card = replace(card_of(task), training=Training(recipe="linear"))
    (train, y), (test, truth) = rows(1), rows(2)
    weak = recipe_of(card, FEATURES, rules_of(card)).scorer(train, y, 0)(test)["wb_prediction"]
    strong = stronger_fitter(card, FEATURES, rules_of(card))(train, y, 0)(test)["wb_prediction"]

    def loss(said: pl.Series) -> float:
        if task == "regression":
            return float((said - truth).abs().mean())  # type: ignore[arg-type]
        return float((said != truth).mean())  # type: ignore[arg-type]

    assert loss(strong) < 0.5 * loss(weak)


def test_the_stronger_class_works_on_few_rows_with_weights_and_under_each_loss() -> None:
    made = world("binary", 60)
    weighted = replace(made.card, training=Training(params={"class_weight": "balanced"}))
    few = world("regression", 60)
    relative = replace(few.card, bad_prediction=BadPrediction(rule="relative_error"))

    first = stronger_fitter(weighted, FEATURES, made.rules)(made.rows, made.label, 0)(made.rows)
    rare = made.label.set(pl.Series(np.arange(60) > 0), "1").set(pl.Series(np.arange(60) == 0), "0")
    second = stronger_fitter(made.card, FEATURES, made.rules)(made.rows, rare, 0)(made.rows)
    third = stronger_fitter(relative, FEATURES, rules_of(relative))(few.rows, few.label, 0)(
        few.rows
    )

    assert {first.height, second.height, third.height} == {60}


@pytest.mark.parametrize("task", TASKS)
def test_the_same_seed_gives_the_same_scores(task: str) -> None:
    made = world(task, 150)
    fit = stronger_fitter(made.card, FEATURES, made.rules)

    first, second = fit(made.rows, made.label, 5), fit(made.rows, made.label, 5)

    assert first(made.rows).equals(second(made.rows))
    assert first(made.rows.clear()).schema == first(made.rows).schema


def test_the_loss_of_the_card_stays_and_its_limits_do_not() -> None:
    """Errors with a long tail: the median is what an absolute error is least of."""
    rng = np.random.default_rng(0)
    made = world("regression", 800)
    skewed = pl.Series(rng.exponential(size=800) ** 3)
    params = {"loss": "absolute_error", "max_depth": 1, "max_iter": 1}
    card = replace(made.card, training=Training(params=params))

    said = stronger_fitter(card, FEATURES, made.rules)(made.rows, skewed, 0)(made.rows)

    assert said["wb_prediction"].median() < 1.5  # type: ignore[operator]
    assert skewed.mean() > 3  # type: ignore[operator]
    assert said["wb_prediction"].n_unique() > 100
