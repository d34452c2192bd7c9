"""Whatever is missing or degenerate in a case, the steps say so and do not break, nor decide anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from tests.triage.planted import ONSET, case_of, missing_fault, unit_fault
from workbench.domain.fault import KINDS, Fault
from workbench.triage.case import Case, Models
from workbench.triage.injection import measure_injections
from workbench.triage.label_faults import measure_label_faults
from workbench.triage.outputs import measure_outputs
from workbench.triage.remainder import exclusions, repaired
from workbench.triage.repair import measure_repairs
from workbench.triage.replay import measure_replay
from workbench.triage.version_comparison import measure_versions

FRAMES = ("reference", "before", "current", "others")


def nulled(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    kept = [n for n in names if n in frame.columns]
    return frame.with_columns(pl.lit(None, dtype=frame.schema[n]).alias(n) for n in kept)


CHANGES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "no rows": lambda f: f.clear(),
    "no columns either": lambda _: pl.DataFrame(),
    "one row": lambda f: f.head(1),
    "no labels": lambda f: nulled(f, "wb_label", "wb_bad"),
    "few labels": lambda f: pl.concat([f.head(36), nulled(f[36:], "wb_label", "wb_bad")]),
    "one class": lambda f: f.filter(pl.col("wb_label") == f["wb_label"][0]),
    "no scores": lambda f: nulled(
        f, *(c for c in f.columns if c.startswith(("wb_score", "score_")))
    ),
    "score columns gone": lambda f: f.drop(
        [c for c in f.columns if c.startswith(("wb_score", "score_"))]
    ),
    "no predictions": lambda f: nulled(f, "wb_prediction"),
    "an empty feature": lambda f: nulled(f, "x0"),
    "an empty category": lambda f: nulled(f, "carrier"),
    "no version": lambda f: nulled(f, "wb_version"),
    "one moment": lambda f: f.with_columns(
        pl.lit(f["wb_timestamp"][0] if f.height else None).alias("wb_timestamp")
    ),
}


def measured(case: Case) -> list[object]:
    replay, outputs = measure_replay(case), measure_outputs(case)
    repairs, injections = measure_repairs(case), measure_injections(case)
    labels, versions = measure_label_faults(case), measure_versions(case)
    found = [replay, outputs, repairs, injections, labels, versions]
    for one in found:
        assert all(e.reading for e in one.evidence())  # type: ignore[attr-defined]
        one.causes()  # type: ignore[attr-defined]
    exclusions(case, repairs, injections, labels)
    repaired(case, repairs, injections, labels)
    return found


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("name", CHANGES)
def test_nothing_breaks(task: str, name: str) -> None:
    case = case_of(task, rows=160)
    faults = [
        unit_fault(100.0), unit_fault(100.0, carrier="UA"), missing_fault(0.5, "x1"), unit_fault(2.0, "gone"),
        *(Fault("x2", kind, "warning", ONSET, 0.2, "seen") for kind in KINDS[::3]),
        *(Fault("", kind, "warning", ONSET, 0.2, "seen") for kind in KINDS if kind.startswith(("label", "dup", "vol"))),
    ]  # fmt: skip
    case = replace(case, faults=tuple(faults), others=case.before)
    for frame in FRAMES:
        changed = CHANGES[name](getattr(case, frame))
        if frame == "current" and not changed.width:
            continue  # the period's frame always has its columns
        bare = replace(case, **{frame: changed})  # type: ignore[arg-type]
        measured(bare)
        if frame == "current":
            measured(replace(bare, models=Models()))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_quiet_case_is_left_alone_by_every_step(task: str) -> None:
    for seed in range(6):
        case = case_of(task, seed=seed + 40, rows=600)
        replay, outputs, repairs, injections, labels, versions = measured(case)
        assert not replay.decides  # type: ignore[attr-defined]
        assert outputs.verdict is None  # type: ignore[attr-defined]
        for one in (repairs, injections, labels, versions):
            assert not one.decides  # type: ignore[attr-defined]
