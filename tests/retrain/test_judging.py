"""Is a winner better? Its interval against a reference of its own, and what keeps it from promotion."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from tests.logs import START
from tests.retrain.runs import card_of, write_run
from workbench.domain.card import Budget, Privacy
from workbench.retrain.judging import judge
from workbench.retrain.plan import RunPlan


@pytest.fixture
def plan(tmp_path: Path) -> RunPlan:
    return write_run(tmp_path)


def scored(
    own: float, new: float, *, rows: int = 6000, days: int = 30, seed: int = 0
) -> pl.DataFrame:
    """Rows on which champion and challenger are bad this often, independently."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "wb_timestamp": [START + timedelta(days=days * i / rows) for i in range(rows)],
            "c": rng.choice(["a", "b", "[/b]"], rows),
            "wb_champion_bad": (rng.random(rows) < own).astype(float),
            "wb_new_bad": (rng.random(rows) < new).astype(float),
        }
    )


def test_the_gain_is_the_difference_of_means_and_its_interval_that_of_days(plan: RunPlan) -> None:
    rows = scored(0.4, 0.2)
    # One day in three is worse by half: rows of a day are alike.
    day = rows["wb_timestamp"].dt.ordinal_day()
    rows = rows.with_columns(
        wb_champion_bad=pl.when(day % 3 == 0).then(1.0).otherwise(pl.col("wb_champion_bad"))
    )
    found = judge(plan, rows).metrics
    gains = (rows["wb_champion_bad"] - rows["wb_new_bad"]).alias("gain")
    assert found.gain == pytest.approx(gains.mean())
    by_day = pl.DataFrame([gains, day.alias("day")]).group_by("day").agg(pl.col("gain").mean())
    error = float(by_day["gain"].std() or 0.0) / np.sqrt(by_day.height)  # type: ignore[arg-type]
    half = stats.t.ppf(0.975, by_day.height - 1) * error
    assert found.gain_low == pytest.approx((found.gain or 0.0) - half, abs=0.25 * half)
    assert found.gain_high == pytest.approx((found.gain or 0.0) + half, abs=0.25 * half)


def test_without_a_difference_promotion_is_seldom_recommended(plan: RunPlan) -> None:
    said = [judge(plan, scored(0.3, 0.3, rows=1500, seed=seed)).recommend for seed in range(60)]
    assert sum(said) <= 4


def test_a_gain_that_matters_is_recommended(plan: RunPlan) -> None:
    found = judge(plan, scored(0.5, 0.3))
    assert found.recommend
    assert "the gain on the newest labels is" in found.reason


@pytest.mark.parametrize(
    ("own", "new", "changes", "said"),
    [
        (0.3, 0.31, {}, "not surely above 0"),
        (0.5, 0.46, {"smallest_gain": 0.1}, "no change that matters"),
        (0.5, 0.46, {"reference_bad_rate": 0.1}, "of the rise from 10.0%"),
    ],
)
def test_a_gain_that_does_not_justify_promotion_says_why(
    plan: RunPlan, own: float, new: float, changes: dict[str, float], said: str
) -> None:
    found = judge(replace(plan, **changes), scored(own, new, rows=20_000))  # type: ignore[arg-type]
    assert not found.recommend
    assert said in found.reason
    assert "does not justify promotion" in found.reason


def harming(rows: pl.DataFrame) -> pl.DataFrame:
    """The challenger is always wrong in one segment."""
    worse = pl.when(pl.col("c") == "b").then(1.0).otherwise(pl.col("wb_new_bad") * 0)
    return rows.with_columns(wb_new_bad=worse)


def test_harm_to_a_segment_is_named_and_no_promotion_recommended(plan: RunPlan) -> None:
    found = judge(replace(plan, reference_bad_rate=None), harming(scored(0.5, 0.1)))
    assert not found.recommend
    assert "worse for c = b" in found.reason
    assert [(one.column, one.value) for one in found.segments if one.is_harmed] == [("c", "b")]


def test_the_value_of_a_sensitive_segment_is_not_named(plan: RunPlan) -> None:
    card = card_of(privacy=Privacy(sensitive=("c",)))
    secret = replace(plan, card=card, reference_bad_rate=None)
    found = judge(secret, harming(scored(0.5, 0.1)))
    assert "withheld" in found.reason
    assert {one.value for one in found.segments} == {None}


def test_a_gain_that_is_worth_less_than_a_retraining_costs_is_not_recommended(
    plan: RunPlan,
) -> None:
    def priced(value: float) -> bool:
        budget = Budget(cost_per_retrain=100.0, value_per_avoided_bad_prediction=value)
        dear = replace(plan, card=card_of(budget=budget), monthly_predictions=1000.0)
        return judge(dear, scored(0.5, 0.3)).recommend

    assert not priced(0.1)
    assert priced(10.0)
