"""Harm is told when there is some, ruled out when there is none, and unknown in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from workbench.domain.card import ModelCard
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.period import Period
from workbench.domain.rules import outcome_rules
from workbench.domain.shape import LogShape
from workbench.triage.case import Case, Models
from workbench.triage.harm import Harm, measure_harm
from workbench.triage.since import without_passed

MONDAY, DAY = datetime(2024, 3, 4, tzinfo=UTC), timedelta(days=1)


def buckets(bad: Sequence[float], n: int, start: datetime = MONDAY) -> tuple[OutcomeBucket, ...]:
    return tuple(
        OutcomeBucket(
            start + i * DAY, start + (i + 1) * DAY, OutcomeCounts(rows=n, labelled=n, bad=float(b))
        )
        for i, b in enumerate(bad)
    )


def judged(
    now: tuple[OutcomeBucket, ...], then: tuple[OutcomeBucket, ...],
    before: tuple[OutcomeBucket, ...] = (), unripe: tuple[OutcomeBucket, ...] = (),
) -> Harm:  # fmt: skip
    card, shape = ModelCard(), LogShape((), (), classes=("0", "1"))
    empty = pl.DataFrame()
    case = Case(
        card, outcome_rules(card, shape, 0.0), (), (), Period(MONDAY, MONDAY + 7 * DAY), None,
        empty, empty, empty, empty, None, Models(), counted=now, reference_counted=then,
        before_counted=before,
    )  # fmt: skip
    return measure_harm(case, unripe=unripe, ripe_on=MONDAY + 12 * DAY)


def drawn(
    rng: np.random.Generator, rate: float, days: int, n: int, effect: float = 0.0,
    start: datetime = MONDAY,
) -> tuple[OutcomeBucket, ...]:  # fmt: skip
    rates = np.clip(rng.normal(rate, effect, days), 0.001, 0.999)
    return buckets(list(rng.binomial(n, rates)), n, start)


def test_what_a_passed_incident_made_of_its_days_is_no_spread_of_usual_ones() -> None:
    rng = np.random.default_rng(7)
    start = MONDAY - 14 * DAY
    quiet, calm = drawn(rng, 0.2, 28, 700), drawn(rng, 0.2, 7, 1200)
    calm_before = drawn(rng, 0.2, 14, 700, start=start)
    risen = drawn(rng, 0.32, 5, 700, start=start + 4 * DAY)
    before = (*calm_before[:4], *risen, *calm_before[9:])
    assert judged(calm, quiet, before).state == judged(calm, quiet, calm_before).state == "no"
    days = tuple(sum(((d, r) for d, r in zip(calm_before, (*risen, *risen[:2]), strict=False)), ()))
    assert without_passed(days) == list(days), "days that always differ are no incident"


def test_a_rise_of_twice_the_floor_is_harm_and_none_is_ruled_out() -> None:
    rng = np.random.default_rng(1)
    found = [judged(drawn(rng, 0.24, 7, 700), drawn(rng, 0.2, 28, 700)).state for _ in range(200)]
    assert found.count("yes") >= 195
    found = [judged(drawn(rng, 0.2, 7, 1500), drawn(rng, 0.2, 28, 1500)).state for _ in range(200)]
    assert found.count("no") >= 185
    assert found.count("yes") <= 4


def test_a_calm_beginning_does_not_speak_for_a_period_that_mostly_waits_for_its_labels() -> None:
    rng = np.random.default_rng(5)
    now, then = drawn(rng, 0.2, 2, 6000), drawn(rng, 0.2, 28, 4000)
    waiting = [
        OutcomeBucket(b.start, b.end, OutcomeCounts(rows=6000, labelled=0, bad=0.0))
        for b in buckets([0.0] * 5, 6000, MONDAY + 2 * DAY)
    ]
    assert judged(now, then).state == "no"
    assert judged(now, then, unripe=tuple(waiting[:4])).state == "no"
    late = judged(now, then, unripe=tuple(waiting))
    assert late.state == "unknown"
    assert late.settled_on == MONDAY + 12 * DAY
    assert any("30,000 of 42,000" in one.reading for one in late.evidence())


def test_with_36_labels_nothing_is_ruled_out() -> None:
    rng = np.random.default_rng(2)
    for _ in range(100):
        harm = judged(drawn(rng, 0.3, 6, 6), drawn(rng, 0.2, 28, 500))
        assert harm.state == "unknown"
        assert harm.labels_needed is not None
        assert harm.labels_needed > 1000
    harm = judged(drawn(rng, 0.3, 6, 60), drawn(rng, 0.2, 28, 500))
    assert harm.state in ("yes", "unknown")
    calm = judged(drawn(rng, 0.21, 6, 60), drawn(rng, 0.2, 28, 500))
    assert calm.settled_on is not None
    assert calm.settled_on > MONDAY + 30 * DAY


def test_36_labels_of_a_true_rise_are_hardly_ever_taken_for_no_harm() -> None:
    """At most 2 % of draws, however the labels lie, and with day effects and other rates as well."""
    rng = np.random.default_rng(4)
    for rate, effect, spread in ((0.2, 0.0, (6,) * 6), (0.16, 0.03, (36,)), (0.05, 0.0, (1,) * 36)):
        calm = 0
        for _ in range(250):
            then = drawn(rng, rate, 28, 500, effect, MONDAY - 28 * DAY)
            bad = [float(rng.binomial(n, rate + 0.1)) for n in spread]
            now = tuple(
                OutcomeBucket(
                    MONDAY + i * DAY, MONDAY + (i + 1) * DAY,
                    OutcomeCounts(rows=900, labelled=n, bad=b),
                )
                for i, (n, b) in enumerate(zip(spread, bad, strict=True))
            )  # fmt: skip
            calm += judged(now, then).state == "no"
        assert calm <= 5


def test_as_many_labels_as_needed_seldom_take_a_rise_of_two_floors_for_none() -> None:
    """Three-way: from 100 labels on, too, a true rise of 0.10 (five floors) is not ruled out."""
    rng = np.random.default_rng(5)
    for n in (100, 200, 400):
        calm = [
            judged(drawn(rng, 0.3, 4, n // 4), drawn(rng, 0.2, 28, 500)).state for _ in range(200)
        ].count("no")
        assert calm <= 4


def test_days_that_differ_widen_the_interval_until_it_covers() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(300):
        harm = judged(drawn(rng, 0.2, 7, 600, 0.04), drawn(rng, 0.2, 28, 600, 0.04))
        assert harm.basis == "days"
        assert harm.low is not None
        assert harm.high is not None
        covered += harm.low <= 0 <= harm.high
    assert covered >= 270


def test_a_bad_weekend_is_compared_with_weekends() -> None:
    def week(n: int) -> list[float]:
        return [0.1 * n] * 5 + [0.3 * n] * 2

    then = buckets(week(1000) * 4, 1000, MONDAY - 28 * DAY)
    weekend = buckets([300.0, 300.0], 1000, MONDAY + 5 * DAY)
    harm = judged(weekend, then)
    assert harm.rise == pytest.approx(0.0)
    assert harm.reference_rate == pytest.approx(0.3)
    assert judged(buckets(week(1000), 1000), then).rise == pytest.approx(0.0)


def test_without_labels_on_a_side_it_says_so() -> None:
    full = buckets([100.0] * 7, 500)
    none = tuple(replace(b, counts=OutcomeCounts(rows=500)) for b in full)
    assert judged(none, full).reason == "no labels since the onset"
    assert "the reference has no labels" in judged(full, none).reason
    assert {judged(none, full).state, judged(full, none).state} == {"unknown"}
    assert judged(none, full).evidence()[0].supports == "wait"


def test_a_rise_of_the_newest_day_is_not_diluted_into_no_harm() -> None:
    rng = np.random.default_rng(6)
    then = drawn(rng, 0.16, 28, 650, start=MONDAY - 28 * DAY)
    found = []
    for _ in range(100):
        calm, bad = drawn(rng, 0.16, 6, 650), drawn(rng, 0.27, 1, 650, start=MONDAY + 6 * DAY)
        harm = judged((*calm, *bad), then)
        found.append(harm.state)
        if harm.newer:
            assert harm.evidence()[1].against == "no_action"
    assert found.count("no") <= 2


def low_week_that_went_back(rng: np.random.Generator, since: float, days: int = 5) -> Harm:
    """Days that differ much by themselves; a week of few bad rows, and since a moment other days."""
    then = drawn(rng, 0.125, 31, 900, 0.07, MONDAY - 60 * DAY)
    before = drawn(rng, 0.085, 6, 900, 0.01, MONDAY - 6 * DAY)
    return judged(drawn(rng, since, days, 900, 0.03), then, before)


def test_a_low_rate_that_went_back_to_the_usual_one_is_judged_with_the_days_before() -> None:
    """As on the demo's model after a promotion; its reference's days are from 4 % to 27 % bad."""
    reference = (
        8, 11, 14, 24, 19, 19, 16, 8, 6, 9, 10, 15, 15, 7, 24, 27, 23, 23, 20, 22, 21, 15, 9, 4, 6, 6,
        4, 4, 5, 4, 10,
    )  # fmt: skip
    then = buckets([9.0 * percent for percent in reference], 900, MONDAY - 60 * DAY)
    before = buckets([9.0 * percent for percent in (9, 8, 9, 10, 9, 8)], 900, MONDAY - 6 * DAY)
    now = buckets([9.0 * percent for percent in (15, 12, 7, 9, 6)], 900)
    assert judged(now, then).state == "unknown"
    harm = judged(now, then, before)
    assert harm.state == "no"
    assert (harm.labelled, harm.longer) == (4500, 9900)
    assert harm.current_rate == pytest.approx(0.098)
    assert harm.figure is not None
    assert harm.figure.n == 9900
    assert "since 2024-02-27" in harm.reason
    few = tuple(
        replace(b, counts=OutcomeCounts(rows=20, labelled=20, bad=b.counts.bad / 45)) for b in now
    )
    assert judged(few, then, before).state == "unknown", "a hundred labels rule nothing out"
    # The same moment over a reference that it is not below: the days before do not excuse it.
    low = buckets([6.0 * percent for percent in reference], 900, MONDAY - 60 * DAY)
    assert judged(now, low, before).state == "unknown"


def test_a_rate_that_is_not_well_below_the_reference_is_never_diluted_by_the_days_before() -> None:
    rng = np.random.default_rng(9)
    for _ in range(100):
        harm = low_week_that_went_back(rng, 0.17)
        if harm.rise is not None and harm.rise > -0.02:
            assert harm.longer is None
            assert harm.state != "no"
    # Two floors over the reference since the moment: hardly ever none by the luck of the days.
    calm = [low_week_that_went_back(rng, 0.165).state for _ in range(300)].count("no")
    assert calm <= 6


def test_calm_weeks_are_seldom_kept_open_by_their_newest_days() -> None:
    rng = np.random.default_rng(7)
    kept = 0
    for effect in (0.0, 0.03):
        for _ in range(200):
            then = drawn(rng, 0.2, 28, 1500, effect, MONDAY - 28 * DAY)
            kept += bool(judged(drawn(rng, 0.2, 7, 1500, effect), then).newer)
    assert kept <= 8


def weeks_with_a_last_day(rate: float) -> list[Harm]:
    rng = np.random.default_rng(8)
    found = []
    for _ in range(100):
        then = drawn(rng, 0.18, 28, 600, 0.005, MONDAY - 50 * DAY)
        before = drawn(rng, 0.18, 14, 600, 0.005, MONDAY - 14 * DAY)
        last = drawn(rng, rate, 1, 600, 0.005, MONDAY + 6 * DAY)
        found.append(judged((*drawn(rng, 0.18, 6, 600, 0.005), *last), then, before))
    return found


def test_a_last_day_that_nearly_stands_out_keeps_the_case_open() -> None:
    found = weeks_with_a_last_day(0.25)
    assert sum(harm.state == "no" for harm in found) <= 8
    assert sum(bool(harm.newer) for harm in weeks_with_a_last_day(0.18)) <= 5


def test_weekdays_that_differ_by_chance_do_not_move_the_usual_rate() -> None:
    """Four Thursdays of 200 rows each lie two points off by chance alone; real weekends count in full."""
    rng = np.random.default_rng(9)
    off, own = [], []
    for _ in range(200):
        then = drawn(rng, 0.18, 28, 200, 0.005, MONDAY - 28 * DAY)
        thursday = drawn(rng, 0.18, 1, 600, start=MONDAY + 3 * DAY)
        plain = sum(b.counts.bad for b in then) / sum(b.counts.labelled for b in then)
        days = [b.counts.bad / b.counts.labelled for b in then if b.start.weekday() == 3]
        found = judged(thursday, then).reference_rate
        assert found is not None
        off.append(found - plain)
        own.append(np.mean(days) - plain)
    assert np.std(off) < 0.5 * np.std(own)
    rates = [0.3 if day % 7 >= 5 else 0.15 for day in range(28)]
    then = buckets([float(rng.binomial(200, rate)) for rate in rates], 200, MONDAY - 28 * DAY)
    sunday = drawn(rng, 0.3, 1, 600, start=MONDAY + 6 * DAY)
    assert judged(sunday, then).reference_rate == pytest.approx(0.3, abs=0.04)
