"""NaN in a Parquet file is a missing value, though the file's own statistics know of none."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import ingest, make_workspace


@pytest.mark.parametrize("type_", [pl.Float64, pl.Float32])
def test_nan_without_nulls_is_missing_and_in_no_figure(
    tmp_path: Path, type_: type[pl.DataType]
) -> None:
    ws = make_workspace(tmp_path)
    broken = pl.int_range(pl.len()) % 4 == 0
    log = binary_log(800).with_columns(
        x=pl.when(broken).then(float("nan")).otherwise("x").cast(type_)
    )
    assert log["x"].null_count() == 0
    ingest(ws, "log.parquet", log)

    (x,) = (column for column in ws.drift("m", "all").columns if column.name == "x")
    assert x.missing_current == pytest.approx(0.25)
    assert x.current is not None
    assert x.current.present == 600
    assert x.wasserstein is not None
    assert x.wasserstein < 0.2
    assert ws.sql("SELECT count(*) AS n FROM m WHERE x IS NULL")["n"].to_list() == [200]


def test_nan_in_the_reference_is_missing_too(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    path = ws.root / "data" / "reference.parquet"
    broken = pl.int_range(pl.len()) % 5 == 0
    pl.read_parquet(path).with_columns(
        x=pl.when(broken).then(float("nan")).otherwise("x")
    ).write_parquet(path)
    ingest(ws, "log.parquet", binary_log(500))
    (x,) = (column for column in ws.drift("m", "all").columns if column.name == "x")
    assert x.missing_reference == pytest.approx(0.2)
    assert x.reference is not None
    assert x.reference.present == 1600
