"""What was known at an earlier commit is counted as it was then, whatever came in since."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import ingest, make_workspace
from workbench.domain.rates import PerformanceReport
from workbench.store.sampled_rows import sampled_rows
from workbench.workspace import Workspace


def figures(report: PerformanceReport) -> list[tuple[object, ...]]:
    return [(b.start, b.rows, b.labelled, b.bad_rate) for b in report.buckets]


def version_of(ws: Workspace) -> int:
    return ws.subject("m").store.segments.version


@pytest.mark.parametrize("compacts", [False, True], ids=["as it is", "compacted"])
@pytest.mark.parametrize("has_files", [False, True], ids=["own labels", "label files"])
def test_rows_and_labels_of_later_commits_are_left_out(
    tmp_path: Path, has_files: bool, compacts: bool
) -> None:
    ws = make_workspace(tmp_path)
    log = binary_log(600, hours=72)
    labels = log.select("prediction_id", "label")
    ingest(ws, "log.parquet", log.drop("label") if has_files else log)
    if has_files:
        ingest(ws, "labels-1.parquet", labels.head(400))
    version, before = version_of(ws), figures(ws.performance_report("m", "all", "1d"))
    rows = sampled_rows(ws.subject("m").store, ws.subject("m").period("all")).frame

    ingest(ws, "more.parquet", binary_log(500, seed=5, first_id=10_000, hours=72))
    if has_files:
        flipped = labels.with_columns(label=1 - pl.col("label"))
        ingest(ws, "labels-2.parquet", flipped)
    if compacts:
        ws.housekeeping.compact()
    assert figures(ws.performance_report("m", "all", "1d")) != before

    then = replace(ws, seen_version=version)
    assert figures(then.performance_report("m", "all", "1d")) == before
    known = then.subject("m")
    assert sampled_rows(known.store, known.period("all")).frame.equals(rows)
