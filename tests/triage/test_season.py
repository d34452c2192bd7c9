"""What came back with the weekday or the year is told from what is new."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from tests.triage.retraining_worlds import case_of, usual
from workbench.domain.period import Period
from workbench.triage.case import Case
from workbench.triage.season import a_year_before, measure_season

START = datetime(2023, 1, 2, tzinfo=UTC)
DAY = timedelta(days=1)


@cache
def base() -> Case:
    return case_of(usual, n=10, before=10, learned=200)


def rows(start: datetime, days: int, rate_of: dict[int, float] | float) -> pl.DataFrame:
    """40 rows a day; the bad rate by weekday, or everywhere."""
    rng = np.random.default_rng(days)
    times = [start + DAY * (i // 40) + timedelta(minutes=36 * (i % 40)) for i in range(40 * days)]
    rates = [r if isinstance(r := rate_of, float) else r.get(t.weekday(), 0.1) for t in times]
    return pl.DataFrame(
        {
            "wb_timestamp": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
            "wb_id": [str(t) for t in times],
            "wb_label": "1",
            "wb_bad": (rng.random(len(times)) < rates).astype(float),
        }
    )


def case(before: pl.DataFrame, start: datetime, current: pl.DataFrame, days: int) -> Case:
    return replace(
        base(),
        before=before,
        current=current,
        period=Period(start, start + days * DAY),
        onset=start,
    )


def test_a_weekend_like_every_weekend_is_explained() -> None:
    saturday = START + 61 * DAY
    weekend = {5: 0.4, 6: 0.4}
    own = case(rows(START, 61, weekend), saturday, rows(saturday, 2, weekend), 2)
    found = measure_season(own)
    week = found.checks[0]
    assert week.cycle == "week"
    assert week.rate is not None
    assert week.rate.value == pytest.approx(0.4, abs=0.05)
    assert found.explains(0.1) == "week"


def test_a_weekend_unlike_the_others_is_not() -> None:
    saturday = START + 61 * DAY
    own = case(rows(START, 61, 0.1), saturday, rows(saturday, 2, 0.4), 2)
    assert measure_season(own).explains(0.1) is None


def test_the_same_weeks_of_the_year_before_are_looked_at() -> None:
    start = START + 420 * DAY
    winter = rows(START, 90, 0.4)
    before = pl.concat([winter, rows(START + 90 * DAY, 330, 0.1)])
    found = measure_season(case(before, start, rows(start, 10, 0.4), 10))
    assert [check.cycle for check in found.checks] == ["year"]
    assert found.explains(0.1) == "year"
    assert found.not_excluded == ()


def test_the_year_before_may_be_handed_in_where_the_log_was_not_read_so_far_back() -> None:
    start = START + 420 * DAY
    near = rows(start - 90 * DAY, 90, 0.1)
    own = case(near, start, rows(start, 10, 0.4), 10)
    assert measure_season(own, START).explains(0.1) is None
    then = a_year_before(own.period)
    assert (then.start, then.end) == (start - 371 * DAY, start + 10 * DAY - 357 * DAY)
    winter, calm = (rows(then.start, 24, rate) for rate in (0.4, 0.1))
    assert measure_season(own, START, winter).explains(0.1) == "year"
    assert measure_season(own, START, calm).explains(0.1) is None


def test_a_model_that_was_as_bad_all_along_has_no_season() -> None:
    start = START + 420 * DAY
    own = case(rows(START, 420, 0.4), start, rows(start, 3, 0.4), 3)
    found = measure_season(own)
    assert all(check.rate is not None for check in found.checks)
    assert found.explains(0.1) is None


def test_a_short_log_names_the_day_to_look_again() -> None:
    start = START + 60 * DAY
    found = measure_season(case(rows(START, 60, 0.1), start, rows(start, 10, 0.4), 10))
    (check,) = found.not_excluded
    assert check.cycle == "year"
    assert check.look_again == START + 365 * DAY
    assert "look again on 2024-01-02" in found.evidence()[0].reading
    older = measure_season(
        case(rows(START, 60, 0.1), start, rows(start, 10, 0.4), 10), START - 100 * DAY
    )
    assert older.checks[0].look_again == START + 265 * DAY


def test_no_rows_are_no_season() -> None:
    start = START + 60 * DAY
    found = measure_season(case(pl.DataFrame(), start, pl.DataFrame(), 2))
    assert found.current is None
    assert found.explains(0.1) is None
    assert found.evidence()
