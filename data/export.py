"""Scores the rest of the year in time order, and exports it as a serving system would.

`python export.py` writes, for every model of params.yaml, exports/MODEL/predictions/DAY.*
and exports/MODEL/labels/DAY.*

A file of predictions holds the predictions made on DAY (UTC). A file of labels holds what
became known on DAY: the labels of the predictions made three days before.

One thing here is not real. From 10 July the feed of one airline (UA) gives `dep_delay` in
seconds instead of minutes: `inject` multiplies it by 60, before the model sees it and before
it is logged, as an upstream change would. `fault:` in params.yaml says where and when.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import polars as pl
import skops.io
from model_rows import model_rows
from parameters import Parameters, load_parameters, model_names

if TYPE_CHECKING:
    import numpy as np

VERSION = "1"
UTC_TEXT = "%Y-%m-%dT%H:%M:%SZ"
# Of the model's own types, the only one that skops does not trust by itself.
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


class Model(Protocol):
    """Anything fitted."""

    def predict(self, X: pl.DataFrame) -> np.ndarray: ...  # noqa: D102, N803


def inject(rows: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """The rows with the fault of params.yaml in them; unchanged for the other models."""
    fault = parameters.fault
    if fault is None:
        return rows
    hit = (pl.col("carrier") == fault.carrier) & (pl.col("day") >= fault.since)
    value = pl.col(fault.column)
    return rows.with_columns(pl.when(hit).then(value * fault.factor).otherwise(value))


def logs(rows: pl.DataFrame, model: Model, parameters: Parameters) -> pl.DataFrame:
    """What the serving system logs from the end of training on, with `day` and label."""
    late = inject(rows.filter(pl.col("day") >= parameters.training_end), parameters)
    return late.with_columns(
        model_version=pl.lit(VERSION),
        role=pl.lit("live"),
        prediction=pl.Series(model.predict(late.select(parameters.features))),
    )


def prediction_files(
    logged: pl.DataFrame, parameters: Parameters
) -> Iterator[tuple[date, pl.DataFrame]]:
    """(day, its predictions), in time order."""
    columns = (
        "prediction_id", "timestamp", "model_version", "role",
        *parameters.features, *parameters.logged, "prediction",
    )  # fmt: skip
    for rows in logged.partition_by("day", maintain_order=True):
        day: date = rows["day"][0]
        yield day, rows.select(columns)


def label_files(
    logged: pl.DataFrame, parameters: Parameters
) -> Iterator[tuple[date, pl.DataFrame]]:
    """(day of arrival, the labels that arrive on it), in time order.

    A prediction whose outcome was never recorded is in none of them.
    """
    known = logged.filter(pl.col("label").is_not_null())
    delay = timedelta(days=parameters.label_days)
    for rows in known.partition_by("day", maintain_order=True):
        arrival: date = rows["day"][0] + delay
        moment = pl.datetime(
            arrival.year, arrival.month, arrival.day, parameters.label_hour, time_zone="UTC"
        )
        yield arrival, rows.select("prediction_id", "label", label_timestamp=moment)


def write(rows: pl.DataFrame, path: Path) -> None:
    """One file in the format that its name ends in: .parquet, .csv or .jsonl.gz."""
    if path.name.endswith(".parquet"):
        rows.write_parquet(path)
        return
    times = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    rows = rows.with_columns(pl.col(times).dt.strftime(UTC_TEXT))
    if path.name.endswith(".csv"):
        rows.write_csv(path)
    else:
        # No time of writing in the archive: the same rows give the same bytes.
        path.write_bytes(gzip.compress(rows.write_ndjson().encode(), compresslevel=6, mtime=0))


def export(flights: pl.DataFrame, parameters: Parameters) -> None:
    """Writes `exports/MODEL` of one trained model."""
    name = parameters.model
    model = skops.io.load(Path("..", "registry", name, VERSION, "model.skops"), trusted=TRUSTED)
    logged = logs(model_rows(flights, parameters), model, parameters)
    for kind, ending, files in (
        ("predictions", parameters.predictions_format, prediction_files(logged, parameters)),
        ("labels", parameters.labels_format, label_files(logged, parameters)),
    ):
        folder = Path("exports", name, kind)
        folder.mkdir(parents=True, exist_ok=True)
        for day, table in files:
            write(table, folder / f"{day.isoformat()}.{ending}")


def main() -> None:
    """Reads `flights.parquet`, the trained models and `params.yaml`, and exports every model."""
    flights = pl.read_parquet("flights.parquet")
    for name in model_names():
        export(flights, load_parameters(name))


if __name__ == "__main__":
    main()
