"""A model of the demand for bicycles an hour: trained in 2011, live in 2012, when demand had grown."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.shared_data import shared_data
from tests.triage.real.sites import RealModel, Site, build

MODEL = RealModel(
    "regression",
    (
        "season", "month", "hour", "holiday", "weekday", "workingday", "weather", "temp", "atemp",
        "humidity", "windspeed",
    ),
)  # fmt: skip


def hours(year: int) -> pl.DataFrame:
    """Every hour of a year, in order."""
    rows = pl.read_parquet(shared_data("bike_sharing") / "bike_sharing.parquet")
    return rows.filter(pl.col("ts").dt.year() == year).select(
        pl.col(*MODEL.features).cast(pl.Float64),
        label=pl.col("demand").cast(pl.Float64),
        timestamp="ts",
    )


def bikes_site(root: Path) -> Site:
    """The model of three days in four of 2011; every fourth day is its reference."""
    rows = hours(2011)
    is_reference = rows["timestamp"].dt.ordinal_day() % 4 == 0
    return build(root, MODEL, rows.filter(~is_reference), rows.filter(is_reference))
