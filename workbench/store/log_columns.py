"""Which columns did the exports have, and of which types? As far as their stored files show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.store.connections import scratch
from workbench.store.counted import ModelStore
from workbench.store.quoting import literal_list


@dataclass(frozen=True)
class LogColumns:
    """The columns of some stored files that are alike."""

    start: datetime
    """The oldest row of the first of them."""
    end: datetime
    """The newest row of the last of them."""
    is_raw: bool
    """The export itself: its columns and types are as they came. Otherwise known columns are
    stored in the card's types, whether the export had them or not."""
    types: tuple[tuple[str, str], ...]
    """(name, family): `number`, `text`, `boolean`, `time` or `other`, by name."""


def log_columns(store: ModelStore) -> list[LogColumns]:
    """The columns of all stored files, oldest first; neighbours that are alike are one."""
    timed = [(s.start, str(s.path), s) for s in store.segments.predictions if s.start is not None]
    segments = [s for _, _, s in sorted(timed, key=lambda item: item[:2])]
    if not segments:
        return []
    with scratch(store.home) as connection:
        rows = connection.execute(
            "SELECT file_name, name, type, coalesce(converted_type::VARCHAR, ''), "
            "coalesce(logical_type::VARCHAR, ''), coalesce(num_children, 0) FROM parquet_schema("
            f"{literal_list(str(s.path) for s in segments)})"
        ).fetchall()
    columns: dict[str, list[tuple[str, str]]] = {}
    nested: dict[str, int] = {}
    for file, name, type_, converted, logical, children in rows:
        listed = columns.setdefault(file, [])
        if file not in nested:
            nested[file] = 0  # the root of the schema comes first
            continue
        if nested[file]:
            nested[file] += children - 1
            continue
        nested[file] = children
        listed.append((name, "other" if children else _family(type_, converted, logical)))
    found: list[LogColumns] = []
    for segment in segments:
        types = tuple(sorted(columns.get(str(segment.path), [])))
        start, end = segment.start, segment.end
        if start is None or end is None:
            continue
        last = found[-1] if found else None
        # A text export is normalised at once and has our columns, however it is read.
        is_raw = segment.reading is not None and all(name != "wb_id" for name, _ in types)
        if last is not None and last.types == types and last.is_raw == is_raw:
            found[-1] = LogColumns(last.start, max(last.end, end), is_raw, types)
        else:
            found.append(LogColumns(start, end, is_raw, types))
    return found


def _family(type_: str, converted: str, logical: str) -> str:
    if (
        "TIMESTAMP" in converted
        or "DATE" in converted
        or "Timestamp" in logical
        or "Date" in logical
    ):
        return "time"
    if type_ == "BOOLEAN":
        return "boolean"
    if "DECIMAL" in converted or type_ in ("INT32", "INT64", "FLOAT", "DOUBLE"):
        return "number"
    return "time" if type_ == "INT96" else "text" if type_ == "BYTE_ARRAY" else "other"
