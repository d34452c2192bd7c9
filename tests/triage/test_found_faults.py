"""Faults as the quality checks find them, not as a test would write them, are proven or cleared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.triage.planted import END, ONSET, START, case_of, expit, logit, scorer, served, times
from workbench.domain.fault import Fault
from workbench.domain.period import Period
from workbench.domain.shape import FeatureColumn
from workbench.quality.findings import judged
from workbench.quality.looking import value_findings
from workbench.quality.sides import make_sides
from workbench.triage.case import Case, Models
from workbench.triage.injection import measure_injections
from workbench.triage.remainder import repaired
from workbench.triage.repair import measure_repairs

DAY = timedelta(days=1)
Spoil = Callable[[pl.DataFrame], pl.DataFrame]


def found_faults(case: Case) -> tuple[Fault, ...]:
    """What the checks of values find in the case."""
    log = pl.concat([case.before, case.current], how="diagonal")
    sides = make_sides(
        log, case.reference, case.features, case.segments, Period(ONSET, END), case.bucket
    )
    findings = value_findings(sides, 0.01, case.bucket, "timestamp")
    return tuple(judged(f, sides, case.card.thresholds) for f in findings)


def swap(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("x2").alias("x1"), pl.col("x1").alias("x2"))


def recode(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("carrier").str.to_lowercase())


def sentinel(frame: pl.DataFrame) -> pl.DataFrame:
    hit = pl.Series(np.random.default_rng(2).random(frame.height) < 0.4)
    return frame.with_columns(pl.when(hit).then(-999.0).otherwise("x0").alias("x0"))


def frozen(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.lit(1.3).alias("x0"))


def spread(frame: pl.DataFrame) -> pl.DataFrame:
    """x1 and x2 differ in where they lie, so that a swap can be seen."""
    return frame.with_columns(pl.col("x2") * 0.5 + 2.0)


def offset_law(frame: pl.DataFrame) -> NDArray[np.float64]:
    # A carrier that is unknown counts for nothing, so that a recoding does harm.
    known = frame.with_columns(((pl.col("x2") - 2.0) / 0.5).alias("x2"))
    weight = np.array(
        [{"AA": 1.5, "DL": -1.5, "UA": 0.5}.get(v, 0.0) for v in frame["carrier"].to_list()]
    )
    found: NDArray[np.float64] = logit(known) + weight
    return found


def world(task: str, spoil: Spoil, model: object) -> Case:
    """A case whose rows all have x2 around 2, spoilt by `spoil` since the onset."""
    case = case_of(task, rows=6000)

    def of(frame: pl.DataFrame, seed: int, change: Spoil) -> pl.DataFrame:
        clean = spread(frame)
        z = offset_law(clean)
        rng = np.random.default_rng(seed)
        if task == "regression":
            label = pl.Series("wb_label", z + rng.normal(size=frame.height))
        else:
            label = pl.Series(
                "wb_label",
                (rng.random(frame.height) < 1 / (1 + np.exp(-z))).astype(int).astype(str),
            )
        return served(change(clean.with_columns(label)), task, model)  # type: ignore[arg-type]

    return replace(
        case,
        reference=of(case.reference, 1, lambda f: f),
        before=of(case.before, 2, lambda f: f),
        current=of(case.current, 3, spoil),
        models=Models(champion=model),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize(
    ("spoil", "column", "kind"),
    [
        (times(100.0), "x0", "unit_change"),
        (times(60.0, carrier="UA"), "x0", "unit_change"),
        (swap, "x1", "swapped_columns"),
        (recode, "carrier", "renamed_category"),
        (sentinel, "x0", "sentinel_value"),
        (frozen, "x0", "stale_value"),
    ],
)
def test_a_planted_fault_is_found_and_proven(
    task: str, spoil: Spoil, column: str, kind: str
) -> None:
    case = world(task, spoil, scorer(task, offset_law))
    case = replace(case, faults=found_faults(case))
    repairs, injections = measure_repairs(case), measure_injections(case)
    proven = [r.fault for r in repairs.repairs if r.is_proven] + [
        i.fault for i in injections.injections if i.is_proven
    ]
    assert [(f.column, f.kind) for f in proven] == [(column, kind)]
    (fault,) = proven
    assert fault.since == ONSET
    clean = repaired(case, repairs, injections)
    rate = float(case.reference["wb_bad"].mean())  # type: ignore[arg-type]
    if clean.current.height > 1000:
        assert float(clean.current["wb_bad"].mean()) == pytest.approx(rate, abs=0.025)  # type: ignore[arg-type]


def test_a_changed_world_has_no_proven_fault() -> None:
    def moved(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.col("x0") * 1.6 + 0.7)

    case = case_of(rows=6000)
    law = scorer("binary")

    def of(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
        label = (
            np.random.default_rng(seed).random(frame.height) < 1 / (1 + np.exp(-logit(frame)))
        ).astype(int)
        return served(frame.with_columns(pl.Series("wb_label", label.astype(str))), "binary", law)

    case = replace(case, current=of(moved(case.current), 5))
    case = replace(case, faults=found_faults(case))
    assert not measure_repairs(case).decides
    assert not measure_injections(case).decides


def test_a_quiet_world_has_none_either() -> None:
    case = case_of(rows=4000)
    case = replace(case, faults=found_faults(case))
    assert not measure_repairs(case).decides
    assert not measure_injections(case).decides
    assert case.before["wb_timestamp"].min() >= START  # type: ignore[operator]


def test_an_hour_of_another_zone_is_found_and_proven() -> None:
    features = (*case_of(rows=60).features, FeatureColumn("hour", "numeric", "number"))

    def law(frame: pl.DataFrame) -> NDArray[np.float64]:
        hour = frame["hour"].fill_null(12.0).to_numpy()
        found: NDArray[np.float64] = logit(frame) + 2.5 * np.sin(hour / 24 * 2 * np.pi)
        return found

    def model(frame: pl.DataFrame) -> pl.DataFrame:
        p = expit(law(frame))
        return pl.DataFrame({"wb_prediction": np.where(p >= 0.5, "1", "0"), "wb_score": p})

    def of(frame: pl.DataFrame, seed: int, shift: int) -> pl.DataFrame:
        timed = frame.with_columns(pl.col("wb_timestamp").dt.hour().cast(pl.Float64).alias("hour"))
        label = (
            (np.random.default_rng(seed).random(frame.height) < expit(law(timed)))
            .astype(int)
            .astype(str)
        )
        timed = timed.with_columns(
            pl.Series("wb_label", label), ((pl.col("hour") + shift) % 24).alias("hour")
        )
        out = model(timed)
        full = timed.drop(out.columns).hstack(out)
        return full.with_columns(
            (full["wb_prediction"] != full["wb_label"]).cast(pl.Float64).alias("wb_bad")
        )

    case = case_of(rows=6000)
    case = replace(
        case, features=features, models=Models(champion=model), reference=of(case.reference, 1, 0),
        before=of(case.before, 2, 0), current=of(case.current, 3, 5),
    )  # fmt: skip
    case = replace(case, faults=found_faults(case))
    (one,) = [r for r in measure_repairs(case).repairs if r.is_proven]
    assert (one.fault.column, one.fault.kind) == ("hour", "clock_shift")
    assert one.effect is not None
    share = one.effect.share
    assert share is not None
    assert share[1] > 0.7
