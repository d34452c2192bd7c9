"""How do the rows of an answer come out? In batches, in types that everything can hold."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.store.connections import Connection
from workbench.store.query_guard import CheckedQuery
from workbench.store.quoting import identifier

if TYPE_CHECKING:
    import polars as pl

BATCH = 50_000
_ODD = re.compile(r"\b(INTERVAL|UNION|VARIANT|BIT|BIGNUM|GEOMETRY|UHUGEINT)\b|WITH TIME ZONE|NULL")
"""Types that no frame holds, alone or inside others."""
_PLAIN = frozenset(
    {
        "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
        "UBIGINT", "HUGEINT", "FLOAT", "DOUBLE", "VARCHAR",
    }
)  # fmt: skip


@dataclass(frozen=True)
class QueryColumn:
    """A column of an answer."""

    name: str
    type: str
    """DuckDB's name of its type."""

    @property
    def is_nested(self) -> bool:
        """Whether its values are lists, structures or maps; printed, they are JSON."""
        return self.type.endswith("]") or self.type.startswith(("STRUCT", "MAP"))


def read_batches(
    connection: Connection, query: CheckedQuery, printable: bool, limit: int | None
) -> tuple[tuple[QueryColumn, ...], Generator[pl.DataFrame, None, None]]:
    """The columns of a query's answer, and its rows as they come.

    Args:
        connection: locked down, with the query's views.
        query: what is asked.
        printable: times are ISO 8601 in UTC, nested values JSON, and what is neither number
            nor truth value is text.
        limit: no more rows than this.
    """
    text = f"EXPLAIN {query.text}" if query.is_plan else query.text
    relation = connection.sql(text)
    columns = tuple(
        QueryColumn(name, str(type_))
        for name, type_ in zip(relation.columns, relation.types, strict=True)
    )
    shown = _printed if printable else _held
    fields = ", ".join(
        f"{shown(f'#{place}', column)} AS {identifier(f'c{place}')}"
        for place, column in enumerate(columns, 1)
    )
    projected = relation.project(fields)
    return columns, _batches(projected.limit(limit) if limit is not None else projected, columns)


def _batches(
    relation: object, columns: tuple[QueryColumn, ...]
) -> Generator[pl.DataFrame, None, None]:
    import polars as pl

    reader = relation.to_arrow_reader(BATCH)  # type: ignore[attr-defined]
    try:
        empty = True
        for batch in reader:
            empty = False
            yield _frame(pl.DataFrame(pl.from_arrow(batch)), columns)
        if empty:
            yield _frame(pl.DataFrame(pl.from_arrow(reader.schema.empty_table())), columns)
    finally:
        reader.close()


def _frame(frame: pl.DataFrame, columns: tuple[QueryColumn, ...]) -> pl.DataFrame:
    import polars as pl

    whole = [
        pl.col(f"c{place}").cast(pl.Int128)
        for place, column in enumerate(columns, 1)
        if column.type == "HUGEINT"
    ]
    return frame.with_columns(whole) if whole else frame


def _held(value: str, column: QueryColumn) -> str:
    """A value as a frame holds it."""
    if column.type == "TIMESTAMP WITH TIME ZONE":
        return f"({value} AT TIME ZONE 'UTC')"
    if _ODD.search(column.type):
        return f"{value}::VARCHAR"
    return value


def _printed(value: str, column: QueryColumn) -> str:
    """A value as text, number or truth value."""
    type_ = column.type
    if type_ in _PLAIN:
        return value
    if type_ == "TIMESTAMP WITH TIME ZONE":
        value, type_ = f"({value} AT TIME ZONE 'UTC')", "TIMESTAMP"
    if type_.startswith("TIMESTAMP"):
        return (
            f"CASE WHEN isfinite({value}) THEN replace({value}::VARCHAR, ' ', 'T') || 'Z' "
            f"ELSE {value}::VARCHAR END"
        )
    if column.is_nested and not _ODD.search(type_):
        return f"to_json({value})::VARCHAR"
    return f"{value}::VARCHAR"
