"""Faults of one producer, app or region in a made-up shop are found and confined to it."""

from __future__ import annotations

import pytest

from benchmarks.faults import CASES, run_case, run_clean

CHOSEN = (
    "amount in cents from one producer", "clock of one producer +5 h", "a third of the rows twice",
    "labels late", "units in the text of one app", "mended after two days",
)  # fmt: skip


@pytest.mark.parametrize("name", CHOSEN)
def test_the_fault_is_found_and_nothing_else(name: str) -> None:
    case = next(case for case in CASES if case.name == name)
    found, others, report, _ = run_case(case, 300)
    assert found, report.faults
    assert not others, others


@pytest.mark.parametrize("drift", [0.0, 0.5])
def test_a_log_without_a_fault_raises_nothing(drift: float) -> None:
    assert run_clean(300, 3, drift) == []


def test_columns_that_went_together_are_one_fault() -> None:
    case = next(case for case in CASES if case.name == "three columns lost by one producer")
    _, _, report, _ = run_case(case, 300)
    gone = [f for f in report.faults if f.kind == "missing_values"]
    assert [{f.column, *f.also} for f in gone] == [{"balance", "login_days", "rate"}]
