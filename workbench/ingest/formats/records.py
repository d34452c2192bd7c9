"""Which records does a file hold? Streamed one at a time, each with its place in the file.

What cannot be decoded is a `BrokenLine` and never stops the file. Memory is bounded by the
longest record.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from workbench.errors import LogFileError
from workbench.ingest.formats.adapter import Record
from workbench.ingest.formats.containers import CSV, DOCUMENT, LINES, PARQUET, container_of
from workbench.store.arrow_batches import damage, open_arrow
from workbench.store.packing import NOWHERE, opened
from workbench.store.sources import seekable
from workbench.store.text_source import LINE_LIMIT, split_header

_CHUNK = 1 << 20
_KEPT = 1000
"""Characters of a line that is too long to be kept."""
_BATCH_ROWS = 4096
_MOST_DIGITS = 4000


@dataclass(frozen=True)
class BrokenLine:
    """A piece of a file that is no record."""

    position: int
    reason: str
    detail: str
    text: str


def read_records(
    path: Path, shown: PurePosixPath, packing: str = ""
) -> Iterator[Record | BrokenLine]:
    """The records of a file, whatever it is.

    Args:
        path: the file.
        shown: its path as given.
        packing: what it is packed with, if nothing unpacked may be written; it must be whole.

    Raises:
        LogFileError: it is a table that cannot be read to its end.
    """
    with opened(path, packing) as file:
        kind = container_of(file.read(_CHUNK), shown.name)
    if kind == LINES:
        return line_records(path, shown, packing)
    if kind == DOCUMENT:
        return document_records(file_chunks(path, packing), shown)
    if kind == CSV:
        return csv_records(text_lines(path, packing), shown)
    return iter(batch_records(path, kind, shown, packing, folder=NOWHERE))


def record_of(path: str, position: int, text: str) -> Record | None:
    """A record that was set aside, read again; None where its text is no JSON object."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return Record(position, value, text, PurePosixPath(path))


def line_records(
    path: Path, shown: PurePosixPath, packing: str = ""
) -> Iterator[Record | BrokenLine]:
    """The objects of a file with one JSON object a line."""
    with opened(path, packing) as file:
        position = 0
        while line := file.readline(LINE_LIMIT + 1):
            position += 1
            if len(line) > LINE_LIMIT and not line.endswith(b"\n"):
                text = line[:_KEPT].decode("utf-8", "replace")
                while line and not line.endswith(b"\n"):
                    line = file.readline(_CHUNK)
                yield BrokenLine(position, "malformed_line", "longer than 64 MB", text)
                continue
            if position == 1:
                line = line.removeprefix(codecs.BOM_UTF8)
            read = _line(line, position, shown)
            if read is not None:
                yield read


def _line(line: bytes, position: int, shown: PurePosixPath) -> Record | BrokenLine | None:
    try:
        text = line.decode().strip()
    except UnicodeDecodeError:
        text = line.decode("utf-8", "replace").strip()
        return BrokenLine(position, "malformed_line", "not UTF-8", text)
    if not text:
        return None
    try:
        value = json.loads(text)
    except RecursionError:
        return BrokenLine(position, "malformed_line", "nested too deeply", text)
    except ValueError:
        return BrokenLine(position, "malformed_line", "not valid JSON", text)
    if not isinstance(value, dict):
        return BrokenLine(position, "malformed_line", "not a JSON object", text)
    return Record(position, value, text, shown)


def document_records(
    chunks: Iterable[bytes], shown: PurePosixPath
) -> Iterator[Record | BrokenLine]:
    """The objects of a JSON document: of its list, or the document itself, or several of them."""
    decoder = json.JSONDecoder()
    patient = json.JSONDecoder(parse_int=_whole)
    source = _Text(chunks)
    position, is_list = 0, False
    while True:
        mark = source.skip_blanks(", " if is_list else " ")
        if not mark:
            return
        if (mark == "]" and is_list) or (mark == "[" and not is_list):
            is_list = not is_list
            source.at += 1
            continue
        position += 1
        try:
            value, text = source.take(decoder, patient)
        except (ValueError, RecursionError):
            detail = "the document is cut short or no valid JSON from here on"
            yield BrokenLine(position, "malformed_document", detail, source.rest(_KEPT * 100))
            return
        if not isinstance(value, dict):
            yield BrokenLine(position, "malformed_record", "not a JSON object", text)
        elif not _is_utf8(text):
            yield BrokenLine(position, "malformed_record", "not UTF-8", _legible(text))
        else:
            yield Record(position, value, text, shown)


class _Text:
    """The text of a document, as much of it as the value at hand needs."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._text = ""
        self.at = 0

    def skip_blanks(self, blanks: str) -> str:
        """Moves to the next character that says something, and gives it; empty at the end."""
        blanks += "\t\r\n"
        while True:
            while self.at < len(self._text):
                if self._text[self.at] not in blanks:
                    return self._text[self.at]
                self.at += 1
            if not self._more(_CHUNK):
                return ""

    def take(self, decoder: json.JSONDecoder, patient: json.JSONDecoder) -> tuple[Any, str]:
        """The next value and its text.

        Raises:
            ValueError: no value ends within the rest of the document, or within 64 MB of it.
        """
        while True:
            try:
                value, end = decoder.raw_decode(self._text, self.at)
            except json.JSONDecodeError:
                held = len(self._text) - self.at
                # Twice as much each time: what was parsed in vain is less than what is parsed.
                if held > LINE_LIMIT or not self._more(max(held, _CHUNK)):
                    raise
                continue
            except ValueError:  # a number with too many digits
                value, end = patient.raw_decode(self._text, self.at)
            text = self._text[self.at : end]
            self.at = end
            return value, text

    def rest(self, most: int) -> str:
        """What is left, up to some length."""
        return _legible(self._text[self.at : self.at + most])

    def _more(self, size: int) -> bool:
        if self.at > _CHUNK:
            self._text, self.at = self._text[self.at :], 0
        parts, got = [self._text], 0
        while got < size:
            chunk = next(self._chunks, b"")
            part = self._decoder.decode(chunk, final=not chunk)
            parts.append(part)
            got += len(part)
            if not chunk:
                break
        self._text = "".join(parts)
        return got > 0


def _whole(digits: str) -> int | str:
    return digits if len(digits) > _MOST_DIGITS else int(digits)


def file_chunks(path: Path, packing: str = "") -> Iterator[bytes]:
    """A file's bytes, a megabyte at a time."""
    with opened(path, packing) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def text_lines(path: Path, packing: str = "") -> Iterator[str]:
    """A file's lines of text; bytes that are no UTF-8 become lone surrogates."""
    with io.TextIOWrapper(
        opened(path, packing), encoding="utf-8-sig", errors="surrogateescape", newline=""
    ) as file:
        while line := file.readline(LINE_LIMIT):
            yield line


def csv_records(lines: Iterable[str], shown: PurePosixPath) -> Iterator[Record | BrokenLine]:
    """The rows of a CSV file; empty cells are None. The position is the row's first line.

    Raises:
        LogFileError: it has no header.
    """
    taken: list[str] = []
    count = 0

    def counted() -> Iterator[str]:
        nonlocal count
        for line in lines:
            count += 1
            taken.append(line)
            yield line

    csv.field_size_limit(LINE_LIMIT)
    kept = counted()
    delimiter, names = split_header(kept, shown.name)
    reader = csv.reader(kept, delimiter=delimiter)
    while True:
        taken.clear()
        position = count + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield BrokenLine(position, "malformed_row", str(error), _legible("".join(taken)))
            continue
        if row is None:
            return
        if not row:
            continue
        if len(row) != len(names):
            detail = f"{len(row)} cells, and the header has {len(names)}"
            yield BrokenLine(position, "malformed_row", detail, _legible("".join(taken)))
        elif not _is_utf8("".join(row)):
            yield BrokenLine(position, "malformed_row", "not UTF-8", _legible("".join(taken)))
        else:
            values = {name: value or None for name, value in zip(names, row, strict=True)}
            yield Record(position, values, "", shown)


def batch_records(
    path: Path,
    kind: str,
    shown: PurePosixPath,
    packing: str = "",
    batch_rows: int = _BATCH_ROWS,
    folder: Path | None = None,
) -> Iterator[Record]:
    """The rows of a Parquet or Arrow file.

    Args:
        path: the file.
        kind: `parquet` or `arrow`.
        shown: its path as given.
        packing: what it is packed with; empty: nothing.
        batch_rows: how many rows are held at a time.
        folder: where a packed one is unpacked for the moment.

    Raises:
        LogFileError: it cannot be read to its end.
    """
    position = 0
    try:
        with seekable(path, packing, folder) as file:
            for batch in _batches(file, kind, batch_rows):
                for row in _rows(batch):
                    position += 1
                    yield Record(position, row, "", shown)
    except damage() as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise LogFileError(
            f"{path.name} cannot be read as {kind}: {first}",
            "It may be truncated or of another format; export it again or name --format.",
            f"{path.name} cannot be read as {kind}",
        ) from error


def _batches(file: Any, kind: str, batch_rows: int) -> Iterator[Any]:
    import pyarrow.parquet as pq

    if kind == PARQUET:
        # Buffered ahead, a whole file would be in memory before its first row is out.
        opened = pq.ParquetFile(file, pre_buffer=False, buffer_size=_CHUNK)
        yield from opened.iter_batches(batch_size=batch_rows)
    else:
        yield from open_arrow(file)[1]


def _rows(batch: Any) -> Iterator[dict[str, Any]]:
    """The rows of a batch as Python values; a value that Python cannot hold is its text."""
    names = batch.schema.names
    columns = [_values(column) for column in batch.columns]
    for row in zip(*columns, strict=True):
        yield dict(zip(names, row, strict=True))


def _values(column: Any) -> list[Any]:
    import pyarrow as pa

    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        # Python's own times end at microseconds.
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError, TypeError, LookupError, pa.ArrowException):
        return [_value(scalar) for scalar in column]


def _value(scalar: Any) -> Any:
    import pyarrow as pa

    try:
        return scalar.as_py()
    except (ValueError, OverflowError, TypeError, LookupError, pa.ArrowException):
        try:
            return str(scalar)
        except (ValueError, OverflowError, TypeError, LookupError, pa.ArrowException):
            return None


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _legible(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
