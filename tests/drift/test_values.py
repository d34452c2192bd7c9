"""The one p-value of a column: what it finds, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from tests.drift.strategies import LABELS, NUMBERS
from workbench.domain.bins import make_category_bins, make_numeric_bins
from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.drift.homogeneity import pearson
from workbench.drift.pooling import plain_table
from workbench.drift.profiling import profile_values
from workbench.drift.values import rest_statistic, values_test


def numbers(reference: np.ndarray, current: np.ndarray) -> float:
    bins = make_numeric_bins("x", "feature", reference)
    return p_value(counted(bins, reference), counted(bins, current))


def counted(bins: ColumnBins, values: np.ndarray) -> ColumnProfile:
    places = np.searchsorted(bins.edges, values, side="left")
    return ColumnProfile(bins, tuple(np.bincount(places, minlength=bins.size).tolist()))


def p_value(before: ColumnProfile, after: ColumnProfile) -> float:
    found = values_test(before, after)
    assert found is not None
    assert found.null == "rows"
    return found.p_value


def test_a_shift_of_a_twentieth_of_a_deviation_is_found_in_twenty_thousand_rows() -> None:
    random = np.random.default_rng(0)
    found = [
        numbers(random.normal(size=20_000), random.normal(size=20_000) + 0.05) < 0.05
        for _ in range(60)
    ]
    # It is found in 99 of 100.
    assert sum(found) >= 57


def test_a_new_category_of_half_a_percent_is_found_among_twenty() -> None:
    random = np.random.default_rng(1)
    shares = np.full(20, 1 / 20)
    bins = ColumnBins("c", "feature", "categorical", categories=tuple(map(str, range(20))))
    found = []
    for _ in range(300):
        before = random.multinomial(5000, shares).tolist()
        *known, new = random.multinomial(5000, [*(shares * 0.995), 0.005]).tolist()
        found.append(
            p_value(
                ColumnProfile(bins, (*before, 0, 0)),
                ColumnProfile(bins, (*known, 0, new), unseen=(("new", new),) if new else ()),
            )
        )
    assert sum(p < 0.05 for p in found) >= 297


def test_a_wider_spread_about_the_same_mean_is_found() -> None:
    random = np.random.default_rng(2)
    assert numbers(random.normal(size=5000), 1.3 * random.normal(size=2000)) < 1e-6


def test_a_sentinel_beyond_the_range_is_found() -> None:
    random = np.random.default_rng(3)
    spiked = np.append(random.normal(size=980), np.full(20, 999.0))
    assert numbers(random.normal(size=4000), spiked) < 1e-3


def test_pearsons_statistic_falls_into_the_two_parts() -> None:
    table = plain_table([30, 40, 20, 10], [40, 35, 30, 25], is_ordered=True)
    whole, rest = pearson(table.pairs), rest_statistic(table)
    assert 0 < rest < whole
    # Two samples that differ along the ranks alone leave nothing.
    line = plain_table([30, 40, 50], [50, 40, 30], is_ordered=True)
    assert rest_statistic(line) == pytest.approx(0, abs=1e-9)


@given(NUMBERS, NUMBERS)
def test_it_is_a_probability_for_any_numbers(reference: list[float], current: list[float]) -> None:
    bins = make_numeric_bins("x", "feature", np.array(reference))
    before, after = profile_values(bins, reference), profile_values(bins, current)
    found = p_value(before, after)
    assert 0 <= found <= 1
    assert p_value(before, before) > 0.5


@given(LABELS, LABELS)
def test_it_is_a_probability_for_any_categories(reference: list[str], current: list[str]) -> None:
    bins = make_category_bins("c", "feature", {name: reference.count(name) for name in reference})
    before, after = profile_values(bins, reference), profile_values(bins, current)
    assert 0 < p_value(before, after) <= 1
    assert p_value(before, before) > 0.5


def test_without_values_there_is_no_test() -> None:
    bins = make_category_bins("c", "feature", {"a": 3})
    some, none = profile_values(bins, ["a"]), profile_values(bins, [None])
    assert values_test(some, none) is None
    assert values_test(none, some) is None
