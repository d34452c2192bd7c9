"""Files without types tell the same as files with types."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.diff.tables import difference, frames_difference, write

TYPED = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "n": pl.Series([1, None, 3], dtype=pl.Int32),
        "x": [0.1, -0.0, None],
        "f": pl.Series([0.1, 2.5, 3.0], dtype=pl.Float32),
        "t": ["a", "007", ""],
        "b": [True, False, None],
        "d": [date(2024, 1, 1), None, date(1999, 12, 31)],
        "m": [datetime(2024, 1, 1, 12, 30, 0, 5), None, datetime(2024, 1, 1)],
        "z": [datetime(2024, 1, 1, tzinfo=UTC), None, datetime(2024, 6, 1, 12, tzinfo=UTC)],
        "c": pl.Series(["1.50", "2.00", None]).cast(pl.Decimal(10, 2)),
    }
)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".arrow"])
def test_the_same_table_in_another_format_is_the_same(tmp_path: Path, ending: str) -> None:
    found = frames_difference(tmp_path, TYPED, TYPED, (".parquet", ending), key=("id",))

    assert found.rows.changed == 0
    assert found.is_same, found.schema


def test_nested_values_in_json_lines_are_read_as_what_the_other_side_holds(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"id": [1, 2], "l": [[1, 2], None], "s": [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]}
    )

    assert frames_difference(tmp_path, frame, frame, (".parquet", ".jsonl"), key=("id",)).is_same


def test_nested_values_of_two_json_files_have_no_order_of_fields(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "s": {"x": 1, "y": [1.0, 2]}}\n', "utf-8")
    (tmp_path / "b.jsonl").write_text('{"s": {"y": [1, 2],  "x": 1.0}, "id": 1}\n', "utf-8")
    (tmp_path / "c.jsonl").write_text('{"s": {"y": [1, 3],  "x": 1.0}, "id": 1}\n', "utf-8")

    same = difference(tmp_path, tmp_path / "a.jsonl", tmp_path / "b.jsonl", key=("id",))
    other = difference(tmp_path, tmp_path / "a.jsonl", tmp_path / "c.jsonl", key=("id",))

    assert same.rows.changed == 0
    assert other.rows.changed == 1


def test_numbers_with_leading_zeros_are_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,zip\n1,00123\n2,00200\n", "utf-8")
    (tmp_path / "b.csv").write_text("id,zip\n1,123\n2,00200\n", "utf-8")

    found = difference(tmp_path, tmp_path / "a.csv", tmp_path / "b.csv", key=("id",))

    assert found.rows.changed == 1


def test_one_word_among_numbers_changes_its_own_cell_only(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,1.50\n2,2\n3,3\n", "utf-8")
    (tmp_path / "b.csv").write_text("id,v\n1,1.5\n2,2.0\n3,broken\n", "utf-8")

    found = difference(tmp_path, tmp_path / "a.csv", tmp_path / "b.csv", key=("id",))

    assert found.rows.changed == 1
    assert [(one.column, one.a, one.b) for one in found.schema.retyped] == [
        ("v", "DOUBLE", "VARCHAR")
    ]


def test_a_zone_in_a_text_is_minded(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,t\n1,2024-01-01T02:00:00+02:00\n", "utf-8")
    (tmp_path / "b.csv").write_text("id,t\n1,2024-01-01T00:00:00Z\n", "utf-8")
    moment = pl.DataFrame({"id": [1], "t": [datetime(2024, 1, 1)]})
    write(tmp_path / "c.parquet", moment)

    assert difference(tmp_path, tmp_path / "a.csv", tmp_path / "b.csv").is_same
    assert difference(tmp_path, tmp_path / "a.csv", tmp_path / "c.parquet").rows.changed == 0


def test_lines_that_are_no_rows_are_said(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,v\n1,1\n2,2,2,2\n", "utf-8")
    (tmp_path / "b.csv").write_text("id,v\n1,1\n", "utf-8")

    found = difference(tmp_path, tmp_path / "a.csv", tmp_path / "b.csv", key=("id",))

    assert found.is_same
    assert "a.csv: 1 lines are no rows and left out" in found.notes[0]
