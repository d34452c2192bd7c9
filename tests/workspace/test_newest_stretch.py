"""The newest stretch is as long as its rows allow, and ends where labels do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.period import Period
from workbench.workspace.newest_stretch import newest_stretch

START = datetime(2024, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def buckets(*rows: int, unlabelled: int = 0) -> list[OutcomeBucket]:
    """Days of so many rows, the last ones without a label."""
    first = len(rows) - unlabelled
    return [
        OutcomeBucket(
            START + i * DAY, START + (i + 1) * DAY,
            OutcomeCounts(rows=n, labelled=n if i < first else 0),
        )
        for i, n in enumerate(rows)
    ]  # fmt: skip


def test_as_many_days_as_hold_the_rows() -> None:
    found = newest_stretch(buckets(400, 400, 400, 400), most=900)
    assert found == Period(START + 2 * DAY, START + 4 * DAY)


def test_all_of_it_where_there_are_few_rows() -> None:
    assert newest_stretch(buckets(40, 40), most=900) == Period(START, START + 2 * DAY)


def test_the_end_of_a_day_that_has_too_many_itself() -> None:
    found = newest_stretch(buckets(40, 4000), most=1000)
    assert found == Period(START + 1.75 * DAY, START + 2 * DAY)


def test_days_still_without_labels_are_left_out() -> None:
    found = newest_stretch(buckets(400, 400, 400, unlabelled=1), most=500)
    assert found == Period(START + DAY, START + 2 * DAY)
    assert newest_stretch(buckets(400, unlabelled=1), most=500) is None
    assert newest_stretch([], most=500) is None
