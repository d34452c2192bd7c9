"""How far back a question about faults looks is bounded, and said."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl

from tests.logs import START, binary_log
from tests.store.upkeep import ingest, make_workspace
from workbench.domain.period import parse_duration
from workbench.workspace.quality import _count


def test_rows_of_long_ago_are_not_looked_at_and_a_note_says_so(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    log = binary_log(600, seed=3, hours=72)
    ingest(ws, "log.parquet", log)
    one = ws._subject("m")
    assert "since" not in repr(_count(one, one.period("1d"), None).notes)
    old = log.head(1).with_columns(
        pl.col("timestamp") - timedelta(days=9000), prediction_id=pl.lit("old")
    )
    ingest(ws, "old.parquet", old)
    one = ws._subject("m")
    day = parse_duration("1d")
    asked = one.period(f"{START + 2 * day:%Y-%m-%d}/{START + 3 * day:%Y-%m-%d}")
    counted = _count(one, asked, None)
    assert counted.everything.start == asked.end - 400 * day
    assert "not with older rows" in counted.notes[-1]
    every = _count(one, one.period("all"), None)
    assert every.everything == every.asked
