"""A damaged Arrow file is told from a whole one before its values are followed."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from workbench.errors import LogFileError
from workbench.ingest.formats.glimpsing import glimpse_of
from workbench.ingest.formats.records import batch_records
from workbench.store.arrow_batches import open_arrow
from workbench.store.connections import StoreHome, scratch
from workbench.store.sources import open_source, peek_columns

TABLE = pa.table({"id": ["a", "bb", "ccc"]})
OFFSETS = struct.pack("<4i", 0, 1, 3, 6)
READ = """
import sys
from pathlib import Path, PurePosixPath
from workbench.errors import LogFileError
from workbench.ingest.formats.records import batch_records
try:
    list(batch_records(Path(sys.argv[1]), "arrow", PurePosixPath("log.arrow")))
except LogFileError as error:
    print(error.message)
"""


def written(*, as_file: bool) -> bytes:
    sink = io.BytesIO()
    with (ipc.new_file if as_file else ipc.new_stream)(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return sink.getvalue()


def broken(*, as_file: bool) -> bytes:
    raw = written(as_file=as_file)
    assert raw.count(OFFSETS) == 1
    return raw.replace(OFFSETS, struct.pack("<4i", 0, 1 << 30, 1 << 30, (1 << 30) + 3))


NAMED = pa.table({"identity": ["a", "b"]})


def write_parquet(sink: io.BytesIO) -> None:
    pq.write_table(NAMED, sink, store_schema=False)


def write_file(sink: io.BytesIO) -> None:
    with ipc.new_file(sink, NAMED.schema) as writer:
        writer.write_table(NAMED)


def write_stream(sink: io.BytesIO) -> None:
    with ipc.new_stream(sink, NAMED.schema) as writer:
        writer.write_table(NAMED)


@pytest.mark.parametrize("as_file", [True, False])
def test_a_whole_file_gives_its_batches(as_file: bool) -> None:
    schema, batches = open_arrow(io.BytesIO(written(as_file=as_file)))
    assert pa.Table.from_batches(list(batches), schema) == TABLE


@pytest.mark.parametrize("as_file", [True, False])
def test_offsets_that_lead_out_of_the_file_are_an_error(as_file: bool) -> None:
    _, batches = open_arrow(io.BytesIO(broken(as_file=as_file)))
    with pytest.raises(pa.ArrowInvalid):
        list(batches)


@pytest.mark.parametrize("as_file", [True, False])
def test_a_damaged_file_does_not_end_the_process(
    tmp_path: Path, home: StoreHome, as_file: bool
) -> None:
    path = tmp_path / "log.arrow"
    path.write_bytes(broken(as_file=as_file))
    # In a process of its own: were it followed, this one would end.
    ended = subprocess.run(
        [sys.executable, "-c", READ, path], capture_output=True, text=True, check=True
    )
    assert "log.arrow cannot be read as arrow" in ended.stdout
    with scratch(home) as connection, pytest.raises(LogFileError, match="cannot be read as Arrow"):
        open_source(connection, path, tmp_path)


@pytest.mark.parametrize("write", [write_parquet, write_file, write_stream])
def test_a_name_that_is_no_utf8_is_the_file_s_fault(
    tmp_path: Path, home: StoreHome, write: Callable[[io.BytesIO], None]
) -> None:
    sink = io.BytesIO()
    write(sink)
    path = tmp_path / "log"
    path.write_bytes(sink.getvalue().replace(b"identity", b"ident\xfftx"))
    with pytest.raises(LogFileError, match="cannot be read as"):
        peek_columns(path)
    with pytest.raises(LogFileError, match="cannot be read as"):
        glimpse_of(path, "log")
    kind = "parquet" if write is write_parquet else "arrow"
    with pytest.raises(LogFileError, match="cannot be read as"):
        list(batch_records(path, kind, PurePosixPath("log")))
    with scratch(home) as connection, pytest.raises(LogFileError):
        open_source(connection, path, tmp_path)
