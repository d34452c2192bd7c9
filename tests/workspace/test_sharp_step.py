"""A fault of the last days is not diluted by the calm ones before it in the window."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tests.logs import binary_log
from workbench.workspace import Workspace


def test_three_bad_days_after_a_calm_month_are_critical_since_the_first(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "ws")
    reference = binary_log(
        6000, seed=99, first_id=10**6, start=datetime(2024, 1, 1, tzinfo=UTC), hours=480
    )
    reference.write_parquet(tmp_path / "reference.parquet")
    card = ws.add_model("m", tmp_path / "reference.parquet")
    card.write_text(card.read_text().replace('# window = "7d"', 'window = "30d"'))
    log = binary_log(30 * 200, seed=7, hours=24 * 30)
    broken = pl.col("timestamp") >= datetime(2024, 2, 28)
    log.with_columns(
        label=pl.when(broken).then(1 - pl.col("prediction")).otherwise("label")
    ).write_parquet(tmp_path / "log.parquet")
    ws.ingest(tmp_path / "log.parquet", model="m")
    status = ws.status()[0]
    assert status.status == "critical"
    assert status.since == datetime(2024, 2, 28, tzinfo=UTC)
    report = ws.performance_report("m")
    assert report.onset == status.since
    assert report.since_onset is not None
    assert report.since_onset.bad_rate == 1.0
