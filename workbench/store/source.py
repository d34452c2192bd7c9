"""What is an opened file to the steps that follow? A Parquet file, its columns, its broken lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import LogFileError
from workbench.store.connections import Connection
from workbench.store.quoting import literal

PARQUET, CSV, JSON_LINES, ARROW = "parquet", "csv", "jsonl", "arrow"
FORMATS = (PARQUET, CSV, JSON_LINES, ARROW)


@dataclass(frozen=True)
class RejectedLines:
    """The lines or records of a file that are no rows; there may be millions of them."""

    path: Path
    """A Parquet file of ours: position BIGINT (from 1), reason, detail and text VARCHAR."""
    counts: Mapping[str, int]
    """Lines by reason."""

    @property
    def total(self) -> int:
        """How many they are."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Source:
    """A file, opened: a Parquet file with its columns, and the lines that are no rows."""

    path: Path
    """The Parquet file to read; the exported file itself when it is one."""
    format: str
    columns: tuple[tuple[str, str], ...]
    """(name, DuckDB type), in order; all VARCHAR when the format has no types."""
    rows: int
    rejected: RejectedLines | None = None
    is_text: bool = False
    is_copyable: bool = False
    """Whether `path` is the exported file itself, so that its bytes may become a segment."""
    position_column: str = ""
    """The column that says where in the export a row stood; empty: its place in `path` does."""
    position_is: str = "line"
    """What the positions of rejected lines, and those of `position_column`, count."""
    may_be_empty: bool = False
    """Whether a file without one usable row is a file all the same: its records belong to rows
    of other files, wait for their other half, or say of themselves that they failed."""
    notes: tuple[str, ...] = ()
    """What the operator should know of how it was read."""
    reader: str = ""
    """The FROM clause where rows are read from the export itself; empty: `path` is read."""
    reading: str | None = None
    """How `path`, whose rows all pass and are normalised already, is read as ours."""

    @property
    def rejects(self) -> Mapping[str, int]:
        """Lines that are no rows, by reason."""
        return self.rejected.counts if self.rejected is not None else {}

    @property
    def relation(self) -> str:
        """The FROM clause; `file_row_number` is the position of a row, from 0."""
        if self.reader:
            return self.reader
        return f"read_parquet({literal(str(self.path))}, file_row_number = true, hive_partitioning = false)"

    @property
    def names(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(name for name, _ in self.columns)


def describe(connection: Connection, path: Path) -> tuple[tuple[str, str], ...]:
    """The columns of a Parquet file with their DuckDB types."""
    rows = connection.execute(
        f"DESCRIBE SELECT * FROM read_parquet({literal(str(path))}, hive_partitioning = false)"
    ).fetchall()
    return tuple((str(row[0]), str(row[1])) for row in rows)


def count_rows(connection: Connection, path: Path) -> int:
    """How many rows a Parquet file has."""
    rows = connection.execute(f"SELECT count(*) FROM read_parquet({literal(str(path))})").fetchall()
    return int(rows[0][0])


def rejected_lines(connection: Connection, query: str, target: Path) -> RejectedLines | None:
    """Writes the lines that a SELECT (position, reason, detail, text) gives; None without any."""
    connection.execute(
        f"COPY ({query}) TO {literal(str(target))} (FORMAT parquet, COMPRESSION lz4)"
    )
    counts = connection.execute(
        f"SELECT reason, count(*) FROM read_parquet({literal(str(target))}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return RejectedLines(target, {str(r): int(n) for r, n in counts}) if counts else None


def not_utf8(path: Path) -> LogFileError:
    """The failure of a text file in another encoding."""
    return LogFileError(
        f"{path.name} is not UTF-8 text",
        "Convert it, for instance with: iconv -f latin1 -t utf-8 FILE",
    )
