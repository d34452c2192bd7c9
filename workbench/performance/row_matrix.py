"""How does a model read rows? Numbers as they are, categories as the codes of the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

MOST_CATEGORIES = 200
"""A categorical column with more than this is left out: it names rows rather than kinds."""


@dataclass(frozen=True)
class RowEncoding:
    """How columns become numbers, made from the reference."""

    numeric: tuple[str, ...]
    categories: Mapping[str, Mapping[str, float]]
    """By categorical column: the code of each of the reference's categories."""

    @property
    def is_categorical(self) -> list[bool]:
        """One a column of `encoded`: numbers first."""
        return [False] * len(self.numeric) + [True] * len(self.categories)


def row_encoding(reference: pl.DataFrame, columns: Sequence[str]) -> RowEncoding:
    """The encoding that a reference gives; columns that hold one value only are left out.

    Args:
        reference: its rows.
        columns: numbers (Float64) or categories (String).
    """
    import polars as pl

    numeric: list[str] = []
    categories: dict[str, dict[str, float]] = {}
    for name in columns:
        column = reference[name]
        if column.n_unique() < 2:
            continue
        if column.dtype != pl.String:
            numeric.append(name)
            continue
        known = sorted(column.drop_nulls().unique().to_list())
        if len(known) <= MOST_CATEGORIES:
            categories[name] = {value: float(code) for code, value in enumerate(known)}
    return RowEncoding(tuple(numeric), categories)


def encoded(frame: pl.DataFrame, encoding: RowEncoding) -> NDArray[Any]:
    """The rows as numbers, one column a feature; missing values are NaN.

    A category that the reference does not have gets the next free code.
    """
    import numpy as np
    import polars as pl

    columns = [frame[name].cast(pl.Float64).to_numpy() for name in encoding.numeric]
    columns += [
        frame[name].replace_strict(dict(codes), default=float(len(codes)), return_dtype=pl.Float64)
        .set(frame[name].is_null(), None).to_numpy()
        for name, codes in encoding.categories.items()
    ]  # fmt: skip
    if not columns:
        return np.zeros((frame.height, 0))
    found = np.column_stack(columns).astype(float)
    found[~np.isfinite(found)] = np.nan
    return found
