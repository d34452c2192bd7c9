"""A workspace that holds a data set's reference and its monitored rows, a chunk a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from tests.peers.figures import Told
from workbench.workspace import Workspace

MODEL = "m"
FIRST_DAY = datetime(2024, 1, 1)


def monitored_workspace(root: Path, told: Told) -> Workspace:
    """The workspace of a model named m; time is made up, so that a bucket of a day is a chunk.

    Columns for which the tool has bins of values are categorical.
    """
    about = told.figures["data"]
    by_value = [name for name in about["features"] if "values" in told.columns[name]]
    ws = Workspace.create(root)
    _in_log_form(told.reference, about, FIRST_DAY - timedelta(days=1)).write_parquet(
        root / "data" / "reference.parquet"
    )
    (root / "models" / f"{MODEL}.toml").write_text(
        f'[model]\nname = "{MODEL}"\ntask = "binary"\n'
        f"[columns]\ncategorical = {by_value}\nsegments = {by_value[:1]}\n"
        f"[decision]\nthreshold = {about['threshold']}\n"
        '[reference]\ndata = "data/reference.parquet"\n',
        encoding="utf-8",
    )
    log = pl.concat(
        _in_log_form(chunk, about, FIRST_DAY + timedelta(days=day), f"d{day}-")
        for day, chunk in enumerate(told.chunks())
    )
    log.write_parquet(root / "log.parquet")
    result = ws.ingest(root / "log.parquet", model=MODEL)
    assert not result.failed
    assert result.counts.rows_stored == told.monitored.height
    return ws


def _in_log_form(
    rows: pl.DataFrame, about: dict[str, Any], day: datetime, prefix: str = "r"
) -> pl.DataFrame:
    """Rows under the names that a card has by default, evenly over one day."""
    names = {str(about[key]): key for key in ("score", "prediction", "label")}
    step = timedelta(days=1) / rows.height
    place = pl.int_range(pl.len())
    return (
        rows.select(*about["features"], *names)
        .rename(names)
        .with_columns(
            prediction_id=prefix + place.cast(pl.String),
            timestamp=pl.lit(day) + place * pl.lit(step),
        )
    )
