"""The laws' closed forms, against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workbench.drift.laws import (
    chi_square_survival,
    f_survival,
    gamma_survival,
    kolmogorov_survival,
    normal_tails,
)


@given(st.floats(0, 500), st.integers(1, 250))
def test_the_closed_form_is_the_chi_square_law(statistic: float, degrees: int) -> None:
    expected = stats.chi2.sf(statistic, degrees)
    assert chi_square_survival(statistic, degrees) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_an_enormous_statistic_has_probability_zero() -> None:
    assert chi_square_survival(1e9, 7) == 0.0
    assert gamma_survival(1e9, 7, 14) == 0.0
    assert f_survival(1e12, 1, 30) < 1e-100


@given(st.floats(0.01, 400), st.floats(0.1, 300), st.floats(0.1, 900))
def test_the_gamma_law_is_scipys(value: float, mean: float, variance: float) -> None:
    shape, scale = mean * mean / variance, variance / mean
    expected = stats.gamma.sf(value, shape, scale=scale)
    assert gamma_survival(value, mean, variance) == pytest.approx(expected, rel=1e-7, abs=1e-12)


def test_a_gamma_law_without_variance_is_its_mean() -> None:
    assert (gamma_survival(1.9, 2, 0), gamma_survival(2.1, 2, 0)) == (1.0, 0.0)


@given(st.floats(0.01, 200), st.floats(1, 250), st.floats(1, 5000))
def test_the_f_law_is_scipys(ratio: float, degrees: float, other: float) -> None:
    expected = stats.f.sf(ratio, degrees, other)
    assert f_survival(ratio, degrees, other) == pytest.approx(expected, rel=1e-6, abs=1e-11)


@given(st.floats(0, 6))
def test_the_bridges_law_is_scipys(statistic: float) -> None:
    expected = stats.kstwobign.sf(statistic)
    assert kolmogorov_survival(statistic) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(st.floats(-30, 30))
def test_the_normal_tails_are_scipys(z: float) -> None:
    assert normal_tails(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)
