"""What is usual is told from chance, and the cycle of the week from the luck of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from workbench.alerts.usual import phase, usual_share, usual_spread

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)


def days(many: int, width: timedelta = DAY) -> list[datetime]:
    return [MONDAY + i * width for i in range(many)]


def test_independent_rows_leave_next_to_nothing() -> None:
    rng = np.random.default_rng(1)
    usual = usual_share(list(rng.binomial(500, 0.2, 84)), [500] * 84, days(84), DAY)

    assert usual is not None
    assert usual.share == pytest.approx(0.2, abs=0.01)
    assert usual.variance(DAY) ** 0.5 < 0.008
    assert abs(usual.expected(MONDAY + 5 * DAY) - usual.share) < 0.006


def test_the_spread_of_days_is_found() -> None:
    rng = np.random.default_rng(2)
    rates = 0.2 + rng.normal(scale=0.03, size=84)
    usual = usual_share(list(rng.binomial(2000, rates)), [2000] * 84, days(84), DAY)

    assert usual is not None
    assert usual.variance(DAY) ** 0.5 == pytest.approx(0.03, abs=0.008)
    assert usual.variance(7 * DAY) < usual.variance(DAY) / 5


def test_saturdays_are_expected_to_be_saturdays() -> None:
    rng = np.random.default_rng(3)
    starts = days(56)
    rates = [0.3 if start.weekday() >= 5 else 0.2 for start in starts]
    usual = usual_share(list(rng.binomial(1000, rates)), [1000] * 56, starts, DAY)

    assert usual is not None
    assert usual.expected(MONDAY + 5 * DAY) == pytest.approx(0.3, abs=0.02)
    assert usual.expected(MONDAY) == pytest.approx(0.2, abs=0.02)
    assert usual.variance(DAY) ** 0.5 < 0.015


def test_hours_of_a_day_are_alike() -> None:
    rng = np.random.default_rng(4)
    rates = np.repeat(0.2 + rng.normal(scale=0.04, size=40), 24)
    usual = usual_share(list(rng.binomial(100, rates)), [100] * 960, days(960, HOUR), HOUR)

    assert usual is not None
    assert usual.variance(HOUR) ** 0.5 == pytest.approx(0.04, abs=0.012)
    assert usual.variance(24 * HOUR) ** 0.5 == pytest.approx(0.04, abs=0.012)


@pytest.mark.parametrize("starts", [[MONDAY], [MONDAY] * 40])
def test_without_times_rows_count_as_independent(starts: list[datetime]) -> None:
    usual = usual_share([20] * len(starts), [100] * len(starts), starts, DAY)

    assert usual is not None
    assert usual.units == 0
    assert usual.cycle.offsets == {}
    assert usual_share([0], [0], [MONDAY], DAY) is None


def test_a_share_of_nothing_can_still_rise() -> None:
    usual = usual_share([0] * 30, [100] * 30, days(30), DAY)

    assert usual is not None
    assert 0 < usual.share < 0.001


def counts_of(shares: np.ndarray, rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(rows, shares).astype(float)


def test_a_column_that_is_steady_has_no_excess() -> None:
    counts = counts_of(np.full((84, 10), 0.1), 500, 5)
    usual = usual_spread(counts.sum(axis=0), counts, days(84), DAY)

    assert usual.unit_excess * 500 < 1.5


def test_a_column_that_goes_up_and_down_has_an_excess() -> None:
    rng = np.random.default_rng(6)
    tilt = rng.normal(scale=0.03, size=84)
    shares = 0.1 + tilt[:, None] * np.linspace(-1, 1, 10)[None, :]
    counts = counts_of(shares, 500, 7)
    usual = usual_spread(counts.sum(axis=0), counts, days(84), DAY)
    expected = 500 * np.mean(tilt**2) * np.mean(np.linspace(-1, 1, 10) ** 2) * 10 / 0.1

    # Two standard errors above, which page less often by mistake.
    careful = expected * (1 + 2 * (2 / (84 - 7)) ** 0.5)

    assert usual.unit_excess * 500 == pytest.approx(careful, rel=0.3)


def test_a_day_is_compared_with_days_of_its_weekday() -> None:
    starts = days(56)
    weekend = np.array([start.weekday() >= 5 for start in starts])
    shares = np.where(weekend[:, None], [0.5, 0.3, 0.2], [0.2, 0.3, 0.5])
    counts = counts_of(shares, 1000, 8)
    usual = usual_spread(counts.sum(axis=0), counts, starts, DAY)
    saturday, _ = usual.beside(MONDAY + 61 * DAY, 1)
    week, _ = usual.beside(MONDAY + 61 * DAY, 7)

    assert (MONDAY + 61 * DAY).weekday() == 5
    assert saturday[0] / sum(saturday) == pytest.approx(0.5, abs=0.03)
    assert week == [round(n) for n in counts.sum(axis=0)]
    assert usual.unit_excess * 1000 < 3


def test_a_friday_and_a_saturday_count_half_each() -> None:
    starts = days(56)
    friday = np.array([start.weekday() == 4 for start in starts])
    counts = np.where(friday[:, None], [900.0, 100.0], [100.0, 900.0])
    usual = usual_spread(counts.sum(axis=0), counts, starts, DAY)
    both, _ = usual.beside(MONDAY + 61 * DAY, 2)

    assert both[0] / sum(both) == pytest.approx(0.5, abs=0.01)


def test_hours_of_the_weekend_are_their_own() -> None:
    assert phase(MONDAY + 3 * HOUR, HOUR) == 3
    assert phase(MONDAY + 5 * DAY + 3 * HOUR, HOUR) == 27
    assert phase(MONDAY + 5 * DAY, DAY) == 5


def test_hours_of_one_day_say_what_a_day_may_differ_by() -> None:
    usual = usual_share([0, 60] * 12, [100] * 24, days(24, HOUR), HOUR)

    assert usual is not None
    assert usual.units == 1
    assert usual.variance(HOUR) ** 0.5 > 0.25
    assert usual.variance(DAY) >= usual.variance(HOUR)


@pytest.mark.parametrize("width", [HOUR, DAY, 7 * DAY])
def test_a_column_without_values_has_no_spread(width: timedelta) -> None:
    usual = usual_spread(np.zeros(4), np.zeros((40, 4)), days(40, width), width)

    assert usual.beside(MONDAY, 1) == ([0, 0, 0, 0], 0.0)
