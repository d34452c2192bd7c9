"""How do the rows of several segments become those of one? Under common types, each with its commit.

Segments differ: some are copies of exports, some have columns that others lack, and a column
that the card does not know may be a number in one and text in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.store.catalog import Segment
from workbench.store.committing import StagedSegment
from workbench.store.connections import Connection
from workbench.store.days import ROW_GROUP
from workbench.store.quoting import identifier, literal
from workbench.store.row_files import PATH, rows_relation

_WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}
_BROKEN = {"FLOAT", "DOUBLE"}
SEQUENCE = "wb_sequence"


@dataclass(frozen=True)
class JoinedFile:
    """A staged file of rows that were stored before, and the newest commit among them."""

    staged: StagedSegment
    sequence: int


def joined_rows(
    connection: Connection, segments: Sequence[Segment], *, with_path: bool = False
) -> str:
    """The FROM clause over the rows of segments, all columns and `wb_sequence`.

    A column of one type keeps it, whole numbers become BIGINT and others DOUBLE; one that is
    anything else besides is text, so that no value is lost.

    Args:
        connection: scratch.
        segments: whose rows.
        with_path: `wb_path` as well, the file of each row.
    """
    alike: dict[tuple[tuple[str, str], ...], list[Segment]] = {}
    for segment in segments:
        alike.setdefault(_columns(connection, segment), []).append(segment)
    types: dict[str, set[str]] = {}
    for columns in alike:
        for name, type_ in columns:
            types.setdefault(name.lower(), set()).add(type_)
    path = f", r.{PATH}" if with_path else ""
    parts = [_part(columns, group, types, path) for columns, group in alike.items()]
    return "(" + " UNION ALL BY NAME ".join(parts) + ")"


def write_joined(
    connection: Connection, relation: str, target: Path, order: str, time_column: str
) -> JoinedFile | None:
    """Writes rows of `joined_rows` as a file of ours; None (and no file) when there are none.

    Args:
        connection: scratch.
        relation: the rows.
        target: the file.
        order: the columns to sort by.
        time_column: what the catalog notes the extent of.
    """
    connection.execute(
        f"COPY (SELECT * FROM {relation} ORDER BY {order}) TO {literal(str(target))} "
        f"(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
    )
    rows, low, high, sequence = connection.execute(
        f"SELECT count(*), min({time_column}), max({time_column}), max({SEQUENCE}) "
        f"FROM read_parquet({literal(str(target))}, hive_partitioning = false)"
    ).fetchall()[0]
    if not rows:
        target.unlink()
        return None
    return JoinedFile(StagedSegment(target, int(rows), low, high), int(sequence))


def split_days(connection: Connection, relation: str, folder: Path) -> dict[str, str]:
    """The rows of each day as a relation of its own: segments across days are read once."""
    connection.execute("SET preserve_insertion_order = false")
    connection.execute("SET partitioned_write_flush_threshold = 20000")  # days may be many
    connection.execute(
        f"COPY (SELECT *, wb_timestamp::DATE AS wb_day FROM {relation}) TO {literal(str(folder))} "
        "(FORMAT parquet, COMPRESSION lz4, PARTITION_BY (wb_day))"
    )
    connection.execute("SET preserve_insertion_order = true")
    return {
        part.name.partition("=")[2]: (
            f"read_parquet({literal(str(part / '*.parquet'))}, hive_partitioning = false)"
        )
        for part in sorted(folder.iterdir())
    }


def _columns(connection: Connection, segment: Segment) -> tuple[tuple[str, str], ...]:
    rows = connection.execute(f"DESCRIBE SELECT * FROM {rows_relation([segment.file])}").fetchall()
    return tuple((str(row[0]), str(row[1])) for row in rows if row[0] != PATH)


def _part(
    columns: tuple[tuple[str, str], ...],
    segments: Sequence[Segment],
    types: dict[str, set[str]],
    path: str,
) -> str:
    fields = [_field(name, types[name.lower()]) for name, _ in columns if name.lower() != SEQUENCE]
    own = f"r.{SEQUENCE}" if any(name == SEQUENCE for name, _ in columns) else "NULL"
    values = ", ".join(f"({literal(str(s.path))}, {s.sequence}::BIGINT)" for s in segments)
    return (
        f"SELECT {', '.join(fields)}, coalesce({own}, q.sequence)::BIGINT AS {SEQUENCE}{path} "
        f"FROM {rows_relation([s.file for s in segments])} r "
        f"JOIN (VALUES {values}) q(wb_path, sequence) ON r.wb_path = q.wb_path"
    )


def _field(name: str, types: set[str]) -> str:
    column = f"r.{identifier(name)}"
    if len(types) == 1:
        return f"{column} AS {identifier(name)}"
    common = "BIGINT" if types <= _WHOLE else "DOUBLE" if types <= _BROKEN else "VARCHAR"
    return f"{column}::{common} AS {identifier(name)}"
