"""Pooled points: every labelled row counted once, gaps kept, never more points than fit."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.rates import RateBucket
from workbench.tui.pooling import pooled

START = datetime(2013, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def bucket(day: int, labelled: int, bad: float) -> RateBucket:
    rate = bad / labelled if labelled else None
    at = START + day * DAY
    return RateBucket(at, at + DAY, labelled, labelled, bad, rate, None, None, "ok")


days = st.dictionaries(
    st.integers(0, 400), st.integers(0, 50).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    min_size=1, max_size=60,
)  # fmt: skip


@given(days, st.integers(1, 80))
def test_points_fit_and_follow_one_another(found: dict[int, tuple[int, int]], most: int) -> None:
    buckets = [bucket(day, *found[day]) for day in sorted(found)]
    points, length = pooled(buckets, most)
    assert len(points) <= most
    assert all(a.end == b.start for a, b in itertools.pairwise(points))
    assert points[0].start == buckets[0].start
    assert points[-1].end == buckets[-1].end
    assert length % DAY == timedelta(0)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=200), st.integers(1, 80))
def test_a_point_is_the_rate_of_all_its_rows(labelled: list[int], most: int) -> None:
    buckets = [bucket(i, n, n * 0.25 if i % 2 else float(n)) for i, n in enumerate(labelled)]
    points, _ = pooled(buckets, most)
    for point in points:
        inside = [b for b in buckets if point.start <= b.start < point.end]
        rows = sum(b.labelled for b in inside)
        expected = sum(b.bad for b in inside) / rows if rows else None
        assert point.rate == (None if expected is None else pytest.approx(expected))


def test_a_day_without_rows_is_a_gap() -> None:
    points, _ = pooled([bucket(0, 10, 1), bucket(1, 10, 1), bucket(3, 10, 5)], 10)
    assert [p.rate for p in points] == [0.1, 0.1, None, 0.5]


def test_five_months_of_days_are_pooled_to_what_fits() -> None:
    buckets = [bucket(day, 100, 20) for day in range(153)]
    assert pooled(buckets, 160)[1] == DAY
    assert pooled(buckets, 55)[1] == 3 * DAY
    assert pooled(buckets, 35)[1] == 7 * DAY


def test_a_first_bucket_that_the_period_cuts_stays_one_of_its_own() -> None:
    cut = bucket(0, 10, 1)
    cut = RateBucket(START + DAY / 2, cut.end, 5, 5, 5.0, 1.0, None, None, "ok")
    points, _ = pooled([cut, bucket(1, 10, 1), bucket(2, 10, 2)], 10)
    assert [p.rate for p in points] == [1.0, 0.1, 0.2]
    assert points[0].start == START + DAY / 2
