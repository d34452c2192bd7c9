"""Numbers that run the other way round are turned back; a world that changed is not taken for that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.triage.planted import case_of, logit
from tests.triage.test_label_faults import relabelled
from workbench.triage.label_faults import measure_label_faults
from workbench.triage.label_mirror import mirror_point


@pytest.mark.parametrize("point", [0.0, 100.0])
@pytest.mark.parametrize("before", [0, 600])
def test_mirrored_numbers_are_proven_by_turning_them_back(point: float, before: int) -> None:
    case = case_of("regression", rows=2000)
    label = case.current["wb_label"]
    late = pl.Series(np.arange(2000) >= before)
    turned = relabelled(case, (point - label).zip_with(late, label))
    found = mirror_point(turned)
    assert found == pytest.approx(point, abs=0.15)
    faults = measure_label_faults(turned)
    (one,) = faults.faults
    assert (one.how, one.is_proven, faults.decides) == ("exchanged", True, True)
    assert faults.cannot_distinguish
    (cause,) = faults.causes()
    assert "less the label" in (cause.repair or "")
    assert faults.evidence()[0].supports == "fix_upstream"


def test_a_world_that_changed_is_not_mirrored() -> None:
    def rotated(frame: pl.DataFrame) -> NDArray[np.float64]:
        return -0.6 * logit(frame) + 1.2 * frame["x3"].to_numpy()

    def other(frame: pl.DataFrame) -> NDArray[np.float64]:
        return 2.0 * frame["x3"].to_numpy()

    for law in (logit, rotated, other):
        assert measure_label_faults(case_of("regression", law=law, rows=3000)).faults == ()


def test_classes_and_few_labels_have_no_point() -> None:
    assert mirror_point(case_of("binary")) is None
    few = case_of("regression", rows=80)
    assert mirror_point(relabelled(few, -few.current["wb_label"])) is None
    case = case_of("regression")
    assert mirror_point(replace(case, reference=case.reference.clear())) is None
