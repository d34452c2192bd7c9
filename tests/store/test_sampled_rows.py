"""A sample is the same rows whatever the files were, with the labels that stand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.logs import START, binary_log
from tests.store.upkeep import ingest, make_workspace
from workbench.domain.period import Period
from workbench.store.sampled_rows import RowSample, sampled_reference, sampled_rows
from workbench.workspace import Workspace

LOG = binary_log(3000, seed=3, hours=72)
WHOLE = Period(START, START + timedelta(days=3))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path)


def sample(ws: Workspace, period: Period = WHOLE, **options: object) -> RowSample:
    return sampled_rows(ws._subject("m").store, period, **options)  # type: ignore[arg-type]


def test_every_row_is_there_with_the_label_that_stands(ws: Workspace) -> None:
    ingest(ws, "log.parquet", LOG.with_columns(label=pl.lit(None, pl.Int64)))
    labels = LOG.select("prediction_id", label=1 - pl.col("label")).head(2000)
    ingest(ws, "early.csv", labels)
    ingest(ws, "late.csv", LOG.select("prediction_id", "label").head(1000))
    found = sample(ws)
    assert found.is_whole
    assert found.frame["wb_id"].to_list() == LOG["prediction_id"].to_list()
    assert found.frame["x"].to_list() == LOG["x"].to_list()
    assert (
        found.frame["wb_timestamp"].dt.replace_time_zone(None).to_list()
        == LOG["timestamp"].to_list()
    )
    expected = [*LOG["label"][:1000], *(1 - LOG["label"][1000:2000]), *[None] * 1000]
    said = [None if v is None else str(v) for v in expected]
    assert found.frame["wb_label"].to_list() == said
    wrong = [
        None if v is None else float(v != p)
        for v, p in zip(expected, LOG["prediction"], strict=True)
    ]
    assert found.frame["wb_bad"].to_list() == wrong
    assert sample(ws, only_labelled=True).rows == 2000


def test_a_sample_does_not_depend_on_the_files(tmp_path: Path) -> None:
    one, two = make_workspace(tmp_path / "one"), make_workspace(tmp_path / "two")
    ingest(one, "log.parquet", LOG)
    for place, part in enumerate(LOG.reverse().iter_slices(1100)):
        ingest(two, f"part-{place}.csv", part)
    left, right = (sample(ws, most=500) for ws in (one, two))
    assert left.frame.equals(right.frame)
    assert left.rows == right.rows == 3000
    assert not left.is_whole
    assert 430 < left.frame.height < 570
    day = Period(START, START + timedelta(days=1))
    inside = sample(one, day, most=10**6)
    assert inside.rows == LOG.filter(pl.col("timestamp") < day.end.replace(tzinfo=None)).height


def test_versions_and_roles_choose(ws: Workspace) -> None:
    log = LOG.with_columns(
        model_version=pl.when(pl.int_range(pl.len()) < 600)
        .then(pl.lit("1"))
        .otherwise(pl.lit("2")),
        role=pl.when(pl.int_range(pl.len()) % 3 == 0)
        .then(pl.lit("shadow"))
        .otherwise(pl.lit("live")),
    )
    ingest(ws, "log.parquet", log)
    assert sample(ws, versions=("1",)).rows == 400
    assert sample(ws, versions=("1", "2"), roles=("shadow",)).rows == 1000
    assert sample(ws, roles=()).rows == 3000
    assert sample(ws, versions=()).rows == 0


def test_live_rows_of_some_versions_are_left_out(ws: Workspace) -> None:
    third = pl.int_range(pl.len()) % 3
    log = LOG.with_columns(
        model_version=pl.when(third == 0).then(pl.lit("7")).otherwise(pl.lit("8")),
        role=pl.when(third == 1).then(pl.lit("shadow")).otherwise(pl.lit("live")),
    )
    ingest(ws, "log.parquet", log)
    every = sample(ws, roles=()).frame
    live, of_eight = pl.col("wb_role") == "live", pl.col("wb_version") == "8"
    for left_out, kept in (((), pl.lit(value=True)), (("8",), ~(live & of_eight)), (None, ~live)):
        found = sample(ws, roles=(), but_live=left_out)
        assert found.frame.equals(every.filter(kept))
        assert found.is_whole


def test_the_reference_comes_in_the_same_form(ws: Workspace) -> None:
    ingest(ws, "log.parquet", LOG)
    table = pl.read_parquet(ws.root / "data" / "reference.parquet")
    one = ws._subject("m")
    found = sampled_reference(ws.store, ws.root, one.card, one.store, ws.clock.now())
    assert found.is_whole
    assert found.frame.schema == sample(ws).frame.schema
    assert sorted(found.frame["x"].to_list()) == sorted(table["x"].to_list())
    wrong = (table["prediction"] != table["label"]).sum()
    assert found.frame["wb_bad"].sum() == wrong
    few = sampled_reference(ws.store, ws.root, one.card, one.store, ws.clock.now(), most=300)
    assert 240 < few.frame.height < 360
    assert few.rows == 2000


def test_a_regression_has_numbers(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, task="regression")
    from tests.store.upkeep import as_regression

    log = as_regression(LOG)
    ingest(ws, "log.parquet", log)
    found = sample(ws).frame
    tolerance = ws._subject("m").store.baseline.rules.tolerance
    errors = (log["prediction"] - log["label"]).abs()
    assert found["wb_bad"].to_list() == (errors > tolerance).cast(pl.Float64).to_list()
    assert "wb_score" in found.columns


def test_rows_of_the_reference_without_an_id_go_by_their_place(ws: Workspace) -> None:
    ingest(ws, "log.parquet", LOG)
    path = ws.root / "data" / "reference.parquet"
    table = pl.read_parquet(path)
    gone = pl.int_range(pl.len()) % 2 == 0
    table.with_columns(
        prediction_id=pl.when(gone).then(None).otherwise(pl.col("prediction_id"))
    ).write_parquet(path)
    one = ws._subject("m")
    found = sampled_reference(ws.store, ws.root, one.card, one.store, ws.clock.now())
    assert found.frame["wb_id"].null_count() == 0
    assert found.frame["wb_id"].n_unique() == 2000
    few = sampled_reference(ws.store, ws.root, one.card, one.store, ws.clock.now(), most=300)
    is_placed = few.frame["wb_id"].str.starts_with("reference:")
    assert 80 < is_placed.sum() < 220
    assert 80 < (~is_placed).sum() < 220
    assert ws.slices("m", "all").reference_sampled == 2000
