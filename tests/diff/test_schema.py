"""Columns added, removed, retyped, reordered and renamed are told; rows are not changed by them."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tests.diff.tables import frames_difference
from workbench.diff.schema import moved_names

FRAME = pl.DataFrame(
    {
        "id": range(200),
        "x": [i / 7 for i in range(200)],
        "zeros": [0] * 198 + [1, 2],
        "t": [f"t{i % 50}" for i in range(200)],
    }
)


def test_what_was_done_to_the_columns_is_told_and_changes_no_row(tmp_path: Path) -> None:
    b = FRAME.rename({"x": "price"}).drop("zeros").with_columns(new=pl.lit("a"), flags=pl.lit(0))
    b = b.with_columns(pl.col("id").cast(pl.Float64)).select("price", "id", "t", "new", "flags")

    found = frames_difference(tmp_path, FRAME, b, key=("id",))

    assert found.schema.added == ("price", "new", "flags")
    assert found.schema.removed == ("x", "zeros")
    assert [(r.column, r.a, r.b) for r in found.schema.retyped] == [("id", "BIGINT", "DOUBLE")]
    assert found.schema.reordered == ()
    assert [(r.a, r.b, r.share) for r in found.schema.renamed] == [("x", "price", 1.0)]
    assert found.rows.unchanged == 200
    assert not found.is_same


def test_another_order_of_columns_is_told_and_is_the_same(tmp_path: Path) -> None:
    found = frames_difference(tmp_path, FRAME, FRAME.select("t", "id", "x", "zeros"), key=("id",))

    assert found.schema.reordered == ("t",)
    assert found.is_same


def test_a_renamed_column_with_a_few_changed_cells_is_still_found(tmp_path: Path) -> None:
    b = FRAME.with_columns(
        y=pl.when(pl.col("id") < 8).then(pl.lit(-1.0)).otherwise(pl.col("x"))
    ).drop("x")

    found = frames_difference(tmp_path, FRAME, b, key=("id",))

    assert [(r.a, r.b, r.share) for r in found.schema.renamed] == [("x", "y", 0.96)]


def test_columns_that_agree_by_chance_alone_are_no_rename(tmp_path: Path) -> None:
    """Both are nearly all zeros."""
    rows = list(range(200))
    random.Random(3).shuffle(rows)
    b = FRAME.with_columns(flag=pl.Series([0] * 197 + [1, 1, 5]).gather(rows)).drop("zeros")

    assert frames_difference(tmp_path, FRAME, b, key=("id",)).schema.renamed == ()


def test_renames_are_found_by_their_values_where_no_row_matches(tmp_path: Path) -> None:
    a = FRAME.drop("id")
    b = FRAME.drop("id").rename({"x": "amount"}).sample(fraction=1, shuffle=True, seed=1)

    found = frames_difference(tmp_path, a, b)

    assert [(r.a, r.b, r.basis) for r in found.schema.renamed] == [("x", "amount", "values")]


@given(st.lists(st.integers(0, 30), unique=True, max_size=12), st.randoms(use_true_random=False))
def test_the_fewest_names_move(numbers: list[int], rng: random.Random) -> None:
    a = [str(number) for number in numbers]
    b = list(a)
    rng.shuffle(b)

    moved = set(moved_names(a, b))

    assert [name for name in a if name not in moved] == [name for name in b if name not in moved]
    # No two that stay are among those that could have stayed with one fewer: brute force on pairs.
    longest = [1] * len(b)
    for i in range(len(b)):
        for j in range(i):
            if a.index(b[j]) < a.index(b[i]):
                longest[i] = max(longest[i], longest[j] + 1)
    assert len(moved) == len(b) - max(longest, default=0)
