"""A share has risen when it is above what is usual for its day, by as much as the card says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy import stats

from workbench.alerts.cycles import Cycle
from workbench.alerts.history import Looks, ShareHistory
from workbench.alerts.shares import measure_share
from workbench.alerts.usual import UsualShare

DAY = timedelta(days=1)
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
WEEK = Cycle({("weekday", day): 0.05 if day >= 5 else -0.02 for day in range(7)})


def history(rates: list[float], cycle: Cycle, rows: float = 1000.0) -> ShareHistory:
    usual = UsualShare(0.2, 1e9, DAY, cycle=cycle)
    hits = np.array(rates) * rows
    return ShareHistory("bad_rate", hits, np.full(len(rates), rows), usual, 0.22, 0.25)


def looks(many: int) -> Looks:
    return Looks(tuple(MONDAY + i * DAY for i in range(many)), DAY, 7 * DAY)


def test_a_saturday_as_all_saturdays_has_no_effect() -> None:
    rates = [0.18] * 5 + [0.25] * 2
    found = measure_share(history(rates, WEEK), looks(7))

    assert not found.sizes[0].any()
    assert (found.p_values[0] == 1).all()
    assert found.usuals[0] == pytest.approx(rates)


def test_a_monday_is_judged_by_mondays() -> None:
    """21 % is below the warning of 22 % of all days, and three points above a Monday."""
    found = measure_share(history([0.21], WEEK), looks(1))

    assert found.sizes[0, 0] == 1
    assert found.values[0, 0] == pytest.approx(0.21)
    assert found.p_values[0, 0] == pytest.approx(stats.binom.sf(209, 1000, 0.18), rel=1e-6)


def test_a_rise_of_the_critical_threshold_is_critical() -> None:
    assert list(measure_share(history([0.219, 0.221, 0.26], Cycle()), looks(3)).sizes[0]) == [
        0,
        1,
        2,
    ]


def test_what_is_not_known_of_a_phase_makes_its_rise_less_sure() -> None:
    unsure = Cycle(WEEK.offsets, {("weekday", day): 1e-4 for day in range(7)})
    sure = measure_share(history([0.18] * 6 + [0.29], WEEK), looks(7))
    less = measure_share(history([0.18] * 6 + [0.29], unsure), looks(7))
    n, share, variance = 1000, 0.25, 1e-4 + 0.2 * 0.8 / 1e9
    many = share * (1 - share) / variance - 1

    assert sure.p_values[0, -1] < less.p_values[0, -1]
    assert less.p_values[0, -1] == pytest.approx(
        stats.betabinom.sf(289, n, share * many, (1 - share) * many), rel=1e-5
    )
    assert sure.p_values[-1, -1] == less.p_values[-1, -1]  # a whole week


def test_days_without_rows_are_no_test() -> None:
    found = measure_share(history([0.9, 0.9], Cycle(), rows=0.0), looks(2))

    assert np.isnan(found.p_values).all()
    assert not found.sizes.any()
