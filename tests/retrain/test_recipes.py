"""Recipes fit what is there to be learned, in every task, and say why they cannot."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.retrain.worlds import FEATURES, badness_of, card_of, rules_of, world
from workbench.domain.card import Training
from workbench.domain.card_checks import RECIPES
from workbench.errors import RecipeError
from workbench.retrain.inputs import model_inputs
from workbench.retrain.recipes import recipe_of
from workbench.retrain.skops_file import TRUSTED

TASKS = ("binary", "multiclass", "regression")
QUICK = {
    "gradient_boosting": {"max_iter": 40},
    "linear": {},
    "random_forest": {"n_estimators": 20},
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_learns_what_can_be_learned(task: str, recipe: str) -> None:
    train, test = world(task, 1500), world(task, 1500, seed=1)
    score = recipe_of(
        train.card, FEATURES, train.rules, recipe=recipe, params=QUICK[recipe]
    ).scorer(train.rows, train.label, 3)

    found = score(test.rows)

    if task == "regression":
        mean = pl.Series(np.full(1500, train.label.mean()))
        assert badness_of(test, found["wb_prediction"]) < 0.5 * badness_of(test, mean)
    else:
        most = train.label.mode().sort()[0]
        constant = pl.Series([most] * 1500)
        assert badness_of(test, found["wb_prediction"]) < 0.7 * badness_of(test, constant)
    expected = {
        "binary": ["wb_prediction", "wb_score"],
        "multiclass": ["wb_prediction", "score_a", "score_b", "score_c"],
        "regression": ["wb_prediction"],
    }[task]
    assert found.columns == expected
    assert found.null_count().sum_horizontal()[0] == 0


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_fitted_pipeline_is_saved_and_says_the_same_when_loaded(task: str, recipe: str) -> None:
    made = world(task, 400)
    pipeline = recipe_of(made.card, FEATURES, made.rules, recipe=recipe, params=QUICK[recipe]).fit(
        made.rows, made.label, 0
    )

    saved = skops.io.dumps(pipeline)
    again = skops.io.loads(saved, trusted=list(TRUSTED))

    assert set(skops.io.get_untrusted_types(data=saved)) <= set(TRUSTED)
    table = model_inputs(made.rows, FEATURES)
    assert np.array_equal(again.predict(table), pipeline.predict(table))


def global_state() -> bytes:
    return pickle.dumps(np.random.get_state())  # noqa: NPY002


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_same_seed_gives_the_same_scores_and_nothing_global_is_touched(recipe: str) -> None:
    made = world("binary", 300)
    fit = recipe_of(made.card, FEATURES, made.rules, recipe=recipe, params=QUICK[recipe]).scorer
    before = global_state()

    first, second = fit(made.rows, made.label, 5), fit(made.rows, made.label, 5)

    assert first(made.rows).equals(second(made.rows))
    assert global_state() == before


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_was_never_seen_and_what_is_missing_is_scored(recipe: str) -> None:
    made = world("binary", 300)
    score = recipe_of(made.card, FEATURES, made.rules, recipe=recipe, params=QUICK[recipe]).scorer(
        made.rows, made.label, 0
    )
    strange = made.rows.head(3).with_columns(
        x=pl.Series([None, float("inf"), 1e200], dtype=pl.Float64),
        noise=pl.lit(None, dtype=pl.Float64),
        city=pl.Series(["Ulm", None, "ROME"]),
        code=pl.Series(["77", "x", None]),
        vip=pl.Series([None, "perhaps", "true"]),
    )

    assert score(strange)["wb_prediction"].is_in(["0", "1"]).all()
    assert score(made.rows.clear()).shape == (0, 2)
    assert score(made.rows.clear()).schema == score(strange).schema


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_feature_without_any_value_costs_itself_only(recipe: str) -> None:
    made = world("regression", 400)
    empty = made.rows.with_columns(
        noise=pl.lit(None, dtype=pl.Float64), code=pl.lit(None, dtype=pl.String)
    )

    score = recipe_of(made.card, FEATURES, made.rules, recipe=recipe, params=QUICK[recipe]).scorer(
        empty, made.label, 0
    )

    found = score(made.rows)["wb_prediction"]
    assert badness_of(made, found) < 0.6
    assert found.equals(score(empty)["wb_prediction"])


def test_labels_are_normalised_and_rows_without_one_are_left_out() -> None:
    made = world("binary", 400)
    spelled = made.label.replace_strict({"0": "false", "1": " 1.0 "})
    some = spelled.set(pl.Series(np.arange(400) >= 300), None)
    fit = recipe_of(made.card, FEATURES, made.rules, params={"max_iter": 5}).scorer

    found = fit(made.rows, some, 0)(made.rows)

    assert found.equals(fit(made.rows.head(300), made.label.head(300), 0)(made.rows))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (pl.Series([None] * 50, dtype=pl.String), "no labelled row"),
        (pl.Series(["1"] * 50), "of one class"),
        (pl.Series(["1", "1.0", "true", None, ""] * 10), "of one class"),
    ],
)
def test_labels_that_nothing_can_be_learned_from_are_refused(labels: pl.Series, said: str) -> None:
    made = world("binary", 50)

    with pytest.raises(RecipeError, match=said) as refused:
        recipe_of(made.card, FEATURES, made.rules).scorer(made.rows, labels, 0)

    assert refused.value.hint


def test_no_rows_and_no_values_are_refused() -> None:
    made = world("regression", 50)
    fit = recipe_of(made.card, FEATURES, made.rules).scorer
    nothing = made.rows.with_columns(
        pl.lit(None).cast(made.rows.schema[one.name]).alias(one.name) for one in FEATURES
    )

    with pytest.raises(RecipeError, match="no labelled row"):
        fit(made.rows.clear(), made.label.clear(), 0)
    with pytest.raises(RecipeError, match="no feature has a value"):
        fit(nothing, made.label, 0)


@pytest.mark.parametrize(
    ("recipe", "params", "said"),
    [
        ("gradient_boosting", {"max_itre": 5}, "max_iter"),
        ("random_forest", {"random_state": 5}, "seed"),
        ("linear", {"max_depth": 5}, "max_iter"),
    ],
)
def test_an_unknown_parameter_is_refused_before_any_row_with_the_known_ones(
    recipe: str, params: dict[str, Any], said: str
) -> None:
    card = replace(card_of("binary"), training=Training(recipe=recipe, params=params))

    with pytest.raises(RecipeError, match=r"training\.params") as refused:
        recipe_of(card, FEATURES, rules_of(card))

    assert said in refused.value.hint


def test_a_parameter_of_the_wrong_value_is_refused_when_it_is_fitted() -> None:
    made = world("binary", 50)

    with pytest.raises(RecipeError, match="max_iter"):
        recipe_of(made.card, FEATURES, made.rules, params={"max_iter": -1}).scorer(
            made.rows, made.label, 0
        )


def test_parameters_of_the_card_reach_the_model() -> None:
    made = world("regression", 100)
    card = replace(made.card, training=Training(params={"loss": "absolute_error", "max_iter": 7}))

    pipeline = recipe_of(card, FEATURES, made.rules).fit(made.rows, made.label, 0)
    other = recipe_of(card, FEATURES, made.rules, recipe="linear").fit(made.rows, made.label, 0)

    assert pipeline.steps[-1][1].n_iter_ == 7
    assert pipeline.steps[-1][1].loss == "absolute_error"
    assert type(other.steps[-1][1].regressor_).__name__ == "HuberRegressor"


def test_a_class_of_one_row_and_many_rows_are_no_obstacle() -> None:
    made = world("multiclass", 300)
    many = pl.concat([made.rows] * 40)
    label = many["wb_label"].set(pl.Series(np.arange(12000) == 7), "rare")

    found = recipe_of(made.card, FEATURES, made.rules, params={"max_iter": 2}).scorer(
        many, label, 0
    )(made.rows)

    assert "score_rare" in found.columns


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_table_is_fitted_or_refused_in_words(data: st.DataObject) -> None:
    rows = data.draw(st.integers(0, 12))
    number = st.none() | st.floats(allow_nan=True, allow_infinity=True)
    text = st.none() | st.sampled_from(["", "a", "true", "1", "nan", "é"])
    columns = {
        one.name: pl.Series(
            data.draw(
                st.lists(number if one.kind == "numeric" else text, min_size=rows, max_size=rows)
            ),
            dtype=pl.Float64 if one.kind == "numeric" else pl.String,
        )
        for one in FEATURES
    }
    label = pl.Series(
        data.draw(st.lists(st.sampled_from([None, "0", "1"]), min_size=rows, max_size=rows)),
        dtype=pl.String,
    )
    recipe = data.draw(st.sampled_from(RECIPES))
    card, frame = card_of("binary"), pl.DataFrame(columns)
    small = {
        "gradient_boosting": {"max_iter": 2},
        "linear": {},
        "random_forest": {"n_estimators": 2},
    }

    said = None
    try:
        found = recipe_of(
            card, FEATURES, rules_of(card), recipe=recipe, params=small[recipe]
        ).scorer(frame, label, 0)(frame)
    except RecipeError as refused:
        said = refused.hint
        found = frame

    assert found.height == rows
    assert said is None or said


def test_the_unit_of_the_label_does_not_matter_to_a_line() -> None:
    made = world("regression", 300)
    fit = recipe_of(made.card, FEATURES, made.rules, recipe="linear").scorer

    small = fit(made.rows, made.label, 0)(made.rows)["wb_prediction"].to_numpy()
    large = fit(made.rows, made.label * 1e6, 0)(made.rows)["wb_prediction"].to_numpy()

    assert np.allclose(small, large / 1e6, rtol=1e-3, atol=1e-3)
