"""When is a rate a warning, critical, fine, or not judgeable yet?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.card import Thresholds
from workbench.performance.intervals import Interval, wilson
from workbench.performance.judgement import Rate, judge_rate, threshold_rates_of

THRESHOLDS = Thresholds()


def rate(bad: float, n: float, longrun: Interval | None = None) -> Rate:
    sampling = wilson(bad, n)
    assert sampling is not None
    return Rate(bad / n, sampling, longrun or sampling, n)


REFERENCE = rate(1700, 10_000)


def test_thresholds_are_the_smaller_of_the_absolute_and_the_relative_rise() -> None:
    assert threshold_rates_of(0.17, THRESHOLDS) == pytest.approx((0.19, 0.22))
    assert threshold_rates_of(0.01, THRESHOLDS) == pytest.approx((0.0125, 0.015))
    assert threshold_rates_of(0.0, THRESHOLDS) == pytest.approx((0.02, 0.05))


@pytest.mark.parametrize(
    ("bad", "n", "status"),
    [
        (380, 1000, "critical"),
        (2060, 10_000, "warning"),
        (1700, 10_000, "ok"),
        (100, 1000, "ok"),
        (8, 36, "unknown"),
        (130, 800, "ok"),
    ],
)
def test_a_rate_is_judged_by_its_rise_and_how_sure_it_is(bad: int, n: int, status: str) -> None:
    assert judge_rate(rate(bad, n), REFERENCE, THRESHOLDS).status == status


def test_the_reason_of_an_alarm_names_both_rates_and_the_limit() -> None:
    found = judge_rate(rate(380, 1000), REFERENCE, THRESHOLDS)
    assert found.reason == (
        "38.0% bad, 21.0 points above the reference's 17.0%; critical from 22.0%"
    )


def test_too_few_labels_say_how_much_room_they_leave() -> None:
    found = judge_rate(rate(8, 36), REFERENCE, THRESHOLDS)
    assert found.reason is not None
    assert found.reason.startswith("not judgeable yet: 36 labels leave room for a rise of up to ")


def test_no_labels_and_no_reference_are_unknown_and_say_which() -> None:
    assert judge_rate(None, REFERENCE, THRESHOLDS).reason == "no labels yet"
    found = judge_rate(rate(1, 10), None, THRESHOLDS)
    assert found.status == "unknown"
    assert found.reason is not None
    assert "reference has no labels" in found.reason


def test_a_rise_that_days_make_by_themselves_is_neither_an_alarm_nor_fine() -> None:
    found = judge_rate(rate(300, 1000, longrun=(0.10, 0.50)), REFERENCE, THRESHOLDS)
    assert found.status == "unknown"
    assert found.reason is not None
    assert "differ as much" in found.reason


def test_a_rare_event_without_any_in_the_reference_is_not_raised_by_the_ratio() -> None:
    none = rate(0, 100_000)
    assert judge_rate(rate(10, 10_000), none, THRESHOLDS).status == "ok"
    assert judge_rate(rate(800, 10_000), none, THRESHOLDS).status == "critical"


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_ok_means_that_a_critical_rise_would_have_shown(pair: tuple[int, int]) -> None:
    current = rate(*pair)
    found = judge_rate(current, REFERENCE, THRESHOLDS)
    critical = threshold_rates_of(REFERENCE.value, THRESHOLDS)[1]
    is_sure = current.sampling[0] > REFERENCE.value
    if found.status == "ok":
        assert current.sampling[1] <= critical or is_sure
    if found.status in ("warning", "critical"):
        assert is_sure
