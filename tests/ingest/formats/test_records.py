"""Every record of a file comes out once, with its place; what is broken comes out as such."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import LogFileError
from workbench.ingest.formats import records
from workbench.ingest.formats.adapter import Record
from workbench.ingest.formats.containers import container_of
from workbench.ingest.formats.glimpsing import glimpse_of
from workbench.ingest.formats.records import BrokenLine, document_records, read_records
from workbench.store import text_source

SHOWN = PurePosixPath("exports/log")
OBJECTS = st.lists(
    st.dictionaries(
        st.text(max_size=3),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=5,
        ),
        max_size=3,
    ),
    max_size=8,
)  # fmt: skip


def read(path: Path) -> list[Record | BrokenLine]:
    return list(read_records(path, PurePosixPath(path)))


def places(path: Path) -> list[tuple[int, Any]]:
    return [(r.position, r.value if isinstance(r, Record) else r.reason) for r in read(path)]


def test_one_bad_line_costs_itself_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(
        b'\xef\xbb\xbf{"a": 1}\n\n{"a": "\xff\xfe"}\n[1]\n{"a": \r\n'
         b'{"a": ' + b"[" * 100_000 + b"\n"
        + b'{"a": ' + b"9" * 10_000 + b"}\n"
        + b'{"a": NaN, "b": 1e999}\r\n{"a": "last, without an end"}'
    )  # fmt: skip
    found = read(path)
    assert [(r.position, r.detail) for r in found if isinstance(r, BrokenLine)] == [
        (3, "not UTF-8"),
        (4, "not a JSON object"),
        (5, "not valid JSON"),
        (6, "nested too deeply"),
        (7, "not valid JSON"),
    ]
    assert [r.position for r in found if isinstance(r, Record)] == [1, 8, 9]
    assert found[-1].text == '{"a": "last, without an end"}'


def test_a_line_beyond_the_limit_is_set_aside_and_reading_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.ingest.formats.records.LINE_LIMIT", 1000)
    path = tmp_path / "log.jsonl"
    path.write_text(
        json.dumps({"a": 1}) + "\n" + json.dumps({"a": "x" * 5000}) + "\n" + '{"b": 2}\n'
    )
    assert places(path) == [(1, {"a": 1}), (2, "malformed_line"), (3, {"b": 2})]
    assert len(read(path)[1].text) == 1000


@given(
    objects=OBJECTS,
    chunk=st.integers(1, 40),
    indent=st.sampled_from([None, 1]),
    as_list=st.booleans(),
)
def test_a_document_gives_its_objects_wherever_its_chunks_end(
    objects: list[dict[str, Any]], chunk: int, indent: int | None, as_list: bool
) -> None:
    texts = [json.dumps(value, indent=indent, ensure_ascii=False) for value in objects]
    text = "[" + " , ".join(texts) + "]\n" if as_list else "\n".join(texts)
    content = text.encode("utf-8", "surrogatepass")
    pieces = [content[at : at + chunk] for at in range(0, len(content), chunk)]
    found = list(document_records(pieces, SHOWN))
    assert [(r.position, r.value) for r in found if isinstance(r, Record)] == [
        *enumerate(objects, 1)
    ]
    assert [r.text for r in found] == texts


def test_a_document_that_is_cut_short_keeps_what_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "batch.json"
    path.write_text('[{"a": 1}, 7, {"a": 2}, {"a": ')
    assert places(path) == [
        (1, {"a": 1}), (2, "malformed_record"), (3, {"a": 2}), (4, "malformed_document"),
    ]  # fmt: skip


def test_a_document_with_numbers_and_bytes_that_python_refuses(tmp_path: Path) -> None:
    path = tmp_path / "batch.json"
    path.write_bytes(b'[{"a": ' + b"9" * 5000 + b'}, {"a": "\xff"}, {"a": 3}]')
    first, second, third = read(path)
    assert isinstance(first, Record)
    assert first.value == {"a": "9" * 5000}
    assert isinstance(second, BrokenLine)
    assert second.detail == "not UTF-8"
    assert isinstance(third, Record)


@pytest.mark.parametrize(
    ("content", "name", "container"),
    [
        (b'{"a": 1}\n{"a": 2}\n', "x.json", "jsonl"),
        (b'{"a": 1}', "x.json", "jsonl"),
        (b'{"a":\n 1}', "x.jsonl", "json"),
        (b'{\n"a": 1}', "x.log", "json"),
        (b' [{"a": 1}]', "x.json", "json"),
        (b'{"a": \n{"a": 2}\n', "x.jsonl", "jsonl"),
        (b'{\n{"a": 2}\n', "x.jsonl", "jsonl"),
        (b'tail": 1}\n{"a": 2}\n', "x.jsonl", "jsonl"),
        (b'[1]\n{"a": 2}\n', "x.jsonl", "jsonl"),
        (b'[\n{"a": 2}\n]', "x.json", "json"),
        (b'{"a": [\n  {"a": 2}\n]}', "x.json", "json"),
        (b'a,b\n1,{"x": 1}\n', "x.csv", "csv"),
        (b"a,b\n1,2\n", "x.csv", "csv"),
        (b"PAR1....", "x.csv", "parquet"),
    ],
)
def test_a_container_is_told_from_its_content(content: bytes, name: str, container: str) -> None:
    assert container_of(content, name) == container


def test_rows_of_a_csv_have_the_lines_they_begin_on(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b'id;"two\nlines";x\n1;"a\nb";\n\n2;only\n3;\xff;1\n4;b;2;3\n5;"c;1\n6;d;2')
    assert places(path) == [
        (3, {"id": "1", "two\nlines": "a\nb", "x": None}),
        (6, "malformed_row"),
        (7, "malformed_row"),
        (8, "malformed_row"),
        (9, "malformed_row"),
    ]


def test_values_of_a_table_that_python_cannot_hold_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    table = pa.table(
        {
            "ns": pa.array([1795183953107214123, None], pa.timestamp("ns", "UTC")),
            "far": pa.array([2**62, 0], pa.timestamp("us")),
            "d": pa.array([Decimal("1.50"), None], pa.decimal128(5, 2)),
            "l": [[0.1, 0.9], None],
        }
    )
    pq.write_table(table, path)
    first, second = read(path)
    assert isinstance(first, Record)
    assert first.value["ns"] == datetime(2026, 11, 20, 14, 12, 33, 107214, UTC)
    assert isinstance(first.value["far"], str) or first.value["far"] is None
    assert first.value["d"] == Decimal("1.50")
    assert first.value["l"] == [0.1, 0.9]
    assert isinstance(second, Record)
    assert second.value["far"] == datetime(1970, 1, 1)


def test_a_table_that_breaks_off_fails_the_file(tmp_path: Path) -> None:
    path = tmp_path / "log.arrow"
    table = pa.table({"a": ["x" * 100] * 1000})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=10):
            writer.write_batch(batch)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(LogFileError, match="cannot be read as arrow"):
        read(path)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_glimpse_sees_the_first_records_and_no_more(tmp_path: Path, ending: str) -> None:
    import gzip

    content = "".join(json.dumps({"a": n, "long": "x" * 400_000}) + "\n" for n in range(20))
    path = tmp_path / f"log.jsonl{ending}"
    path.write_bytes(gzip.compress(content.encode(), 1) if ending else content.encode())
    seen = glimpse_of(path, "exports/log.jsonl", tmp_path)
    assert (seen.container, seen.columns) == ("jsonl", ("a", "long"))
    assert [record["a"] for record in seen.records] == [0, 1]


def test_a_glimpse_of_one_long_record_reads_as_much_as_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "predictions.table.json"
    path.write_text(json.dumps({"columns": ["a"], "data": [["x" * 1000]] * 3000}))
    assert path.stat().st_size > 2 << 20
    assert glimpse_of(path, str(path), tmp_path).columns == ("columns", "data")


def test_the_limits_of_both_ways_to_read_text_are_one() -> None:
    assert vars(records)["LINE_LIMIT"] == text_source.LINE_LIMIT
