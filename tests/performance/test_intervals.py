"""Intervals: against scipy and plain formulas, and how often they cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from workbench.performance.intervals import (
    clustered_interval,
    mean_interval,
    spread_between,
    wilson,
)

DAYS = st.lists(
    st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    min_size=1,
    max_size=40,
)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_scipys(pair: tuple[int, int]) -> None:
    bad, n = pair
    expected = stats.binomtest(bad, n).proportion_ci(method="wilson")
    assert wilson(bad, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_wilson_ends_at_the_share_itself_when_all_or_none_are_bad() -> None:
    none, every = wilson(0, 7), wilson(7, 7)
    assert none is not None
    assert every is not None
    assert none[0] == 0
    assert every[1] == 1


@given(st.lists(st.sampled_from([0.0, 0.2, 1.0]), min_size=2, max_size=200))
def test_the_mean_interval_is_students(values: list[float]) -> None:
    x = np.array(values)
    found = mean_interval(x.sum(), (x * x).sum(), len(x))
    assert found is not None
    if len(set(values)) == 1:
        assert found == wilson(x.sum(), len(x))
        return
    low, high = stats.t.interval(0.95, len(x) - 1, x.mean(), stats.sem(x))
    assert found == pytest.approx((max(low, 0), min(high, 1)), abs=1e-9)


@given(DAYS)
def test_the_clustered_interval_is_the_ratio_estimators_and_never_narrower_than_wilsons(
    days: list[tuple[int, int]],
) -> None:
    bad, n = np.array(days).T.astype(float)
    found, rows = clustered_interval(bad.tolist(), n.tolist()), n.sum()
    least = wilson(bad.sum(), rows)
    assert least is not None
    if len(days) < 3:
        assert found == least
        return
    rate, count = bad.sum() / rows, len(days)
    # The textbook form: by means of the clusters, with residuals of the ratio.
    error = np.sqrt(np.sum((bad - rate * n) ** 2) / (count - 1) / count) / n.mean()
    half = stats.t.ppf(0.975, count - 1) * error
    expected = (min(max(rate - half, 0), least[0]), max(min(rate + half, 1), least[1]))
    assert found == pytest.approx(expected, abs=1e-9)


def test_an_empty_day_is_no_cluster() -> None:
    assert clustered_interval([1, 2, 3, 0], [9, 9, 9, 0]) == clustered_interval(
        [1, 2, 3], [9, 9, 9]
    )


def test_without_rows_there_is_no_interval() -> None:
    assert wilson(0, 0) is None
    assert mean_interval(0.0, 0.0, 0) is None
    assert clustered_interval([], []) is None
    assert clustered_interval([0], [0]) is None


def test_with_a_day_effect_the_clustered_interval_covers_and_wilsons_does_not() -> None:
    random = np.random.default_rng(1)
    covered = {"wilson": 0, "clustered": 0}
    repeats = 600
    for _ in range(repeats):
        rates = np.clip(random.normal(0.20, 0.04, size=7), 0, 1)
        bad = random.binomial(600, rates).astype(float).tolist()
        for name, found in (
            ("wilson", wilson(sum(bad), 4200)),
            ("clustered", clustered_interval(bad, [600.0] * 7)),
        ):
            assert found is not None
            covered[name] += found[0] <= 0.20 <= found[1]
    assert covered["clustered"] / repeats > 0.92
    assert covered["wilson"] / repeats < 0.70


def test_the_spread_between_days_is_found_beside_chance() -> None:
    random = np.random.default_rng(2)
    rows = [500.0] * 400
    rates = random.normal(0.3, 0.05, size=400)
    differing = random.binomial(500, rates).astype(float).tolist()
    alike = random.binomial(500, 0.3, size=400).astype(float).tolist()
    assert spread_between(differing, rows) == pytest.approx(0.05, rel=0.15)
    assert spread_between(alike, rows) == pytest.approx(0, abs=0.01)
    assert spread_between([1, 2], [9, 9]) is None
