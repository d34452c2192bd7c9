"""Which rows differ, with both values? As a frame for people, as a file for programs."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.diff.matching import Matched
from workbench.diff.result import ADDED, CHANGED, REMOVED
from workbench.diff.sides import DiffError, relation_columns
from workbench.diff.tables import Tables
from workbench.diff.value_types import ValueType
from workbench.domain.names import shown
from workbench.store.quoting import identifier, literal

if TYPE_CHECKING:
    import polars as pl

WITHHELD = "(withheld)"
"""What stands in the place of a sensitive value."""
_FORMATS = {
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
    ".csv": "FORMAT csv, HEADER",
    ".jsonl": "FORMAT json",
    ".ndjson": "FORMAT json",
    ".json": "FORMAT json",
}
_NOT_IN_FILES = ("hugeint", "uhugeint", "interval", "bit", "union", "variant", "bignum")


def require_writable(path: Path, inputs: Sequence[Path]) -> None:
    """Makes sure that a file can take rows and is not one of those compared.

    Raises:
        DiffError: its ending is unknown, its folder is missing, or it is an input.
    """
    if path.suffix.lower() not in _FORMATS:
        raise DiffError(
            f"cannot tell a format from the name {shown(path.name)}",
            f"End it in {', '.join(_FORMATS)}.",
        )
    if path.is_dir() or not path.parent.is_dir():
        what = "is a folder" if path.is_dir() else "would lie in a folder that is not there"
        raise DiffError(f"{shown(path)} {what}", "Name a file in a folder that exists.")
    if not os.access(path.parent, os.W_OK):
        raise DiffError(
            f"cannot write to the folder of {shown(path)}", "Check the folder's permissions."
        )
    whole = path.resolve()
    if any(whole == given.resolve() for given in inputs):
        raise DiffError(
            f"{shown(path)} is one of the files that are compared", "Name another file."
        )


def differing_rows(tables: Tables, matched: Matched) -> list[str]:
    """The SELECTs of all differing rows: `change`, the key, then `NAME (a)` and `NAME (b)` a column.

    One a kind of rows, with the same columns: changed, removed, added.
    """
    header = _Header(tables)
    parts = [_changed(tables, header)] if matched.changed else []
    for side in (0, 1):
        if tables.keys:
            parts.append(_one_sided(tables, header, side))
        if matched.is_multiset:
            parts.append(_excess(tables, header, side))
    return parts


def shown_rows(tables: Tables, statements: list[str], limit: int) -> pl.DataFrame:
    """Some of the differing rows as a frame: changed, removed, added, each in order of the key.

    A kind of rows is looked for only where those before it do not fill the frame.
    """
    import polars as pl

    places = ", ".join(str(place) for place in range(2, 2 + max(len(tables.keys), 1)))
    frames: list[pl.DataFrame] = []
    for statement in statements:
        left = limit - sum(frame.height for frame in frames)
        if frames and left <= 0:
            break
        # An order is not asked for where nothing is.
        order = f"ORDER BY {places}" if left else ""
        frames.append(tables.connection.sql(f"{statement} {order} LIMIT {max(left, 0)}").pl())
    return pl.concat(frames, how="vertical_relaxed")


def write_rows(tables: Tables, statements: list[str], path: Path) -> None:
    """Writes all differing rows, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    statement = " UNION ALL BY NAME ".join(statements)
    if path.suffix.lower() != ".parquet":
        statement = _flat(tables, statement, as_json=path.suffix.lower() != ".csv")
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        tables.connection.execute(
            f"COPY ({statement}) TO {literal(str(temporary))} ({_FORMATS[path.suffix.lower()]})"
        )
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o600 if _is_private(tables) else 0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _is_private(tables: Tables) -> bool:
    return any(side.sensitive for side in tables.sides)


def _flat(tables: Tables, statement: str, *, as_json: bool) -> str:
    """Nested values as JSON, where the format holds only plain ones."""
    if as_json:
        return statement
    relation = tables.connection.sql(f"SELECT * FROM ({statement}) LIMIT 0")
    parts = []
    for name, type_ in zip(relation.columns, relation.types, strict=True):
        column = identifier(str(name))
        is_nested = str(type_.id) in ("list", "array", "struct", "map")
        parts.append(f"to_json({column})::VARCHAR AS {column}" if is_nested else column)
    return f"SELECT {', '.join(parts)} FROM ({statement})"


class _Header:
    """The columns of the result: names that cannot collide, and types that files can hold."""

    def __init__(self, tables: Tables) -> None:
        taken = {"change"}
        sensitive = tables.sides[0].sensitive | tables.sides[1].sensitive
        types = relation_columns(tables.connection, "diff_a")
        self.keys = [
            (self._free(name, taken), key, types[key], name in sensitive)
            for key, name in zip(tables.key_names, tables.keys, strict=True)
        ]
        self.pairs = [
            (
                self._free(f"{column.name} (a)", taken),
                self._free(f"{column.name} (b)", taken),
                f"{column.place}",
                column,
                column.name in sensitive,
            )
            for column in tables.compared
        ]
        self.only = [
            [
                (
                    self._free(f"{name} ({'ab'[side]})", taken),
                    f"o{place}",
                    tables.sides[side].columns[name],
                    name in sensitive,
                )
                for place, name in enumerate(tables.only[side])
            ]
            for side in (0, 1)
        ]

    @staticmethod
    def _free(name: str, taken: set[str]) -> str:
        while name.lower() in taken:
            name += "_"
        taken.add(name.lower())
        return name

    def row(self, change: str, sides: dict[int, str], only: dict[int, str]) -> str:
        """The select list of one kind of rows.

        Args:
            change: the kind, as SQL.
            sides: where the values of a side come from: the prefix of their columns.
            only: where the values of columns that a side has alone come from.
        """
        source = next(iter(sides.values()), "")
        alias = source.partition(".")[0]
        parts = [f"{change} AS change"]
        for name, key, type_, is_hidden in self.keys:
            value = f"{alias}.{key}" if alias else "NULL"
            parts.append(f"{_told(value, type_, is_hidden)} AS {identifier(name)}")
        for name_a, name_b, place, column, is_hidden in self.pairs:
            for side, name in enumerate((name_a, name_b)):
                type_ = column.read[side].type
                found = f"{sides[side]}{place}" if side in sides else None
                parts.append(f"{_value(found, type_, is_hidden)} AS {identifier(name)}")
        for side in (0, 1):
            for name, place, type_, is_hidden in self.only[side]:
                found = f"{only[side]}.{place}" if side in only else None
                parts.append(f"{_value(found, type_, is_hidden)} AS {identifier(name)}")
        return ", ".join(parts)


def _value(value: str | None, type_: ValueType, is_hidden: bool) -> str:
    if value is None:
        return f"NULL::{'VARCHAR' if is_hidden or _odd(type_) else type_.text}"
    return _told(value, type_, is_hidden)


def _told(value: str, type_: ValueType, is_hidden: bool) -> str:
    if is_hidden:
        return f"CASE WHEN {value} IS NOT NULL THEN {literal(WITHHELD)} END"
    return f"({value})::VARCHAR" if _odd(type_) else value


def _odd(type_: ValueType) -> bool:
    return type_.id in (*_NOT_IN_FILES, "null")


def _changed(tables: Tables, header: _Header) -> str:
    row = header.row(literal(CHANGED), {0: "c.a", 1: "c.b"}, {})
    only = tables.only[0] or tables.only[1]
    if not only:
        return f"SELECT {row} FROM diff_changed c"
    row = header.row(literal(CHANGED), {0: "c.a", 1: "c.b"}, {0: "a", 1: "b"})
    return (
        f"SELECT {row} FROM diff_changed c JOIN diff_a a ON {tables.matching('c', 'a')} "
        f"JOIN diff_b b ON {tables.matching('c', 'b')}"
    )


def _one_sided(tables: Tables, header: _Header, side: int) -> str:
    change = (REMOVED, ADDED)[side]
    row = header.row(literal(change), {side: "s.r"}, {side: "s"})
    return (
        f"SELECT {row} FROM diff_{'ab'[side]} s WHERE EXISTS (SELECT 1 FROM diff_differing d "
        f"WHERE d.change = {literal(change)} AND {tables.matching('s', 'd')})"
    )


def _excess(tables: Tables, header: _Header, side: int) -> str:
    """The rows of a multiset that one side has more often."""
    change = (REMOVED, ADDED)[side]
    row = header.row(literal(change), {side: "s.r"}, {side: "s"})
    return f"SELECT {row} FROM {excess_rows(tables, side)} s"


def excess_rows(tables: Tables, side: int) -> str:
    """The rows of `diff_repeats_a` or `_b` that the other side has less often, as a FROM clause."""
    mine, other = ("in_a", "in_b") if side == 0 else ("in_b", "in_a")
    keys = "".join(f"t.{key}, " for key in tables.key_names)
    match = " AND ".join(filter(None, [tables.matching("t", "m"), "t.h = m.h"]))
    return (
        f"(SELECT t.* FROM (SELECT *, {tables.row_hash(side)} AS h FROM diff_repeats_{'ab'[side]}) t "
        f"JOIN (SELECT * FROM diff_many WHERE {mine} > {other}) m ON {match} "
        f"QUALIFY row_number() OVER (PARTITION BY {keys}t.h) <= m.{mine} - m.{other})"
    )
