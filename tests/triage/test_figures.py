"""Intervals of means hold with few days, and ratios are refused where they mean nothing."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.triage.figures import figure, mean_figures, ratio


@pytest.mark.parametrize("days", [8, 12])
def test_the_interval_of_few_days_covers(days: int) -> None:
    rng = np.random.default_rng(days)
    blocks = np.repeat(np.arange(days), 100)
    covered = 0
    for seed in range(300):
        values = np.repeat(rng.normal(0.1, 0.05, days), 100) + rng.normal(size=100 * days) * 0.3
        (found,) = mean_figures([values], blocks, "days", seed)
        covered += found.low <= 0.1 <= found.high
    assert covered >= 0.92 * 300


def test_figures_of_one_call_are_drawn_together() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(900), rng.random(900)
    first, second, both = mean_figures([a, b, a - b], np.arange(900), "rows", 5)
    assert np.asarray(both.draws) == pytest.approx(
        np.asarray(first.draws) - np.asarray(second.draws), abs=1e-12
    )
    assert both.value == pytest.approx(first.value - second.value, abs=1e-12)
    (again,) = mean_figures([b], np.arange(900), "rows", 5)
    assert np.asarray(again.draws) == pytest.approx(np.asarray(second.draws), abs=1e-12)


def test_many_rows_in_groups_vary_as_they_do_alone() -> None:
    values = (np.random.default_rng(3).random(9000) < 0.2).astype(float)
    (found,) = mean_figures([values], np.arange(9000), "rows", 2)
    assert found.n == 9000
    assert found.value == pytest.approx(values.mean())
    half = 1.96 * values.std() / np.sqrt(9000)
    assert found.high - found.low == pytest.approx(2 * half, rel=0.12)


def test_a_ratio_has_the_interval_of_its_joint_draws() -> None:
    rng = np.random.default_rng(1)
    below = rng.normal(0.2, 0.02, 4000)
    above = 0.7 * below + rng.normal(0, 0.005, 4000)
    found, reason = ratio(figure(0.14, above, 500), figure(0.2, below, 500), "no")
    assert reason is None
    assert found is not None
    assert found.value == pytest.approx(0.7)
    assert found.low == pytest.approx(0.7 - 1.96 * 0.005 / 0.2, abs=0.01)
    refused, reason = ratio(figure(0.14, above, 500), figure(0.2, below - 0.2, 500), "no rise")
    assert (refused, reason) == (None, "no rise")
