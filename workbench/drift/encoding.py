"""What of two samples may a model see that is to tell them apart? Their inputs, as numbers.

Left out is what would tell them apart by what it is, not by what it says: moments, ids and
counters, and columns that follow the clock. What a category's code is must not depend on the
side either: the categories that have a code of their own are chosen from both samples together.
The reference's own list would not do, since a rare category of the reference's is never
`unseen` there and sometimes is in the current rows, though nothing changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.profile import CATEGORY_CAP
from workbench.domain.shape import FeatureColumn

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

ALMOST_UNIQUE = 0.98
"""From this share of distinct values on, a category or a whole number is an id."""
FOLLOWS_CLOCK = 0.999
"""From this rank correlation with the time of the row on, a number is another clock."""

_FEW = 50
"""With fewer values nothing is called an id or a clock."""


@dataclass(frozen=True)
class Encoded:
    """Two samples as matrices of the same columns, rows in an order of their own."""

    names: tuple[str, ...]
    """Sorted."""
    is_category: tuple[bool, ...]
    reference: NDArray[Any]
    """Rows x columns. Categories are codes from 0, most frequent first; missing is NaN."""
    current: NDArray[Any]
    reference_days: NDArray[Any]
    """The day of each row, as a number; -1 without one."""
    current_days: NDArray[Any]
    excluded: tuple[tuple[str, str], ...] = ()
    """Columns that were left out, each with the reason."""
    orders: tuple[NDArray[Any], ...] = ()
    """Which row of its frame each row is: the reference's rows, then the current ones."""


def encode(
    reference: pl.DataFrame,
    current: pl.DataFrame,
    columns: Sequence[FeatureColumn],
    *,
    time: str = "wb_timestamp",
) -> Encoded:
    """Both samples in numbers, whatever the order of their rows and columns was.

    Numbers stay as they are (infinite ones are put just beyond the finite, and all within 1e150). Of categories the
    `CATEGORY_CAP` most frequent of both samples have a code each (ties by name), the rest one
    together.

    Args:
        reference: the columns as Float64 or String, and perhaps the time.
        current: likewise.
        columns: which columns to use.
        time: the column of the rows' times; it may be missing.
    """
    import numpy as np

    kept: list[FeatureColumn] = []
    parts: tuple[list[NDArray[Any]], list[NDArray[Any]]] = ([], [])
    excluded = []
    for column in sorted(columns, key=lambda c: c.name):
        sides = reference[column.name], current[column.name]
        reason = _unfit(column, *sides, current[time] if time in current.columns else None)
        if reason:
            excluded.append((column.name, reason))
            continue
        kept.append(column)
        encoded = _categories(*sides) if column.kind == "categorical" else _numbers(*sides)
        for part, side in zip(parts, encoded, strict=True):
            part.append(side)
    matrices, orders = [], []
    for part, frame in zip(parts, (reference, current), strict=True):
        matrix = np.column_stack(part) if part else np.empty((frame.height, 0))
        days = _days(frame, time)
        # Rows that are equal in all of these may stand in any order.
        order = np.lexsort((days, *matrix.T))
        matrices += [matrix[order], days[order]]
        orders.append(order)
    return Encoded(
        tuple(column.name for column in kept),
        tuple(column.kind == "categorical" for column in kept),
        reference=matrices[0], reference_days=matrices[1], current=matrices[2],
        current_days=matrices[3], excluded=tuple(excluded), orders=tuple(orders),
    )  # fmt: skip


def _unfit(
    column: FeatureColumn, before: pl.Series, after: pl.Series, times: pl.Series | None
) -> str | None:
    """Why a column may not be used."""
    import polars as pl

    both = pl.concat([before, after])
    present = both.drop_nulls()
    distinct = present.n_unique()
    is_category = column.kind == "categorical"
    reason = None
    if column.storage == "time":
        reason = "a moment, later in the current rows by what it is"
    elif not present.len():
        reason = "no value on either side"
    elif distinct == 1 and present.len() == both.len():
        reason = "constant"
    elif present.len() >= _FEW and distinct >= ALMOST_UNIQUE * present.len() and (
        is_category or bool((present == present.round(0)).all())
    ):  # fmt: skip
        reason = "nearly unique a row, as an id is"
    elif not is_category and times is not None and _follows(after, times):
        reason = "follows the clock"
    return reason


def _follows(values: pl.Series, times: pl.Series) -> bool:
    import polars as pl

    rows = pl.DataFrame({"value": values, "time": times}).drop_nulls()
    if rows.height < _FEW or rows["value"].n_unique() < _FEW:
        return False
    found = rows.select(pl.corr(pl.col("value").rank(), pl.col("time").rank())).item()
    return found is not None and abs(found) >= FOLLOWS_CLOCK


def _numbers(before: pl.Series, after: pl.Series) -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np

    sides = [np.array(side.to_numpy(), dtype=np.float64) for side in (before, after)]
    both = np.concatenate(sides)
    finite = both[np.isfinite(both)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    # What is larger cannot be squared and added up.
    limit = 1e150
    low, high = max(np.nextafter(low, -np.inf), -limit), min(np.nextafter(high, np.inf), limit)
    clipped = [np.clip(side, low, high) for side in sides]
    return clipped[0], clipped[1]


def _categories(before: pl.Series, after: pl.Series) -> tuple[NDArray[Any], NDArray[Any]]:
    import numpy as np
    import polars as pl

    counts = pl.concat([before, after]).drop_nulls().value_counts(name="n")
    name = counts.columns[0]
    ranked = counts.sort(["n", name], descending=[True, False])[name].to_list()
    codes = {value: float(min(place, CATEGORY_CAP)) for place, value in enumerate(ranked)}
    made = []
    for side in (before, after):
        coded = side.replace_strict(codes, default=None, return_dtype=pl.Float64)
        made.append(np.array(coded.to_numpy(), dtype=np.float64))
    return made[0], made[1]


def _days(frame: pl.DataFrame, time: str) -> NDArray[Any]:
    import numpy as np

    if time not in frame.columns:
        return np.full(frame.height, -1, dtype=np.int64)
    days = frame[time].dt.epoch("d").fill_null(-1)
    return np.array(days.to_numpy(), dtype=np.int64)
