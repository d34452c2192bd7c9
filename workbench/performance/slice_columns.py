"""Which conditions may a slice be made of? Values, ranges between quartiles, missing values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.slices import Condition

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

MOST_VALUES = 20
"""How many categories of a column are conditions, the most frequent of both periods."""
FEW_NUMBERS = 6
"""With at most so many distinct numbers, each ends a range of its own."""


@dataclass(frozen=True)
class CodedColumn:
    """A column as a code a row, and the conditions as sets of codes."""

    name: str
    conditions: tuple[Condition, ...]
    member: NDArray[Any]
    """Conditions x codes, 1 where the rows of a code meet a condition."""
    reference: NDArray[Any]
    """The code of each row."""
    current: NDArray[Any]

    @property
    def codes(self) -> int:
        """How many codes there are."""
        return int(self.member.shape[1])


def coded_columns(
    reference: pl.DataFrame, current: pl.DataFrame, names: Sequence[str]
) -> tuple[CodedColumn, ...]:
    """The columns that slices can be made by, in the order of their names.

    Categories: the `MOST_VALUES` most frequent of both periods (ties by name), each a condition;
    the others are in none. Numbers: the ranges between the reference's quartiles (ties merged),
    the two halves, and where there are few distinct numbers the ranges between those; upper
    ends belong to the range. Missing values are a condition of their own. A column that leaves
    fewer than two codes is left out.

    Args:
        reference: columns as Float64 or String.
        current: likewise.
        names: the columns.
    """
    coded = [
        _numbers(name, reference[name], current[name])
        if reference[name].dtype.is_numeric()
        else _categories(name, reference[name], current[name])
        for name in sorted(set(names))
    ]
    return tuple(column for column in coded if column is not None)


def _categories(name: str, before: pl.Series, after: pl.Series) -> CodedColumn | None:
    import numpy as np
    import polars as pl

    both = pl.concat([before, after])
    counts = both.drop_nulls().value_counts(name="n")
    ranked = counts.sort(["n", counts.columns[0]], descending=[True, False])
    values = ranked[ranked.columns[0]].to_list()
    kept = values[:MOST_VALUES]
    conditions = [Condition(name, value) for value in kept]
    codes = {value: place for place, value in enumerate(kept)}
    rest = len(kept)
    size = rest + (len(values) > rest)
    # What is left of the codes, before the missing, is for the other values.
    if both.null_count():
        conditions.append(Condition(name))
        size += 1
    if size < 2 or not kept:
        return None
    member = np.zeros((len(conditions), size))
    member[np.arange(len(kept)), np.arange(len(kept))] = 1
    if both.null_count():
        member[-1, -1] = 1
    sides = [
        side.replace_strict(codes, default=rest, return_dtype=pl.Int64)
        .to_numpy(writable=True)
        .astype(np.int64)
        for side in (before, after)
    ]
    for side, made in zip((before, after), sides, strict=True):
        made[side.is_null().to_numpy()] = size - 1
    return CodedColumn(name, tuple(conditions), member, *sides)


def _numbers(name: str, before: pl.Series, after: pl.Series) -> CodedColumn | None:
    import numpy as np
    import polars as pl

    edges = _edges(before if before.drop_nulls().len() else after)
    both = pl.concat([before, after])
    has_missing = bool(both.null_count())
    ranges = edges.size + 1
    size = ranges + has_missing
    if size < 2 or both.null_count() == both.len():
        return None
    runs = [(i, i) for i in range(ranges)] if ranges > 1 else []
    if ranges == 4:
        runs += [(0, 1), (2, 3)]
    conditions, rows = [], []
    for first, last in runs:
        place = f"range {first + 1}" if first == last else f"ranges {first + 1} and {last + 1}"
        conditions.append(
            Condition(
                name,
                above=float(edges[first - 1]) if first else None,
                up_to=float(edges[last]) if last < edges.size else None,
                place=f"{place} of {ranges}",
            )
        )
        rows.append([float(first <= code <= last) for code in range(size)])
    if has_missing:
        conditions.append(Condition(name))
        rows.append([float(code == ranges) for code in range(size)])
    sides = []
    for side in (before, after):
        values = side.to_numpy()
        code = np.searchsorted(edges, np.nan_to_num(values, nan=0.0), side="left")
        code[np.isnan(values)] = ranges
        sides.append(code.astype(np.int64))
    return CodedColumn(name, tuple(conditions), np.array(rows), *sides)


def _edges(values: pl.Series) -> NDArray[Any]:
    """The upper ends of all ranges but the last."""
    import numpy as np

    present = np.sort(values.drop_nulls().to_numpy())
    if not present.size:
        return np.empty(0)
    distinct = np.unique(present)
    if distinct.size <= FEW_NUMBERS:
        return distinct[:-1]
    quartiles = present[[-(-present.size * part // 4) - 1 for part in (1, 2, 3)]]
    inner = np.unique(quartiles[quartiles < distinct[-1]])
    # Three rows in four are at the maximum: what lies below it is the other range.
    return inner if inner.size else distinct[-2:-1]
