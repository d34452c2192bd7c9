"""Dates under the axis: in order, apart from one another, within the axis."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from workbench.tui.timescale import date_labels

START = datetime(2013, 7, 2, tzinfo=UTC)
DAY = timedelta(days=1)


@given(st.integers(1, 800), st.integers(0, 150))
def test_labels_never_touch_and_never_leave_the_axis(days: int, width: int) -> None:
    end = -1
    for cell, text in date_labels(START, START + days * DAY, DAY, width):
        assert cell > end
        end = cell + len(text)
        assert end <= width


def test_a_month_begins_with_its_year() -> None:
    labels = date_labels(START, START + 30 * DAY, DAY, 70)
    assert labels[0] == (0, "2013-07-02")
    assert labels[1][1] == "07-08"


def test_a_label_begins_at_its_date() -> None:
    for cell, text in date_labels(START, START + 30 * DAY, DAY, 90)[1:]:
        moment = datetime.strptime(f"2013-{text}+0000", "%Y-%m-%d%z")
        assert cell == int((moment - START) / (30 * DAY) * 90)


def test_a_new_year_is_named_where_it_begins() -> None:
    start = datetime(2013, 12, 1, tzinfo=UTC)
    texts = [t for _, t in date_labels(start, start + 60 * DAY, DAY, 80)]
    assert [t[:4] for t in texts if len(t) == 10] == ["2013", "2014"]


def test_hours_are_shown_for_a_short_period() -> None:
    labels = date_labels(START, START + DAY, timedelta(hours=1), 60)
    assert labels[0] == (0, "07-02 00:00Z")
    assert len(labels) > 2
