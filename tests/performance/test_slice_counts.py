"""Every combination of conditions is counted as a filter over the rows would count it."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import polars as pl
import pytest

from workbench.domain.slices import Condition
from workbench.performance.slice_columns import CodedColumn, coded_columns
from workbench.performance.slice_counts import (
    Rows,
    column_sets,
    conditions_of,
    count_candidates,
    members,
)


def rows(seed: int, n: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return pl.DataFrame(
        {
            "x": pl.Series([None if m else v for v, m in zip(x, rng.random(n) < 0.2, strict=True)]),
            "few": rng.choice([0.0, 1.0], n, p=[0.1, 0.9]),
            "c": pl.Series([None if v == "n" else str(v) for v in rng.choice(list("abn"), n)]),
            "many": [f"v{i}" for i in rng.integers(0, 40, n)],
            "bad": rng.choice([0.0, 0.25, 1.0], n),
        }
    )


def coded(frame: pl.DataFrame, columns: tuple[CodedColumn, ...], side: str) -> Rows:
    return Rows(tuple(getattr(c, side) for c in columns), frame["bad"].to_numpy())


def meets(condition: Condition) -> pl.Expr:
    column = pl.col(condition.column)
    if condition.is_missing:
        return column.is_null()
    if condition.value is not None:
        return column == condition.value
    met = column.is_not_null()
    if condition.above is not None:
        met &= column > condition.above
    return met & (column <= condition.up_to) if condition.up_to is not None else met


def test_all_combinations_have_the_counts_of_a_filter() -> None:
    before, after = rows(1), rows(2, 300)
    columns = coded_columns(before, after, ["many", "x", "few", "c"])
    assert [column.name for column in columns] == ["c", "few", "many", "x"]
    left, right = coded(before, columns, "reference"), coded(after, columns, "current")
    sets = column_sets(range(4), (1, 2, 3))
    found = count_candidates(columns, left, right, sets, least=3)
    expected = {}
    for size in (1, 2, 3):
        for chosen in combinations(range(4), size):
            for places in product(*(range(len(columns[c].conditions)) for c in chosen)):
                key = tuple(zip(chosen, places, strict=True))
                met = pl.all_horizontal(meets(c) for c in conditions_of(columns, key))
                sides = [side.filter(met)["bad"] for side in (before, after)]
                if min(side.len() for side in sides) >= 3:
                    expected[key] = [v for s in sides for v in (s.len(), s.sum(), (s * s).sum())]
    assert found.size == len(expected) > 200
    for entry in range(found.size):
        key = found.key(entry)
        assert found.entries([key]) == [entry]
        sums = [
            side[entry]
            for s in (found.reference, found.current)
            for side in (s.n, s.bad, s.squares)
        ]
        assert sums == pytest.approx(expected.pop(key))
    assert not expected
    part = np.arange(300) % 3 == 0
    shared = found.shared(right.part(part))
    for entry in range(0, found.size, 37):
        assert shared[entry] == (members(columns, found.key(entry), right) & part).sum()


def test_without_a_reference_the_current_rows_alone_must_be_enough() -> None:
    frame = rows(3)
    columns = coded_columns(frame.clear(), frame, ["c", "x"])
    right = coded(frame, columns, "current")
    found = count_candidates(columns, None, right, column_sets(range(2), (1, 2)), least=5)
    assert found.size > 10
    assert found.reference.n.sum() == 0
    assert (found.current.n >= 5).all()


def test_conditions_are_values_ranges_and_missing() -> None:
    frame = rows(4)
    texts = {
        column.name: [c.text for c in column.conditions]
        for column in coded_columns(frame, frame, ["x", "few", "c", "many", "bad"])
    }
    assert sorted(texts["c"]) == ["c = a", "c = b", "c missing"]
    assert texts["few"] == ["few <= 0", "few > 0"]
    assert len(texts["many"]) == 20
    quartiles = [f"{v:.6g}" for v in np.quantile(
        frame["x"].drop_nulls().to_numpy(), [0.25, 0.5, 0.75], method="inverted_cdf")]  # fmt: skip
    a, b, c = quartiles
    assert texts["x"] == [
        f"x <= {a}", f"{a} < x <= {b}", f"{b} < x <= {c}", f"x > {c}",
        f"x <= {b}", f"x > {b}", "x missing",
    ]  # fmt: skip
    assert texts["bad"] == ["bad <= 0", "0 < bad <= 0.25", "bad > 0.25"]


def test_what_tells_no_rows_apart_is_no_column() -> None:
    frame = pl.DataFrame(
        {"one": ["a"] * 9, "same": [1.0] * 9, "none": pl.Series([None] * 9, dtype=pl.Float64)}
    )
    assert coded_columns(frame, frame, frame.columns) == ()
