"""Which rows does a fault touch, and what would they be without it? The inverse of what spoilt them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Fault, Transform
from workbench.quality.sides import VERSION
from workbench.quality.units import log_density

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

INVERTIBLE = ("affine", "unlog", "shift_hours", "recode", "swap")
"""The kinds of transform that give back what was there; `to_missing` gives back nothing."""

_ABSENT = ("missing_values", "missing_column", "parse_failure")
_STRANGE = ("new_category", "out_of_range")
_LEAST_CUT = 3.0
"""Nats that a moment within a bucket must gain over the bucket's border."""
_MOST_NATS = 5.0
"""No row speaks louder than this for having been converted or not."""


def is_invertible(fault: Fault) -> bool:
    """Whether the fault has an inverse that gives back the values."""
    return fault.transform is not None and fault.transform.kind in INVERTIBLE


def in_scope(frame: pl.DataFrame, fault: Fault) -> NDArray[Any]:
    """The rows of the fault's time and segment, whatever their values: (rows,) of bool.

    None is, where the frame does not have the segment's column; of a frame without times every row
    is of the time.
    """
    import numpy as np
    import polars as pl

    inside = in_time(frame, fault.since, fault.until)
    if fault.segment is not None:
        column, value = fault.segment
        column = "wb_version" if column == VERSION else column
        if column not in frame.columns:
            return np.zeros(frame.height, dtype=bool)
        values = [value, *fault.also_in]
        inside &= (
            frame[column].cast(pl.String).is_in(values).fill_null(value=False).to_numpy()
        )  # fmt: skip
    return inside


def in_time(frame: pl.DataFrame, since: datetime | None, until: datetime | None) -> NDArray[Any]:
    """The rows of a stretch of time, open where an end is None: (rows,) of bool; all without times."""
    import numpy as np

    inside = np.ones(frame.height, dtype=bool)
    if "wb_timestamp" in frame.columns:
        times = frame["wb_timestamp"]
        if since is not None:
            inside &= (times >= since).fill_null(value=False).to_numpy()
        if until is not None:
            inside &= (times < until).fill_null(value=False).to_numpy()
    return inside


def affected(
    frame: pl.DataFrame,
    fault: Fault,
    usual: pl.DataFrame | None = None,
    bucket: timedelta | None = None,
) -> NDArray[Any]:
    """The rows that a fault spoilt: (rows,) of bool.

    Of the rows of its time and segment those whose value it can have spoilt: the nulls of missing
    values, the named ones of a recoding or a sentinel, what the usual rows do not have for unseen
    categories and numbers out of range, else every row with a value.

    Args:
        frame: rows as a case has them.
        fault: what was found.
        usual: rows without it. The fault's time is known to the bucket; with these, the moment
            within the first (and last) bucket is looked for at which undoing begins to make the
            values likelier, and rows on the other side are left alone.
        bucket: the model's, for the same.
    """
    import numpy as np

    mask: NDArray[Any] = in_scope(frame, fault)
    if not fault.column:
        return mask
    if fault.column not in frame.columns:
        return np.zeros(frame.height, dtype=bool)
    column, transform = frame[fault.column], fault.transform
    absent = column.is_null().to_numpy()
    if fault.kind in _ABSENT:
        mask &= absent
        return mask
    if transform is not None and transform.kind in ("to_missing", "recode"):
        named = transform.values or tuple(value for value, _ in transform.mapping)
        mask = mask & _is_one_of(column, named)
    elif transform is not None and transform.kind == "swap":
        if transform.other not in frame.columns:
            return np.zeros(frame.height, dtype=bool)
        mask = mask & ~(absent & frame[transform.other].is_null().to_numpy())
    elif fault.kind in _STRANGE and usual is not None and fault.column in usual.columns:
        mask = mask & ~absent & _is_strange(column, usual[fault.column])
    else:
        mask = mask & ~absent
    if usual is None or bucket is None or not is_invertible(fault) or not mask.any():
        return mask
    found: NDArray[Any] = _cut_within_buckets(mask, frame, fault, usual, bucket)
    return found


def undone(
    frame: pl.DataFrame,
    fault: Fault,
    reference: pl.DataFrame,
    rows: NDArray[Any] | None = None,
) -> pl.DataFrame:
    """The rows as they were before the fault; those that it did not touch stay as they are.

    A fault without a transform, or of a column that is not there, changes nothing.

    Args:
        frame: rows as a case has them.
        fault: what was found.
        reference: usual rows, for what `affected` needs them for.
        rows: which rows are affected, when that is known.
    """
    import polars as pl

    transform = fault.transform
    if transform is None or fault.column not in frame.columns or not frame.height:
        return frame
    mask = affected(frame, fault, reference) if rows is None else rows
    at = pl.Series("at", mask, dtype=pl.Boolean)
    column = frame[fault.column]
    if transform.kind == "swap":
        if transform.other not in frame.columns:
            return frame
        other = frame[transform.other]
        return frame.with_columns(
            other.cast(column.dtype, strict=False).zip_with(at, column).alias(column.name),
            column.cast(other.dtype, strict=False).zip_with(at, other).alias(other.name),
        )
    return frame.with_columns(
        _converted(column, transform).zip_with(at, column).alias(column.name)
    )  # fmt: skip


def _converted(column: pl.Series, transform: Transform) -> pl.Series:
    """Every value without the fault, as if all were affected; the type stays."""
    import numpy as np
    import polars as pl

    if transform.kind == "to_missing":
        return pl.Series(column.name, [None] * len(column), dtype=column.dtype)
    if transform.kind == "recode":
        return _recoded(column, transform)
    is_text = column.dtype == pl.String
    values = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(float)
    with np.errstate(over="ignore", invalid="ignore"):
        if transform.kind == "unlog":
            values = np.power(transform.factor, np.minimum(values, 300)) - transform.offset
        elif transform.kind == "shift_hours":
            turned = transform.modulus is not None
            # Without a modulus the column is of moments, in seconds.
            values = values - transform.hours * (1.0 if turned else 3600.0)
            values = values if transform.modulus is None else np.mod(values, transform.modulus)
        else:
            values = (values - transform.offset) / (transform.factor or 1.0)
    found = pl.Series(column.name, np.where(np.isfinite(values), values, np.nan)).fill_nan(None)
    if not is_text:
        return found
    # Hours that are categories: as whole numbers, in as many digits as they were written.
    width = 2 if column.str.contains(r"^0\d$").any() else 1
    texts = [None if v is None else f"{v:0{width}.0f}" for v in found.to_list()]
    return pl.Series(column.name, texts, dtype=pl.String)


def _recoded(column: pl.Series, transform: Transform) -> pl.Series:
    import polars as pl

    if column.dtype == pl.String:
        old = [a for a, _ in transform.mapping]
        new = [b for _, b in transform.mapping]
        return column.replace(old, new)
    numbers = [(_number(a), _number(b)) for a, b in transform.mapping]
    known = [(a, b) for a, b in numbers if a is not None and b is not None]
    return column.cast(pl.Float64).replace([a for a, _ in known], [b for _, b in known])


def _is_one_of(column: pl.Series, values: tuple[str, ...]) -> NDArray[Any]:
    import polars as pl

    listed: list[Any] = list(values)
    if column.dtype != pl.String:
        listed = [number for value in values if (number := _number(value)) is not None]
    found: NDArray[Any] = column.is_in(listed).fill_null(value=False).to_numpy()
    return found


def _is_strange(column: pl.Series, usual: pl.Series) -> NDArray[Any]:
    """What the usual rows do not have: their categories, or their range."""
    import numpy as np
    import polars as pl

    known = usual.drop_nulls()
    if not len(known):
        return np.zeros(len(column), dtype=bool)
    if column.dtype == pl.String:
        strange = ~column.is_in(known.cast(pl.String).unique().to_list())
    else:
        low, high = known.cast(pl.Float64).min(), known.cast(pl.Float64).max()
        strange = (column < low) | (column > high)
    found: NDArray[Any] = strange.fill_null(value=False).to_numpy()
    return found


def _cut_within_buckets(
    mask: NDArray[Any], frame: pl.DataFrame, fault: Fault, usual: pl.DataFrame, bucket: timedelta
) -> NDArray[Any]:
    """The mask without the rows of the first bucket before the fault, and of the last after it."""
    import numpy as np

    since, until = fault.since, fault.until
    if "wb_timestamp" not in frame.columns or (since is None and until is None):
        return mask
    seconds = frame["wb_timestamp"].dt.epoch("us").to_numpy() / 1e6
    kept = mask.copy()
    length = bucket.total_seconds()
    borders = [(since.timestamp(), True)] if since is not None else []
    borders += [(until.timestamp() - length, False)] if until is not None else []
    for start, is_first in borders:
        rows = np.flatnonzero(mask & (seconds >= start) & (seconds < start + length))
        rows = rows[np.argsort(seconds[rows], kind="stable")]
        if len(rows) < 5:
            continue
        gains = np.clip(_gains(frame, fault, usual, rows), -_MOST_NATS, _MOST_NATS)
        gains = gains if is_first else gains[::-1]
        # Sum of what is kept when the cut is before each row: the suffix sums.
        sums = np.cumsum(gains[::-1])[::-1]
        best = int(np.argmax(np.append(sums, 0.0)))
        if best and (sums[best] if best < len(sums) else 0.0) - sums[0] > _LEAST_CUT:
            kept[(rows if is_first else rows[::-1])[:best]] = False
    return kept


def _gains(
    frame: pl.DataFrame, fault: Fault, usual: pl.DataFrame, rows: NDArray[Any]
) -> NDArray[Any]:
    """How much likelier the values of some rows are undone than as logged, in nats."""
    import numpy as np

    part = frame[rows]
    clean = undone(part, fault, usual, np.ones(len(rows), dtype=bool))
    names = [fault.column]
    if fault.transform is not None and fault.transform.kind == "swap" and fault.transform.other:
        names.append(fault.transform.other)
    total = np.zeros(len(rows))
    for name in names:
        if name in usual.columns:
            total += _likelihood(usual[name], clean[name]) - _likelihood(usual[name], part[name])
    if fault.transform is not None and fault.transform.kind == "affine":
        total -= np.log(abs(fault.transform.factor) or 1.0)
    return total


def _likelihood(usual: pl.Series, values: pl.Series) -> NDArray[Any]:
    import numpy as np
    import polars as pl

    known = usual.drop_nulls()
    if not len(known):
        return np.zeros(len(values))
    if known.dtype == pl.String:
        counts = dict(known.value_counts().iter_rows())
        return np.log([(counts.get(v, 0) + 0.5) / (len(known) + 1) for v in values.to_list()])
    numbers = values.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(float)
    found = log_density(known.cast(pl.Float64).to_numpy(), np.nan_to_num(numbers))
    return np.where(np.isnan(numbers), 0.0, found)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
