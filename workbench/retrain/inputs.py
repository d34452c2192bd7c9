"""In which types does a model read logged rows? As near to those it was fitted with as matters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from workbench.domain.shape import FeatureColumn
from workbench.errors import ArtifactError

if TYPE_CHECKING:
    import polars as pl

LARGEST = 3e38
"""Larger numbers have no form in single precision, which forests compute in."""

_TRUTH = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0}


def model_inputs(frame: pl.DataFrame, features: Sequence[FeatureColumn]) -> pl.DataFrame:
    """The features in the order given: text as String, all else as Float64.

    Categories that the reference stores as numbers or booleans are numbers again, so that a code
    `3` and a truth `true` equal what an encoder saw as an integer or a boolean, missing ones
    included (a boolean column with missing values is another type to scikit-learn than one
    without). A time is a number, seconds since 1970, as the store keeps it. What is not finite, or
    larger than `LARGEST`, is missing: no estimator takes it.

    Args:
        frame: rows; other columns are left out.
        features: their storage says what they were in the reference.

    Raises:
        ArtifactError: a feature is not among the columns.
    """
    import polars as pl

    absent = [one.name for one in features if one.name not in frame.columns]
    if absent:
        raise ArtifactError(
            f"the rows have no column {', '.join(repr(name) for name in absent)}",
            "The card's features must be those that the model reads.",
        )
    return pl.DataFrame(
        [
            frame[one.name].cast(pl.String)
            if one.storage == "text"
            else _numbers(frame[one.name]).alias(one.name)
            for one in features
        ]
    )


def _numbers(column: pl.Series) -> pl.Series:
    import polars as pl

    if column.dtype == pl.String:
        truth = column.str.to_lowercase().replace_strict(
            _TRUTH, default=None, return_dtype=pl.Float64
        )
        number = truth.fill_null(column.cast(pl.Float64, strict=False))
    else:
        number = column.cast(pl.Float64, strict=False)
    usable = number.is_finite() & (number.abs() <= LARGEST)
    return number.set(~usable.fill_null(value=True), None)
