"""Which rows are compared with which? The log's rows over time, and the reference's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workbench.domain.period import Period, bucket_start
from workbench.domain.shape import FeatureColumn

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

VERSION = "model_version"
"""The segment column that stands for the version that predicted."""


@dataclass(frozen=True)
class Values:
    """One column on both sides."""

    name: str
    kind: str
    """`numeric`: the arrays are floats, NaN where there is none; `categorical`: places in
    `names`, -1 where there is none."""
    log: NDArray[Any]
    reference: NDArray[Any]
    names: tuple[str, ...] = ()
    """The reference's categories, most frequent first, then those that only the log has."""
    known: int = 0
    """How many of the names are the reference's."""

    @property
    def is_numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.kind == "numeric"

    def missing(self, side: NDArray[Any]) -> NDArray[Any]:
        """Where a side (`log` or `reference`) has no value."""
        import numpy as np

        found: NDArray[Any] = np.isnan(side) if self.is_numeric else side < 0
        return found


LEAST_ROWS = 30
_LEAST_SHARE = 0.005
_MOST_VALUES = 40


@dataclass(frozen=True)
class Segment:
    """The commoner values of a segment column, by which both sides are divided."""

    name: str
    values: tuple[str, ...]
    log: NDArray[Any]
    """The place in `values` of each log row, -1 for rarer ones and none."""
    reference: NDArray[Any]


@dataclass(frozen=True)
class Sides:
    """All that is compared. Arrays of the log are in order of time."""

    columns: dict[str, Values]
    """The features."""
    segments: dict[str, Values]
    """The segment columns, `model_version` among them."""
    label: Values | None
    starts: tuple[datetime, ...]
    """The buckets that have rows in the log."""
    at: NDArray[Any]
    """The place of each log row's bucket in `starts`."""
    asked: NDArray[Any]
    """Whether a log row is of the period; the others are older."""
    bad: NDArray[Any]
    """Badness of each log row, NaN without a label."""
    reference_bad: NDArray[Any]
    hours: NDArray[Any]
    """Hour of each log row's timestamp, with its fraction."""
    reference_hours: NDArray[Any]
    """NaN where the reference has no time."""
    seconds: NDArray[Any]
    """Each log row's timestamp in seconds since 1970."""
    reference_seconds: NDArray[Any]

    @cached_property
    def divisions(self) -> tuple[Segment, ...]:
        """The segment columns with the values that enough rows of the period have.

        A fault of fewer than one row in 200 is below what raises an alarm.
        """
        import numpy as np

        least = max(LEAST_ROWS, _LEAST_SHARE * int(self.asked.sum()))
        found = []
        for name, values in self.segments.items():
            chosen = self.asked & (values.log >= 0)
            counts = np.bincount(values.log[chosen], minlength=len(values.names))
            if (counts > 0).sum() < 2:
                continue
            kept = [
                c for c in np.argsort(-counts, kind="stable")[:_MOST_VALUES] if counts[c] >= least
            ]
            if not kept:
                continue
            table = np.full(len(values.names) + 1, -1, dtype=np.int64)
            table[kept] = np.arange(len(kept))
            names = tuple(values.names[c] for c in kept)
            found.append(Segment(name, names, table[values.log], table[values.reference]))
        return tuple(found)

    @cached_property
    def first_asked(self) -> int:
        """The first bucket of the period."""
        return int(self.at[self.asked].min()) if self.asked.any() else len(self.starts)

    def buckets(self, rows: NDArray[Any]) -> NDArray[Any]:
        """How many of some log rows are in each bucket."""
        import numpy as np

        return np.bincount(self.at[rows], minlength=len(self.starts))


def make_sides(
    log: pl.DataFrame,
    reference: pl.DataFrame,
    features: Sequence[FeatureColumn],
    segments: Sequence[str],
    period: Period,
    bucket: timedelta,
) -> Sides:
    """The two sides as arrays.

    Args:
        log: rows of the period and before it, in the form of a row sample, in time order.
        reference: likewise.
        features: the model's inputs.
        segments: columns that a fault may be confined to a value of.
        period: what was asked.
        bucket: the model's.
    """
    import numpy as np
    import polars as pl

    times = log["wb_timestamp"]
    every = f"{int(bucket.total_seconds())}s"
    # Weeks start on Monday, as `bucket_start` has it; shorter buckets divide the day.
    cells = times.dt.truncate(every) if bucket < timedelta(days=7) else times.dt.truncate("1w")
    starts, at = np.unique(cells.dt.epoch("s").to_numpy(), return_inverse=True)
    asked = ((times >= period.start) & (times < period.end)).to_numpy()
    label = _values("wb_label", _kind(log["wb_label"]), log, reference)
    own = {f.name: _values(f.name, f.kind, log, reference) for f in features}
    named = [name for name in segments if name in log.columns]
    by = {name: _texts(name, log, reference) for name in named}
    by[VERSION] = _texts("wb_version", log, reference)
    stamp, other = times.dt.epoch("s"), reference["wb_timestamp"].dt.epoch("s")
    epoch = period.start.fromtimestamp(0, period.start.tzinfo)
    return Sides(
        columns=own,
        segments=by,
        label=label,
        starts=tuple(bucket_start(epoch + timedelta(seconds=int(s)), bucket) for s in starts),
        at=at.astype(np.int64),
        asked=asked,
        bad=_floats(log["wb_bad"]),
        reference_bad=_floats(reference["wb_bad"]),
        hours=_floats((stamp.cast(pl.Float64) % 86400) / 3600),
        reference_hours=_floats((other.cast(pl.Float64) % 86400) / 3600),
        seconds=_floats(stamp),
        reference_seconds=_floats(other),
    )


def _kind(series: pl.Series) -> str:
    return "numeric" if series.dtype.is_numeric() else "categorical"


def _values(name: str, kind: str, log: pl.DataFrame, reference: pl.DataFrame) -> Values:
    if kind != "numeric":
        return _texts(name, log, reference)
    return Values(name, kind, _floats(log[name]), _floats(reference[name]))


def _texts(name: str, log: pl.DataFrame, reference: pl.DataFrame) -> Values:
    import numpy as np
    import polars as pl

    def names_of(series: pl.Series) -> list[str]:
        counted = series.drop_nulls().value_counts(sort=False)
        counted = counted.sort(["count", series.name], descending=[True, False])
        return [str(value) for value in counted[series.name]]

    left, right = log[name].cast(pl.String), reference[name].cast(pl.String)
    known = names_of(right)
    names = list(dict.fromkeys([*known, *names_of(left)]))
    place = {value: number for number, value in enumerate(names)}

    def codes(series: pl.Series) -> NDArray[Any]:
        if not names:
            return np.full(series.len(), -1, dtype=np.int64)
        found = series.replace_strict(
            list(place), list(place.values()), default=-1, return_dtype=pl.Int64
        )
        return found.fill_null(-1).to_numpy()

    own = "model_version" if name == "wb_version" else name
    return Values(own, "categorical", codes(left), codes(right), tuple(names), len(known))


def _floats(series: pl.Series) -> NDArray[Any]:
    import numpy as np
    import polars as pl

    numbers = series.cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers
