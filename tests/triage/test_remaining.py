"""What retraining leaves is told apart: another class, a column, or noise."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from tests.triage.retraining_worlds import (
    NAMES,
    boosting,
    case_of,
    features,
    hidden_flip,
    straight,
    usual,
    visible_flip,
)
from workbench.domain.card import BadPrediction, ModelCard
from workbench.triage.attainable import measure_attainable
from workbench.triage.backtest import Backtest, measure_backtest
from workbench.triage.case import Case, Models
from workbench.triage.challengers import choose_challenger
from workbench.triage.figures import Figure
from workbench.triage.learning_curve import LearningCurve, measure_learning_curve
from workbench.triage.noise_floor import measure_noise_floor
from workbench.triage.remaining import Remaining, measure_remaining
from workbench.triage.unused_columns import ColumnGain, UnusedColumns, measure_unused
from workbench.triage.windows import split_windows


def measured(case: Case) -> Remaining:
    windows = split_windows(case)
    choice = choose_challenger(case, windows)
    attainable = measure_attainable(case, windows, choice)
    backtest = measure_backtest(case, windows, choice, attainable)
    curve = measure_learning_curve(case, backtest)
    return measure_remaining(case, attainable, backtest, curve)


@cache
def hidden() -> Remaining:
    return measured(case_of(hidden_flip, n=2400, seed=4))


def test_an_unused_column_that_tells_is_named() -> None:
    found = hidden()
    assert found.unused.helpful == ("wet",)
    best = found.unused.best
    assert best is not None
    assert best.gain.low > 0.03
    assert not best.gives_away
    said = [piece for piece in found.evidence() if piece.supports == "redesign"]
    assert any("wet" in piece.reading for piece in said)


def test_a_hidden_cause_raises_the_noise_and_no_other_class_helps() -> None:
    found = hidden()
    assert found.noise.is_risen
    assert found.noise.rise is not None
    assert found.noise.rise.value == pytest.approx(0.09, abs=0.04)
    assert found.stronger is not None
    assert not found.is_another_class_better
    assert found.champion_over_constant is not None
    assert found.champion_over_constant.low > 0


def test_where_nothing_happened_nothing_remains_to_be_done() -> None:
    found = measured(case_of(usual, n=2400, seed=6))
    assert not found.noise.is_risen
    assert found.stronger is not None
    assert found.stronger.value < 0.015
    assert found.unused.helpful == ()
    assert "redesign" not in {piece.supports for piece in found.evidence()}


def test_a_turn_that_few_rows_have_not_yet_taught_is_no_rise_of_the_noise() -> None:
    found = measured(case_of(visible_flip, n=1500, seed=0))
    assert found.noise.current is not None
    assert not found.noise.is_risen


def crossed(rng: np.random.Generator, n: int) -> pl.DataFrame:
    """A sign that depends on two features together, which no straight line can tell."""
    x = features(rng, n)
    y = rng.random(n) < np.where(x["a"] * x["b"] > 0, 0.9, 0.1)
    return pl.DataFrame(x).with_columns(wb_label=pl.Series(np.where(y, "1", "0")))


def test_a_straight_line_where_features_interact_needs_another_class() -> None:
    case = case_of(crossed, n=1500, before=1500, learned=1500, recipe=straight(NAMES))
    found = measured(replace(case, segments=()))
    assert found.stronger is not None
    assert found.stronger.low > 0.2
    assert found.is_another_class_better
    assert found.unused.skipped == "every logged column that could be used is used"


def test_a_column_that_is_the_outcome_is_told_to_give_it_away() -> None:
    case = case_of(hidden_flip, n=1200, before=600, learned=1500)
    given = case.current.with_columns(
        late=pl.when(pl.col("wb_label") == "1").then(pl.lit("yes")).otherwise(pl.lit("no"))
    )
    found = measured(replace(case, current=given, unused=("late",)))
    assert found.unused.best is not None
    assert found.unused.best.gives_away
    assert any("before the outcome" in piece.reading for piece in found.evidence())


def test_columns_that_name_rows_or_hold_one_value_are_not_tried() -> None:
    case = case_of(hidden_flip, n=600, before=300, learned=600)
    odd = case.current.with_columns(
        row=pl.col("wb_id"), one=pl.lit(1.0), none=pl.lit(None, dtype=pl.Float64)
    )
    case = replace(case, current=odd, unused=("row", "one", "none", "absent", "a"))
    windows = split_windows(case)
    attainable = measure_attainable(case, windows, choose_challenger(case, windows))
    backtest = measure_backtest(case, windows, None, attainable)
    found = measure_unused(case, windows, attainable, backtest)
    assert found.skipped == "every logged column that could be used is used"
    unable = replace(case, unused=("wet",), models=replace(case.models, wider=None))
    assert measure_unused(unable, windows, attainable, backtest).skipped == "there is no wider"


@pytest.mark.parametrize("rule", ["cost", "miss"])
def test_the_noise_of_other_rules(rule: str) -> None:
    case = case_of(hidden_flip, n=1200, before=600, learned=1500, rule=rule)
    windows = split_windows(case)
    choice = choose_challenger(case, windows)
    attainable = measure_attainable(case, windows, choice)
    backtest = measure_backtest(case, windows, choice, attainable)
    found = measure_noise_floor(case, windows, attainable, backtest, LearningCurve("not here"))
    rest = measure_remaining(case, attainable, backtest, LearningCurve("not here"))
    if rule == "miss":
        assert found.skipped is not None
        assert rest.constant_reason == "with the rule miss a constant is never bad"
    else:
        # Both costs are 1: it is the noise of the mismatch.
        assert found.current is not None
        assert attainable.rate is not None
        assert found.current.value == pytest.approx(attainable.rate.value, abs=0.03)


def test_what_a_skipped_backtest_leaves_is_its_reason() -> None:
    case = case_of(usual, n=300, before=300, learned=300)
    windows = split_windows(case)
    bare = replace(case, models=Models(reasons=(("fit", "no recipe"),)))
    attainable = measure_attainable(bare, windows, choose_challenger(bare, windows))
    found = measure_remaining(bare, attainable, Backtest("no recipe"), LearningCurve("no recipe"))
    assert found.skipped == "no recipe"
    assert [piece.reading for piece in found.evidence()] == ["no recipe"]


def test_a_regression_has_a_best_constant_and_no_noise_floor() -> None:
    def draw(rng: np.random.Generator, n: int) -> pl.DataFrame:
        x = features(rng, n)
        value = 2 * x["a"] + rng.normal(size=n)
        return pl.DataFrame(x).with_columns(wb_label=pl.Series(value))

    case = case_of(draw, then=draw, n=1500, before=800, learned=1500, task="regression")
    found = measured(
        replace(case, segments=(), card=replace(case.card, bad_prediction=BadPrediction()))
    )
    assert isinstance(case.card, ModelCard)
    assert found.noise.skipped == "a regression's noise floor is its attainable bad rate"
    assert found.constant is not None
    # Within 1 of 0, the best constant, of a normal of variance 5.
    assert found.constant.value == pytest.approx(0.655, abs=0.05)
    assert found.champion_over_constant is not None
    assert found.champion_over_constant.low > 0.2
    assert boosting(NAMES, "regression") is not None


def test_the_more_columns_are_tried_the_surer_a_gain_must_be() -> None:
    def gain(name: str, low: float) -> ColumnGain:
        return ColumnGain((name,), Figure(0.04, low, 0.08, 500), gives_away=False)

    one = UnusedColumns(None, gain("a", 0.004), (gain("a", 0.004),), 0.01)
    assert one.helpful == ("a",)
    three = tuple(gain(name, 0.004) for name in "abc")
    together = ColumnGain(("a", "b", "c"), Figure(0.04, 0.004, 0.08, 500), gives_away=False)
    assert UnusedColumns(None, together, three, 0.01).helpful == ()
    surer = (gain("a", 0.02), *three[1:])
    assert UnusedColumns(None, together, surer, 0.01).helpful == ("a",)
    assert UnusedColumns(None, together, surer, 0.05).helpful == ()
