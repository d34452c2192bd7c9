"""Retrainings that wear off before the next one can be made call for another design."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from workbench.triage.half_life import Retraining, measure_half_life

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def history(*lives: float | None, gain: float | None = 0.05) -> list[Retraining]:
    found: list[Retraining] = []
    for i, life in enumerate(lives):
        born = START + 30 * i * DAY
        gone = None if life is None else born + life * DAY
        found.append(Retraining(f"v{i}", born, gain, gone))
    return found


def test_lives_within_delay_and_lead_are_short() -> None:
    found = measure_half_life(history(20, 5, 6), 7 * DAY)
    assert found.is_short
    assert found.lead_days == 8
    assert list(found.days) == [20, 5, 6]
    assert found.median_days == 6
    assert found.evidence()[0].supports == "redesign"


@pytest.mark.parametrize("lives", [(5, 20), (20, 20), (5, None), (5, 6, 30)])
def test_one_of_the_last_that_held_is_not_short(lives: tuple[float | None, ...]) -> None:
    assert not measure_half_life(history(*lives), 7 * DAY).is_short


def test_the_order_of_the_history_does_not_matter() -> None:
    own = history(20, 5, 6)
    assert measure_half_life(own[::-1], 7 * DAY) == measure_half_life(own, 7 * DAY)


def test_retrainings_that_gained_nothing_do_not_count() -> None:
    assert measure_half_life(history(1, 1, gain=0.0), DAY).skipped is not None
    assert measure_half_life(history(1, 1, gain=None), DAY).skipped is not None
    assert measure_half_life([], DAY).skipped == "0 retrainings with a recorded gain; 2 are needed"
    assert measure_half_life(history(None, None), DAY).skipped == "no retraining has worn off"
