"""Bins of a reference, and values counted over them, against brute force."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drift.strategies import LABELS, NUMBERS
from workbench.domain.bins import make_category_bins, make_numeric_bins
from workbench.drift.profiling import profile_values


@given(NUMBERS, NUMBERS)
def test_every_value_is_counted_in_the_one_bin_that_holds_it(
    reference: list[float], current: list[float]
) -> None:
    bins = make_numeric_bins("x", "feature", np.array(reference))
    profile = profile_values(bins, current)
    ends = [-math.inf, *bins.edges, math.inf]
    expected = [sum(low < value <= high for value in current) for low, high in pairwise(ends)]
    assert list(profile.counts) == expected


@given(NUMBERS)
def test_the_reference_has_nothing_in_the_two_open_bins(reference: list[float]) -> None:
    bins = make_numeric_bins("x", "feature", np.array(reference))
    profile = profile_values(bins, reference)
    assert (profile.counts[0], profile.counts[-1]) == (0, 0)
    assert set(bins.psi_edges) <= set(bins.edges)


@settings(max_examples=25)
@given(st.integers(251, 700), st.integers(0, 1000))
def test_deciles_are_the_least_values_that_reach_each_tenth(size: int, seed: int) -> None:
    reference = np.random.default_rng(seed).normal(size=size).tolist()
    bins = make_numeric_bins("x", "feature", np.array(reference))
    ordered = sorted(reference)

    def least_reaching(share: Fraction) -> float:
        return next(
            float(x) for i, x in enumerate(ordered, 1) if Fraction(i, len(ordered)) >= share
        )

    deciles = {least_reaching(Fraction(i, 10)) + 0.0 for i in range(1, 10)}
    assert not bins.is_discrete
    assert set(bins.psi_edges) == deciles


def test_moments_are_those_of_the_finite_values_and_infinity_is_in_the_end_bins() -> None:
    bins = make_numeric_bins("x", "feature", np.array([1.0, 2.0, 3.0]))
    profile = profile_values(bins, [None, math.nan, 1.5, 2.5, math.inf, -math.inf])
    assert (profile.missing, profile.present) == (2, 4)
    assert (profile.counts[0], profile.counts[-1]) == (1, 1)
    assert (profile.minimum, profile.maximum) == (1.5, 2.5)
    assert profile.total == pytest.approx((1.5 - 2) + (2.5 - 2))
    assert profile.total_squares == pytest.approx(0.5)


@given(NUMBERS)
def test_mean_and_deviation_are_the_population_ones(values: list[float]) -> None:
    bins = make_numeric_bins("x", "feature", np.array(values))
    profile = profile_values(bins, values)
    scale = max(map(abs, values)) + 1
    assert profile.mean == pytest.approx(np.mean(values), abs=1e-9 * scale)
    assert profile.deviation == pytest.approx(np.std(values), abs=1e-6 * scale)


@given(NUMBERS, NUMBERS)
def test_profiles_add_up(one: list[float], two: list[float]) -> None:
    bins = make_numeric_bins("x", "feature", np.array(one))
    a, b, both = (profile_values(bins, values) for values in (one, two, one + two))
    assert [x + y for x, y in zip(a.counts, b.counts, strict=True)] == list(both.counts)
    assert a.total + b.total == pytest.approx(both.total, abs=1e-3)


@given(LABELS, LABELS)
def test_unseen_categories_are_counted_and_named_most_frequent_first(
    reference: list[str], current: list[str]
) -> None:
    counts = {name: reference.count(name) for name in reference}
    profile = profile_values(make_category_bins("c", "feature", counts), [*current, None])
    unseen = {name: current.count(name) for name in current if name not in counts}
    assert profile.counts[-1] == sum(unseen.values())
    assert profile.unseen == tuple(sorted(unseen.items(), key=lambda item: (-item[1], item[0])))
    assert profile.missing == 1


def test_a_name_beyond_the_cap_is_other_and_not_unseen() -> None:
    bins = make_category_bins("c", "feature", {f"{i:03}": 1000 - i for i in range(230)})
    profile = profile_values(bins, ["000", "229", "new"])
    assert profile.counts[0] == 1
    assert profile.counts[-2:] == (1, 1)


def test_without_finite_reference_values_all_are_in_one_bin() -> None:
    bins = make_numeric_bins("x", "feature", np.array([math.nan, math.inf]))
    assert bins.edges == ()
    assert profile_values(bins, [1.0, 2.0, None]).counts == (2,)
