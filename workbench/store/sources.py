"""How is a file from outside opened as a table? One row source for everything that follows.

Parquet is read where it lies. Text and Arrow are first copied, row by row and in order, into
a Parquet file in the batch's own folder, as text where the file has no types, so that every
later step has exact row positions and reads the file once.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import duckdb

from workbench.errors import LogFileError
from workbench.store.connections import Connection
from workbench.store.quoting import identifier, literal

PARQUET, CSV, JSON_LINES, ARROW = "parquet", "csv", "jsonl", "arrow"
FORMATS = (PARQUET, CSV, JSON_LINES, ARROW)
_MAGIC_GZIP, _MAGIC_ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LINE_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True)
class RejectedLine:
    """A line of text that is no row."""

    position: int
    """Line number, counting from 1."""
    reason: str
    detail: str
    text: str


@dataclass(frozen=True)
class Source:
    """A file, opened: a Parquet file with its columns, and the lines that are no rows."""

    path: Path
    """The Parquet file to read; the exported file itself when it is one."""
    format: str
    columns: tuple[tuple[str, str], ...]
    """(name, DuckDB type), in order; all VARCHAR when the format has no types."""
    rows: int
    rejected: tuple[RejectedLine, ...] = ()
    is_text: bool = False

    @property
    def relation(self) -> str:
        """The FROM clause; `file_row_number` is the position of a row, from 0."""
        return f"read_parquet({literal(str(self.path))}, file_row_number = true, hive_partitioning = false)"

    @property
    def names(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(name for name, _ in self.columns)


def open_source(connection: Connection, path: Path, folder: Path, given: str = "auto") -> Source:
    """Opens an exported file of any canonical format, plain or compressed.

    Args:
        connection: a scratch connection.
        path: the file.
        folder: where copies may be put.
        given: a format of `FORMATS`, or `auto` to look at the content.

    Raises:
        LogFileError: the file is missing, empty, truncated, not UTF-8 or no table.
    """
    head = _head(path)
    plain, compression = path, _compression(head)
    if compression:
        head = _decompressed_head(path, compression)
    kind = given if given != "auto" else detect_format(head, path.name)
    if compression:
        plain = folder / f"{path.name[:80]}.plain"
        _decompress(path, plain, compression)
    try:
        return _OPENERS[kind](connection, plain, folder)
    except duckdb.Error as error:
        raise _not_a_table(path, kind, error) from error


def peek_columns(path: Path, given: str = "auto") -> tuple[str, tuple[str, ...]]:
    """The format of a file and the names of its columns, without reading its rows.

    The names of JSON lines are those of the first object. Whether the rest of the file can be
    read only `open_source` finds out.

    Raises:
        LogFileError: as `open_source`, as far as the start of the file shows it.
    """
    head = _head(path)
    compression = _compression(head)
    start = _decompressed_head(path, compression) if compression else head
    kind = given if given != "auto" else detect_format(start, path.name)
    if kind == CSV:
        text = _text_start(path, compression)
        return kind, tuple(_split_header(text.splitlines(keepends=True), path.name)[1])
    if kind == JSON_LINES:
        for line in _text_start(path, compression).splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                return kind, tuple(row)
        return kind, ()
    return kind, _binary_columns(path, compression, kind)


def _binary_columns(path: Path, compression: str, kind: str) -> tuple[str, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import ipc

    try:
        with _compressed(path, compression) if compression else path.open("rb") as stream:
            # Parquet's schema is at its end, and a packed stream cannot seek.
            file: Any = io.BytesIO(stream.read()) if compression else stream
            if kind == PARQUET:
                return tuple(pq.read_schema(file).names)
            is_file = file.read(6) == b"ARROW1"
            file.seek(0)
            reader = ipc.open_file(file) if is_file else ipc.open_stream(file)
            return tuple(reader.schema.names)
    except (pa.ArrowException, OSError, EOFError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise LogFileError(
            f"{path.name} cannot be read as {kind}: {first}",
            "It may be truncated or of another format; export it again or name --format.",
        ) from error


def _text_start(path: Path, compression: str) -> str:
    """The first megabyte of a text file."""
    with _compressed(path, compression) if compression else path.open("rb") as stream:
        start = bytes(stream.read(1 << 20))
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(start)
    except UnicodeDecodeError:
        raise _not_utf8(path) from None


def _compression(head: bytes) -> str:
    if head.startswith(_MAGIC_GZIP):
        return "gzip"
    return "zstd" if head.startswith(_MAGIC_ZSTD) else ""


def detect_format(head: bytes, name: str) -> str:
    """The format of a file from its first bytes, then from its name.

    Raises:
        LogFileError: it is a JSON document rather than one object a line.
    """
    if head.startswith(b"PAR1"):
        return PARQUET
    if head.startswith(b"ARROW1") or head.startswith(b"\xff\xff\xff\xff"):
        return ARROW
    lowered = name.lower()
    for ending, format_ in ((".parquet", PARQUET), (".arrow", ARROW), (".feather", ARROW), (".ipc", ARROW)):
        if ending in lowered:
            return format_
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"[" and ".csv" not in lowered:
        raise LogFileError(
            f"{name} is a JSON array, not one object a line",
            "Export JSON lines, for instance with: jq -c '.[]' FILE",
        )
    return JSON_LINES if start == b"{" else CSV


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise LogFileError(f"there is no file {path.name}", "Check the path.") from None
    except IsADirectoryError:
        raise LogFileError(f"{path.name} is a folder", "Name the files in it.") from None
    except OSError as error:
        raise LogFileError(f"cannot read {path.name}: {error.strerror}", "Check its permissions.") from error
    if not head:
        raise LogFileError(f"{path.name} is empty", "Export it again; an empty export has a header or a schema.")
    return head


def _compressed(path: Path, compression: str) -> IO[bytes]:
    if compression == "gzip":
        return gzip.open(path, "rb")
    import pyarrow as pa

    return pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")  # type: ignore[no-any-return]


def _decompressed_head(path: Path, compression: str) -> bytes:
    try:
        with _compressed(path, compression) as stream:
            head = bytes(stream.read(4096))
    except (OSError, EOFError, ValueError) as error:
        raise _truncated(path, compression) from error
    if not head:
        raise LogFileError(f"{path.name} is empty once unpacked", "Export it again.")
    return head


def _decompress(path: Path, target: Path, compression: str) -> None:
    import zlib

    try:
        with _compressed(path, compression) as stream, target.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
    except (EOFError, zlib.error, ValueError) as error:
        raise _truncated(path, compression) from error
    except OSError as error:
        if error.errno is not None and not isinstance(error, gzip.BadGzipFile):
            raise
        raise _truncated(path, compression) from error


def _truncated(path: Path, compression: str) -> LogFileError:
    return LogFileError(f"{path.name} is damaged: its {compression} data ends early or is broken", "Copy or export it again.")


def _describe(connection: Connection, path: Path) -> tuple[tuple[str, str], ...]:
    rows = connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))}, hive_partitioning = false)"
    ).fetchall()
    return tuple((str(row[0]), str(row[1])) for row in rows)


def _count(connection: Connection, path: Path) -> int:
    rows = connection.execute(f"SELECT count(*) FROM read_parquet({literal(str(path))})").fetchall()
    return int(rows[0][0])


def _open_parquet(connection: Connection, path: Path, folder: Path) -> Source:
    columns = _describe(connection, path)
    return Source(path, PARQUET, columns, _count(connection, path))


def _open_arrow(connection: Connection, path: Path, folder: Path) -> Source:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import ipc

    target = folder / f"{path.name[:80]}.rows.parquet"
    try:
        with pa.OSFile(str(path)) as file:
            is_file = file.read(6) == b"ARROW1"
        with pa.OSFile(str(path)) as file:
            if is_file:
                reader = ipc.open_file(file)
                batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                reader = ipc.open_stream(file)
                batches = iter(reader)
            with pq.ParquetWriter(target, reader.schema, compression="lz4") as writer:
                for batch in batches:
                    writer.write_batch(batch)
    except (pa.ArrowException, EOFError) as error:
        raise LogFileError(
            f"{path.name} cannot be read as Arrow: {str(error).splitlines()[0]}",
            "Copy or export it again; write plain columns.",
        ) from error
    opened = _open_parquet(connection, target, folder)
    return Source(target, ARROW, opened.columns, opened.rows)


def _open_csv(connection: Connection, path: Path, folder: Path) -> Source:
    target = folder / f"{path.name[:80]}.rows.parquet"
    delimiter, header = _csv_header(path)
    # The dialect is given, not sniffed: one broken row makes the sniffer choose another.
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    options = (
        f"columns = {{{types}}}, delim = {literal(delimiter)}, header = true, auto_detect = false, "
        f"quote = '\"', escape = '\"', nullstr = '', max_line_size = {_LINE_LIMIT}, "
        f"buffer_size = {2 * _LINE_LIMIT}, store_rejects = true, rejects_limit = 0"
    )
    connection.execute("DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans;")
    connection.execute(
        f"COPY (SELECT * FROM read_csv({literal(str(path))}, {options})) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )
    rejects = connection.execute(
        "SELECT line, any_value(error_message), any_value(csv_line) "
        "FROM reject_errors GROUP BY line ORDER BY line"
    ).fetchall()
    if any("unicode" in str(message) for _, message, _ in rejects):
        raise _not_utf8(path)
    rejected = tuple(
        RejectedLine(int(line), "malformed_row", str(message).splitlines()[0], str(text or ""))
        for line, message, text in rejects
    )
    columns = _describe(connection, target)
    return Source(target, CSV, columns, _count(connection, target), rejected, is_text=True)


def _csv_header(path: Path) -> tuple[str, list[str]]:
    """The delimiter of a CSV file and the names that its header gives."""
    with path.open("r", encoding="utf-8-sig", newline="") as file:
        try:
            return _split_header(file, path.name)
        except UnicodeDecodeError:
            raise _not_utf8(path) from None


def _split_header(lines: Iterable[str], name: str) -> tuple[str, list[str]]:
    """The delimiter that splits the first line into most fields, and the names it gives."""
    rest = iter(lines)
    start = next(rest, "")
    try:
        counts = {mark: len(next(csv.reader([start], delimiter=mark), [])) for mark in ",;\t|"}
        best = max(counts, key=counts.__getitem__)
        delimiter = best if counts[best] > counts[","] else ","
        names = next(csv.reader(itertools.chain([start], rest), delimiter=delimiter), [])
    except csv.Error as error:
        raise LogFileError(f"the header of {name} cannot be read: {error}", "Export it again.") from error
    if not any(given.strip() for given in names) or any("\0" in given for given in names):
        raise LogFileError(f"{name} has no header", "Its first line must name the columns.")
    return delimiter, list(_distinct_names(names))


def _open_json_lines(connection: Connection, path: Path, folder: Path) -> Source:
    lines = folder / f"{path.name[:80]}.lines.parquet"
    target = folder / f"{path.name[:80]}.rows.parquet"
    connection.execute(
        "COPY (SELECT *, CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' ELSE false END "
        "AS is_object FROM (SELECT row_number() OVER () AS line_no, line FROM read_csv("
        f"{literal(str(path))}, columns = {{'line': 'VARCHAR'}}, delim = '\x01', quote = '', "
        "escape = '', header = false, auto_detect = false, strict_mode = false, "
        f"null_padding = true, max_line_size = {_LINE_LIMIT}, buffer_size = {2 * _LINE_LIMIT}))) "
        f"TO {literal(str(lines))} (FORMAT parquet, COMPRESSION lz4)"
    )
    source = f"read_parquet({literal(str(lines))})"
    keys = connection.execute(
        "SELECT key, min(line_no * 4096 + place) FROM (SELECT line_no, unnest(keys) AS key, "
        "generate_subscripts(keys, 1) AS place FROM (SELECT line_no, "
        f"CASE WHEN is_object THEN json_keys(line) END AS keys FROM {source})) "
        "GROUP BY key ORDER BY 2"
    ).fetchall()
    names = _distinct_names([str(key) for key, _ in keys])
    bad = connection.execute(
        f"SELECT line_no, line FROM {source} WHERE trim(coalesce(line, '')) <> '' "
        "AND NOT is_object ORDER BY line_no"
    ).fetchall()
    rejected = tuple(
        RejectedLine(int(number), "malformed_line", "not a JSON object", str(text)) for number, text in bad
    )
    if not names:
        raise LogFileError(f"{path.name} holds no JSON object", "Export one object a line.")
    structure = json.dumps(
        {key: "VARCHAR" for name, key in names.items() if name == key}, ensure_ascii=False
    )
    fields = ", ".join(_json_field(name, key) for name, key in names.items())
    connection.execute(
        f"COPY (SELECT {fields} FROM (SELECT line_no, line, "
        f"json_transform(CASE WHEN is_object THEN line END, {literal(structure)}) AS object "
        f"FROM {source} WHERE is_object ORDER BY line_no)) "
        f"TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )
    columns = tuple((name, "VARCHAR") for name in names)
    return Source(target, JSON_LINES, columns, _count(connection, target), rejected, is_text=True)


def _distinct_names(keys: list[str]) -> dict[str, str]:
    """Column names, with the keys they stand for: DuckDB takes names that differ only in case
    for one, and a header may give a name twice."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key in keys:
        name = key or "_"
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        names[name] = key
    return names


def _json_field(name: str, key: str) -> str:
    if name == key:
        return f"nullif(object[{literal(key)}], '') AS {identifier(name)}"
    # json_transform cannot tell keys apart that differ only in case, a path can.
    path = "$." + json.dumps(key, ensure_ascii=False)
    return f"nullif(line ->> {literal(path)}, '') AS {identifier(name)}"


def _not_utf8(path: Path) -> LogFileError:
    return LogFileError(f"{path.name} is not UTF-8 text", "Convert it, for instance with: iconv -f latin1 -t utf-8 FILE")


def _not_a_table(path: Path, kind: str, error: duckdb.Error) -> LogFileError:
    text = str(error)
    if "unicode" in text.lower() or "not utf-8" in text.lower():
        return _not_utf8(path)
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    return LogFileError(
        f"{path.name} cannot be read as {kind}: {first[:200]}",
        "It may be truncated or of another format; export it again or name --format.",
    )


_OPENERS: dict[str, Callable[[Connection, Path, Path], Source]] = {
    PARQUET: _open_parquet,
    ARROW: _open_arrow,
    CSV: _open_csv,
    JSON_LINES: _open_json_lines,
}


