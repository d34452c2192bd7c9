"""Faults in the hourly demand for bicycles are told from its seasons."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tests.quality.real_logs import bikes, loud, only
from workbench.domain.fault import Transform

SINCE = datetime(2012, 6, 1, tzinfo=UTC)
c = pl.col


def test_hours_of_another_zone(tmp_path: Path) -> None:
    ws = bikes().workspace(tmp_path, lambda f: f.with_columns((c("hour") + 4) % 24))
    for period in ("7d", "30d"):
        fault = only(ws.quality("m", period), "clock_shift", "hour")
        assert fault.since == SINCE
        assert fault.transform == Transform("shift_hours", hours=4.0, modulus=24)
        assert fault.share == 1.0
        assert fault.status == "critical"


def test_degrees_where_shares_of_a_range_are_usual(tmp_path: Path) -> None:
    ws = bikes().workspace(tmp_path, lambda f: f.with_columns(c("temp") * 41, c("atemp") * 50))
    report = ws.quality("m", "30d")
    found = {f.column: f for f in report.faults if f.kind == "unit_change"}
    assert set(found) == {"temp", "atemp"}
    assert set(loud(report)) == {("temp", "unit_change"), ("atemp", "unit_change")}
    for column, factor in (("temp", 41), ("atemp", 50)):
        assert found[column].since == SINCE
        assert found[column].transform == Transform("affine", float(factor))


def test_degrees_that_were_normalised_by_a_range(tmp_path: Path) -> None:
    ws = bikes().workspace(tmp_path, lambda f: f.with_columns(c("temp") * 47 - 8))
    fault = only(ws.quality("m", "30d"), "unit_change", "temp")
    assert fault.transform == Transform("affine", 47.0, -8.0)
    assert fault.repair == "add 8, then divide by 47"


def test_humidity_that_is_gone(tmp_path: Path) -> None:
    ws = bikes().workspace(
        tmp_path, lambda f: f.with_columns(pl.lit(None, pl.Float64).alias("humidity"))
    )
    fault = only(ws.quality("m", "7d"), "missing_values", "humidity")
    assert fault.since == SINCE
    assert fault.share == 1.0


def test_a_season_is_no_fault(tmp_path: Path) -> None:
    ws = bikes().workspace(tmp_path)
    for period in ("24h", "7d", "30d", "all", "2012-06-10/2012-06-20"):
        assert loud(ws.quality("m", period)) == []
