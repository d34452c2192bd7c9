"""Figures in words: short, honest about what is missing, and never wider than their column."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.standin import WINDOW, model_status, performance
from workbench.domain.period import Period
from workbench.tui.wording import (
    against_threshold,
    count,
    duration,
    figure,
    interval,
    model_status_words,
    p_value,
    percent,
    period_days,
    period_name,
    rate_with_interval,
    status_words,
)

DAY = 86400.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (-5.0, "0s"),
        (119.0, "119s"),
        (120.0, "2m"),
        (2 * 3600.0, "2h"),
        (47 * 3600.0, "47h"),
        (3 * DAY, "3d"),
        (89 * DAY, "89d"),
        (100 * DAY, "3mo"),
        (13.1 * 365.25 * DAY, "13y"),
    ],
)
def test_a_duration_is_written_in_its_largest_unit(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@given(st.floats(0, 99 * 365.25 * DAY))
def test_a_duration_fits_the_age_column(seconds: float) -> None:
    assert len(duration(seconds)) <= 4


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_figure_fits_its_column_whatever_it_is(number: float) -> None:
    assert len(figure(number)) <= (5 if number >= 0 or math.isnan(number) else 6)


@given(st.floats(0, 1))
def test_a_rate_is_never_further_off_than_its_last_digit(rate: float) -> None:
    assert abs(float(percent(rate).strip("<%")) / 100 - rate) <= 0.00051
    assert (percent(rate) == "0.0%") == (rate == 0)


@given(st.integers(0, 10**12))
def test_a_count_fits_its_column(number: int) -> None:
    assert len(count(number)) <= 7


def test_a_missing_rate_is_a_dash_and_no_zero() -> None:
    assert rate_with_interval(None, None, None) == "-"
    assert percent(float("nan")) == "-"
    assert percent(0.0) == "0.0%"


def test_a_rate_stands_with_its_interval() -> None:
    assert rate_with_interval(0.412, 0.389, 0.4351) == "41.2% (38.9-43.5)"
    assert rate_with_interval(0.412, None, None) == "41.2%"
    assert interval(0.0, 1.0) == "(0.0-100)"


def test_p_values_are_short() -> None:
    assert [p_value(p) for p in (None, 1e-9, 0.0312, 0.4)] == ["-", "<.001", "0.031", "0.40"]


def test_a_status_is_told_without_colour() -> None:
    words = [status_words(s) for s in ("critical", "warning", "ok", "unknown", "something new")]
    assert words == ["ALERT !", "WARN ~", "OK", "UNKNOWN ?", "UNKNOWN ?"]


def test_no_data_is_a_state_of_its_own() -> None:
    empty = model_status("m", "unknown", period_rows=0)
    assert model_status_words(empty) == "NO DATA ?"
    assert model_status_words(model_status("m", "unknown")) == "UNKNOWN ?"


def test_a_broken_card_is_not_called_a_lack_of_data() -> None:
    broken = model_status("m", "unknown", period_rows=0, version="")
    assert model_status_words(broken) == "UNKNOWN ?"


def test_a_silent_model_is_an_alert_even_without_data() -> None:
    assert model_status_words(model_status("m", "critical", period_rows=0)) == "ALERT !"


def test_a_period_names_its_last_day_not_the_one_after() -> None:
    assert period_days(WINDOW) == "2013-07-02..07-31"


def test_a_period_over_new_year_names_both_years() -> None:
    start = datetime(2013, 12, 30, tzinfo=UTC)
    assert period_days(Period(start, start + timedelta(days=4))) == "2013-12-30..2014-01-02"


def test_a_single_day_is_one_date_and_hours_are_shown_where_they_matter() -> None:
    start = datetime(2013, 7, 1, tzinfo=UTC)
    assert period_days(Period(start, start + timedelta(days=1))) == "2013-07-01"
    half = Period(start, start + timedelta(hours=6))
    assert period_days(half) == "2013-07-01 00:00Z..2013-07-01 06:00Z"


def test_the_cards_window_is_named_by_its_length() -> None:
    assert period_name(None, WINDOW) == "30d"
    assert period_name("24h", WINDOW) == "24h"


def test_the_rate_is_held_against_the_threshold_that_it_crossed() -> None:
    whole = performance("m").whole
    assert against_threshold(whole, 0.191, 0.221) == "41.2% > 22.1%  ALERT !"


def test_without_a_baseline_the_rate_and_the_verdict_remain() -> None:
    assert against_threshold(performance("m").whole, None, None) == "41.2%  ALERT !"
