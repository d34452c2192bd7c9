"""How does a file begin? What the detectors see of it, and no more is read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from workbench.errors import LogFileError
from workbench.ingest.formats.adapter import Glimpse
from workbench.ingest.formats.containers import (
    BLANK,
    CSV,
    DOCUMENT,
    TABLES,
    container_of,
    object_in,
)
from workbench.ingest.formats.records import (
    BrokenLine,
    batch_records,
    csv_records,
    document_records,
)
from workbench.store.sources import compression_of, file_head, peek_columns, start_of
from workbench.store.text_source import split_header

_START = 1 << 20
_LONG_START = 64 << 20
"""How much is looked at when not one record ends within the usual start."""
_RECORDS = 5


def glimpse_of(path: Path, shown: str, folder: Path | None = None) -> Glimpse:
    """The beginning of a file, plain or packed.

    Args:
        path: the file.
        shown: its path as given, which some exports put meaning in.
        folder: where a packed table is unpacked for the moment.

    Raises:
        LogFileError: the file is missing, empty, or cannot be unpacked or read.
    """
    given = PurePosixPath(shown)
    packing = compression_of(file_head(path))
    start = start_of(path, packing, _START)
    kind = container_of(start, path.name)
    if kind in TABLES:
        return _table(path, packing, kind, given, folder)
    if kind == CSV:
        return _csv(start, given)
    seen = _json(start, kind, given, is_whole=len(start) < _START)
    if not seen.records and len(start) == _START:
        start = start_of(path, packing, _LONG_START)
        seen = _json(start, kind, given, is_whole=len(start) < _LONG_START)
    return seen


def _json(start: bytes, kind: str, path: PurePosixPath, *, is_whole: bool) -> Glimpse:
    if kind == DOCUMENT:
        found = _objects(document_records([start], path))
    else:
        lines = start.lstrip(BLANK).split(b"\n")
        read = (object_in(line) for line in (lines if is_whole else lines[:-1]))
        found = tuple(islice((value for value in read if value is not None), _RECORDS))
    return Glimpse(path, kind, tuple(found[0]) if found else (), found)


def _csv(start: bytes, path: PurePosixPath) -> Glimpse:
    text = start.decode("utf-8-sig", "surrogateescape")
    try:
        columns = tuple(split_header(io.StringIO(text, newline=""), path.name)[1])
    except LogFileError:  # whoever reads it says what is wrong with its header
        return Glimpse(path, CSV, ())
    return Glimpse(path, CSV, columns, _objects(csv_records(io.StringIO(text, newline=""), path)))


def _table(
    path: Path, packing: str, kind: str, shown: PurePosixPath, folder: Path | None
) -> Glimpse:
    try:
        rows = batch_records(path, kind, shown, packing, batch_rows=_RECORDS, folder=folder)
        records = _objects(rows)
    except LogFileError:  # rows that are damaged are for whoever reads them
        records = ()
    columns = tuple(records[0]) if records else peek_columns(path, kind, folder)[1]
    return Glimpse(shown, kind, columns, records)


def _objects(records: Iterable[Any]) -> tuple[Mapping[str, Any], ...]:
    return tuple(islice((r.value for r in records if not isinstance(r, BrokenLine)), _RECORDS))
