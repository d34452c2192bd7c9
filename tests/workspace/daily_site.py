"""A workspace that gets a file a day, whose clock stands just after the last one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from tests.logs import binary_log
from workbench.clock import FixedClock
from workbench.workspace import Workspace

FIRST = datetime(2024, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CARD = '[model]\nname = "{name}"\ntask = "binary"\n[reference]\ndata = "data/reference.parquet"\n'


def calm(day: int, rows: int = 300) -> pl.DataFrame:
    """The log of a day on which nothing is wrong."""
    return binary_log(rows, seed=200 + day, first_id=day * 10_000, start=FIRST + day * DAY)


def wrong(day: int, rows: int = 300) -> pl.DataFrame:
    """The log of a day on which most predictions are bad."""
    return calm(day, rows).with_columns(
        label=pl.when(pl.int_range(rows) % 5 == 0)
        .then(pl.col("label"))
        .otherwise(1 - pl.col("prediction"))
    )


def moved(day: int, rows: int = 300) -> pl.DataFrame:
    """The log of a day on which the feature x lies higher."""
    return calm(day, rows).with_columns(x=pl.col("x") + 1.5)


def make_site(folder: Path, card: str = "", name: str = "m") -> Workspace:
    """A workspace with a model and the calm days 0 to 9."""
    made = Workspace.create(folder / "ws")
    binary_log(
        28 * 300, seed=99, first_id=10**7, start=datetime(2024, 1, 1, tzinfo=UTC), hours=28 * 24
    ).write_parquet(made.root / "data" / "reference.parquet")
    (made.root / "models" / f"{name}.toml").write_text(CARD.format(name=name) + card)
    return after(made, pl.concat([calm(day) for day in range(10)]), 9, name)


def after(ws: Workspace, log: pl.DataFrame, day: int, name: str = "m") -> Workspace:
    """The workspace with one more file, just after the end of a day."""
    ws = replace(ws, clock=FixedClock(FIRST + (day + 1) * DAY + timedelta(minutes=5)))
    path = ws.root / f"day-{day}.parquet"
    log.write_parquet(path)
    assert not ws.ingest(path, model=name).failed
    return ws
