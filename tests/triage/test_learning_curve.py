"""A learning curve ends where it ends, and says whether more labels would do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.optimize import least_squares

from tests.triage.retraining_worlds import case_of, hidden_flip, rotation
from workbench.triage.backtest import Backtest, measure_backtest
from workbench.triage.case import Case
from workbench.triage.learning_curve import LearningCurve, measure_learning_curve
from workbench.triage.power_law import FASTEST, SLOWEST, fit_power_laws

N = np.array([120.0, 240, 480, 960, 1680, 2400])


def test_a_curve_without_noise_is_found_again() -> None:
    for a, b, c in [(0.2, 2.0, 0.5), (0.05, 1.0, 0.4), (0.3, 5.0, 1.0), (0.25, 0.0, 0.7)]:
        found = fit_power_laws(N, (a + b * N**-c)[None, :], np.ones(6))
        fitted = found.a[0] + found.b[0] * N ** -found.c[0]
        assert fitted == pytest.approx(a + b * N**-c, abs=2e-3)
        assert found.a[0] == pytest.approx(a, abs=0.01)


def test_it_is_the_least_squares_curve_within_the_bounds() -> None:
    rng = np.random.default_rng(4)
    weights = np.sqrt(N)
    for _ in range(20):
        y = 0.2 + 1.5 * N**-0.5 + rng.normal(0, 0.02, 6)
        own = fit_power_laws(N, y[None, :], weights)

        def residuals(p: np.ndarray, y: np.ndarray = y) -> np.ndarray:
            return np.asarray((p[0] + p[1] * (N / 2400) ** -p[2] - y) * np.sqrt(weights))

        starts = [np.array([0.1, 0.1, c]) for c in (0.5, 0.8)]
        best = min(
            (
                least_squares(residuals, s, bounds=([0, 0, SLOWEST], [5, 5, FASTEST]))
                for s in starts
            ),
            key=lambda r: r.cost,
        )
        mine = residuals(np.array([own.a[0], own.b[0] * 2400 ** -own.c[0], own.c[0]]))
        assert (mine**2).sum() / 2 <= best.cost * 1.02 + 1e-9
        assert own.a[0] >= 0
        assert own.b[0] >= 0


def test_the_interval_of_the_floor_covers_it() -> None:
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(200):
        truth = 0.24 + 1.2 * N**-0.5
        sd = np.sqrt(truth * (1 - truth) / 1600 + 0.4 / N / 10)
        seen = truth + rng.normal(0, sd)
        again = seen + rng.normal(size=(200, 6)) * sd
        floor = np.quantile(fit_power_laws(N, again, 1 / sd**2).a, (0.025, 0.975))
        covered += floor[0] <= 0.24 <= floor[1]
    assert covered >= 170


def test_rows_to_a_target_follow_from_the_curve() -> None:
    found = fit_power_laws(N, (0.2 + 2.0 * N**-0.5)[None, :], np.ones(6))
    assert found.rows_to(0.23)[0] == pytest.approx((2 / 0.03) ** 2, rel=0.1)
    assert found.rows_to(0.15)[0] == np.inf


@cache
def measured(world: str) -> tuple[Case, Backtest, LearningCurve]:
    case = case_of({"rotation": rotation, "hidden_flip": hidden_flip}[world], n=2400, seed=1)
    backtest = measure_backtest(case)
    return case, backtest, measure_learning_curve(case, backtest)


def test_a_hidden_cause_is_never_learned() -> None:
    case, _, found = measured("hidden_flip")
    assert found.floor is not None
    assert found.target is not None
    assert found.state in {"never", "open"}
    assert found.floor.value > found.target
    assert found.rows_needed is None or found.rows_needed > case.current.height
    assert {piece.supports for piece in found.evidence()} <= {"redesign", None}


def test_a_turned_concept_is_learned_the_better_the_more_rows() -> None:
    _, backtest, found = measured("rotation")
    assert found.state != "never"
    assert found.points[0].bad_rate > found.points[-1].bad_rate + 0.02
    assert backtest.challenger is not None
    assert found.points[-1].bad_rate == pytest.approx(backtest.challenger.value, abs=1e-12)


def test_the_rows_needed_are_told_in_days() -> None:
    case, backtest, own = measured("rotation")
    assert backtest.usual is not None
    assert own.floor is not None
    strict = replace(backtest.usual, warning=own.floor.value + 0.0005)
    found = measure_learning_curve(case, replace(backtest, usual=strict), labels_per_day=100.0)
    assert found.rows_needed is not None
    assert found.days_needed == pytest.approx((found.rows_needed - 1440) / 100, rel=0.05)


def test_few_labels_make_no_curve() -> None:
    case = case_of(rotation, n=220, before=300, learned=300)
    found = measure_learning_curve(case, measure_backtest(case))
    assert found.skipped is not None
    assert measure_learning_curve(case, Backtest("no labels")).skipped == "no labels"
