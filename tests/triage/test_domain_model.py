"""The domain model looks at inputs only, in any order, and says why where it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.triage.shift_worlds import FEATURES, ONSET, case_of, planted, rows
from workbench.domain.shape import FeatureColumn
from workbench.triage.case import Case
from workbench.triage.domain_model import DomainModel, measure_domain


def with_column(case: Case, name: str, before: pl.Expr, after: pl.Expr, kind: str) -> Case:
    storage = "number" if kind == "numeric" else "text"
    return replace(
        case,
        reference=case.reference.with_columns(before.alias(name)),
        current=case.current.with_columns(after.alias(name)),
        features=(*case.features, FeatureColumn(name, kind, storage)),
    )


def chances(found: DomainModel) -> list[float]:
    assert found.pi is not None
    return [float(value) for value in found.pi]


def test_neither_the_order_of_rows_nor_of_columns_matters() -> None:
    case = planted("harder", 400)
    mixed = replace(
        case,
        reference=case.reference.sample(fraction=1.0, shuffle=True, seed=1),
        current=case.current.select(reversed(case.current.columns)).reverse(),
        features=tuple(reversed(case.features)),
    )
    found, again = measure_domain(case, refits=1), measure_domain(mixed, refits=1)
    assert chances(found) == chances(again)
    assert chances(found) == chances(measure_domain(case, refits=1))
    assert [one.tolist() for one in found.refits] == [one.tolist() for one in again.refits]
    assert found == again


def test_another_seed_is_another_fit() -> None:
    case = planted("harder", 400)
    assert chances(measure_domain(case, refits=0)) != chances(
        measure_domain(replace(case, seed=1), refits=0)
    )


def test_what_says_when_a_row_is_from_is_left_out_and_named() -> None:
    day = pl.col("wb_timestamp")
    case = planted("none", 400)
    case = with_column(case, "year", pl.lit(2023.0), pl.lit(2024.0), "numeric")
    case = with_column(case, "release", pl.lit("r1"), pl.lit("r2"), "categorical")
    case = with_column(
        case, "clock", day.dt.epoch("s").cast(float), day.dt.epoch("s").cast(float), "numeric"
    )
    case = with_column(case, "key", pl.col("wb_id"), pl.col("wb_id"), "categorical")
    found = measure_domain(case, refits=0)
    assert [name for name, _ in found.excluded] == ["clock", "key", "release", "year"]
    assert found.columns == ("x0", "x1", "x2", "x3")
    assert found.auc == pytest.approx(0.5, abs=0.07)


def test_a_weekday_stays_though_it_is_the_same_all_day() -> None:
    weekday = pl.col("wb_timestamp").dt.weekday().cast(float)
    case = with_column(planted("none", 400), "weekday", weekday, weekday, "numeric")
    assert "weekday" in measure_domain(case, refits=0).columns


def test_a_value_that_all_rows_of_a_day_share_does_not_name_the_day() -> None:
    random = np.random.default_rng(5)
    case = planted("none", 1000)
    # A temperature a day, from one climate: rows of a held-out day are told by their climate only.
    of_day = {number: float(value) for number, value in enumerate(random.normal(size=200))}
    number = pl.col("wb_timestamp").dt.ordinal_day() % 200
    value = number.replace_strict(of_day, return_dtype=pl.Float64)
    case = with_column(case, "temperature", value, value, "numeric")
    found = measure_domain(case, refits=0)
    assert "temperature" in found.columns
    assert found.by_day == (True, True)
    assert found.auc is not None
    assert found.auc < 0.75


def test_one_value_a_day_and_few_days_are_not_compared() -> None:
    case = planted("none", 400)
    value = pl.col("wb_timestamp").dt.ordinal_day().cast(float).sin()
    case = with_column(case, "temperature", pl.col("x0") / 3, value, "numeric")
    two = case.current.filter(pl.col("wb_timestamp") < pl.lit(ONSET).dt.offset_by("2d"))
    many = pl.concat([two] * 10).with_columns(wb_id=pl.int_range(pl.len()).cast(str))
    found = measure_domain(replace(case, current=many), refits=0)
    assert [name for name, _ in found.excluded] == ["temperature"]
    assert found.by_day == (True, False)


def test_a_column_on_purpose_left_out_is_named() -> None:
    found = measure_domain(planted("unit", 400), without=["x0"], refits=0)
    assert found.columns == ("x1", "x2", "x3")
    assert found.excluded == (("x0", "left out on purpose"),)
    assert found.auc == pytest.approx(0.5, abs=0.07)


def test_the_time_before_stands_in_for_a_reference_that_is_too_small() -> None:
    case = planted("none", 400)
    moved = replace(case, reference=case.reference.head(50), before=case.reference)
    found = measure_domain(moved, refits=0)
    assert (found.against, found.labelled) == ("before", True)
    assert found.known is not None
    assert found.known.height == 400


def test_without_labels_the_inputs_are_compared_all_the_same() -> None:
    case = planted("harder", 400)
    bare = case.current.with_columns(
        wb_bad=pl.lit(None, pl.Float64), wb_label=pl.lit(None, pl.String)
    )
    found = measure_domain(replace(case, current=bare), refits=0)
    assert (found.labelled, found.skipped) == (False, None)
    assert found.auc is not None
    assert found.auc > 0.7


@pytest.mark.parametrize("kept", [0, 1, 199])
def test_too_few_rows_are_said(kept: int) -> None:
    case = planted("none", 300)
    few = replace(case, current=case.current.head(kept))
    assert measure_domain(few).skipped == f"the period has {kept} rows, and 200 are needed"
    few = replace(case, reference=case.reference.head(kept))
    assert measure_domain(few).skipped == f"the reference has {kept} rows, and 200 are needed"


def test_no_inputs_or_only_useless_ones_are_said() -> None:
    case = planted("none", 300)
    assert (
        measure_domain(replace(case, features=())).skipped == "the model has no inputs to compare"
    )
    same = replace(
        case,
        reference=case.reference.with_columns(x0=pl.lit(1.0)),
        current=case.current.with_columns(x0=pl.lit(1.0)),
        features=FEATURES[:1],
    )
    assert measure_domain(same).skipped == "no input is left to compare: x0: constant"
    gone = replace(case, current=case.current.drop("x0"))
    assert ("x0", "not there on both sides") in measure_domain(gone, refits=0).excluded


def test_rows_without_a_time_are_compared() -> None:
    case = planted("harder", 400)
    timeless = case.reference.with_columns(wb_timestamp=pl.lit(None, pl.Datetime("us", "UTC")))
    found = measure_domain(replace(case, reference=timeless), refits=0)
    assert (found.skipped, found.by_day) == (None, (False, True))


def test_missing_values_are_no_obstacle() -> None:
    random = np.random.default_rng(6)
    x = random.normal(size=(300, 4))
    label = random.random(300) < 0.5
    gone = rows(x, label).with_columns(x0=pl.lit(None, pl.Float64), x1=pl.lit(float("nan")))
    found = measure_domain(case_of(gone, rows(x, label, start=ONSET)), refits=0)
    assert found.auc is not None
    assert found.auc > 0.95
