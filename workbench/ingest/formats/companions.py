"""Which file beside a log says how it is read? Schemas that stand in a folder of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path, PurePosixPath

from workbench.ingest.formats.adapter import Adapter, Item, Mapped, Record
from workbench.ingest.formats.records import BrokenLine, line_records

_MOST_LINES = 10_000
Reader = Callable[[Record, Mapped], Iterable[Item]]


def reader_for(adapter: Adapter, file: Path) -> Reader:
    """The reader of a file: the adapter's own, or the one that a schema beside the file makes.

    Of several schema files the one is taken whose name has the same parts as the log's, such as
    a worker's number, else the last; of a schema file its last record.
    """
    if adapter.schema_files is None or adapter.read_with is None:
        return adapter.read
    found = sorted(
        (path for path in file.parent.glob(adapter.schema_files) if path.is_file()),
        key=lambda path: (_likeness(path, file), path.name),
    )
    for path in reversed(found):
        try:
            records = [
                record
                for record in islice(line_records(path, PurePosixPath(path)), _MOST_LINES)
                if not isinstance(record, BrokenLine)
            ]
        except OSError:
            continue
        if records:
            return adapter.read_with(records[-1].value)
    return adapter.read


def _likeness(path: Path, file: Path) -> int:
    parts = set(file.name.split("."))
    return sum(part in parts for part in path.name.split("."))
