"""The grid of challengers: what is tried, in which order, and that every one can be fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.retrain.worlds import FEATURES, rules_of, world
from tests.retrain.worlds import card_of as card_for
from workbench.domain.card import Training
from workbench.retrain.challengers import MOST_FITS, challengers_of
from workbench.retrain.recipes import recipe_of


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize(
    ("recipe", "params"),
    [
        ("gradient_boosting", {"max_iter": 20}), ("linear", {}),
        ("random_forest", {"n_estimators": 10}),
    ],
)  # fmt: skip
def test_every_challenger_of_a_built_in_recipe_can_be_fitted(
    task: str, recipe: str, params: Mapping[str, Any]
) -> None:
    made = world(task, 300)
    card = card_for(task, training=Training(recipe=recipe, params=dict(params)))
    found = challengers_of(card, rules_of(card), has_incident=True, has_older=True)
    assert len(found) == MOST_FITS
    assert [one.number for one in found] == list(range(1, MOST_FITS + 1))
    assert len({repr((one.window, one.weight, one.params, one.seed)) for one in found}) == MOST_FITS
    for one in {repr(one.params): one for one in found}.values():
        fitted = recipe_of(card, FEATURES, made.rules, recipe=one.recipe, params=one.params).fit(
            made.rows, made.label, one.seed
        )
        assert fitted is not None


def test_the_card_s_own_parameters_come_first_and_stay_under_the_variations() -> None:
    card = card_for(
        "regression", training=Training(params={"loss": "absolute_error", "max_iter": 8})
    )
    found = challengers_of(card, rules_of(card), has_incident=True, has_older=True)
    assert all(one.params["loss"] == "absolute_error" for one in found)
    assert not any(one.varied for one in found[:4])
    assert [one.window for one in found[:4]] == ["incident", "all", "all", "all"]
    assert [one.weight for one in found[1:4]] == [1.0, 4.0, 16.0]
    assert found[4].params["max_iter"] == 20


def test_where_one_side_has_no_rows_only_the_other_is_learned_from() -> None:
    card = card_for("binary")
    alone = challengers_of(card, rules_of(card), has_incident=True, has_older=False)
    assert {one.window for one in alone} == {"incident"}
    older = challengers_of(card, rules_of(card), has_incident=False, has_older=True)
    assert {one.window for one in older} == {"older"}


def test_of_a_recipe_of_ones_own_nothing_is_varied_but_rows_and_seeds() -> None:
    card = card_for("binary", training=Training(recipe="mine:fit", params={"a": 1}))
    found = challengers_of(
        card, rules_of(card), has_incident=True, has_older=True, seeds=(1, 2), weights=(2,)
    )
    assert len(found) == 4
    assert all(one.params == {"a": 1} for one in found)
    other = challengers_of(
        card, rules_of(card), has_incident=True, has_older=False, recipe="linear", most=1
    )
    assert [(one.recipe, one.params) for one in other] == [("linear", {})]
