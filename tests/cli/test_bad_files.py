"""A file that cannot be used ends in error and hint, leaves nothing, and stops no other."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from tests.cli.command import done, make_workspace, stored_files, workbench
from tests.logs import binary_log

HEADER = "prediction_id,timestamp,x,c,score,prediction"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("site"))


def half(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def written(write: Callable[[pl.DataFrame, Path], object], folder: Path) -> bytes:
    path = folder / "whole"
    write(binary_log(400, first_id=9000), path)
    raw = path.read_bytes()
    path.unlink()
    return raw


def bad_files(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Name to (content, what must be said of it)."""
    csv = written(lambda f, p: f.write_csv(p), folder)
    zstd = bytes(pa.compress(csv, codec="zstd", asbytes=True))
    return {
        "empty.csv": (b"", "is empty"),
        "empty.parquet": (b"", "is empty"),
        "latin1.csv": (f"{HEADER}\npé,2024-02-01,1,a,0.5,1\n".encode("latin1"), "not UTF-8"),
        "late-latin1.csv": (csv + "pé,2024-02-01,1,a,0.5,1,1\n".encode("latin1"), "not UTF-8"),
        "utf16.csv": (csv.decode().encode("utf-16"), "not UTF-8"),
        "binary.csv": (bytes(range(256)) * 40, ""),
        "binary.jsonl": (b"{" + bytes(range(256)) * 40, ""),
        "half.parquet": (half(written(lambda f, p: f.write_parquet(p), folder)), "parquet"),
        "half.arrow": (half(written(lambda f, p: f.write_ipc(p), folder)), "arrow"),
        "half-stream.arrow": (half(written(lambda f, p: f.write_ipc_stream(p), folder)), "Arrow"),
        "half.csv.gz": (half(gzip.compress(csv)), "is damaged"),
        "half.csv.zst": (half(zstd), "is damaged"),
        "bad-crc.csv.gz": (gzip.compress(csv)[:-8] + b"\0" * 8, "is damaged"),
        "text.parquet": (b"a,b\n1,2\n", "cannot be read as parquet"),
        "array.json": (b'[{"prediction_id": 1}]', "JSON array"),
        "nothing.jsonl": (b"\n\n", ""),
        "header-only.csv": (f"{HEADER}\n".encode(), "has no rows"),
        "no-id.csv": (b"timestamp,x,c,prediction\n2024-02-01,1,a,1\n", "'prediction_id'"),
        "no-time.csv": (b"prediction_id,x,c,prediction\na,1,a,1\n", "'timestamp'"),
        "times.csv": (f"{HEADER}\nq,yesterday,1,a,0.5,1\n".encode(), "unreadable_timestamp"),
        "types.csv": (f"{HEADER}\nq,2024-02-01,1,a,high,\n".encode(), "unreadable_prediction"),
        "reserved.csv": (
            f"{HEADER},file_row_number\nq,2024-02-01,1,a,0.5,1,9\n".encode(),
            "file_row_number",
        ),
    }


NAMES = (
    "empty.csv", "empty.parquet", "latin1.csv", "late-latin1.csv", "utf16.csv", "binary.csv",
    "binary.jsonl", "half.parquet", "half.arrow", "half-stream.arrow", "half.csv.gz",
    "half.csv.zst", "bad-crc.csv.gz", "text.parquet", "array.json", "nothing.jsonl",
    "header-only.csv", "no-id.csv", "no-time.csv", "times.csv", "types.csv", "reserved.csv",
)  # fmt: skip


def test_all_of_them_fail_by_themselves_and_the_good_one_is_stored(
    root: Path, tmp_path: Path
) -> None:
    contents = bad_files(tmp_path)
    assert set(contents) == set(NAMES)
    folder = tmp_path / "exports"
    folder.mkdir()
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content)
    binary_log(7, first_id=7000).write_csv(folder / "zz-good.csv")
    ended = workbench(
        "-C", root, "ingest", folder, tmp_path / "gone.csv", str(tmp_path / "*.nope"),
        "--model", "m", "--json",
    )  # fmt: skip
    ended.assert_refused()
    found = {Path(file["path"]).name: file for file in ended.document["files"]}
    assert found.pop("zz-good.csv")["rows_stored"] == 7
    assert {name: file["status"] for name, file in found.items()} == dict.fromkeys(
        (*NAMES, "gone.csv", "*.nope"), "failed"
    )
    for name, file in found.items():
        assert file["error"], name
        assert file["hint"], name
        assert file["rows_read"] == file["rows_stored"] == file["rows_quarantined"] == 0
        if name in contents:
            assert contents[name][1] in file["error"], file["error"]
    assert ended.err.count("error: ") == ended.err.count("hint: ") == len(found)
    assert ended.document["rows_read"] == ended.document["rows_stored"] == 7


@pytest.mark.parametrize("name", ["half.csv.gz", "half-stream.arrow", "times.csv", "reserved.csv"])
def test_a_failed_file_leaves_nothing_behind(root: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(bad_files(tmp_path)[name][0])
    before = stored_files(root)
    status = done("-C", root, "status", "--json").document["models"][0]["rows"]
    workbench("-C", root, "ingest", path, "--model", "m").assert_refused()
    assert stored_files(root) == before
    assert done("-C", root, "status", "--json").document["models"][0]["rows"] == status


def test_a_file_that_is_gone_a_pattern_and_an_unknown_model_are_refused(
    root: Path, tmp_path: Path
) -> None:
    ingest = ("-C", root, "ingest")
    workbench(*ingest, tmp_path / "gone.csv", "--model", "m").assert_refused("no file gone.csv")
    workbench(*ingest, str(tmp_path / "[*"), "--model", "m").assert_refused("nothing matches")
    workbench(*ingest, root / "log.csv", "--model", "n").assert_refused("no model 'n'")
    ended = workbench(*ingest, root / "log.csv", "--model", "n", "--json")
    ended.assert_refused("no model 'n'")
    assert ended.out == ""


def test_a_name_twice_in_a_header_keeps_the_first_column_and_the_other_under_another_name(
    root: Path, tmp_path: Path
) -> None:
    path = tmp_path / "twice.csv"
    path.write_text(f"{HEADER},x\ntwice1,2024-02-01,1,a,0.5,1,99\n")
    document = done("-C", root, "ingest", path, "--model", "m", "--json").document
    assert document["rows_stored"] == 1
    import duckdb

    rows = duckdb.connect().execute(
        "SELECT x, x_ FROM read_parquet(?, union_by_name = true) WHERE wb_id = 'twice1'",
        [[name for name in stored_files(root) if "/segments/" in name]],
    )
    assert rows.fetchall() == [(1.0, "99")]


def test_unusable_rows_are_counted_by_reason_and_the_sums_hold(root: Path, tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_text(
        f"{HEADER}\nmix1,2024-02-01,1,a,0.5,1\nmix1,2024-02-01,1,a,0.5,1\nmix1,2024-02-01,2,a,0.5,1\n"
        ",2024-02-01,1,a,0.5,1\nmix2,never,1,a,0.5,1\nmix3,2999-01-01,1,a,0.5,1\nmix4,2024-02-01,1\n"
    )
    file = done("-C", root, "ingest", path, "--model", "m", "--json").document["files"][0]
    assert file["quarantined"] == {
        "conflicting_id": 1, "unreadable_id": 1, "unreadable_timestamp": 1,
        "future_timestamp": 1, "malformed_row": 1,
    }  # fmt: skip
    assert (file["rows_read"], file["rows_stored"], file["rows_duplicate"]) == (7, 1, 1)
    assert file["rows_quarantined"] == sum(file["quarantined"].values())
