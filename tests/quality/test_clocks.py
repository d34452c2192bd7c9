"""Hours of another zone are found in few rows, and since a moment within a bucket."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.quality.made_sides import DAY, START, sides_of
from workbench.quality.clocks import clock_shifts, turned_clocks
from workbench.quality.findings import Finding
from workbench.quality.groups import jumping_groups


def hours(rng: np.random.Generator, rows: int) -> Any:
    """A morning and an evening."""
    two = np.where(rng.random(rows) < 0.6, rng.normal(9, 2.5, rows), rng.normal(18, 3, rows))
    return np.floor(two) % 24


def found_of(now: int, shift: int, since: float, seed: int) -> list[Finding]:
    """What is found where hours are shifted after a moment of the last two of 16 days."""
    rng = np.random.default_rng(seed)
    moments = np.sort(np.r_[rng.random(2500) * 14, 14 + rng.random(now) * 2])
    logged = hours(rng, moments.size)
    logged = np.where(moments >= since, (logged + shift) % 24, logged)
    sides = sides_of({"hour": logged}, {"hour": hours(rng, 4000)}, moments, days=16, asked=7)
    values = sides.columns["hour"]
    return clock_shifts(sides, values, jumping_groups(sides, values), DAY)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shift", [5, -8])
def test_some_hundred_rows_tell_a_shift(shift: int, seed: int) -> None:
    found = found_of(150, shift, 14.0, seed)
    assert len(found) == 1
    assert found[0].transform is not None
    assert abs(found[0].transform.hours - shift) <= 1
    assert (found[0].since, found[0].until) == (START + 14 * DAY, None)


@pytest.mark.parametrize("seed", range(3))
def test_half_a_day_more_or_less_is_told_to_the_bucket(seed: int) -> None:
    found = found_of(1600, 8, 14.5, seed)
    assert [f.transform.hours for f in found if f.transform] == [8]
    assert found[0].since == START + 14 * DAY


@pytest.mark.parametrize("seed", range(10))
def test_hours_as_usual_are_none(seed: int) -> None:
    assert found_of(150, 0, 14.0, seed) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_producer_s_turned_timestamps_begin_with_their_own_day(seed: int) -> None:
    """The evening before looks turned by itself: rows of a day are in the order of these hours."""
    rng = np.random.default_rng(seed)
    days = np.repeat(np.arange(16), 400)
    hour = (hours(rng, days.size) + rng.random(days.size)) % 24
    producer = rng.choice(["A", "B"], days.size)
    hour = np.where((producer == "A") & (days >= 12), (hour + 4) % 24, hour)
    order = np.argsort(days + hour / 24)
    moments, makers = (days + hour / 24)[order], producer[order]
    usual = np.sort(rng.integers(0, 14, 4000) + (hours(rng, 4000) + rng.random(4000)) % 24 / 24)
    sides = sides_of(
        {"x": rng.normal(size=days.size), "producer": makers},
        {"x": rng.normal(size=4000), "producer": rng.choice(["A", "B"], 4000)},
        moments, days=16, asked=7, segments=("producer",), usual_moments=usual,
    )  # fmt: skip
    (found,) = turned_clocks(sides, "timestamp", DAY)
    assert found.segment == ("producer", "A")
    assert found.transform is not None
    assert found.transform.hours == 4
    assert found.since == START + 12 * DAY
