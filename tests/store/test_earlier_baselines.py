"""What is told of a time whose rows are gone, after its reference or card has changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.test_retaining import CUT, KEPT, LOG, retained
from tests.store.upkeep import (
    answered,
    as_regression,
    days_of,
    ingest,
    make_workspace,
    profiles,
    query,
)
from workbench.errors import NoRowsError
from workbench.workspace import Workspace

OTHER = binary_log(3000, seed=7, first_id=10**7, hours=480).with_columns(x=pl.col("x") * 3 + 1)


def put_reference(ws: Workspace, frame: pl.DataFrame) -> None:
    frame.write_parquet(ws.root / "data" / "reference.parquet")


def test_a_new_reference_leaves_the_counts_of_gone_rows_over_the_old_one(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    old = "2024-02-02/2024-02-06"
    before, report = profiles(ws, old), ws.drift("m", old)
    put_reference(ws, OTHER)
    after = ws.drift("m", old)
    assert profiles(ws, old) == before
    assert after.reference_rows == 2000
    assert after.columns == report.columns
    assert any("of that time" in note for note in after.notes)
    spanning = ws.drift("m", "2024-02-05/2024-02-09")
    part = ws.drift("m", "2024-02-07/2024-02-09")
    assert any("left out" in note and "2024-02-05" in note for note in spanning.notes)
    assert all("own buckets differ" in note for note in part.notes)
    assert (spanning.columns, spanning.current_rows) == (part.columns, part.current_rows)
    assert part.reference_rows == OTHER.height
    assert answered(ws) == days_of(LOG)
    ws.housekeeping.compact()
    ws.housekeeping.rebuild()
    assert profiles(ws, old) == before
    assert ws.drift("m", "2024-02-07/2024-02-09").columns == part.columns
    assert answered(ws) == days_of(LOG)


def test_periods_over_different_bins_are_not_compared(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    put_reference(ws, OTHER)
    early = ws.drift("m", "2024-02-02/2024-02-04", against="2024-02-04/2024-02-06")
    assert early.reference_rows == early.current_rows == 120
    with pytest.raises(NoRowsError, match="another reference"):
        ws.drift("m", "2024-02-08/2024-02-10", against="2024-02-02/2024-02-04")


def test_references_may_come_and_go_between_retentions(tmp_path: Path) -> None:
    """First one reference, then another, then the first again: each day over that of its time."""
    ws = make_workspace(tmp_path)
    first = pl.read_parquet(ws.root / "data" / "reference.parquet")
    ingest(ws, "log.parquet", LOG)
    ws.housekeeping.retain("8d")
    put_reference(ws, OTHER)
    ws.housekeeping.retain("4d")
    put_reference(ws, first)
    for _ in range(2):
        assert answered(ws) == days_of(LOG)
        rows = {
            period: ws.drift("m", period).reference_rows
            for period in (
                "2024-02-01/2024-02-03", "2024-02-03/2024-02-07", "2024-02-07/2024-02-11",
            )
        }  # fmt: skip
        assert list(rows.values()) == [2000, 3000, 2000]
        assert profiles(ws, "2024-02-01/2024-02-03")["x"][1] == 0
        for start, end in ((1, 3), (3, 7), (7, 11)):
            inside = LOG.filter(pl.col("timestamp").dt.day().is_between(start, end - 1))
            found = profiles(ws, f"2024-02-{start:02d}/2024-02-{end:02d}")["x"]
            assert sum(found[0]) == inside.height
            assert (found[3], found[4]) == (inside["x"].min(), inside["x"].max())
        ws.housekeeping.rebuild()
        ws.housekeeping.compact()
    put_reference(ws, OTHER)
    ws.housekeeping.retain("2d")
    assert answered(ws) == days_of(LOG)


def test_no_area_is_told_of_scores_that_lie_in_different_bins(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    assert ws.performance_report("m", "all").whole.metrics["roc_auc"] is not None
    put_reference(ws, OTHER)
    report = ws.performance_report("m", "all")
    assert report.whole.metrics["roc_auc"] is None
    assert any("area under the curve" in note for note in report.notes)
    assert all(bucket.metrics["roc_auc"] is not None for bucket in report.buckets)
    for period in ("2024-02-01/2024-02-07", "2024-02-07/2024-02-11"):
        part = ws.performance_report("m", period)
        assert part.whole.metrics["roc_auc"] is not None
        assert not any("area under the curve" in note for note in part.notes)


def test_outcomes_of_gone_rows_stay_judged_by_the_rules_of_then(tmp_path: Path) -> None:
    """The tolerance of a regression comes from its reference."""
    ws = make_workspace(tmp_path, task="regression")
    log = as_regression(LOG)
    ingest(ws, "log.parquet", log)

    def tolerance() -> float:
        return float(query(ws, "SELECT tolerance FROM baselines")[0][0])

    old = tolerance()
    ws.housekeeping.retain("4d")
    wider = as_regression(OTHER).with_columns(label=pl.col("label") + pl.col("x") * 0.2)
    put_reference(ws, wider)
    report = ws.performance_report("m", "all")
    new = tolerance()
    assert new != old
    error = (log["prediction"] - log["label"]).abs().to_numpy()
    gone = (log["timestamp"] < CUT).to_numpy()
    assert round(report.whole.bad) == int(np.sum(error[gone] > old) + np.sum(error[~gone] > new))
    assert any("earlier rules" in note and "2024-02-01" in note for note in report.notes)
    early = ws.performance_report("m", "2024-02-01/2024-02-05")
    reference = as_regression(binary_log(2000, seed=99, first_id=10**6, hours=480))
    off = (reference["prediction"] - reference["label"]).abs().to_numpy()
    share = float(np.mean(off > old))
    assert early.reference_rate == pytest.approx(share)
    assert any("reference of that time" in note for note in early.notes)


def test_a_card_with_other_buckets_and_segments_adds_up_what_it_can(tmp_path: Path) -> None:
    ws = retained(tmp_path)
    card = ws.root / "models" / "m.toml"
    card.write_text(
        card.read_text() + '[monitoring]\nbucket = "7d"\n[columns]\nsegments = ["site"]\n'
    )
    report = ws.performance_report("m", "all")
    assert report.whole.rows == LOG.height
    weeks = LOG.group_by(pl.col("timestamp").dt.truncate("1w")).len().sort("timestamp")
    assert [bucket.rows for bucket in report.buckets] == list(weeks["len"])
    by_site = ws.performance_report("m", "all", segment="site")
    assert any("not broken down by 'site'" in note for note in by_site.notes)
    assert sum(bucket.rows for bucket in by_site.buckets) == KEPT.height


def test_a_version_and_its_bad_rate_are_told_of_gone_rows_too(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    log = LOG.with_columns(
        model_version=pl.when(pl.int_range(pl.len()) % 3 == 0)
        .then(pl.lit("2"))
        .otherwise(pl.lit("1"))
    )
    ingest(ws, "log.parquet", log)
    ws.housekeeping.retain("4d")
    put_reference(ws, OTHER)
    found = {
        str((rate.segment or {})["model_version"]): (rate.rows, round(rate.bad))
        for rate in ws.performance_report("m", "all").by_version
    }
    for name, part in log.group_by("model_version"):
        wrong = int((part["prediction"] != part["label"]).sum())
        assert found[str(name[0])] == (part.height, wrong)
