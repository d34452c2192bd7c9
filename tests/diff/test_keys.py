"""The key is the fewest columns that identify a row on both sides, ids first."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.diff.tables import frames_difference
from workbench.diff.result import KeyChoice
from workbench.diff.sides import DiffError

N = 60


def key(tmp_path: Path, a: pl.DataFrame, b: pl.DataFrame | None = None) -> KeyChoice:
    return frames_difference(tmp_path, a, a if b is None else b).key


def test_an_id_goes_before_another_unique_column(tmp_path: Path) -> None:
    frame = pl.DataFrame({"serial": range(N), "order_id": [f"o{i}" for i in range(N)]})

    assert key(tmp_path, frame) == KeyChoice(("order_id",), True, "unique in both", True)


def test_an_id_serves_although_no_row_is_on_both_sides(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": range(N), "v": [1] * N})
    b = pl.DataFrame({"id": range(N, 2 * N), "v": [1] * N})

    assert key(tmp_path, a, b).columns == ("id",)


def test_unique_measurements_are_no_key(tmp_path: Path) -> None:
    """Floats never are, and whole numbers only where both sides share most of them."""
    a = pl.DataFrame({"x": [i / 7 for i in range(N)], "n": range(N)})
    b = pl.DataFrame({"x": [i / 7 for i in range(N)], "n": range(1000, 1000 + N)})

    assert key(tmp_path, a, b).columns == ()


def test_several_columns_where_one_is_not_enough(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "v": [0.5] * N,
            "shop": [f"s{i % 6}" for i in range(N)],
            "day": [i // 6 for i in range(N)],
            "kind": ["k"] * N,
        }
    )

    assert set(key(tmp_path, frame).columns) == {"shop", "day"}


def test_an_id_that_a_few_rows_repeat_is_still_the_key(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [*range(200), 0], "v": [1] * 201})

    found = frames_difference(tmp_path, frame, frame)

    assert found.key.columns == ("id",)
    assert found.rows.duplicate_keys == 1
    assert found.is_same


def test_a_column_with_nulls_identifies_nothing(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [*range(N), None], "v": ["a"] * (N + 1)})

    assert not key(tmp_path, frame).is_unique


def test_without_a_key_it_is_said(tmp_path: Path) -> None:
    frame = pl.DataFrame({"v": ["a", "a", "b"]})

    found = frames_difference(tmp_path, frame, frame)

    assert found.key.columns == ()
    assert "whole rows are compared" in found.notes[-1]


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ({"id": [1], "v": [1]}, {"id": ["1"], "v": [1]}, "BIGINT in A and VARCHAR in B"),
        ({"id": [1], "v": [1]}, {"v": [1]}, "has no column 'id'"),
        ({"v": [1]}, {"w": [1]}, "no column in common"),
    ],
)
def test_keys_that_cannot_be_matched_are_refused(
    tmp_path: Path, a: dict[str, list[object]], b: dict[str, list[object]], said: str
) -> None:
    asked = ("id",) if "common" not in said else ()
    with pytest.raises(DiffError) as caught:
        frames_difference(tmp_path, pl.DataFrame(a), pl.DataFrame(b), key=asked)

    assert said in caught.value.message
    assert caught.value.hint
