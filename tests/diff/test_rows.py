"""All differing rows are written, whole, with both values; never over an input."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.diff.tables import frames_difference
from workbench.diff.rows import require_writable
from workbench.diff.sides import DiffError

A = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "x": [1.5, 2.5, 3.5],
        "x (a)": ["p", "q", "r"],
        "gone": [7, 8, 9],
        "l": [[1], [2], [3]],
    }
)
B = pl.DataFrame(
    {
        "id": [2, 3, 4],
        "x": [2.5, 9.0, 4.5],
        "x (a)": ["q", "r", "s"],
        "new": [True, False, None],
        "l": [[2], [3, 3], []],
    }
)


def written(tmp_path: Path, name: str) -> pl.DataFrame:
    target = tmp_path / name
    frames_difference(tmp_path, A, B, key=("id",), rows_to=target, limit=0)
    if name.endswith(".csv"):
        return pl.read_csv(target)
    return pl.read_parquet(target) if name.endswith(".parquet") else pl.read_ndjson(target)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv", "rows.jsonl"])
def test_the_file_has_every_differing_row_with_both_values(tmp_path: Path, name: str) -> None:
    rows = written(tmp_path, name).sort("id")

    assert rows["change"].to_list() == ["removed", "changed", "added"]
    assert rows["id"].to_list() == [1, 3, 4]
    assert rows["x (a)"].to_list() == [1.5, 3.5, None]
    assert rows["x (b)"].to_list() == [None, 9.0, 4.5]
    assert rows["x (a) (a)"].to_list() == ["p", "r", None]
    assert rows["gone (a)"].to_list() == [7, 9, None]
    assert rows["new (b)"].to_list() == [None, False, None]
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]


def test_nested_values_are_json_in_a_csv(tmp_path: Path) -> None:
    assert written(tmp_path, "rows.csv").sort("id")["l (b)"].to_list() == [None, "[3,3]", "[]"]


def test_rows_of_multisets_are_written_as_often_as_they_exceed(tmp_path: Path) -> None:
    a = pl.DataFrame({"v": ["a", "a", "a", "b"], "w": [1, 1, 1, 2]})
    b = pl.DataFrame({"v": ["a", "c", "c"], "w": [1, 3, 3]})

    found = frames_difference(tmp_path, a, b, limit=100)

    rows = sorted(found.differing.select("change", "v (a)", "v (b)").rows(), key=str)
    assert rows == [
        ("added", None, "c"), ("added", None, "c"),
        ("removed", "a", None), ("removed", "a", None), ("removed", "b", None),
    ]  # fmt: skip


def test_the_limit_is_of_what_is_shown_only(tmp_path: Path) -> None:
    a = pl.DataFrame({"id": range(100), "v": [0] * 100})
    b = pl.DataFrame({"id": range(100), "v": [1] * 100})

    found = frames_difference(tmp_path, a, b, key=("id",), limit=3)

    assert found.differing["id"].to_list() == [0, 1, 2]
    assert found.total_differing == 100


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a.parquet", "one of the files"),
        ("rows.txt", "format"),
        ("no/rows.csv", "not there"),
        ("dir.csv", "folder"),
    ],
)
def test_what_must_not_be_written_is_refused(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "a.parquet").touch()
    (tmp_path / "dir.csv").mkdir()

    with pytest.raises(DiffError, match=said):
        require_writable(tmp_path / name, [tmp_path / "x.parquet", tmp_path / "a.parquet"])


def test_a_link_to_an_input_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").touch()
    (tmp_path / "b.parquet").symlink_to(tmp_path / "a.parquet")

    with pytest.raises(DiffError):
        require_writable(tmp_path / "b.parquet", [tmp_path / "a.parquet"])
