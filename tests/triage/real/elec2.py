"""A model of whether the price of electricity goes up, of half hours from May to July 1996."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from pathlib import Path

import polars as pl

from tests.shared_data import shared_data
from tests.triage.real.sites import RealModel, Site, build

MODEL = RealModel(
    "binary",
    ("period", "nswprice", "nswdemand", "vicprice", "vicdemand", "transfer"),
    ("day",),
    segments=("day",),
)
LIVE = datetime(1996, 8, 1)


def half_hours() -> pl.DataFrame:
    """Every half hour, in order."""
    rows = pl.read_parquet(shared_data("elec2") / "elec2.parquet")
    return rows.select(
        pl.col(*MODEL.numbers).cast(pl.Float64),
        pl.col("day").cast(pl.String),
        label=pl.col("up"),
        timestamp="ts",
    )


def elec2_site(root: Path) -> Site:
    """The model of three days in four until July 1996; every fourth day is its reference."""
    rows = half_hours().filter(pl.col("timestamp") < LIVE)
    is_reference = rows["timestamp"].dt.ordinal_day() % 4 == 0
    return build(root, MODEL, rows.filter(~is_reference), rows.filter(is_reference))


def months() -> list[tuple[datetime, datetime]]:
    """Start and end of each month from August 1996 to November 1998."""
    firsts = [datetime(y, m, 1) for y in (1996, 1997, 1998) for m in range(1, 13)]
    firsts = [first for first in firsts if first >= LIVE]
    return list(pairwise(firsts))
