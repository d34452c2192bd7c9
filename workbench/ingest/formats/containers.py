"""What kind of file is it, and how does it begin? A glimpse for the detectors."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from workbench.errors import LogFileError
from workbench.ingest.formats.adapter import Glimpse
from workbench.ingest.formats.records import (
    BrokenLine,
    batch_records,
    csv_records,
    document_records,
)
from workbench.store.source import ARROW, CSV, PARQUET
from workbench.store.sources import compression_of, detect_binary, file_head, start_of
from workbench.store.text_source import split_header

JSON_LINES, DOCUMENT = "jsonl", "json"
_START = 1 << 20
_LONG_START = 64 << 20
"""How much is looked at when not one record ends within the usual start."""
_RECORDS = 5
_BLANK = b"\xef\xbb\xbf \t\r\n"


def glimpse_of(path: Path, shown: str) -> Glimpse:
    """The beginning of a file, plain or compressed.

    Args:
        path: the file.
        shown: its path as given, which some exports put meaning in.

    Raises:
        LogFileError: the file is missing, empty, or cannot be unpacked or read.
    """
    given = PurePosixPath(shown)
    head = file_head(path)
    packing = compression_of(head)
    start = start_of(path, packing, _START)
    binary = detect_binary(start, path.name)
    if binary:
        return _table(path, packing, binary, given)
    if start.lstrip(_BLANK)[:1] not in (b"{", b"["):
        return _csv(start, path.name, given)
    seen = _json(start, given, is_whole=len(start) < _START)
    if not seen.records and len(start) == _START:
        start = start_of(path, packing, _LONG_START)
        seen = _json(start, given, is_whole=len(start) < _LONG_START)
    return seen


def container_of(start: bytes, name: str) -> str:
    """The container of a plain file, from its first bytes and its name."""
    binary = detect_binary(start, name)
    if binary:
        return binary
    begin = start.lstrip(_BLANK)
    if begin[:1] == b"[":
        return DOCUMENT
    if begin[:1] != b"{":
        return CSV
    lines = begin.split(b"\n")
    if lines[0].strip() == b"{" or (_object(lines[0]) is None and _spans_lines(begin)):
        return DOCUMENT
    return JSON_LINES


def _json(start: bytes, path: PurePosixPath, *, is_whole: bool) -> Glimpse:
    container = container_of(start, path.name)
    found: list[Mapping[str, Any]]
    if container == DOCUMENT:
        found = _objects(document_records([start], path), _RECORDS)
    else:
        lines = start.lstrip(_BLANK).split(b"\n")
        whole = lines if is_whole else lines[:-1]
        read = (_object(line) for line in whole)
        found = list(itertools.islice((value for value in read if value is not None), _RECORDS))
    return Glimpse(path, container, tuple(found[0]) if found else (), tuple(found))


def _csv(start: bytes, name: str, path: PurePosixPath) -> Glimpse:
    text = start.decode("utf-8-sig", "surrogateescape")
    lines = text.splitlines(keepends=True)
    columns = tuple(split_header(lines, name)[1])
    return Glimpse(path, CSV, columns, tuple(_objects(csv_records(lines, path), _RECORDS)))


def _table(path: Path, packing: str, kind: str, shown: PurePosixPath) -> Glimpse:
    records = _objects(batch_records(path, kind, shown, packing, batch_rows=_RECORDS), _RECORDS)
    if records:
        return Glimpse(shown, kind, tuple(records[0]), tuple(records))
    from workbench.store.sources import peek_columns

    return Glimpse(shown, kind, peek_columns(path, kind)[1])


def _objects(records: Iterable[Any], most: int) -> list[Mapping[str, Any]]:
    whole = (r.value for r in records if not isinstance(r, BrokenLine))
    return list(itertools.islice(whole, most))


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _spans_lines(begin: bytes) -> bool:
    """Whether the first value of a text is an object that ends on a later line."""
    text = begin.decode("utf-8", "replace")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "\n" in text[:end]


__all__ = ["ARROW", "CSV", "DOCUMENT", "JSON_LINES", "PARQUET", "LogFileError", "container_of",
           "glimpse_of"]  # fmt: skip
