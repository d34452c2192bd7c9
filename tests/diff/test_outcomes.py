"""The parts of the change of the bad-prediction rate sum to it, and agree with counting by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.diff.tables import write
from workbench.diff.comparing import Question, compare
from workbench.diff.result import OutcomeDifference
from workbench.diff.sides import file_side
from workbench.store.connections import StoreHome, scratch


def outcomes(tmp_path: Path, a: pl.DataFrame, b: pl.DataFrame, *key: str) -> OutcomeDifference:
    with scratch(StoreHome(tmp_path), tmp_path / "spill") as connection:
        sides = []
        for name, frame in (("a", a), ("b", b)):
            (tmp_path / name).mkdir(exist_ok=True)
            path = write(tmp_path / f"{name}.parquet", frame)
            made = file_side(connection, name, [path], tmp_path / name, "")
            sides.append(replace(made, bad="bad::DOUBLE"))
            for folder in (tmp_path / name).iterdir():
                folder.rmdir()
        return compare(
            connection, sides[0], sides[1], Question(key=key, distributions=False)
        ).outcomes


def tables(seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    rng = np.random.default_rng(seed)
    n = 400
    a = pl.DataFrame({"id": range(n), "x": rng.integers(0, 5, n), "bad": rng.random(n) < 0.2})
    a = a.with_columns(pl.col("bad").cast(pl.Float64))
    b = a.filter(pl.Series(rng.random(n) > 0.1))
    x = np.where(rng.random(b.height) < 0.2, 9, b["x"].to_numpy())
    bad = np.where(x == 9, (rng.random(b.height) < 0.7).astype(float), b["bad"].to_numpy())
    b = b.with_columns(x=pl.Series(x), bad=pl.Series(bad))
    new = pl.DataFrame(
        {"id": range(n, n + 50), "x": [1] * 50, "bad": [1.0] * 20 + [0.0] * 20 + [None] * 10}
    )
    return a, pl.concat([b, new], how="vertical_relaxed")


@pytest.mark.parametrize("seed", range(4))
def test_each_kind_of_rows_carries_what_counting_by_hand_gives(tmp_path: Path, seed: int) -> None:
    a, b = tables(seed)
    found = outcomes(tmp_path, a, b, "id")
    parts = {part.change: part for part in found.parts}
    both = a.join(b, on="id", suffix="_b")
    changed = both.filter((pl.col("x") != pl.col("x_b")) | (pl.col("bad") != pl.col("bad_b")))
    added = b.join(a, on="id", how="anti")
    removed = a.join(b, on="id", how="anti")

    assert found.rate_a == pytest.approx(a["bad"].mean())
    assert found.rate_b == pytest.approx(b["bad"].mean())
    assert (parts["added"].labelled_b, parts["added"].bad_b) == (40, 20)
    assert added.height == 50
    assert (parts["removed"].labelled_a, parts["removed"].bad_a) == (
        removed.height,
        removed["bad"].sum(),
    )
    assert (parts["changed"].labelled_a, parts["changed"].bad_a) == (
        changed.height,
        changed["bad"].sum(),
    )
    assert parts["changed"].bad_b == changed["bad_b"].sum()
    whole = sum(part.contribution or 0.0 for part in found.parts)
    assert whole == pytest.approx((found.rate_b or 0) - (found.rate_a or 0))
    assert sum(part.share_of_bad_b or 0.0 for part in found.parts) == pytest.approx(1)
    assert max(found.parts, key=lambda part: part.contribution or 0.0).change == "changed"


def test_rows_as_bad_as_before_add_nothing(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": range(100), "bad": [1.0] * 20 + [0.0] * 80})
    more = pl.DataFrame({"id": range(100, 200), "bad": [1.0] * 20 + [0.0] * 80})

    found = outcomes(tmp_path, a, pl.concat([a, more]), "id")

    assert {part.change: part.contribution for part in found.parts} == pytest.approx(
        {"added": 0.0, "removed": 0.0, "changed": 0.0, "unchanged": 0.0}
    )


def test_multisets_count_their_excess_rows(tmp_path: Path) -> None:
    a = pl.DataFrame({"x": [1, 1, 2], "bad": [1.0, 1.0, 0.0]})
    b = pl.DataFrame({"x": [1, 3], "bad": [1.0, 1.0]})

    parts = {part.change: part for part in outcomes(tmp_path, a, b).parts}

    assert (parts["removed"].labelled_a, parts["removed"].bad_a) == (2, 1)
    assert (parts["added"].labelled_b, parts["added"].bad_b) == (1, 1)
    assert parts["unchanged"].bad_b == 1


def test_without_labels_the_reason_is_said(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": [1, 2], "bad": [0.0, 1.0]})
    b = a.with_columns(bad=pl.lit(None, dtype=pl.Float64))

    found = outcomes(tmp_path, a, b, "id")

    assert (found.rate_a, found.rate_b, found.parts) == (0.5, None, ())
    assert found.reason == "B has no labelled predictions"
