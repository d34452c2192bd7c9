"""The counts of both sides over the bins of A are those that counting in memory gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from tests.diff.tables import frames_difference
from workbench.diff.result import ColumnDifference
from workbench.domain.bins import make_category_bins, make_numeric_bins
from workbench.drift.profiling import profile_values

N = 3000


def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(1)
    made = []
    for shift in (0.0, 0.5):
        x = rng.normal(size=N) + shift
        x[:30] = np.nan
        c = [None if u < 0.1 else f"c{int(u * 12)}" for u in rng.random(N)]
        few = rng.integers(0, 4, N)
        made.append(pl.DataFrame({"id": range(N), "x": x, "c": c, "few": few, "b": few > 1}))
    made[1] = made[1].with_columns(
        c=pl.when(pl.col("id") < 25).then(pl.lit("new")).otherwise(pl.col("c"))
    )
    return made[0], made[1]


def columns(tmp_path: Path, *formats: str) -> dict[str, ColumnDifference]:
    a, b = tables()
    found = frames_difference(
        tmp_path, a, b, (formats[0], formats[1]), key=("id",), distributions=True
    )
    return {column.name: column for column in found.columns}


def test_numbers_are_counted_as_in_memory(tmp_path: Path) -> None:
    a, b = tables()
    for formats in ((".parquet", ".parquet"), (".csv", ".parquet")):
        found = columns(tmp_path, *formats)
        for name in ("x", "few"):
            bins = make_numeric_bins(name, "feature", a[name].to_numpy())
            own = found[name].profile_a
            assert own is not None
            assert own.bins == bins
            for side, profile in ((a, found[name].profile_a), (b, found[name].profile_b)):
                expected = profile_values(bins, side[name].to_list())
                assert profile is not None
                assert (profile.counts, profile.missing) == (expected.counts, expected.missing)
                assert (profile.minimum, profile.maximum) == (expected.minimum, expected.maximum)
        assert found["x"].missing_a == 0.01


def test_categories_are_counted_as_in_memory(tmp_path: Path) -> None:
    a, b = tables()
    found = columns(tmp_path, ".parquet", ".parquet")["c"]
    counts = dict(a["c"].drop_nulls().value_counts().iter_rows())
    bins = make_category_bins("c", "feature", counts)

    assert found.profile_a is not None
    assert found.profile_b is not None
    assert found.profile_a.bins == bins
    assert found.profile_a.counts == profile_values(bins, a["c"].to_list()).counts
    expected = profile_values(bins, b["c"].to_list())
    assert found.profile_b.counts == expected.counts
    assert found.profile_b.unseen == (("new", 25),) == expected.unseen


def test_many_categories_are_open(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": range(5000), "t": [f"t{i // 2}" for i in range(5000)]})

    found = frames_difference(tmp_path, a, a, key=("id",), distributions=True)

    profile = next(column.profile_b for column in found.columns if column.name == "t")
    assert profile is not None
    assert profile.bins.is_open
    assert profile.present == 5000
    assert profile.counts == next(c.profile_a.counts for c in found.columns if c.profile_a)


def test_what_has_no_distribution_says_why(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": [1, 2], "l": [[1], [2]], "x": [1, 2]})
    b = pl.DataFrame({"id": [1, 2], "l": [[1], [2]], "x": ["1", "2"]})

    found = frames_difference(tmp_path, a, b, key=("id",), distributions=True)

    reasons = {column.name: column.reason for column in found.columns}
    assert reasons["x"] == "numbers on one side only"
    assert reasons["l"] == "nested values are not compared as distributions"
    assert reasons["id"] == "part of the key"
