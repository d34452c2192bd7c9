"""The tests' p-values, against scipy and under no change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.drift.strategies import COUNTS
from workbench.domain.many_tests import adjust_for_many
from workbench.drift.homogeneity import (
    fisher_p_value,
    homogeneity_p_value,
    two_proportions_p_value,
)

FAIR = st.lists(st.tuples(st.integers(30, 400), st.integers(30, 400)), min_size=2, max_size=12)


@given(FAIR)
def test_with_fair_counts_it_is_pearsons_test(pairs: list[tuple[int, int]]) -> None:
    table = np.array(pairs).T
    expected = stats.chi2_contingency(table, correction=False)
    if expected.expected_freq.min() >= 5:
        for ordered in (True, False):
            found = homogeneity_p_value(*table.tolist(), ordered=ordered)
            assert found == pytest.approx(expected.pvalue, rel=1e-9, abs=1e-300)


@given(st.tuples(*[st.integers(0, 40)] * 4))
def test_the_exact_test_is_fishers(cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = cells
    if a + b and c + d and a + c and b + d:
        expected = stats.fisher_exact([[a, b], [c, d]]).pvalue
        assert fisher_p_value(a, b, c, d) == pytest.approx(expected, rel=1e-9)


def test_the_exact_test_holds_for_large_reference_and_rare_hits() -> None:
    table = [[3, 999_997], [9, 20_000]]
    expected = stats.fisher_exact(table).pvalue
    assert two_proportions_p_value(3, 1_000_000, 9, 20_009) == pytest.approx(expected, rel=1e-6)


@given(st.integers(50, 500), st.integers(50, 500), st.data())
def test_two_shares_are_tested_by_the_pooled_z_test(n: int, m: int, data: st.DataObject) -> None:
    a, b = data.draw(st.integers(20, n - 20)), data.draw(st.integers(20, m - 20))
    pooled = (a + b) / (n + m)
    z = (a / n - b / m) / math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    expected = 2 * stats.norm.sf(abs(z))
    if min(n, m) * min(pooled, 1 - pooled) >= 5:
        assert two_proportions_p_value(a, n, b, m) == pytest.approx(expected, rel=1e-9)


@given(COUNTS, st.booleans())
def test_a_p_value_is_a_probability_whichever_side_is_called_reference(
    pairs: list[tuple[int, int]], ordered: bool
) -> None:
    p, q = [a for a, _ in pairs], [b for _, b in pairs]
    found = homogeneity_p_value(p, q, ordered=ordered)
    assert found is not None
    assert 0 < found <= 1
    assert found == homogeneity_p_value(p, q, ordered=ordered)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_adjustment_is_benjamini_and_hochbergs(p_values: list[float]) -> None:
    expected = stats.false_discovery_control(p_values)
    assert adjust_for_many(p_values) == pytest.approx(expected, abs=1e-12)


def test_nothing_to_adjust_is_nothing() -> None:
    assert adjust_for_many([]) == []


@pytest.mark.parametrize(
    ("rows", "categories", "ordered"), [(50, 20, False), (400, 200, False), (8, 10, True)]
)
def test_under_no_change_it_rejects_no_more_often_than_its_level(
    rows: int, categories: int, ordered: bool
) -> None:
    random = np.random.default_rng(rows)
    shares = random.dirichlet(np.full(categories, 0.5))
    rejections, repeats = 0, 300
    for _ in range(repeats):
        before = random.multinomial(1000, shares).tolist()
        after = random.multinomial(rows, shares).tolist()
        found = homogeneity_p_value(before, after, ordered=ordered)
        assert found is not None
        rejections += found < 0.05
    # 0.05 in 300 repeats: above 0.09 would come once in two thousand runs.
    assert rejections / repeats <= 0.09


def test_a_permutation_test_is_used_where_no_two_bins_are_fair() -> None:
    found = homogeneity_p_value([500, 400, 100], [0, 1, 7], ordered=True)
    assert found is not None
    assert found < 0.001
    assert homogeneity_p_value([500, 400, 100], [4, 3, 1], ordered=True) == pytest.approx(
        1, abs=0.1
    )


def test_a_permutation_test_can_be_as_sure_as_many_columns_need() -> None:
    found = homogeneity_p_value([500_000, 40, 60], [960, 30, 10], ordered=True)
    assert found is not None
    assert found < 2e-5


def test_a_huge_reference_is_drawn_from_all_the_same() -> None:
    found = homogeneity_p_value([2 * 10**9, 10**9, 10**9], [3, 2, 2], ordered=False)
    assert found is not None
    assert found > 0.5


def test_all_rows_in_one_bin_cannot_differ() -> None:
    assert homogeneity_p_value([5, 0], [9, 0], ordered=True) == 1.0


def test_an_empty_side_has_no_p_value() -> None:
    assert homogeneity_p_value([0, 0], [1, 2], ordered=True) is None
    assert two_proportions_p_value(0, 0, 1, 2) is None
