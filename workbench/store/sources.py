"""How is a file from outside opened as a table? One row source for everything that follows.

Parquet is read where it lies. Text and Arrow are first copied, row by row and in order, into
a Parquet file in the batch's own folder, as text where the file has no types, so that every
later step has exact row positions and reads the file once.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

import duckdb

from workbench.errors import LogFileError, StoreError
from workbench.store.arrow_batches import damage, open_arrow
from workbench.store.concealed_source import open_concealed
from workbench.store.connections import Connection
from workbench.store.failures import is_full
from workbench.store.packing import NOWHERE, unpacked
from workbench.store.pseudonyms import Concealment
from workbench.store.row_files import PATH
from workbench.store.source import (
    ARROW,
    CSV,
    JSON_LINES,
    PARQUET,
    Source,
    count_rows,
    describe,
    not_utf8,
)
from workbench.store.text_source import open_csv, open_json_lines, split_header

QuickOpener = Callable[[Connection, str, Path, Path], Source | None]

_MAGIC_GZIP, _MAGIC_ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


def open_source(
    connection: Connection,
    path: Path,
    folder: Path,
    given: str = "auto",
    quick: QuickOpener | None = None,
    conceal: Concealment | None = None,
) -> Source:
    """Opens an exported file of any canonical format, plain or compressed.

    Args:
        connection: a scratch connection.
        path: the file.
        folder: where copies may be put.
        given: a format of `FORMATS`, or `auto` to look at the content.
        quick: what to try first, given the connection, the format, the unpacked file and the
            folder; None of it means the usual way.
        conceal: what no copy may hold; None: nothing is hidden.

    Raises:
        LogFileError: the file is missing, empty, truncated, not UTF-8 or no table.
    """
    head = file_head(path)
    plain, compression = path, compression_of(head)
    if compression:
        head = start_of(path, compression, 4096)
    kind = given if given != "auto" else detect_format(head, path.name)
    if compression:
        plain = NOWHERE if conceal else folder / f"{path.name[:80]}.plain"
        unpack(path, plain, compression)
    found = quick(connection, kind, plain, folder) if quick is not None else None
    if found is not None:
        return found
    try:
        if conceal is not None:
            source = open_concealed(path, folder, kind, compression, conceal)
        else:
            source = _OPENERS[kind](connection, plain, folder)
            copyable = source.path == path and PATH not in {name.lower() for name in source.names}
            source = replace(source, is_copyable=copyable)
    except duckdb.Error as error:
        if is_full(error):
            raise
        raise _not_a_table(path, kind, error) from error
    if any(name.lower() == "file_row_number" for name in source.names):
        # DuckDB adds the position of a row under this name, and refuses a file that has it.
        raise LogFileError(
            f"{path.name} has a column named file_row_number, which is what positions are called",
            "Rename it in the export.",
        )
    return source


def peek_columns(
    path: Path, given: str = "auto", folder: Path | None = None
) -> tuple[str, tuple[str, ...]]:
    """The format of a file and the names of its columns, without reading its rows.

    The names of JSON lines are those of the first object. Whether the rest of the file can be
    read only `open_source` finds out.

    Args:
        path: the file.
        given: a format of `FORMATS`, or `auto` to look at the content.
        folder: where a packed table is unpacked for the moment.

    Raises:
        LogFileError: as `open_source`, as far as the start of the file shows it.
    """
    head = file_head(path)
    compression = compression_of(head)
    start = start_of(path, compression, 4096) if compression else head
    kind = given if given != "auto" else detect_format(start, path.name)
    if kind == CSV:
        text = _text_start(path, compression)
        return kind, tuple(split_header(text.splitlines(keepends=True), path.name)[1])
    if kind == JSON_LINES:
        for line in _text_start(path, compression).splitlines():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                return kind, tuple(row)
        return kind, ()
    return kind, _binary_columns(path, compression, kind, folder)


def _binary_columns(
    path: Path, compression: str, kind: str, folder: Path | None
) -> tuple[str, ...]:
    import pyarrow.parquet as pq

    try:
        with seekable(path, compression, folder) as file:
            if kind == PARQUET:
                return tuple(pq.read_schema(file).names)
            return tuple(open_arrow(file)[0].names)
    except damage() as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise LogFileError(
            f"{path.name} cannot be read as {kind}: {first}",
            "It may be truncated or of another format; export it again or name --format.",
            f"{path.name} cannot be read as {kind}",
        ) from error


def _text_start(path: Path, compression: str) -> str:
    """The first megabyte of a text file."""
    start = start_of(path, compression, 1 << 20)
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(start)
    except UnicodeDecodeError:
        raise not_utf8(path) from None


def start_of(path: Path, compression: str, size: int) -> bytes:
    """The first bytes of a file once it is unpacked.

    Raises:
        LogFileError: it is damaged, or empty once unpacked.
    """
    try:
        with unpacked(path, compression) if compression else path.open("rb") as stream:
            start = bytes(stream.read(size))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        if not compression:
            raise
        raise _truncated(path, compression) from error
    if not start:
        raise LogFileError(f"{path.name} is empty once unpacked", "Export it again.")
    return start


def compression_of(head: bytes) -> str:
    """What a file is packed with, `gzip` or `zstd`, from its first bytes; empty: nothing."""
    if head.startswith(_MAGIC_GZIP):
        return "gzip"
    return "zstd" if head.startswith(_MAGIC_ZSTD) else ""


def detect_format(head: bytes, name: str) -> str:
    """The format of a file from its first bytes, then from its name.

    Raises:
        LogFileError: it is a JSON document rather than one object a line.
    """
    binary = detect_binary(head, name)
    if binary:
        return binary
    lowered = name.lower()
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"[" and ".csv" not in lowered:
        raise LogFileError(
            f"{name} is a JSON array, not one object a line",
            "Export JSON lines, for instance with: jq -c '.[]' FILE",
        )
    return JSON_LINES if start == b"{" else CSV


def detect_binary(head: bytes, name: str) -> str:
    """`parquet` or `arrow`, from a file's first bytes, then from its name; empty: it is text."""
    if head.startswith(b"PAR1"):
        return PARQUET
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return ARROW
    lowered = name.lower()
    endings = ((".parquet", PARQUET), (".arrow", ARROW), (".feather", ARROW), (".ipc", ARROW))
    return next((format_ for ending, format_ in endings if ending in lowered), "")


def file_head(path: Path) -> bytes:
    """The first bytes of a file as it lies.

    Raises:
        LogFileError: it is missing, empty, a folder or cannot be read.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:  # DuckDB takes and stores paths as UTF-8
        raise LogFileError(
            f"the path {path} is not UTF-8 text", "Rename the file or folder."
        ) from None
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise LogFileError(f"there is no file {path.name}", "Check the path.") from None
    except IsADirectoryError:
        raise LogFileError(f"{path.name} is a folder", "Name the files in it.") from None
    except OSError as error:
        raise LogFileError(
            f"cannot read {path.name}: {error.strerror}", "Check its permissions."
        ) from error
    if not head:
        raise LogFileError(
            f"{path.name} is empty", "Export it again; an empty export has a header or a schema."
        )
    return head


@contextmanager
def seekable(path: Path, compression: str, folder: Path | None = None) -> Iterator[IO[bytes]]:
    """A file as a stream that can seek; a packed one is unpacked to a file without a name.

    A table's schema may stand at its end, and what is packed may be larger than memory.

    Args:
        path: the file.
        compression: what it is packed with; empty: nothing.
        folder: where it is unpacked; None: where temporary files go; NOWHERE: into memory.

    Raises:
        StoreError: the disk cannot hold it.
    """
    if not compression:
        with path.open("rb") as file:
            yield file
        return
    if folder == NOWHERE:
        with unpacked(path, compression) as stream:
            yield io.BytesIO(stream.read())
        return
    with tempfile.TemporaryFile(dir=folder) as plain, unpacked(path, compression) as stream:
        while chunk := stream.read(1 << 20):
            try:
                plain.write(chunk)
            except OSError as error:
                raise StoreError(
                    f"cannot unpack {path.name}: {error.strerror or error}",
                    "Free some space where the workspace lies.",
                ) from error
        plain.seek(0)
        yield plain


def unpack(path: Path, target: Path, compression: str) -> None:
    """Copies what is in a packed file to another.

    Raises:
        LogFileError: it is damaged.
    """
    try:
        with unpacked(path, compression) as stream, target.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
    except (EOFError, zlib.error, ValueError) as error:
        raise _truncated(path, compression) from error
    except OSError as error:
        if error.errno is not None and not isinstance(error, gzip.BadGzipFile):
            raise
        raise _truncated(path, compression) from error


def _truncated(path: Path, compression: str) -> LogFileError:
    return LogFileError(
        f"{path.name} is damaged: its {compression} data ends early or is broken",
        "Copy or export it again.",
    )


def _open_parquet(connection: Connection, path: Path, _: Path) -> Source:
    columns = describe(connection, path)
    return Source(path, PARQUET, columns, count_rows(connection, path))


def _open_arrow(connection: Connection, path: Path, folder: Path) -> Source:
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = folder / f"{path.name[:80]}.rows.parquet"
    try:
        with pa.OSFile(str(path)) as file:
            schema, batches = open_arrow(file)
            with pq.ParquetWriter(target, schema, compression="lz4") as writer:
                for batch in batches:
                    writer.write_batch(batch)
    except damage() as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's doing; Arrow's own I/O errors about the content carry no number
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise LogFileError(
            f"{path.name} cannot be read as Arrow: {first}",
            "Copy or export it again; write plain columns.",
            f"{path.name} cannot be read as Arrow",
        ) from error
    opened = _open_parquet(connection, target, folder)
    return Source(target, ARROW, opened.columns, opened.rows)


def _not_a_table(path: Path, kind: str, error: duckdb.Error) -> LogFileError:
    text = str(error)
    if "unicode" in text.lower() or "not utf-8" in text.lower():
        return not_utf8(path)
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    return LogFileError(
        f"{path.name} cannot be read as {kind}: {first[:200]}",
        "It may be truncated or of another format; export it again or name --format.",
        f"{path.name} cannot be read as {kind}",
    )


_OPENERS: dict[str, Callable[[Connection, Path, Path], Source]] = {
    PARQUET: _open_parquet,
    ARROW: _open_arrow,
    CSV: open_csv,
    JSON_LINES: open_json_lines,
}
