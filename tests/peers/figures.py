"""What other tools say of real data, and the rows that they say it of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.shared_data import shared_data

DATA_SETS = ("car_loan_synthetic", "census_ma_employment")

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Told:
    """One tool's figures of one data set, with its rows."""

    figures: dict[str, Any]
    reference: pl.DataFrame
    monitored: pl.DataFrame

    @property
    def columns(self) -> dict[str, Any]:
        """The drift figures and bins of every column."""
        return dict(self.figures["drift"]["columns"])

    def chunks(self) -> list[pl.DataFrame]:
        """The monitored rows by chunk; the last may be shorter."""
        return list(self.monitored.iter_slices(self.figures["data"]["chunk_rows"]))


def told_by(tool: str, data_set: str) -> Told:
    """What a tool told of a data set; skips where the data are absent."""
    file = shared_data(data_set) / f"{data_set}.parquet"
    figures = json.loads((_FOLDER / f"{tool}_{data_set}.json").read_text("utf-8"))
    about = figures["data"]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert digest == about["sha256"], "the data have changed: make the figures again"
    rows = pl.read_parquet(file)
    assert rows.height == about["rows"]
    positive = rows[about["score"]] >= about["threshold"]
    assert (rows[about["prediction"]] == positive.cast(pl.Int64)).all()
    return Told(figures, rows[: about["reference_rows"]], rows[about["reference_rows"] :])


def counted(values: pl.Series, bins: dict[str, Any]) -> list[int]:
    """Rows in each of the bins of `edges` or `values`, and then those of other values."""
    present = values.drop_nulls()
    if "edges" in bins:
        counts = np.histogram(present.to_numpy(), bins["edges"])[0].tolist()
    else:
        found = dict(present.value_counts().iter_rows())
        counts = [found.get(value, 0) for value in bins["values"]]
    return [*counts, len(present) - sum(counts)]
