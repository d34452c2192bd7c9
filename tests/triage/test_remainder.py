"""What is left once the faults are gone is what would have been without them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.triage.planted import ONSET, case_of, logit, missing, missing_fault, times, unit_fault
from workbench.domain.fault import Fault, Transform
from workbench.domain.verdict import Exclusion
from workbench.triage.case import Case, Models
from workbench.triage.injection import measure_injections
from workbench.triage.label_faults import measure_label_faults
from workbench.triage.remainder import exclusions, repaired
from workbench.triage.repair import measure_repairs


def cleaned(case: Case) -> Case:
    return repaired(
        case, measure_repairs(case), measure_injections(case), measure_label_faults(case)
    )


def kept_out(case: Case) -> tuple[Exclusion, ...]:
    return exclusions(
        case, measure_repairs(case), measure_injections(case), measure_label_faults(case)
    )


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_repaired_rows_are_those_that_were_never_spoilt(task: str) -> None:
    case = case_of(
        task, spoil=times(100.0, carrier="UA"), faults=[unit_fault(100.0, carrier="UA")], rows=8000
    )
    clean, whole = cleaned(case), case_of(task, rows=8000)
    assert clean.faults == ()
    assert clean.current.columns == case.current.columns
    for column in whole.current.columns:
        if whole.current[column].dtype == pl.Float64:
            assert (clean.current[column] - whole.current[column]).abs().max() < 1e-9  # type: ignore[operator]
        else:
            assert clean.current[column].equals(whole.current[column])
    assert any("faults undone" in note for note in clean.notes)


def test_rows_that_nothing_repairs_are_dropped() -> None:
    case = case_of(spoil=missing(0.5), faults=[missing_fault(0.5)])
    clean = cleaned(case)
    assert clean.current["x0"].null_count() == 0
    assert clean.current.height == case.current.height - case.current["x0"].null_count()
    assert clean.before.equals(case.before)


def test_without_proven_faults_the_case_is_the_same() -> None:
    quiet = case_of(spoil=missing(0.5, "x3"), faults=[missing_fault(0.5, "x3")])
    assert cleaned(quiet) is quiet
    none = case_of(rows=300)
    assert cleaned(none) is none


def test_suspected_faults_cost_their_rows_where_nothing_can_be_rescored() -> None:
    case = case_of(
        spoil=times(100.0, carrier="UA"),
        faults=[unit_fault(100.0, carrier="UA")],
        rows=8000,
        models=Models(),
    )
    clean = cleaned(case)
    assert "UA" not in clean.current["carrier"].to_list()
    assert "UA" in clean.before["carrier"].to_list()


def test_rows_of_a_fault_are_kept_out_of_training_with_and_without_harm() -> None:
    harmful = case_of(
        spoil=times(100.0, carrier="UA"),
        faults=[replace(unit_fault(100.0, carrier="UA"), also_in=("DL",))],
    )
    assert kept_out(harmful) == (
        Exclusion((("carrier", "UA"),), ONSET, None), Exclusion((("carrier", "DL"),), ONSET, None),
    )  # fmt: skip
    harmless = case_of(spoil=missing(0.5, "x3"), faults=[missing_fault(0.5, "x3")])
    assert kept_out(harmless) == (Exclusion((), ONSET, None),)
    until = ONSET + timedelta(days=3)
    over = replace(missing_fault(0.5, "x3"), until=until)
    assert kept_out(replace(harmless, faults=(over,))) == (Exclusion((), ONSET, until),)


def test_a_sentinel_is_named_by_its_value_and_a_whole_log_is_not_kept_out() -> None:
    case = case_of(
        spoil=lambda f: f.with_columns(
            x3=pl.when(pl.int_range(pl.len()) % 5 == 0).then(-1.0).otherwise("x3")
        )
    )
    sentinel = Fault(
        "x3",
        "sentinel_value",
        "warning",
        None,
        0.2,
        "",
        transform=Transform("to_missing", values=("-1.0",)),
    )
    assert kept_out(replace(case, faults=(sentinel,))) == (
        Exclusion((("x3", "-1.0"),), None, None),
    )
    always = replace(missing_fault(0.2, "x3"), since=None)
    assert kept_out(case_of(spoil=missing(0.2, "x3"), faults=[always])) == ()
    unread = Fault("host", "new_category", "warning", ONSET, 0.2, "")
    assert kept_out(replace(case, faults=(unread,))) == ()


def test_a_sensitive_segment_is_not_named() -> None:
    case = case_of(spoil=times(100.0, carrier="UA"), faults=[unit_fault(100.0, carrier="UA")])
    card = replace(case.card, privacy=replace(case.card.privacy, sensitive=("carrier",)))
    assert kept_out(replace(case, card=card)) == (Exclusion((), ONSET, None),)


def test_of_two_causes_the_remainder_is_the_one_that_is_no_fault() -> None:
    def flipped(frame: pl.DataFrame) -> NDArray[np.float64]:
        z = logit(frame)
        found: NDArray[np.float64] = np.where(frame["x3"].to_numpy() > 0.8, -z, z)
        return found

    fault = unit_fault(-1.0, carrier="UA")
    both = case_of(law=flipped, spoil=times(-1.0, carrier="UA"), faults=[fault], rows=8000)
    alone = case_of(law=flipped, rows=8000)
    clean = cleaned(both)
    assert clean.current["wb_bad"].mean() == alone.current["wb_bad"].mean()
    assert both.current["wb_bad"].mean() > alone.current["wb_bad"].mean() + 0.02  # type: ignore[operator]
