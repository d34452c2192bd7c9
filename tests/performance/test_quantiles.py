"""Quantiles, against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workbench.performance.quantiles import normal_quantile, student_quantile

PROBABILITIES = st.floats(0.001, 0.999)


@given(PROBABILITIES)
def test_normal_quantiles_are_scipys(probability: float) -> None:
    assert normal_quantile(probability) == pytest.approx(stats.norm.ppf(probability), abs=1e-12)


@given(PROBABILITIES, st.integers(1, 2000))
def test_student_quantiles_are_scipys(probability: float, degrees: int) -> None:
    expected = stats.t.ppf(probability, degrees)
    assert student_quantile(probability, degrees) == pytest.approx(expected, rel=1e-8, abs=1e-9)


def test_no_degree_of_freedom_is_refused() -> None:
    with pytest.raises(ValueError, match="degree of freedom"):
        student_quantile(0.975, 0)
