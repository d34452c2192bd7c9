"""Cells that lie within a tolerance are the same, in both directions; nothing else is."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.diff.tables import frames_difference
from workbench.diff.cells import Tolerance
from workbench.diff.sides import DiffError


def test_tolerances_agree_with_numpy_in_both_directions(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=2000) * 10.0 ** rng.integers(-3, 4, 2000)
    b = a + rng.normal(size=2000) * 0.01 * np.abs(a) + rng.normal(size=2000) * 0.001
    frames = [pl.DataFrame({"id": range(2000), "x": side}) for side in (a, b)]
    apart = np.abs(a - b) > 0.001 + 0.01 * np.maximum(np.abs(a), np.abs(b))

    for one, other in (frames, frames[::-1]):
        found = frames_difference(
            tmp_path, one, other, key=("id",), tolerances={"x": Tolerance(0.001, 0.01)}
        )

        assert found.rows.changed == apart.sum()
        assert found.rows.unchanged == (~apart).sum()
        column = next(column for column in found.columns if column.name == "x")
        assert column.changed == apart.sum()
        assert column.within_tolerance == ((a != b) & ~apart).sum()
        assert found.differing.height == min(20, apart.sum())


def test_a_row_with_another_changed_cell_is_changed_all_the_same(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": [1, 2], "x": [1.0, 1.0], "t": ["a", "a"]})
    b = pl.DataFrame({"id": [1, 2], "x": [1.1, 1.1], "t": ["a", "b"]})

    found = frames_difference(tmp_path, a, b, key=("id",), tolerances={"x": Tolerance(0.2)})

    assert (found.rows.changed, found.rows.unchanged) == (1, 1)
    assert {c.name: c.changed for c in found.columns} == {"t": 1, "x": 0, "id": 0}


def test_nothing_is_near_null_nan_or_infinity(tmp_path: Path) -> None:
    odd = [None, math.nan, math.inf, -math.inf]
    pairs = [(x, y) for x in odd for y in (*odd, 1.0) if x is not y]
    a = pl.DataFrame({"id": range(len(pairs)), "x": [x for x, _ in pairs]}, strict=False)
    b = pl.DataFrame({"id": range(len(pairs)), "x": [y for _, y in pairs]}, strict=False)

    found = frames_difference(
        tmp_path, a, b, key=("id",), tolerances={"x": Tolerance(1e300, 1e300)}
    )

    assert found.rows.changed == len(pairs)


@pytest.mark.parametrize(
    ("name", "said"), [("t", "does not hold numbers"), ("id", "the key"), ("z", "no column")]
)
def test_tolerances_of_what_is_no_number_are_refused(tmp_path: Path, name: str, said: str) -> None:
    frame = pl.DataFrame({"id": [1], "t": ["a"]})

    with pytest.raises(DiffError, match=said):
        frames_difference(tmp_path, frame, frame, key=("id",), tolerances={name: Tolerance(1)})


def test_wide_tables_have_the_values_of_columns_that_no_row_differs_in(tmp_path: Path) -> None:
    """Columns are hashed in groups, and those without a difference are not read again."""
    a = pl.DataFrame(
        {"id": range(50)} | {f"c{i}": [i * 10 + j for j in range(50)] for i in range(70)}
    )
    b = a.with_columns(
        c3=pl.when(pl.col("id") == 7).then(-1).otherwise(pl.col("c3")),
        c60=pl.col("c60").cast(pl.Float64),
    )

    found = frames_difference(tmp_path, a, b, key=("id",))

    assert {c.name: c.changed for c in found.columns if c.changed} == {"c3": 1}
    row = found.differing.row(0, named=True)
    assert (row["c3 (a)"], row["c3 (b)"]) == (37, -1)
    for i in (0, 30, 60, 69):
        assert row[f"c{i} (a)"] == row[f"c{i} (b)"] == i * 10 + 7
