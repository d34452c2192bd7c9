"""What is usual is learned from old buckets, and a bucket without its labels is not judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workbench.domain.outcomes import LabelArrival, OutcomeBucket, OutcomeCounts
from workbench.domain.rates import RateBucket
from workbench.performance.completeness import (
    DelayLaw,
    law_from_ages,
    law_from_commits,
    whole_completeness,
    with_completeness,
)

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SLOW = DelayLaw({0: 0.0, 1: 0.2, 2: 0.4, 3: 0.8, 4: 0.9})


def bucket(day: int, labelled: int, rows: int = 100, status: str = "critical") -> RateBucket:
    return RateBucket(
        START + day * DAY, START + (day + 1) * DAY, rows, labelled, 0.0, 0.0, 0.0, 0.1, status
    )


def judged(
    found: RateBucket, law: DelayLaw, days: int, delay: timedelta | None = None
) -> RateBucket:
    return with_completeness(found, law, now=START + days * DAY, width=DAY, delay=delay)


def daily(days: int, shares: tuple[float, ...]) -> list[LabelArrival]:
    """A commit a day brings the day's rows, and labels of the days before by a fixed law."""
    found = []
    for today in range(days):
        found.append(LabelArrival(START + today * DAY, today + 1, 100, 0))
        for age, share in enumerate(shares):
            day = today - age
            if day >= 0 and share:
                found.append(LabelArrival(START + day * DAY, today + 1, 0, 100 * share))
    return found


def test_the_law_is_what_the_commits_brought() -> None:
    law = law_from_commits(daily(12, (0.0, 0.3, 0.4, 0.2)), DAY)
    assert [law.shares[age] for age in range(4)] == pytest.approx([0.0, 0.3, 0.7, 0.9])
    assert law.final == pytest.approx(0.9)


def test_one_commit_of_everything_tells_nothing_of_ages() -> None:
    law = law_from_commits([LabelArrival(START + d * DAY, 1, 100, 90) for d in range(30)], DAY)
    assert law == DelayLaw({})
    assert law.final is None


def test_beyond_the_ages_that_are_known_the_last_one_counts() -> None:
    law = DelayLaw({2: 0.4, 5: 0.9})
    assert [law.usual(age) for age in (0, 2, 4, 5, 90)] == [None, 0.4, 0.4, 0.9, 0.9]


def test_buckets_whose_commits_are_forgotten_are_left_out() -> None:
    known = daily(12, (0.0, 0.5))
    lost = [LabelArrival(START - d * DAY, 0, 100, 7) for d in range(1, 20)]
    assert law_from_commits([*known, *lost], DAY).shares == law_from_commits(known, DAY).shares


def test_the_law_of_timed_labels_counts_each_age_only_where_it_is_reached() -> None:
    rows = {START + d * DAY: 10.0 for d in range(8)}
    labelled = {(START + d * DAY, age): 5.0 for d in range(8) for age in (-1, 2)}
    law = law_from_ages(labelled, rows, now=START + 8 * DAY, width=DAY)
    assert dict(law.shares) == {0: 0.5, 1: 0.5, 2: 0.5, 3: 1.0, 4: 1.0, 5: 1.0}


def test_only_the_newest_buckets_tell_what_timed_labels_are_usual() -> None:
    rows = {START + d * DAY: 10.0 for d in range(4000)}
    newest = START + 3600 * DAY
    labelled = {(day, 2): 9.0 if day >= newest else 1.0 for day in rows}
    law = law_from_ages(labelled, rows, now=START + 4000 * DAY, width=DAY)
    assert max(law.shares) < 400
    assert law.usual(3) == law.usual(3999) == 0.9


def test_a_bucket_with_fewer_labels_than_usual_is_not_judged() -> None:
    found = judged(bucket(0, 30), SLOW, 4)
    assert (found.completeness, found.expected_completeness) == (0.3, 0.8)
    assert found.status == "unknown"
    assert found.reason is not None
    assert "30% of the labels are in, 80% are usual" in found.reason
    assert judged(bucket(0, 70), SLOW, 4).status == "critical"


def test_early_labels_are_not_judged_although_they_are_as_many_as_usual() -> None:
    early = judged(bucket(0, 22), SLOW, 2)
    assert early.status == "unknown"
    assert early.reason is not None
    assert "early labels" in early.reason
    assert judged(bucket(0, 85), SLOW, 2).status == "critical"


def test_without_a_law_the_cards_delay_counts() -> None:
    young = judged(bucket(0, 30), DelayLaw({}), 3, delay=5 * DAY)
    assert young.status == "unknown"
    assert young.expected_completeness is None
    assert judged(bucket(0, 90), DelayLaw({}), 3, delay=5 * DAY).status == "critical"
    assert judged(bucket(0, 30), DelayLaw({}), 6, delay=5 * DAY).status == "critical"
    assert judged(bucket(0, 30), DelayLaw({}), 3).status == "critical"


def test_no_labels_and_no_rows() -> None:
    waiting = judged(bucket(0, 0, status="unknown"), SLOW, 4)
    assert (waiting.status, waiting.reason, waiting.completeness) == ("unknown", None, 0.0)
    assert judged(bucket(0, 0, rows=0), SLOW, 4).completeness is None


def test_a_whole_is_measured_by_what_is_usual_at_the_ages_of_its_buckets() -> None:
    def whole(labelled: int) -> RateBucket:
        parts = [
            OutcomeBucket(START + d * DAY, START + (d + 1) * DAY, OutcomeCounts(rows=n))
            for d, n in ((0, 100), (1, 300))
        ]
        made = RateBucket(START, START + 2 * DAY, 400, labelled, 0, 0.0, 0.0, 0.0, "ok")
        return whole_completeness(made, parts, SLOW, now=START + 4 * DAY, width=DAY)

    full, short = whole(200), whole(100)
    assert full.expected_completeness == pytest.approx((100 * 0.8 + 300 * 0.4) / 400)
    assert (full.status, short.status) == ("ok", "unknown")
