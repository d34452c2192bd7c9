"""Two samples are told apart by rows not seen, whatever the way they differ, with honest chances."""

from __future__ import annotations

import numpy as np
import pytest

from workbench.triage.telling_apart import (
    area,
    calibration_error,
    chance_of_current,
    thinned,
    tree_chance,
)


def halves(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Sides of n rows each, and two folds."""
    return np.repeat([0.0, 1.0], n), np.tile([0, 1], n)


def test_the_chance_is_that_of_the_two_densities() -> None:
    random = np.random.default_rng(1)
    n = 3000
    x = np.concatenate([random.normal(size=(n, 2)), 0.6 * random.normal(size=(n, 2))])
    t, fold = halves(n)
    found = chance_of_current(x, t, fold, [False, False], 0)
    squares = (x**2).sum(axis=1)
    ratio = np.exp(0.5 * squares * (1 - 1 / 0.36)) / 0.36
    assert np.abs(found - ratio / (1 + ratio)).mean() < 0.03
    assert calibration_error(found, t) < 0.03


def test_what_a_row_s_own_model_saw_does_not_help() -> None:
    random = np.random.default_rng(2)
    t, fold = halves(400)
    found = chance_of_current(random.normal(size=(800, 3)), t, fold, [False] * 3, 0)
    assert area(found, t) == pytest.approx(0.5, abs=0.06)
    assert found.std() < 0.08


def test_missing_values_and_categories_are_seen() -> None:
    random = np.random.default_rng(3)
    n = 1500
    t, fold = halves(n)
    kind = np.where(t > 0, random.choice(3, 2 * n, p=[0.2, 0.2, 0.6]), random.choice(3, 2 * n))
    gone = random.normal(size=2 * n)
    gone[random.random(2 * n) < 0.1 + 0.4 * t] = np.nan
    for column, is_category in ((kind.astype(float), True), (gone, False)):
        found = chance_of_current(column[:, None], t, fold, [is_category], 0)
        assert area(found, t) > 0.6
        assert calibration_error(found, t) < 0.03


@pytest.mark.parametrize(
    "columns",
    [
        np.full((800, 1), np.nan),
        np.zeros((800, 2)),
        np.column_stack([np.zeros(800), np.full(800, np.nan)]),
        np.where(np.arange(800)[:, None] % 100 == 0, 1e150, 1.0),
    ],
)
def test_columns_that_say_nothing_give_the_share(columns: np.ndarray) -> None:
    t, fold = halves(400)
    found = chance_of_current(columns, t, fold, [False] * columns.shape[1], 0)
    assert np.isfinite(found).all()
    assert found == pytest.approx(0.5, abs=0.05)


def test_the_larger_side_is_trained_on_in_part_and_the_chances_know_it() -> None:
    random = np.random.default_rng(4)
    t = np.repeat([0.0, 1.0], [18_000, 600])
    fold = np.arange(len(t)) % 2
    found = tree_chance(random.normal(size=(len(t), 1)), t, fold, [False], 0, trees=10)
    assert found.mean() == pytest.approx(600 / 18_600, rel=0.15)


def test_rows_of_one_chance_are_one_group_of_the_calibration_error() -> None:
    t = np.repeat([0.0, 1.0], 50)
    assert calibration_error(np.full(100, 0.5), t) == pytest.approx(0.0)
    assert calibration_error(np.full(100, 0.7), t) == pytest.approx(0.2)
    assert calibration_error(t, t) == 0.0


def test_thinning_spreads_over_the_whole() -> None:
    assert thinned(np.arange(5), 9).tolist() == [0, 1, 2, 3, 4]
    assert thinned(np.arange(101), 3).tolist() == [0, 50, 100]


def test_without_a_second_side_the_area_is_a_half() -> None:
    assert area(np.array([0.1, 0.2]), np.zeros(2)) == 0.5
