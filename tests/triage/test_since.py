"""The onset of a rise is found to the bucket, and days that differ by themselves are none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from workbench.domain.event import Event
from workbench.domain.fault import Fault
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.period import Period
from workbench.triage.since import find_rise, find_since

START, DAY = datetime(2024, 3, 1, tzinfo=UTC), timedelta(days=1)


def buckets(bad: Sequence[float], n: int = 500) -> list[OutcomeBucket]:
    return [
        OutcomeBucket(
            START + i * DAY, START + (i + 1) * DAY, OutcomeCounts(rows=n, labelled=n, bad=b * n)
        )
        for i, b in enumerate(bad)
    ]


def asked(days: int, last: int = 7) -> Period:
    return Period(START + (days - last) * DAY, START + days * DAY)


@pytest.mark.parametrize("at", [1, 5, 19])
def test_a_step_is_found_to_the_bucket(at: int) -> None:
    rise = find_rise(buckets([0.1] * at + [0.25] * (20 - at)))
    assert rise is not None
    assert (rise.start, rise.end) == (START + at * DAY, None)
    assert rise.rate == pytest.approx(0.25)
    assert rise.before == pytest.approx(0.1)


def test_a_rise_that_ended_is_over_and_a_fall_is_none() -> None:
    rise = find_rise(buckets([0.1] * 10 + [0.3] * 4 + [0.1] * 6))
    assert rise is not None
    assert (rise.start, rise.end) == (START + 10 * DAY, START + 14 * DAY)
    lasting = find_rise(buckets([0.3] * 10 + [0.1] * 10))
    assert lasting is None or lasting.end is not None


def test_a_handful_of_good_rows_is_no_end_of_a_rise() -> None:
    ended = {32: 0, 700: 0}
    for seed in range(50):
        rng = np.random.default_rng(seed)
        rates = np.concatenate([rng.normal(0.1, 0.012, 22), rng.normal(0.2, 0.012, 4)])
        days = buckets(list(rng.binomial(700, rates) / 700), 700)
        for rows in ended:
            counts = OutcomeCounts(rows=rows, labelled=rows, bad=0.094 * rows)
            last = OutcomeBucket(days[-1].end, days[-1].end + DAY, counts)
            rise = find_rise([*days, last])
            assert rise is not None
            ended[rows] += rise.end is not None
    assert ended[32] == 0
    assert ended[700] >= 48


def test_days_that_differ_by_themselves_have_no_onset_but_one_among_them_is_found() -> None:
    rng = np.random.default_rng(4)
    false, right = 0, 0
    for _ in range(200):
        rates = np.clip(rng.normal(0.2, 0.03, 30), 0, 1)
        calm = rng.binomial(600, rates) / 600
        false += find_rise(buckets(list(calm), 600)) is not None
        rates[22:] += 0.12
        rise = find_rise(buckets(list(rng.binomial(600, rates) / 600), 600))
        right += rise is not None and abs(rise.start - (START + 22 * DAY)) <= DAY
    assert false <= 6
    assert right >= 190


def test_an_old_rise_that_was_over_before_the_period_is_not_told() -> None:
    found = find_since(buckets([0.1] * 5 + [0.4] * 3 + [0.1] * 22), asked=asked(30), bucket=DAY)
    assert found.rise is None
    assert found.onset is None


def test_a_fault_says_when_more_exactly_and_events_nearby_are_told() -> None:
    since = START + 12 * DAY + timedelta(hours=5)
    fault = Fault("x", "unit_change", "critical", since, 0.4, "x: times 60")
    events = [
        Event(1, "m", since + timedelta(hours=2), "deploy", "feed 7", "ann", START),
        Event(2, "m", since + 5 * DAY, "deploy", "feed 8", "ann", START),
    ]
    found = find_since(
        buckets([0.1] * 12 + [0.3] * 8), asked=asked(20), bucket=DAY, faults=[fault], events=events
    )
    assert (found.onset, found.basis) == (since, "outcomes")
    assert [event.id for event in found.events] == [1]


def test_without_labels_the_fault_or_the_version_tells() -> None:
    empty = [OutcomeBucket(b.start, b.end, OutcomeCounts(rows=500)) for b in buckets([0.1] * 20)]
    fault = Fault("x", "unit_change", "critical", START + 15 * DAY, 0.4, "x: times 60")
    found = find_since(empty, asked=asked(20), bucket=DAY, faults=[fault])
    assert (found.onset, found.basis) == (START + 15 * DAY, "fault")
    assert found.skipped == "no labels: outcomes cannot tell since when"
    found = find_since(empty, asked=asked(20), bucket=DAY, version_since=START + 14 * DAY)
    assert (found.onset, found.basis) == (START + 14 * DAY, "version")
    assert find_since(empty, asked=asked(20), bucket=DAY).onset is None


def test_an_input_that_broke_says_more_than_labels_that_are_late() -> None:
    calm = buckets([0.1] * 20)
    few = Fault("", "label_coverage", "warning", START + 14 * DAY, 0.05, "83% have a label")
    broken = Fault("x", "missing_values", "critical", START + 18 * DAY, 0.2, "missing")
    found = find_since(calm, asked=asked(20), bucket=DAY, faults=[few, broken])
    assert found.onset == START + 18 * DAY
    assert find_since(calm, asked=asked(20), bucket=DAY, faults=[few]).onset == START + 14 * DAY
