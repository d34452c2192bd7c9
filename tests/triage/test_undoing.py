"""What a fault spoilt is given back, in the rows that it touched, and nowhere else."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.planted import END, ONSET, START, case_of, inputs, times, unit_fault
from workbench.domain.fault import Fault, Transform
from workbench.triage.undoing import affected, in_scope, is_invertible, undone

DAY = timedelta(days=1)


def of(
    column: str, transform: Transform | None, kind: str = "unit_change", **more: object
) -> Fault:
    return Fault(column, kind, "critical", ONSET, 1.0, "", transform=transform, **more)  # type: ignore[arg-type]


@pytest.fixture
def frame() -> pl.DataFrame:
    return inputs(600, 1, start=ONSET - 5 * DAY, days=10)


@given(
    factor=st.sampled_from([100.0, 0.01, -1.0, 1.8]), offset=st.sampled_from([0.0, 32.0, -273.15])
)
def test_an_affine_change_is_undone_in_its_time_and_segment_only(
    factor: float, offset: float
) -> None:
    clean = inputs(200, 2, start=ONSET - 5 * DAY, days=10)
    fault = of("x0", Transform("affine", factor=factor, offset=offset), segment=("carrier", "UA"))
    late = (clean["wb_timestamp"] >= ONSET).to_numpy() & (clean["carrier"] == "UA").to_numpy()
    spoilt = clean.with_columns(
        pl.when(pl.Series(late)).then(pl.col("x0") * factor + offset).otherwise("x0").alias("x0")
    )
    assert affected(spoilt, fault).tolist() == late.tolist()
    back = undone(spoilt, fault, clean)
    assert np.allclose(back["x0"].to_numpy(), clean["x0"].to_numpy())
    assert back.drop("x0").equals(clean.drop("x0"))


def test_every_kind_of_transform_gives_the_values_back(frame: pl.DataFrame) -> None:
    late = pl.col("wb_timestamp") >= ONSET
    hours = frame.with_columns(
        pl.col("wb_timestamp").dt.hour().cast(pl.Float64).alias("hour"),
        pl.col("wb_timestamp").dt.hour().cast(pl.String).str.zfill(2).alias("text_hour"),
        pl.col("x0").exp().alias("big"), (pl.col("x1").round() + 3).alias("code"),
    )  # fmt: skip
    cases = [
        ("hour", Transform("shift_hours", hours=5, modulus=24), (pl.col("hour") + 5) % 24),
        ("text_hour", Transform("shift_hours", hours=5, modulus=24),
         ((pl.col("text_hour").cast(pl.Int64) + 5) % 24).cast(pl.String).str.zfill(2)),
        ("big", Transform("shift_hours", hours=-2), pl.col("big") - 7200),
        ("big", Transform("unlog", factor=math.e, offset=1.0), (pl.col("big") + 1).log()),
        ("carrier", Transform("recode", mapping=(("UA", "DL"), ("DL", "UA"))),
         pl.col("carrier").replace({"UA": "DL", "DL": "UA"})),
        ("carrier", Transform("recode", mapping=(("ua", "UA"),)), pl.col("carrier").replace({"UA": "ua"})),
        ("code", Transform("recode", mapping=(("2", "3"), ("3", "2"))), pl.col("code").replace({2.0: 3.0, 3.0: 2.0})),
    ]  # fmt: skip
    for column, transform, spoil in cases:
        spoilt = hours.with_columns(pl.when(late).then(spoil).otherwise(column).alias(column))
        assert not spoilt[column].equals(hours[column])
        back = undone(spoilt, of(column, transform), hours)
        if hours[column].dtype == pl.String:
            assert back[column].to_list() == hours[column].to_list(), transform
        else:
            assert np.allclose(back[column].to_numpy(), hours[column].to_numpy()), transform
        assert back.schema == hours.schema


def test_a_swap_exchanges_both_columns(frame: pl.DataFrame) -> None:
    late = pl.col("wb_timestamp") >= ONSET
    spoilt = frame.with_columns(
        pl.when(late).then("x1").otherwise("x0").alias("x0"),
        pl.when(late).then("x0").otherwise("x1").alias("x1"),
    )
    assert undone(spoilt, of("x0", Transform("swap", other="x1")), frame).equals(frame)


def test_what_stands_for_nothing_becomes_nothing(frame: pl.DataFrame) -> None:
    spoilt = frame.with_columns(
        pl.when((pl.col("carrier") == "AA") & (pl.col("wb_timestamp") >= ONSET))
        .then(-999.0)
        .otherwise("x2")
        .alias("x2")
    )
    fault = of("x2", Transform("to_missing", values=("-999.0",)), "sentinel_value")
    back = undone(spoilt, fault, frame)
    assert back["x2"].is_null().to_list() == (spoilt["x2"] == -999.0).to_list()
    assert not is_invertible(fault)
    assert is_invertible(unit_fault(100.0))


def test_nothing_happens_without_a_transform_a_column_or_rows(frame: pl.DataFrame) -> None:
    for fault in (
        of("x0", None),
        of("gone", Transform("affine", factor=2.0)),
        of("x0", Transform("swap", other="gone")),
    ):
        assert undone(frame, fault, frame).equals(frame)
    empty = frame.clear()
    assert undone(empty, unit_fault(10.0), frame).equals(empty)
    assert affected(empty, unit_fault(10.0)).tolist() == []
    assert not in_scope(frame, of("x0", None, segment=("gone", "1"))).any()


def test_rows_are_told_by_what_the_kind_can_spoil(frame: pl.DataFrame) -> None:
    usual = frame
    strange = frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 3 == 0).then(50.0).otherwise("x1").alias("x1"),
        pl.when(pl.int_range(pl.len()) % 4 == 0).then(pl.lit("ZZ")).otherwise("carrier").alias("carrier"),
        pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise("x2").alias("x2"),
    )  # fmt: skip
    everywhere = {"x1": "out_of_range", "carrier": "new_category", "x2": "missing_values"}
    for step, (column, kind) in zip((3, 4, 5), everywhere.items(), strict=True):
        fault = Fault(column, kind, "critical", None, 0.3, "")
        expected = np.arange(frame.height) % step == 0
        assert affected(strange, fault, usual).tolist() == expected.tolist()


def test_further_segment_values_of_one_fault_are_touched_too(frame: pl.DataFrame) -> None:
    fault = of("x0", Transform("affine", factor=2.0), segment=("carrier", "UA"), also_in=("DL",))
    late = (frame["wb_timestamp"] >= ONSET) & frame["carrier"].is_in(["UA", "DL"])
    assert affected(frame, fault).tolist() == late.to_list()


def test_the_version_is_a_segment_under_our_name(frame: pl.DataFrame) -> None:
    rows = frame.with_columns(
        pl.when(pl.col("host") == "h1").then(pl.lit("3")).otherwise(pl.lit("2")).alias("wb_version")
    )
    scope = in_scope(rows, of("x0", None, segment=("model_version", "3")))
    assert scope.tolist() == ((rows["host"] == "h1") & (rows["wb_timestamp"] >= ONSET)).to_list()


@pytest.mark.parametrize("carrier", [None, "UA"])
def test_the_moment_within_the_first_bucket_is_found(carrier: str | None) -> None:
    case = case_of(rows=4000)
    start = ONSET + timedelta(hours=14)
    spoilt = times(100.0, carrier=carrier)(case.current)
    rows = case.current.with_columns(
        pl.when(pl.col("wb_timestamp") >= start).then(spoilt["x0"]).otherwise("x0").alias("x0")
    )
    truth = (
        (rows["wb_timestamp"] >= start) & (True if carrier is None else rows["carrier"] == carrier)
    ).to_numpy()
    fault = unit_fault(100.0, carrier=carrier)
    crude, fine = affected(rows, fault), affected(rows, fault, case.reference, DAY)
    wrong = int((fine != truth).sum())
    assert wrong <= 6
    assert wrong < 0.1 * int((crude != truth).sum())


def test_the_end_within_the_last_bucket_is_found() -> None:
    case = case_of(rows=4000)
    end = END - timedelta(hours=10)
    spoilt = times(0.01)(case.current)
    rows = case.current.with_columns(
        pl.when(pl.col("wb_timestamp") < end).then(spoilt["x0"]).otherwise("x0").alias("x0")
    )
    fault = Fault(
        "x0",
        "unit_change",
        "critical",
        None,
        1.0,
        "",
        transform=Transform("affine", factor=0.01),
        until=END,
    )
    found = affected(rows, fault, case.reference, DAY)
    assert int((found != (rows["wb_timestamp"] < end).to_numpy()).sum()) <= 6


def test_a_bucket_that_is_affected_as_a_whole_is_not_cut() -> None:
    case = case_of(spoil=times(100.0))
    assert affected(case.current, unit_fault(100.0), case.reference, DAY).all()
    assert (case.current["wb_timestamp"] >= START).all()
