"""Which rows does a fit see? Rows of two times in one table, the recent ones weighing more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 20_000
"""More rows than this are thinned before a fit."""


def thinned(frame: pl.DataFrame, most: int) -> pl.DataFrame:
    """At most so many rows, evenly spread over the order that they are in."""
    import numpy as np

    if frame.height <= most:
        return frame
    return frame[np.arange(most) * frame.height // most]


def repeated(frame: pl.DataFrame, rows: int) -> pl.DataFrame:
    """So many rows: each one as often as every other, or once more, or (with fewer rows) thinned."""
    import numpy as np

    if rows == frame.height or not frame.height:
        return frame
    return frame[np.arange(rows) * frame.height // rows]


def mixed_rows(
    recent: pl.DataFrame, old: pl.DataFrame | None, weight: float, most: int = MOST_ROWS
) -> pl.DataFrame:
    """Rows of two times for a fit, a recent one standing for `weight` old ones.

    Recipes take no weights, so rows are repeated; where that makes more than `most`, both
    sides are thinned alike, which keeps the weight.

    Args:
        recent: rows with the columns that matter only.
        old: likewise; None or no rows: the recent ones alone.
        weight: of a recent row, 1 or more.
        most: rows of the result.
    """
    import polars as pl

    if old is None or not old.height:
        return thinned(recent, most)
    total = recent.height * weight + old.height
    shrink = min(1.0, most / total)
    many = round(recent.height * weight * shrink)
    few = round(old.height * shrink)
    return pl.concat([repeated(old, few), repeated(recent, many)], how="vertical_relaxed")
