"""A model of who has work, by census records: what triage says of it is known to be stable."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from tests.shared_data import shared_data
from tests.triage.real.sites import RealModel, Site, build, spread

TEXTS = (
    "ANC", "CIT", "DEAR", "DEYE", "DIS", "DREM", "ESP", "MAR", "MIG", "MIL", "NATIVITY", "RAC1P",
    "RELP", "SCHL", "SEX",
)  # fmt: skip
MODEL = RealModel("binary", ("AGEP",), TEXTS, segments=("SEX", "MAR"))
WEEK = timedelta(weeks=1)
START = datetime(2016, 1, 4)
"""A Monday."""


def records(year: int) -> pl.DataFrame:
    """All records of a year."""
    every = pl.read_parquet(shared_data("census_ma_employment") / "census_ma_employment.parquet")
    return every.filter(pl.col("year") == year).select(*MODEL.features, label=pl.col("employed"))


def census_site(root: Path) -> Site:
    """The model of 2015, with a reference of other people of 2015."""
    rows = records(2015).sample(20_000, seed=1, shuffle=True)
    held_out = spread(rows.slice(10_000), datetime(2015, 12, 1), 4 * WEEK, 2)
    return build(root, MODEL, rows.head(10_000), held_out)
