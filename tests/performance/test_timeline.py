"""Rates over time: what is shown, what is judged, and how buckets add up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from workbench.domain.card import BadPrediction, Identity, ModelCard
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.performance.intervals import mean_interval, wilson
from workbench.performance.timeline import pooled, rate_buckets, threshold_rates, whole_rate

START = datetime(2013, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CARD = ModelCard(model=Identity(name="m", task="regression"))


def day(
    index: int, bad: float, n: float, segment: str | None = None, rows: float = 0
) -> OutcomeBucket:
    counts = OutcomeCounts(rows=rows or n, labelled=n, bad=bad, bad_squares=bad)
    return OutcomeBucket(START + index * DAY, START + (index + 1) * DAY, counts, segment)


def days(rates: Sequence[float], n: int = 600) -> list[OutcomeBucket]:
    return [day(i, round(rate * n), n) for i, rate in enumerate(rates)]


STEADY = days([0.20] * 12)
DIFFERING = days([0.05, 0.35, 0.10, 0.30, 0.20, 0.15, 0.25, 0.40, 0.02, 0.18, 0.12, 0.28])


def test_each_bucket_shows_its_own_wilson_interval() -> None:
    (found,) = rate_buckets([day(0, 30, 100, rows=140)], CARD, STEADY)
    assert (found.rows, found.labelled, found.bad, found.bad_rate) == (140, 100, 30, 0.3)
    assert (found.low, found.high) == wilson(30, 100)
    assert found.metrics["mae"] == 0.0


def test_the_cost_rule_has_students_interval() -> None:
    card = ModelCard(
        model=Identity(name="m", task="binary"), bad_prediction=BadPrediction(rule="cost")
    )
    counts = OutcomeCounts(rows=100, labelled=100, bad=20.0, bad_squares=9.0)
    bucket = OutcomeBucket(START, START + DAY, counts)
    (found,) = rate_buckets([bucket], card, [])
    assert (found.low, found.high) == mean_interval(20.0, 9.0, 100)


def test_a_day_beyond_the_reference_is_critical_and_a_like_one_is_ok() -> None:
    bad, like = rate_buckets([day(40, 240, 600), day(41, 120, 600)], CARD, STEADY)
    assert (bad.status, like.status) == ("critical", "ok")
    assert bad.reason is not None
    assert "20.0 points above" in bad.reason


def test_a_bad_day_within_what_reference_days_do_is_no_alarm() -> None:
    (found,) = rate_buckets([day(40, 210, 600)], CARD, DIFFERING)
    assert found.status == "unknown"
    (clear,) = rate_buckets([day(40, 480, 600)], CARD, DIFFERING)
    assert clear.status == "critical"


def test_a_month_allows_for_less_day_to_day_difference_than_a_day() -> None:
    counts = OutcomeCounts(rows=18_000, labelled=18_000, bad=6300, bad_squares=6300)
    month = OutcomeBucket(START, START + 30 * DAY, counts)
    (found,) = rate_buckets([month], CARD, DIFFERING)
    assert found.status == "critical"


def test_the_whole_is_judged_by_how_its_own_days_differ() -> None:
    up = whole_rate(days([0.35] * 10), CARD, STEADY)
    assert up.status == "critical"
    wild = whole_rate(days([0.0, 0.9, 0.0, 0.1]), CARD, STEADY)
    assert wild.bad_rate == pytest.approx(0.25)
    assert wild.status == "unknown"
    assert (up.start, up.end) == (START, START + 10 * DAY)
    assert (up.low, up.high) == wilson(2100, 6000)


def test_segments_of_one_day_are_one_cluster() -> None:
    split = [day(i, 60 * (i % 2), 60, name) for i in range(4) for name in ("a", "b", "c")]
    joined = [day(i, 180 * (i % 2), 180) for i in range(4)]
    assert whole_rate(split, CARD, STEADY) == whole_rate(joined, CARD, STEADY)


def test_segments_are_named_after_their_column_also_when_missing() -> None:
    found = rate_buckets([day(0, 1, 10, "UA"), day(0, 1, 10, None)], CARD, [], "carrier")
    assert [bucket.segment for bucket in found] == [{"carrier": "UA"}, {"carrier": None}]
    assert rate_buckets([day(0, 1, 10)], CARD, [])[0].segment is None


def test_without_labels_or_rows_or_reference_a_bucket_is_unknown_and_says_why() -> None:
    waiting, empty = rate_buckets(
        [day(0, 0, 0, rows=50), OutcomeBucket(START, START + DAY, OutcomeCounts())], CARD, STEADY
    )
    assert (waiting.status, waiting.reason) == ("unknown", "no labels yet")
    assert (empty.status, empty.reason) == ("unknown", "no predictions")
    assert (waiting.bad_rate, waiting.low, waiting.high) == (None, None, None)
    (alone,) = rate_buckets([day(0, 5, 50)], CARD, [])
    assert alone.status == "unknown"
    assert alone.low is not None


def test_threshold_rates_are_above_the_reference_and_unknown_without_one() -> None:
    assert threshold_rates(CARD, STEADY) == pytest.approx((0.22, 0.25))
    assert threshold_rates(CARD, []) == (None, None)
    assert threshold_rates(CARD, [day(0, 0, 0, rows=9)]) == (None, None)


def test_buckets_add_up() -> None:
    one = OutcomeBucket(
        START,
        START + DAY,
        OutcomeCounts(rows=3),
        None,
        ((1.0, 2.0), (3.0, 0.0)),
        (("a", "b", 2.0),),
    )
    two = OutcomeBucket(
        START + DAY, START + 2 * DAY, OutcomeCounts(rows=4), None, ((1.0, 0.0), (0.0, 5.0)),
        (("a", "b", 1.0), ("a", "a", 7.0)),
    )  # fmt: skip
    both = pooled([two, one])
    assert (both.start, both.end, both.counts.rows) == (START, START + 2 * DAY, 7)
    assert both.scores == ((2.0, 2.0), (3.0, 5.0))
    assert both.classes == (("a", "a", 7.0), ("a", "b", 3.0))
    with pytest.raises(ValueError, match="no bucket"):
        pooled([])


def test_under_no_change_whole_periods_with_a_day_effect_raise_few_alarms() -> None:
    random = np.random.default_rng(8)

    def drawn(count: int) -> list[OutcomeBucket]:
        rates = np.clip(random.normal(0.20, 0.04, size=count), 0, 1)
        return [day(i, float(random.binomial(600, rate)), 600) for i, rate in enumerate(rates)]

    repeats = 300
    raised = sum(
        whole_rate(drawn(7), CARD, drawn(14)).status in ("warning", "critical")
        for _ in range(repeats)
    )
    # One-sided 2.5 %; above 6 % would come less than once in a thousand runs.
    assert raised / repeats <= 0.06
