"""Phases are told from chance, drawn towards their like, and known as well as is said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from workbench.alerts.cycles import DAY, WEEK, Counted, Cycle, day_of, phases, week_of

HOUR = timedelta(hours=1)
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def drawn(rates: np.ndarray, rows: int, rng: np.random.Generator) -> list[Counted]:
    hits = rng.binomial(rows, rates)
    return [(float(h), float(rows), MONDAY + i * DAY) for i, h in enumerate(hits)]


def share(days: list[Counted]) -> float:
    return sum(h for h, _, _ in days) / sum(n for _, n, _ in days)


def by_weekday(week: list[float], weeks: int) -> np.ndarray:
    return np.tile(week, weeks)


def test_a_day_is_drawn_towards_its_like_and_not_towards_all() -> None:
    """With eight weeks of 500 rows the weekend is known, and a Tuesday's own luck is not."""
    rng = np.random.default_rng(1)
    truth = np.array([0.2] * 5 + [0.23] * 2)
    wrong = {"drawn": 0.0, "as found": 0.0, "nothing": 0.0}
    for _ in range(200):
        days = drawn(by_weekday(list(truth), 8), 500, rng)
        cycle, middle = week_of(days, share(days)), share(days)
        for day in range(7):
            own = share(days[day::7])
            usual = middle + cycle.offsets.get(("weekday", day), 0.0)
            wrong["drawn"] += (usual - truth[day]) ** 2
            wrong["as found"] += (own - truth[day]) ** 2
            wrong["nothing"] += (middle - truth[day]) ** 2

    assert wrong["drawn"] < wrong["as found"] * 0.65
    assert wrong["drawn"] < wrong["nothing"] * 0.25


def test_a_weekday_of_its_own_is_found() -> None:
    rng = np.random.default_rng(2)
    days = drawn(by_weekday([0.2, 0.2, 0.3, 0.2, 0.2, 0.2, 0.2], 8), 2000, rng)
    cycle, middle = week_of(days, share(days)), share(days)

    assert middle + cycle.offsets[("weekday", 2)] == pytest.approx(0.3, abs=0.01)
    assert middle + cycle.offsets[("weekday", 5)] == pytest.approx(0.2, abs=0.01)


def test_the_error_that_is_told_is_the_error_that_is_made() -> None:
    rng = np.random.default_rng(3)
    truth = np.array([0.2] * 5 + [0.24] * 2)
    made, told = [], []
    for _ in range(400):
        days = drawn(by_weekday(list(truth), 8), 500, rng)
        middle = share(days)
        cycle = week_of(days, middle)
        for day in range(7):
            made.append((middle + cycle.higher(MONDAY + day * DAY, DAY) - truth[day]) ** 2)
            of_all = middle * (1 - middle) / (500 * len(days))
            told.append(cycle.error(MONDAY + day * DAY, DAY, DAY) + of_all)

    assert np.mean(told) == pytest.approx(np.mean(made), rel=0.35)


def test_the_errors_of_a_whole_cycle_add_up_to_nothing() -> None:
    cycle = Cycle({("weekday", 0): 0.01, ("hour", 0): 0.1}, {("weekday", 0): 0.5, ("hour", 0): 2.0})

    assert cycle.error(MONDAY, HOUR, HOUR) == 2.5
    assert cycle.error(MONDAY, HOUR, DAY) == 0.5
    assert cycle.error(MONDAY, HOUR, WEEK) == 0


def test_equal_days_have_next_to_no_cycle() -> None:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(200):
        days = drawn(np.full(56, 0.2), 500, rng)
        found += list(week_of(days, share(days)).offsets.values()) or [0.0] * 7

    # A weekday's own rate is off by sqrt(0.16 / 4000) = 0.0063.
    assert np.std(found) < 0.0045


@pytest.mark.parametrize("days", [7, 13])
def test_fewer_than_two_days_a_weekday_say_nothing_of_the_week(days: int) -> None:
    counted = drawn(np.linspace(0.1, 0.9, days), 100, np.random.default_rng(5))

    assert week_of(counted, share(counted)) == Cycle()


def test_days_without_any_difference_have_no_cycle() -> None:
    counted: list[Counted] = [(0.0, 100.0, MONDAY + i * DAY) for i in range(28)]

    assert week_of(counted, 0.0) == Cycle()


def test_hours_of_night_are_told_from_noon() -> None:
    starts = [MONDAY + i * HOUR for i in range(24 * 30)]
    hits = np.random.default_rng(6).binomial(
        100, [0.1 if s.hour < 6 else 0.3 for s in starts]
    )  # fmt: skip
    buckets: list[Counted] = [(float(h), 100.0, s) for h, s in zip(hits, starts, strict=True)]
    cycle = day_of(buckets, share(buckets))

    assert share(buckets) + cycle.higher(MONDAY + 3 * HOUR, HOUR) == pytest.approx(0.1, abs=0.02)
    assert share(buckets) + cycle.higher(MONDAY + 12 * HOUR, HOUR) == pytest.approx(0.3, abs=0.02)


def test_a_week_has_no_phase_and_a_day_only_its_weekday() -> None:
    assert phases(MONDAY, WEEK) == ()
    assert phases(MONDAY + 2 * DAY, DAY) == (("weekday", 2),)
    assert phases(MONDAY + 3 * HOUR, HOUR) == (("weekday", 0), ("hour", 3))
