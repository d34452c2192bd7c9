"""Conversions of units are told from drift."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workbench.quality.affine import find_conversion
from workbench.quality.distances import ks

FACTORS = (
    100.0,
    0.01,
    1000.0,
    60.0,
    1 / 60,
    3600.0,
    12.0,
    24.0,
    1024.0,
    2.54,
    0.3048,
    1.609344,
    0.45359237,
)


def usual(seed: int, rows: int = 3000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal(3, 0.6, rows))


@given(st.sampled_from(FACTORS), st.integers(0, 1000))
@settings(max_examples=40)
def test_a_known_factor_is_found_and_undone(factor: float, seed: int) -> None:
    found = find_conversion(usual(seed) * factor, usual(seed + 1), usual(seed + 2))
    assert found is not None
    if factor in (1000.0, 1024.0):
        # A fortieth of difference is too little for a sample of this spread to tell.
        assert found.factor in (1000.0, 1024.0)
        return
    assert found.factor == pytest.approx(factor, rel=1e-3)
    assert found.offset == pytest.approx(0, abs=1e-9)
    undone = found.undone(usual(seed) * factor)
    assert undone == pytest.approx(usual(seed), rel=1e-3)


@pytest.mark.parametrize(("factor", "offset"), [(1.8, 32.0), (1.0, 273.15)])
def test_temperatures(factor: float, offset: float) -> None:
    rng = np.random.default_rng(1)
    before, after, reference = (rng.normal(12, 7, 2000) for _ in range(3))
    found = find_conversion(after * factor + offset, before, reference)
    assert found is not None
    assert (found.factor, found.offset) == (factor, offset)


@pytest.mark.parametrize("base", [math.e, 10.0])
def test_logarithms(base: float) -> None:
    logged = np.log(usual(1)) / math.log(base)
    found = find_conversion(logged, usual(2), usual(3))
    assert found is not None
    assert found.kind == "unlog"
    assert found.undone(logged) == pytest.approx(usual(1), rel=1e-6)


@given(st.integers(0, 2000), st.integers(40, 3000), st.integers(40, 3000))
@settings(max_examples=60)
def test_two_samples_of_one_law_need_none(seed: int, n: int, m: int) -> None:
    assert find_conversion(usual(seed, n), usual(seed + 1, m), usual(seed + 2)) is None


@given(st.integers(0, 500), st.floats(-1.2, 1.2), st.floats(0.5, 1.9))
@settings(max_examples=80)
def test_a_drift_of_the_mean_and_the_spread_is_none(seed: int, shift: float, spread: float) -> None:
    rng = np.random.default_rng(seed)
    before, reference = rng.normal(10, 2, 2000), rng.normal(10, 2, 2000)
    after = rng.normal(10 + 2 * shift, 2 * spread, 2000)
    assert find_conversion(after, before, reference) is None


def test_a_narrower_range_of_whole_numbers_is_none() -> None:
    rng = np.random.default_rng(5)
    ages = rng.integers(0, 95, 5000).astype(float)
    inside = ages[(ages >= 30) & (ages < 55)]
    assert find_conversion(inside, ages, ages) is None
    assert find_conversion(ages[ages < 30], ages, ages) is None


@given(st.integers(0, 1000), st.integers(30, 400), st.integers(30, 400))
@settings(max_examples=50)
def test_the_distance_is_that_of_scipy(seed: int, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 20, n).astype(float), rng.normal(8, 5, m)
    assert ks(a, b) == pytest.approx(stats.ks_2samp(a, b).statistic, abs=1e-12)


def test_whole_minutes_times_sixty_are_not_taken_for_times_fifty_two() -> None:
    """The season has moved, so that 52 brings the values nearer; but only 60 gives whole minutes."""
    rng = np.random.default_rng(4)
    usual = np.round(rng.exponential(150.0, 8000)) - 8.0
    moved = np.round((rng.exponential(150.0, 3000) - 8.0) * 52 / 60)
    found = find_conversion(moved * 60.0, usual, usual)
    assert found is not None
    assert found.factor == 60.0
