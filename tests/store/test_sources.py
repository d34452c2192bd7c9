"""Files of every canonical format open as the same table, and broken ones say what is wrong."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from workbench.errors import LogFileError
from workbench.store.connections import StoreHome, scratch
from workbench.store.quoting import identifier
from workbench.store.source import Source
from workbench.store.sources import open_source, peek_columns

FRAME = pl.DataFrame(
    {"id": ["a", "b", None], 'x "q"': [1.5, None, 3.0], "[/b] 🙂": ["u", "v,\n", "w"]}
)


def rows_of(home: StoreHome, path: Path, folder: Path) -> tuple[Source, list[tuple[object, ...]]]:
    folder.mkdir(exist_ok=True)
    with scratch(home) as connection:
        source = open_source(connection, path, folder)
        listed = ", ".join(identifier(name) for name in source.names)
        rows = connection.execute(
            f"SELECT {listed}, file_row_number FROM {source.relation} ORDER BY file_row_number"
        ).fetchall()
    return source, rows


def write(path: Path, frame: pl.DataFrame) -> None:
    plain = path.name.removesuffix(".gz").removesuffix(".zst")
    target = path.with_name(plain)
    if plain.endswith(".csv"):
        frame.write_csv(target)
    elif plain.endswith(".jsonl"):
        frame.write_ndjson(target)
    elif plain.endswith(".arrow"):
        frame.write_ipc(target)
    elif plain.endswith(".arrows"):
        frame.write_ipc_stream(target)
    else:
        frame.write_parquet(target)
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(target.read_bytes()))
    elif path.name.endswith(".zst"):
        path.write_bytes(pa.Codec("zstd").compress(target.read_bytes(), asbytes=True))


def rejected(source: Source) -> pl.DataFrame:
    """The lines that are no rows, as they were set aside."""
    assert source.rejected is not None
    lines = pl.read_parquet(source.rejected.path)
    assert source.rejected.total == lines.height
    return lines


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow", "arrows"])
def test_every_format_and_packing_gives_the_same_rows(
    home: StoreHome, tmp_path: Path, kind: str, ending: str
) -> None:
    path = tmp_path / f"log.{kind}{ending}"
    write(path, FRAME)
    source, rows = rows_of(home, path, tmp_path / "work")
    assert source.names == tuple(FRAME.columns)
    assert source.rows == 3
    texts = [tuple(None if v is None else str(v) for v in row[:-1]) for row in rows]
    assert texts == [("a", "1.5", "u"), ("b", None, "v,\n"), (None, "3.0", "w")]
    assert [row[-1] for row in rows] == [0, 1, 2]
    assert peek_columns(path)[1] == source.names


def test_broken_csv_lines_are_set_aside_and_the_rest_is_read(
    home: StoreHome, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,x,y\n1,2,3\n2,,"a\nb"\n3,4\n4,5,6,7\n5,"open,1\n')
    source, rows = rows_of(home, path, tmp_path / "work")
    assert [row[:3] for row in rows] == [("1", "2", "3"), ("2", None, "a\nb")]
    assert [text.split(",")[0] for text in rejected(source)["text"]] == ["3", "4", "5"]


def test_broken_json_lines_are_set_aside_with_their_number(home: StoreHome, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"id":1,"A":true,"a":"x"}\n{broken\n\n[1]\n{"id":12345678901234567890,"n":null}\n'
    )
    source, rows = rows_of(home, path, tmp_path / "work")
    assert rejected(source)["position"].to_list() == [2, 4]
    assert rows[0][:3] == ("1", "true", "x")
    assert rows[1][0] == "12345678901234567890"


def test_a_semicolon_file_is_split_at_its_semicolons(home: StoreHome, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id;x;y\r\n1;2,5;3\r\n")
    source, rows = rows_of(home, path, tmp_path / "work")
    assert (source.names, rows[0][:3]) == (("id", "x", "y"), ("1", "2,5", "3"))


def test_header_names_that_differ_only_in_case_stay_apart(home: StoreHome, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,x,X,x\n1,2,3,4\n")
    source, rows = rows_of(home, path, tmp_path / "work")
    assert rows[0][:4] == ("1", "2", "3", "4")
    assert len({name.lower() for name in source.names}) == 4


def test_a_key_may_be_empty_or_hold_anything(home: StoreHome, tmp_path: Path) -> None:
    keys = [
        "", "a", "A", "a/b", "A/B", "~0", 'q"', 'Q"', "$.a", "a[0]", "A[0]", "b\\", "B\\", "é", "\n",
        "x\ny", "X\ny", "\0", "0", "a\0", "x\0y", "xy", "*", "#", "'", "C'", "c'",
    ]  # fmt: skip
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({key: str(number) for number, key in enumerate(keys)}))
    _, rows = rows_of(home, path, tmp_path / "work")
    assert rows == [(*map(str, range(len(keys))), 0)]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"id,x\n1,\xff\xfe\n", "not UTF-8"),
        ("a.csv", bytes(range(256)) * 20, "not UTF-8"),
        ("a.jsonl", b'{"x":"\xff"}\n', "not UTF-8"),
        ("a.json", b'[{"id":1}]', "JSON array"),
        ("a.jsonl", b"{oops\n", "no JSON object"),
        ("a.parquet", b"PAR1abc", "cannot be read as parquet"),
        ("a.parquet", b"hello", "cannot be read as parquet"),
        ("a.arrow", b"ARROW1\0\0abc", "cannot be read as"),
        ("a.csv.gz", gzip.compress(b"id\n1\n" * 9000, mtime=0)[:-20], "is damaged"),
        ("a.csv.gz", b"\x1f\x8bnonsense", "is damaged"),
        ("a.csv.zst", b"\x28\xb5\x2f\xfdnonsense", "is damaged"),
    ],
)
def test_a_file_that_is_no_table_says_why(
    home: StoreHome, tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LogFileError, match=said) as caught:
        rows_of(home, path, tmp_path / "work")
    assert caught.value.hint


def test_a_first_line_that_is_nested_too_deeply_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"x":' + "[" * 100_000 + "]" * 100_000 + '}\n{"id":1}\n')
    assert peek_columns(path) == ("jsonl", ("id",))


def test_a_truncated_parquet_file_is_refused(home: StoreHome, tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    FRAME.write_parquet(whole)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-30])
    with pytest.raises(LogFileError, match="cannot be read as parquet"):
        rows_of(home, cut, tmp_path / "work")


def test_the_scratch_database_never_reaches_for_the_network(home: StoreHome) -> None:
    with scratch(home) as connection, pytest.raises(duckdb.Error):
        connection.execute("LOAD httpfs")
