"""Rows are matched by key; repeated keys and rows without one are multisets."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.diff.tables import frames_difference
from workbench.diff.result import RowDifference


def rows(tmp_path: Path, a: pl.DataFrame, b: pl.DataFrame, *key: str) -> RowDifference:
    there = frames_difference(tmp_path, a, b, key=key)
    back = frames_difference(tmp_path, b, a, key=key)
    assert there.rows.added == back.rows.removed
    assert there.rows.removed == back.rows.added
    assert there.rows.unchanged == back.rows.unchanged
    assert there.rows.duplicate_keys == back.rows.duplicate_keys
    return there.rows


def test_repeated_keys_are_counted_and_their_rows_only_added_or_removed(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": [1, 1, 2, 3], "v": [1, 2, 5, 6]})
    b = pl.DataFrame({"id": [1, 1, 2, 3], "v": [2, 9, 7, 6]})

    found = rows(tmp_path, a, b, "id")

    assert found == RowDifference(added=1, removed=1, changed=1, unchanged=2, duplicate_keys=1)


def test_repeats_that_cancel_in_the_totals_are_found(tmp_path: Path) -> None:
    """One key twice in A and once in B, another the other way round, all rows alike."""
    a = pl.DataFrame({"id": [1, 1, 2, 3], "v": [1, 1, 2, 3]})
    b = pl.DataFrame({"id": [1, 2, 2, 3], "v": [1, 2, 2, 3]})

    found = rows(tmp_path, a, b, "id")

    assert found == RowDifference(added=1, removed=1, changed=0, unchanged=3, duplicate_keys=2)


def test_repeats_of_b_among_its_new_keys_are_found(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": [1, 2], "v": [1, 2]})
    b = pl.DataFrame({"id": [1, 2, 7, 7], "v": [1, 2, 3, 3]})

    found = rows(tmp_path, a, b, "id")

    assert found == RowDifference(added=2, removed=0, changed=0, unchanged=2, duplicate_keys=1)


def test_a_key_on_many_rows_of_both_sides_is_quick(tmp_path: Path) -> None:
    """A join would make ten thousand million pairs."""
    a = pl.DataFrame({"id": [0] * 100_000, "v": range(100_000)})
    b = pl.DataFrame({"id": [0] * 100_000, "v": range(10, 100_010)})

    found = rows(tmp_path, a, b, "id")

    assert (found.added, found.removed, found.unchanged) == (10, 10, 99_990)
    assert found.duplicate_keys == 1


def test_null_is_a_key_like_any_other(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": [1, None], "v": [1, 2]})
    b = pl.DataFrame({"id": [None, 1], "v": [3, 1]})
    twice = pl.DataFrame({"id": [None, None, 1], "v": [2, 3, 1]})

    assert rows(tmp_path, a, b, "id") == RowDifference(0, 0, 1, 1, 0)
    assert rows(tmp_path, a, twice, "id") == RowDifference(1, 0, 0, 2, 1)


def test_keys_of_several_columns(tmp_path: Path) -> None:
    a = pl.DataFrame({"day": [1, 1, 2], "shop": ["a", "b", "a"], "v": [1, 2, 3]})
    b = pl.DataFrame({"day": [1, 2, 2], "shop": ["b", "a", "b"], "v": [2, 4, 5]})

    assert rows(tmp_path, a, b, "day", "shop") == RowDifference(1, 1, 1, 1, 0)


def test_keys_of_other_types_meet_by_value(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": [1, 2, 9007199254740993], "v": [1, 2, 3]})
    b = pl.DataFrame({"id": [1.0, 2.5, 9007199254740992.0], "v": [1, 2, 3]})

    assert rows(tmp_path, a, b, "id") == RowDifference(2, 2, 0, 1, 0)


def test_wide_whole_keys_and_far_ones(tmp_path: Path) -> None:
    far = [-(2**62), 0, 2**62]
    a = pl.DataFrame({"id": far, "v": [1, 2, 3]})
    b = pl.DataFrame({"id": far[::-1], "v": [3, 2, 9]})

    assert rows(tmp_path, a, b, "id") == RowDifference(0, 0, 1, 2, 0)


def test_tables_of_nothing_but_a_key(tmp_path: Path) -> None:
    a, b = pl.DataFrame({"id": [1, 2]}), pl.DataFrame({"id": [2, 3]})

    assert rows(tmp_path, a, b, "id") == RowDifference(1, 1, 0, 1, 0)


def test_empty_sides(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": [1, 2], "v": [1, 2]})
    none = a.clear()

    assert rows(tmp_path, a, none, "id") == RowDifference(0, 2, 0, 0, 0)
    assert rows(tmp_path, none, none, "id") == RowDifference(0, 0, 0, 0, 0)
    assert frames_difference(tmp_path, none, none).is_same


def test_nan_is_a_value_and_a_key_although_a_file_says_nothing_of_it(tmp_path: Path) -> None:
    """The smallest and largest value that a Parquet file tells leave NaN out."""
    nan = float("nan")
    a = pl.DataFrame({"k": [nan, 1.0, 2.0], "v": [nan, nan, 1.0]})
    b = pl.DataFrame({"k": [nan, 2.0, 50.0], "v": [9.0, nan, 60.0]})

    there = frames_difference(tmp_path, a, b, key=("k",))

    assert there.rows == RowDifference(added=1, removed=1, changed=2, unchanged=0, duplicate_keys=0)
    assert there.columns[0].changed == 2
    same = frames_difference(tmp_path, a, a.reverse(), key=("k",))
    assert same.is_same
