"""Values beyond the reference's range, against enumeration."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.domain.bins import make_numeric_bins
from workbench.drift.beyond import BeyondTest, all_current, beyond_tests
from workbench.drift.profiling import profile_values


def both_ends(before: list[float], after: list[float]) -> tuple[BeyondTest, BeyondTest]:
    bins = make_numeric_bins("x", "feature", np.array(before))
    found = beyond_tests(profile_values(bins, before), profile_values(bins, after))
    assert found is not None
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=6),
    st.lists(st.integers(-2, 6), min_size=1, max_size=5),
)
def test_it_is_at_least_the_law_over_all_ways_of_dealing_out(
    before: list[int], after: list[int]
) -> None:
    below, above = both_ends([float(v) for v in before], [float(v) for v in after])
    assert below.rows == sum(v < min(before) for v in after)
    assert above.rows == sum(v > max(before) for v in after)
    pooled = np.array(before + after)
    ways = [
        np.isin(np.arange(len(pooled)), c) for c in combinations(range(len(pooled)), len(before))
    ]
    more = np.mean([np.sum(pooled[~way] > pooled[way].max()) >= above.rows for way in ways])
    assert above.p_value >= more - 1e-12 or above.rows == 0


def test_without_ties_it_is_that_law() -> None:
    _, above = both_ends([1.0, 2.0, 3.0, 4.0], [3.5, 5.0, 6.0])
    assert above.rows == 2
    assert above.p_value == pytest.approx(3 / 7 * 2 / 6)


def test_what_it_attains_follows_from_the_ties() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=1000).tolist()
    _, above = both_ends(values, random.normal(size=1000).clip(-2, 2).tolist())
    assert above.attained(0.05) == pytest.approx(1 / 32, rel=0.05)
    _, tied = both_ends([0.0, 1.0, 2.0] * 300, [0.0, 1.0, 2.0] * 100)
    assert tied.attained(0.05) < 1e-12


def test_many_rows_are_as_if_drawn_with_replacement() -> None:
    assert all_current(65, 1000, 1000) == pytest.approx(2.0**-65)
    assert all_current(3, 1000, 2) == 0
