"""All tests of one column side by side."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from workbench.domain.bins import make_category_bins, make_numeric_bins
from workbench.domain.profile import ColumnProfile
from workbench.drift.divergence import coarse_counts, hellinger, jensen_shannon, psi
from workbench.drift.every_test import TESTS, TestResult, column_tests
from workbench.drift.pooling import profile_table
from workbench.drift.profiling import profile_values


def numbers(before: np.ndarray, after: np.ndarray) -> tuple[ColumnProfile, ColumnProfile]:
    bins = make_numeric_bins("x", "feature", before)
    return profile_values(bins, before.tolist()), profile_values(bins, after.tolist())


def named(before: ColumnProfile, after: ColumnProfile) -> dict[str, TestResult]:
    return {result.name: result for result in column_tests(before, after)}


def test_numbers_have_all_but_unseen_and_categories_all_but_those_of_order() -> None:
    random = np.random.default_rng(0)
    found = named(*numbers(random.normal(size=500), random.normal(size=300)))
    assert [*found] == [name for name in TESTS if name != "unseen"]
    bins = make_category_bins("c", "feature", {"a": 50, "b": 50})
    sides = profile_values(bins, ["a", "b"] * 50), profile_values(bins, ["a", "b", "b"] * 20)
    assert [*named(*sides)] == [name for name in TESTS if name not in {"ks", "location"}]


def test_figures_and_p_values_are_those_of_the_textbooks() -> None:
    random = np.random.default_rng(1)
    x, y = random.normal(size=3000), random.normal(size=1500) + 0.05
    before, after = numbers(x, y)
    found = named(before, after)
    table = np.array(profile_table(before, after).fair().pairs).T
    plain = stats.chi2_contingency(table, correction=False)
    assert found["pearson"].p_value == pytest.approx(plain.pvalue, rel=0.05)
    likelihood = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert found["g"].p_value == pytest.approx(likelihood.pvalue, rel=0.05)
    ranks = stats.mannwhitneyu(x, y, use_continuity=False, method="asymptotic")
    assert found["location"].p_value == pytest.approx(ranks.pvalue, rel=0.1)
    assert found["location"].effect == pytest.approx(
        1 - ranks.statistic / x.size / y.size, abs=2e-3
    )
    ks = stats.ks_2samp(x, y)
    assert found["ks"].effect is not None
    assert found["ks"].effect <= ks.statistic <= found["ks"].effect + found["ks"].bound + 1e-12
    assert found["ks"].p_value == pytest.approx(ks.pvalue, rel=0.25)
    counts = coarse_counts(before), coarse_counts(after)
    for name, figure in (("psi", psi), ("js", jensen_shannon), ("hellinger", hellinger)):
        assert found[name].effect == figure(*counts)
        assert found[name].p_value == pytest.approx(plain.pvalue, rel=0.1)


def test_few_rows_are_dealt_out_and_seeded() -> None:
    random = np.random.default_rng(2)
    sides = numbers(random.normal(size=400), random.normal(size=6) + 3)
    found = named(*sides)
    for name in ("pearson", "psi", "ks", "location"):
        assert found[name].law == "permutation"
        p_value = found[name].p_value
        assert p_value is not None
        assert p_value < 0.01
    assert column_tests(*sides) == column_tests(*sides)


def test_a_constant_column_has_nothing_to_test() -> None:
    found = named(*numbers(np.full(50, 3.0), np.full(20, 3.0)))
    assert {name for name, result in found.items() if result.p_value is not None} == {"values"}
    assert found["values"].p_value == 1.0


def test_what_is_missing_is_a_test_of_its_own_and_alone_without_values() -> None:
    bins = make_category_bins("c", "feature", {"a": 90})
    before = profile_values(bins, ["a"] * 90 + [None] * 10)
    gone = profile_values(bins, [None] * 40)
    (only,) = column_tests(before, gone)
    assert only.name == "missing"
    assert only.effect == pytest.approx(0.9)
    table = [[10, 90], [40, 0]]
    expected = stats.chi2_contingency(table, correction=False).pvalue
    assert only.p_value == pytest.approx(expected, rel=1e-6)
    assert column_tests(before, profile_values(bins, [])) == ()


def test_every_p_value_finds_a_large_change() -> None:
    random = np.random.default_rng(3)
    before, after = random.normal(size=2000), random.normal(size=500) + 1
    after[:100] = math.nan
    found = named(*numbers(before, after))
    for result in found.values():
        assert result.p_value is not None
        assert result.p_value < 1e-6
