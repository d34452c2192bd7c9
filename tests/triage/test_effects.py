"""What a fault does is judged since it began, and a sure part of a sure rise is worth mending."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from tests.triage.planted import END, ONSET, case_of, times, unit_fault
from workbench.performance.blocks import Resampled
from workbench.triage.case import Case
from workbench.triage.effects import Effect, affected_now, floor_since
from workbench.triage.repair import measure_repairs
from workbench.triage.rescoring import floor_of

_LATE = END - timedelta(hours=20)


def spoilt_since(moment: datetime, until: datetime | None = None) -> Case:
    """The unit is another one since a moment within the period."""
    whole = times(100.0)

    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        inside = pl.col("wb_timestamp") >= moment
        if until is not None:
            inside &= pl.col("wb_timestamp") < until
        hit = frame.select(inside).to_series()
        return frame.with_columns(whole(frame)["x0"].zip_with(hit, frame["x0"]).alias("x0"))

    fault = replace(unit_fault(100.0), since=moment, until=until, share=0.1)
    return case_of(spoil=spoil, faults=[fault])


def test_what_began_today_is_not_made_small_by_the_days_before() -> None:
    case = spoilt_since(_LATE)
    (one,) = measure_repairs(case).repairs
    floor = floor_of(case)
    assert one.effect is not None
    assert floor is not None
    assert one.effect.amount.high < floor  # of the whole period
    assert one.is_harmful


def test_what_ended_is_judged_by_the_whole_period() -> None:
    until = ONSET + timedelta(days=1.5)
    case = spoilt_since(ONSET + timedelta(days=1), until)
    fault = case.faults[0]
    assert floor_since(case, fault, affected_now(case, fault)) == floor_of(case)
    (one,) = measure_repairs(case).repairs
    assert one.is_harmful is False


def test_the_floor_is_that_of_the_rows_since_the_first_affected_one() -> None:
    case = spoilt_since(_LATE)
    fault = case.faults[0]
    rows = affected_now(case, fault)
    first = case.current.filter(rows)["wb_timestamp"].min()
    share = float((case.current["wb_timestamp"] >= first).mean())  # type: ignore[arg-type]
    assert floor_since(case, fault, rows) == pytest.approx((floor_of(case) or 0) * share)
    assert 0.05 < share < 0.15


@pytest.mark.parametrize(
    ("amount", "rise", "basis", "is_part"),
    [
        (0.010, 0.04, "labels", True), (0.001, 0.04, "labels", False),
        (0.010, 0.001, "labels", False), (0.010, 0.04, "estimate", False),
    ],
)  # fmt: skip
def test_a_part_is_sure_of_a_sure_rise_and_by_labels(
    amount: float, rise: float, basis: str, is_part: bool
) -> None:
    rng = np.random.default_rng(0)
    drawn = Resampled(amount, rng.normal(amount, 0.002, 400), 3000, "days")
    effect = Effect(drawn, basis, 0.02, rng.normal(rise, 0.005, 400), rise)
    assert effect.is_harmful is False
    assert effect.is_part is is_part
