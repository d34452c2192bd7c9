"""A backtest recovers what retraining can recover, and nothing where nothing can be."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from tests.triage.retraining_worlds import (
    case_of,
    harder,
    hidden_flip,
    rotation,
    usual,
    visible_flip,
)  # fmt: skip
from workbench.domain.card import Privacy
from workbench.triage.backtest import Backtest, measure_backtest
from workbench.triage.case import Case, Models

WORLDS = {
    "usual": usual, "visible_flip": visible_flip, "rotation": rotation,
    "hidden_flip": hidden_flip, "harder": harder,
}  # fmt: skip


@cache
def case(world: str, n: int = 3000) -> Case:
    return case_of(WORLDS[world], n=n, seed=3)


@cache
def found(world: str) -> Backtest:
    return measure_backtest(case(world))


def figures(backtest: Backtest) -> list[object]:
    """Everything that is a figure of it."""
    return [getattr(backtest, field.name) for field in fields(backtest) if field.compare]


def test_a_visible_turn_of_meaning_is_recovered() -> None:
    own = found("visible_flip")
    assert own.recovery_of_rise is not None
    assert 0.5 < own.recovery_of_rise.value < 1.15
    assert own.recovery is not None
    assert own.recovery.low > 0.3
    assert own.gain_over_control is not None
    assert own.gain_over_control.low > 0.02
    assert own.share_won == 1.0
    assert own.forgetting is not None
    assert own.forgetting.low > 0
    assert {piece.supports for piece in own.evidence()} >= {"retrain"}


def test_where_the_concept_turned_old_rows_are_left_out_and_nearly_all_is_recovered() -> None:
    own = found("rotation")
    assert own.kind == "incident"
    assert own.recovery_of_rise is not None
    assert own.recovery_of_rise.value == pytest.approx(0.97, abs=0.08)
    assert own.choice is not None
    rates = {tried.kind: tried.bad_rate for tried in own.choice.tried}
    assert rates["mixed"] is not None
    assert rates["mixed"] > 0.5


@pytest.mark.parametrize("world", ["hidden_flip", "harder"])
def test_what_no_logged_input_tells_is_not_recovered(world: str) -> None:
    own = found(world)
    assert own.recovery_of_rise is not None
    assert own.recovery_of_rise.high < 0.3
    assert own.recovery is None or own.recovery.value < 0.5
    assert own.target is not None
    assert own.usual is not None
    assert own.target > own.usual.critical


def test_where_nothing_happened_there_is_no_rise_to_recover() -> None:
    own = found("usual")
    assert own.recovery_of_rise is None
    assert own.recovery_of_rise_reason == "no established rise over the reference"
    assert own.gain is not None
    assert abs(own.gain.value) < 0.02
    assert own.harmed == ()
    assert own.is_comparable is True


def test_the_figures_are_those_of_the_judged_rows() -> None:
    own = found("visible_flip")
    assert own.windows is not None
    assert own.model is not None
    judged = own.windows.rows.filter(own.windows.judge)
    said = own.model(judged.select("a", "b", "c", "d"))["wb_prediction"]
    bad = (said != judged["wb_label"]).mean()
    assert own.challenger is not None
    assert own.champion is not None
    assert own.gain is not None
    assert own.challenger.value == pytest.approx(bad, abs=1e-12)
    assert own.champion.value == pytest.approx(judged["wb_bad"].mean(), abs=1e-12)
    assert own.gain.value == pytest.approx(own.champion.value - own.challenger.value, abs=1e-12)
    shares = sum(s.n * s.gain for s in own.segments) / sum(s.n for s in own.segments)
    assert shares == pytest.approx(own.gain.value, abs=1e-9)


def test_the_same_case_gives_the_same_figures_in_any_order_of_rows_and_columns() -> None:
    small = case("visible_flip", 1000)
    assert small.training is not None
    moved = replace(
        small,
        current=small.current.reverse().select(reversed(small.current.columns)),
        before=small.before.sample(fraction=1, shuffle=True, seed=1),
        reference=small.reference.reverse(),
        training=small.training.sample(fraction=1, shuffle=True, seed=2),
    )
    assert figures(measure_backtest(small)) == figures(measure_backtest(moved))


def test_a_segment_that_loses_is_named_unless_it_is_sensitive() -> None:
    own = case("rotation", 1500)
    # In one region the champion is right all the same: retraining spoils it.
    still = own.current.with_columns(
        wb_label=pl.when(pl.col("region") == "EU").then("wb_prediction").otherwise("wb_label"),
        wb_bad=pl.when(pl.col("region") == "EU").then(0.0).otherwise("wb_bad"),
    )
    harmed = measure_backtest(replace(own, current=still)).harmed
    assert [(s.column, s.value) for s in harmed] == [("region", "EU")]
    card = replace(own.card, privacy=Privacy(sensitive=("region",)))
    secret = measure_backtest(replace(own, current=still, card=card))
    assert [(s.column, s.value) for s in secret.harmed] == [("region", None)]
    assert not [piece for piece in secret.evidence() if "EU" in piece.reading]


def test_a_champion_that_was_never_good_is_no_matter_of_the_incident() -> None:
    rng = np.random.default_rng(5)

    def spoiled(frame: pl.DataFrame) -> pl.DataFrame:
        drawn = pl.Series(rng.random(frame.height) < 0.3)
        turned = pl.when(pl.col("wb_prediction") == "1").then(pl.lit("0")).otherwise(pl.lit("1"))
        said = frame.with_columns(
            wb_prediction=pl.when(drawn).then(turned).otherwise("wb_prediction")
        )
        return said.with_columns(
            wb_bad=(pl.col("wb_prediction") != pl.col("wb_label")).cast(pl.Float64)
        )

    usual_case = case("usual", 1500)
    bad = replace(
        usual_case, current=spoiled(usual_case.current), before=spoiled(usual_case.before),
        reference=spoiled(usual_case.reference),
    )  # fmt: skip
    backtest = measure_backtest(bad)
    assert backtest.gain is not None
    assert backtest.gain.low > 0.05
    assert backtest.gain_over_control is not None
    assert backtest.gain_over_control.low <= 0


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_other_tasks_are_measured_alike(task: str) -> None:
    def world(sign: int) -> object:
        def draw(rng: np.random.Generator, n: int) -> pl.DataFrame:
            frame = usual(rng, n)
            turned = np.where(frame["d"].to_numpy() > 0.8, sign, 1) * frame["a"].to_numpy()
            value = 2 * turned + 0.6 * rng.normal(size=n)
            label = (
                value
                if task == "regression"
                else np.array(list("abc"))[np.digitize(value, [-1, 1])]
            )
            return frame.with_columns(wb_label=pl.Series(label))

        return draw

    made = case_of(world(-1), then=world(1), n=2000, before=2000, learned=2000, task=task)  # type: ignore[arg-type]
    own = measure_backtest(made)
    assert own.recovery_of_rise is not None
    assert own.recovery_of_rise.low > 0.3
    assert own.gain_over_control is not None
    assert own.gain_over_control.low > 0


def test_what_is_missing_is_said_and_nothing_fails() -> None:
    own = case("visible_flip", 600)
    no_recipe = replace(own, models=Models(reasons=(("fit", "the recipe is not importable"),)))
    assert measure_backtest(no_recipe).skipped == "the recipe is not importable"
    alone = replace(
        own, before=pl.DataFrame(), training=None, reference=own.reference.with_columns(wb_bad=None)
    )
    backtest = measure_backtest(alone)
    assert backtest.skipped is None
    assert backtest.kind == "incident"
    assert backtest.recovery_of_rise_reason == "the reference has no labels"
    assert backtest.control is not None
    assert backtest.control.skipped is not None
    assert backtest.gain_over_control is None
    assert len(backtest.evidence()) >= 3
    one = own.current.with_columns(wb_label=pl.lit("1"), wb_bad=pl.lit(0.0))
    assert measure_backtest(
        replace(own, current=one, before=pl.DataFrame(), training=None)
    ).skipped == ("all labels to fit on are the same")


def test_errors_are_counted_as_rows_that_weigh_alike() -> None:
    plain = np.array([1.0] * 40 + [0.0] * 960)
    assert Backtest(champion_losses=plain).errors == pytest.approx(40)
    costs = np.array([1.0] * 5 + [0.02] * 100 + [0.0] * 900)
    assert 5 < Backtest(champion_losses=costs).errors < 12
    assert Backtest(champion_losses=np.zeros(50)).errors == 0
    assert Backtest("no recipe").errors == np.inf
