"""What became of each retraining is read from how its version did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.triage.half_life import measure_half_life
from workbench.triage.version_history import retrainings

START, DAY = datetime(2024, 3, 1, tzinfo=UTC), timedelta(days=1)
USUAL, ALARM = 0.2, 0.22


def days(rates: Sequence[tuple[str, float]], n: int = 400) -> list[OutcomeBucket]:
    return [
        OutcomeBucket(
            START + i * DAY, START + (i + 1) * DAY,
            OutcomeCounts(rows=n, labelled=n, bad=rate * n), version,
        )
        for i, (version, rate) in enumerate(rates)
    ]  # fmt: skip


def story(good: int) -> list[OutcomeBucket]:
    """Two retrainings, each right for so many days and then wrong until the next."""
    return days(
        [("1", 0.2)] * 5 + [("1", 0.3)] * 4 + [("2", 0.2)] * good + [("2", 0.31)] * 4
        + [("3", 0.21)] * good + [("3", 0.29)] * 3
    )  # fmt: skip


def test_each_version_after_the_first_is_a_retraining_with_its_gain_and_its_end() -> None:
    two, three = retrainings(story(2), USUAL, ALARM)
    assert (two.version, two.born, two.gone_at) == ("2", START + 9 * DAY, START + 11 * DAY)
    assert (three.version, three.born, three.gone_at) == ("3", START + 15 * DAY, START + 17 * DAY)
    assert two.gain == pytest.approx(0.1)
    assert three.gain == pytest.approx(0.1)


@pytest.mark.parametrize(("good", "is_short"), [(2, True), (10, False)])
def test_retrainings_that_wear_off_before_the_next_one_have_a_short_half_life(
    good: int, is_short: bool
) -> None:
    found = measure_half_life(retrainings(story(good), USUAL, ALARM), 3 * DAY)
    assert found.median_days == good
    assert found.is_short is is_short


def test_a_version_that_lasts_has_not_worn_off_and_a_rollback_is_no_retraining() -> None:
    rates = [("1", 0.3)] * 5 + [("2", 0.2)] * 9 + [("1", 0.3)] * 3 + [("2", 0.2)] * 3
    (two,) = retrainings(days(rates), USUAL, ALARM)
    assert two.gone_at is None
    assert two.gain == pytest.approx(0.1)


def test_what_the_registry_recorded_stands_before_what_the_log_tells() -> None:
    two, _ = retrainings(story(2), USUAL, ALARM, {"2": 0.04})
    assert two.gain == 0.04


def test_without_labels_nothing_is_said_of_gain_or_end() -> None:
    blank = [OutcomeBucket(b.start, b.end, OutcomeCounts(rows=400), b.segment) for b in story(2)]
    assert [(r.gain, r.gone_at) for r in retrainings(blank, USUAL, ALARM)] == [(None, None)] * 2
    assert all(r.gone_at is None for r in retrainings(story(2), None, None))
    assert retrainings([], USUAL, ALARM) == ()
