"""How is a stored Parquet file read as our rows? Ours as it is, a copied one through its SELECT list.

An export that is Parquet already, and whose rows all pass, becomes a segment by a copy of its
bytes. What turns its columns into ours is then kept as text beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.store.quoting import literal_list

PATH = "wb_path"
"""The column that says which file a row is in. No export is copied that has one of this name."""
COPIED = ".copied.parquet"
"""How the name of a copied file ends; the 16 digits before it say which export it is."""
FILE_OF_COPY = r"regexp_extract(wb_path, '([0-9a-f]{16})\.copied\.parquet$', 1)"
"""The identity of the export that a copied file's rows come from, as SQL."""


@dataclass(frozen=True)
class RowFile:
    """A Parquet file of rows."""

    path: Path
    reading: str | None = None
    """The SELECT list that makes our columns of a copied file's; None for a file of our own."""


def rows_relation(files: Sequence[RowFile]) -> str:
    """The FROM clause over all columns of some files, with `wb_path`; they may differ in columns."""
    by_reading: dict[str | None, list[Path]] = {}
    for file in files:
        by_reading.setdefault(file.reading, []).append(file.path)
    parts = [_relation(reading, paths) for reading, paths in by_reading.items()]
    if len(parts) == 1:
        return parts[0]
    return "(" + " UNION ALL BY NAME ".join(f"SELECT * FROM {part}" for part in parts) + ")"


def as_row_files(files: Iterable[Path | RowFile]) -> tuple[RowFile, ...]:
    """The same files; a bare path is a file of our own."""
    return tuple(file if isinstance(file, RowFile) else RowFile(file) for file in files)


def _relation(reading: str | None, paths: Sequence[Path]) -> str:
    listed = literal_list(str(path) for path in paths)
    if reading is None:
        return (
            f"read_parquet({listed}, union_by_name = true, filename = 'wb_path', "
            "hive_partitioning = false)"
        )
    return (
        f"(SELECT {reading}, wb_path FROM read_parquet({listed}, union_by_name = true, "
        "filename = 'wb_path', file_row_number = true, hive_partitioning = false))"
    )
