"""Which flights does a model see, when, and on which side of the split do they fall?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from parameters import Parameters


def model_rows(flights: pl.DataFrame, parameters: Parameters) -> pl.DataFrame:
    """One row a prediction, in time order: id, timestamp, `day`, features, logged, label.

    `day` is the UTC day of the prediction. A flight that has no such moment (it never left)
    has no row; one whose outcome was never recorded (cancelled, diverted) has a null label.
    """
    return (
        flights.with_columns(
            timestamp=pl.col(parameters.moment),
            day=pl.col(parameters.moment).dt.date(),
            label=pl.col(parameters.target).cast(pl.Float64),
        )
        .filter(pl.col("timestamp").is_not_null())
        .select(
            "prediction_id",
            "timestamp",
            "day",
            *parameters.features,
            *parameters.logged,
            "label",
        )
        .sort("timestamp", "prediction_id")
    )


def split(rows: pl.DataFrame, parameters: Parameters) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(training, reference): labelled rows of the training period, apart by whole days."""
    early = rows.filter(
        pl.col("label").is_not_null(),
        pl.col("day") >= parameters.training_start,
        pl.col("day") < parameters.training_end,
    )
    age = (pl.col("day") - pl.lit(parameters.training_start)).dt.total_days()
    held_out = age % parameters.holdout_every == parameters.holdout_offset
    return early.filter(~held_out), early.filter(held_out)
