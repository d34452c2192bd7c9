"""Null laws of G, PSI, Jensen-Shannon and Hellinger, against scipy and permutation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from workbench.drift.divergence import hellinger, jensen_shannon, psi
from workbench.drift.divergence_null import STATISTICS, divergence_p_values

EVEN = np.full(10, 0.1)
FULL = (np.array([4000, 3000, 2000, 1000]), np.array([830, 560, 410, 200]))


def scaled(a: np.ndarray, b: np.ndarray) -> dict[str, float]:
    """The statistics in units in which full bins make them chi-square."""
    n, m = a.sum(), b.sum()
    unit = 1 / n + 1 / m
    before, after = a.tolist(), b.tolist()
    return {
        "g": stats.chi2_contingency([a, b], lambda_="log-likelihood", correction=False).statistic,
        "psi": (psi(before, after) or 0) / unit,
        "js": (jensen_shannon(before, after) or 0) ** 2 * 8 * math.log(2) / unit,
        "hellinger": (hellinger(before, after) or 0) ** 2 * 8 / unit,
    }


@pytest.mark.parametrize("name", STATISTICS)
def test_with_full_bins_the_law_is_chi_square(name: str) -> None:
    a, b = FULL
    found = divergence_p_values(a, b)[name][0]
    expected = stats.chi2.sf(scaled(a, b)[name], len(a) - 1)
    assert found == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(("n", "m"), [(1000, 100), (60, 60), (100, 2000)])
def test_with_few_rows_a_bin_it_is_close_to_the_permutation_law(n: int, m: int) -> None:
    random = np.random.default_rng(n)
    pooled = random.multinomial(n + m, EVEN)
    dealt = random.multivariate_hypergeometric(pooled, m, size=3000, method="marginals")
    p_values = divergence_p_values(pooled - dealt, dealt)
    for name in STATISTICS:
        for level in (0.05, 0.2):
            rate = float(np.mean(np.array(p_values[name]) < level))
            assert rate == pytest.approx(level, abs=0.015 if level == 0.05 else 0.03)


def test_comparisons_at_once_are_those_one_by_one_and_empty_bins_do_not_count() -> None:
    a = np.array([[50, 30, 20, 0], [400, 300, 200, 100]])
    b = np.array([[30, 30, 40, 0], [40, 30, 20, 20]])
    together = divergence_p_values(a, b)
    for name in STATISTICS:
        alone = [divergence_p_values(a[0, :3], b[0, :3])[name][0]]
        alone += divergence_p_values(a[1], b[1])[name]
        assert together[name] == pytest.approx(alone, rel=1e-9)


def test_one_bin_cannot_differ() -> None:
    assert {p[0] for p in divergence_p_values(np.array([9]), np.array([4])).values()} == {1.0}
