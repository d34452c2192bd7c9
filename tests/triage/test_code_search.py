"""Codes that changed places are found by the labels alone, and a changed world is not taken for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.triage.planted import ONSET, START, case_of, rows_of, scorer, turned_above
from workbench.domain.fault import Fault
from workbench.triage.case import Case, Models
from workbench.triage.code_search import with_renamed_codes
from workbench.triage.repair import measure_repairs

CIRCLE = {"AA": "DL", "DL": "UA", "UA": "AA"}
SWAP = {"DL": "UA", "UA": "DL"}


def by_carrier(frame: pl.DataFrame) -> NDArray[np.float64]:
    """A law in which the carrier tells much."""
    effect = {"AA": -2.0, "DL": 2.0, "UA": 0.0}
    z = 1.2 * frame["x0"].to_numpy() + np.array([effect.get(v, 0.0) for v in frame["carrier"]])
    found: NDArray[np.float64] = z
    return found


def renamed(
    names: dict[str, str], host: str | None = None
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        where = pl.lit(value=True) if host is None else pl.col("host") == host
        other = pl.col("carrier").replace(names)
        return frame.with_columns(pl.when(where).then(other).otherwise("carrier").alias("carrier"))

    return spoil


def spoilt(task: str, names: dict[str, str], host: str | None = None, rows: int = 4000) -> Case:
    model = scorer(task, by_carrier)
    case = case_of(
        task, law=by_carrier, served_by=model, spoil=renamed(names, host), rows=rows,
        models=Models(champion=model),
    )  # fmt: skip
    reference = rows_of(task, rows, 77, law=by_carrier, model=model, start=START)
    assert case.onset == ONSET
    return replace(case, reference=reference, before=reference, segments=("carrier", "host"))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("names", [SWAP, CIRCLE])
def test_codes_that_changed_places_are_found_and_proven(task: str, names: dict[str, str]) -> None:
    found = with_renamed_codes(spoilt(task, names))
    (fault,) = found.faults
    assert (fault.column, fault.kind, fault.segment) == ("carrier", "renamed_category", None)
    assert fault.transform is not None
    assert dict(fault.transform.mapping) == {new: old for old, new in names.items()}
    repairs = measure_repairs(found)
    assert repairs.decides
    assert repairs.repairs[0].is_proven


def test_the_group_that_they_changed_places_in_is_named() -> None:
    (fault,) = with_renamed_codes(spoilt("binary", SWAP, "h2", 8000)).faults
    assert fault.segment == ("host", "h2")
    assert fault.share == pytest.approx(0.25, abs=0.03)


def test_a_world_that_changed_is_no_renaming() -> None:
    def otherwise(frame: pl.DataFrame) -> NDArray[np.float64]:
        """Each carrier means something else, and nothing that another one meant."""
        effect = {"AA": 1.5, "DL": -2.5, "UA": -0.5}
        z = 1.2 * frame["x0"].to_numpy() + np.array([effect.get(v, 0.0) for v in frame["carrier"]])
        found: NDArray[np.float64] = -z
        return found

    for law in (turned_above(0.3), otherwise):
        assert with_renamed_codes(case_of(law=law)).faults == ()


def test_without_a_rise_an_artifact_or_a_column_of_its_own_nothing_is_looked_for() -> None:
    assert with_renamed_codes(case_of()).faults == ()
    case = spoilt("binary", SWAP)
    assert with_renamed_codes(replace(case, models=Models())).faults == ()
    known = Fault("carrier", "new_category", "ok", None, 0.1, "")
    assert with_renamed_codes(replace(case, faults=(known,))).faults == (known,)
