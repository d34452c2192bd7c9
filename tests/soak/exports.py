"""What two serving systems export at the same time: overlapping logs, and labels of both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tests.logs import binary_log

STRIDE, LENGTH, SHIFT = 150, 260, 60
"""Rows from one chunk to the next, of a chunk, and from one system's chunks to the other's."""


@dataclass(frozen=True)
class Exporter:
    """One of the two systems; the second one's labels are newer, and some of them revised."""

    number: int
    folder: Path

    def first_row(self, chunk: int) -> int:
        """The place of a chunk's first row in the log of everything."""
        return chunk * STRIDE + self.number * SHIFT

    def write(self, log: pl.DataFrame, chunk: int) -> tuple[Path, Path]:
        """Writes a chunk's predictions and its labels; their paths."""
        rows = log.slice(self.first_row(chunk), LENGTH)
        predictions = self.folder / f"{self.number}-{chunk:05d}.{('csv', 'parquet')[self.number]}"
        labels = self.folder / f"{self.number}-{chunk:05d}-labels.csv"
        if self.number:
            rows.drop("label").write_parquet(predictions)
        else:
            rows.drop("label").write_csv(predictions)
        self.labels(rows).write_csv(labels)
        return predictions, labels

    def labels(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The labels of some rows as this system knows them."""
        revised = (pl.col("place") % 7 == 0) & (self.number == 1)
        return rows.select(
            "prediction_id",
            label=pl.when(revised).then(1 - pl.col("label")).otherwise("label"),
            label_timestamp=pl.lit(f"2024-06-0{self.number + 1}"),
        )


def whole_log(rows: int) -> pl.DataFrame:
    """The log that all chunks are cut from, about a day a thousand rows."""
    return binary_log(rows, hours=rows / 40).with_columns(place=pl.int_range(pl.len()))


def expected(log: pl.DataFrame, chunks: tuple[int, int]) -> pl.DataFrame:
    """Every row that was exported, once, with the label that stands: a plain reckoning.

    Args:
        log: the log of everything.
        chunks: how many chunks each system exported.
    """
    found = pl.DataFrame()
    for number, count in enumerate(chunks):
        one = Exporter(number, Path())
        parts = [log.slice(one.first_row(chunk), LENGTH) for chunk in range(count)]
        if not parts:
            continue
        rows = pl.concat(parts).unique("prediction_id").drop("label")
        known = one.labels(pl.concat(parts)).unique("prediction_id")
        rows = rows.join(known, on="prediction_id")
        found = rows if found.is_empty() else pl.concat([found, rows])
    return found.sort("label_timestamp").unique("prediction_id", keep="last")
