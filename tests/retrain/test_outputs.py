"""Outputs are decided and named as the store does it."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.retrain.worlds import card_of, rules_of, with_threshold
from workbench.domain.card import Columns
from workbench.domain.classes import class_name
from workbench.errors import ArtifactError
from workbench.retrain.outputs import normalised, outputs


@given(st.lists(st.none() | st.text(max_size=6) | st.sampled_from(["1.0", "TRUE", " 0 ", "nan"])))
def test_classes_are_normalised_by_the_one_rule(values: list[str | None]) -> None:
    found = normalised(pl.Series(values, dtype=pl.String))

    assert found.to_list() == [class_name(value) for value in values]


def test_numbers_and_truths_are_classes_too() -> None:
    assert normalised(pl.Series([True, False, None])).to_list() == ["1", "0", None]
    assert normalised(pl.Series([1.0, 2.5, float("nan")])).to_list() == ["1", "2.5", None]
    assert normalised(pl.Series([3, 4])).to_list() == ["3", "4"]


def test_a_score_at_the_threshold_is_positive_and_an_unknown_one_decides_nothing() -> None:
    card = with_threshold(card_of("binary"), 0.3)
    score = pl.Series([0.3, 0.2999, None, float("nan")])

    found = outputs(pl.DataFrame(), None, {"1": score}, card, rules_of(card))

    assert found["wb_prediction"].to_list() == ["1", "0", None, None]


def test_the_largest_score_decides_among_several_classes_unless_one_is_unknown() -> None:
    card = replace(card_of("multiclass"), columns=Columns(score="p"))
    scores = {"b": pl.Series([0.5, 0.1, None]), "a": pl.Series([0.5, 0.9, 0.9])}

    found = outputs(pl.DataFrame(), None, scores, card, rules_of(card))

    assert found.columns == ["wb_prediction", "p_a", "p_b"]
    assert found["wb_prediction"].to_list() == ["a", "a", None]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_nothing_said_is_refused(task: str) -> None:
    card = card_of(task)

    with pytest.raises(ArtifactError, match="gives"):
        outputs(pl.DataFrame(), None, {}, card, rules_of(card))
