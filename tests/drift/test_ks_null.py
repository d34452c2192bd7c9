"""Kolmogorov-Smirnov p-values, against scipy, enumeration and simulated bridges."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from workbench.drift.ks_null import bridge_survival, ks_exact, ks_p_value
from workbench.drift.laws import kolmogorov_survival


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 10**6))
def test_without_ties_it_is_scipys_exact_test(n: int, m: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    x, y = random.normal(size=n), random.normal(size=m) + random.choice([0, 1])
    found = ks_exact(x, y)
    expected = stats.ks_2samp(x, y, method="exact")
    assert found is not None
    assert found.is_exact
    assert found.distance == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-9)


def apart(x: np.ndarray, y: np.ndarray) -> float:
    return max(abs(float(np.mean(x <= v)) - float(np.mean(y <= v))) for v in (*x, *y))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=5),
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
)
def test_with_ties_it_is_the_law_over_all_ways_of_dealing_out(x: list[int], y: list[int]) -> None:
    pooled = np.array(x + y)
    observed = apart(np.array(x), np.array(y))
    ways = list(combinations(range(len(pooled)), len(x)))
    reached = 0
    for places in ways:
        chosen = np.isin(np.arange(len(pooled)), places)
        reached += apart(pooled[chosen], pooled[~chosen]) >= observed - 1e-12
    found = ks_exact(x, y)
    assert found is not None
    assert found.p_value == pytest.approx(reached / len(ways))


def test_missing_values_are_left_out_and_an_empty_sample_has_none() -> None:
    assert ks_exact([1.0, math.nan, 2.0], [3.0]) == ks_exact([1.0, 2.0], [3.0])
    assert ks_exact([math.nan], [1.0]) is None


def test_samples_too_large_to_be_followed_get_the_limit_law() -> None:
    random = np.random.default_rng(1)
    x, y = random.normal(size=60_000), random.normal(size=40_000)
    found = ks_exact(x, y)
    assert found is not None
    assert not found.is_exact
    assert found.p_value == pytest.approx(stats.ks_2samp(x, y, method="asymp").pvalue, abs=0.01)


@pytest.mark.parametrize(
    "moments",
    [
        np.arange(1, 250) / 250,
        np.array([0.3, 0.6]),
        np.concatenate([[0.6], 0.6 + 0.4 * np.arange(1, 100) / 100]),
        np.array([0.1, 0.1, 0.101, 0.5, 0.9995]),
        np.arange(1, 10) / 10,
    ],
)
def test_a_bridge_leaves_the_band_as_often_as_simulated_ones(moments: np.ndarray) -> None:
    random = np.random.default_rng(2)
    steps = np.sqrt(np.diff(moments, prepend=0, append=1))
    walk = np.cumsum(random.normal(size=(20_000, len(steps))) * steps, axis=1)
    reached = np.abs(walk[:, :-1] - moments * walk[:, -1:]).max(axis=1)
    for band in (0.5, 0.9, 1.3, 1.6):
        found = bridge_survival(moments[None, :], np.array([band]))[0]
        assert found == pytest.approx((reached >= band).mean(), abs=0.012)
        assert found <= kolmogorov_survival(band) + 1e-6


def test_no_difference_has_probability_one() -> None:
    assert ks_p_value([5, 5, 5], [10, 10, 10]) == 1.0


def test_binned_and_exact_p_values_of_discrete_samples_agree() -> None:
    random = np.random.default_rng(3)
    for shift in (0.0, 0.3):
        x, y = random.poisson(3, 900), random.poisson(3 + shift, 400)
        edges = np.arange(21)
        counts = [np.bincount(np.minimum(v, 20), minlength=len(edges)).tolist() for v in (x, y)]
        exact = ks_exact(x, y)
        assert exact is not None
        assert ks_p_value(*counts) == pytest.approx(exact.p_value, rel=0.15, abs=0.01)
