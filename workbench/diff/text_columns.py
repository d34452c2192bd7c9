"""As what are the columns of a file without types read? CSV and JSON lines, whole columns at a time.

A column is what all of its values can be read as, losslessly: first what the other side holds it as,
then (where that does not fit, or the other side has no types either) the narrowest of whole numbers,
numbers, truth values, dates, moments and JSON. Numbers with leading zeros are names, and stay text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.diff.sides import Side, relation_columns
from workbench.diff.value_types import LOOSE, VARCHAR, ValueType
from workbench.store.connections import Connection
from workbench.store.quoting import identifier, literal

_WHOLE = ValueType("BIGINT", "bigint")
_NUMBER = ValueType("DOUBLE", "double")
_TRUTH = ValueType("BOOLEAN", "boolean")
_DATE = ValueType("DATE", "date")
_MOMENT = ValueType("TIMESTAMP", "timestamp")
_ZONED = ValueType("TIMESTAMP WITH TIME ZONE", "timestamp with time zone")
_NESTED = ValueType("JSON", "json")
_CANDIDATES = (_WHOLE, _NUMBER, _TRUTH, _DATE, _MOMENT, _ZONED, _NESTED)
_NO_TYPES = ValueType("NULL", "null")


@dataclass(frozen=True)
class ReadColumn:
    """How a column is read, and what its type is said to be."""

    expression: str
    type: ValueType
    told: str
    """The type as the schema tells it."""
    is_settled: bool = False
    """It was read as what the other side holds: that is no difference of the schema."""


def read_columns(
    connection: Connection, a: Side, b: Side, names: tuple[str, ...]
) -> dict[str, tuple[ReadColumn, ReadColumn]]:
    """How the columns of both sides are read, by name."""
    own_a = _own_types(connection, a, b, names) if a.is_text else a.columns
    own_b = _own_types(connection, b, a, names) if b.is_text else b.columns
    return {name: _pair(connection, a, b, name, own_a[name], own_b[name]) for name in names}


def _pair(
    connection: Connection, a: Side, b: Side, name: str, own_a: ValueType, own_b: ValueType
) -> tuple[ReadColumn, ReadColumn]:
    if not a.is_text and not b.is_text:
        return _one_typed(a, name, own_a, own_b), _one_typed(b, name, own_b, own_a)
    if a.is_text and b.is_text:
        return _both_text(connection, a, b, name, own_a, own_b)
    read_a = _one_text(a, name, own_a, own_b)
    return read_a, _one_text(b, name, own_b, own_a)


def _one_typed(side: Side, name: str, own: ValueType, other: ValueType) -> ReadColumn:
    """One side of a pair that both have types."""
    if name in side.numbers_as_text and other.family == "number":
        return ReadColumn(identifier(name), LOOSE, other.text, is_settled=True)
    return ReadColumn(identifier(name), own, own.text)


def _one_text(side: Side, name: str, own: ValueType, other: ValueType) -> ReadColumn:
    """One side of a pair of which one has types."""
    column = identifier(name)
    if not side.is_text:
        # A file without types cannot tell an empty text from none.
        empty = own.id == "varchar"
        return ReadColumn(f"nullif({column}, '')" if empty else column, own, own.text)
    if own.id == "null":
        return ReadColumn(f"NULL::{other.text}", other, other.text, is_settled=True)
    if own.text == other.text:
        return ReadColumn(reading(column, own), own, own.text, is_settled=True)
    if other.family == "text":
        return ReadColumn(column, VARCHAR, other.text, is_settled=True)
    if own.family == other.family and own.id != "json":
        return ReadColumn(reading(column, own), own, own.text)
    return ReadColumn(column, LOOSE, own.text if own.id != "json" else "VARCHAR")


def _both_text(
    connection: Connection, a: Side, b: Side, name: str, own_a: ValueType, own_b: ValueType
) -> tuple[ReadColumn, ReadColumn]:
    column = identifier(name)
    own_a = own_b if own_a.id == "null" else own_a
    own_b = own_a if own_b.id == "null" else own_b
    if "json" in (own_a.id, own_b.id) and own_a == own_b:
        nested = _nested_type(connection, a, b, name)
        expression = f"json_transform({column}::JSON, {literal(nested)})"
        shape = next(
            iter(relation_columns(connection, f"(SELECT {expression} FROM {a.relation})").values())
        )
        read = ReadColumn(expression, shape, "JSON")
        return read, read
    if own_a.family == own_b.family and own_a.family in ("number", "moment"):
        return (
            ReadColumn(reading(column, own_a), own_a, own_a.text),
            ReadColumn(reading(column, own_b), own_b, own_b.text),
        )
    if "number" in (own_a.family, own_b.family):
        return tuple(  # type: ignore[return-value]  # two of them
            ReadColumn(column, LOOSE, "VARCHAR" if own.id in ("json", "null") else own.text)
            for own in (own_a, own_b)
        )
    told_a, told_b = ("VARCHAR" if own.id == "null" else own.text for own in (own_a, own_b))
    return ReadColumn(column, VARCHAR, told_a), ReadColumn(column, VARCHAR, told_b)


def _nested_type(connection: Connection, a: Side, b: Side, name: str) -> str:
    column = identifier(name)
    found = connection.execute(
        f"SELECT json_group_structure(j) FROM (SELECT {column}::JSON AS j FROM {a.relation} "
        f"UNION ALL SELECT {column}::JSON FROM {b.relation})"
    ).fetchall()
    return str(found[0][0])


def _own_types(
    connection: Connection, side: Side, other: Side, names: tuple[str, ...]
) -> Mapping[str, ValueType]:
    """What each column of a file without types can be read as, in one scan."""
    wanted: dict[str, tuple[ValueType, ...]] = {}
    for name in names:
        first = () if other.is_text or name not in other.columns else (other.columns[name],)
        wanted[name] = tuple(t for t in first if t.family != "text") + _CANDIDATES
    parts = []
    for name, candidates in wanted.items():
        column = identifier(name)
        parts.append(f"count({column})")
        parts += [f"count(*) FILTER (WHERE {_fits(column, type_)})" for type_ in candidates]
    if not parts:
        return {}
    counts = iter(
        connection.execute(f"SELECT {', '.join(parts)} FROM {side.relation}").fetchall()[0]
    )
    found: dict[str, ValueType] = {}
    for name, candidates in wanted.items():
        present = int(next(counts))
        fitting = [type_ for type_ in candidates if int(next(counts)) == present]
        found[name] = _NO_TYPES if not present else (fitting[0] if fitting else VARCHAR)
    return found


def _fits(column: str, type_: ValueType) -> str:
    """Whether a text can be read as a type without loss."""
    conditions = {
        "decimal": f"({reading(column, type_)})::DOUBLE = TRY_CAST({column} AS DOUBLE)",
        "float": _not_a_name(column),
        "double": _not_a_name(column),
        "boolean": f"lower({column}) IN ('true', 'false')",
        "date": f"regexp_full_match({column}, '[0-9]{{4,6}}-[0-9]{{2}}-[0-9]{{2}}')",
        "json": f"regexp_matches({column}, '^\\s*[\\[{{]') AND json_valid({column})",
    }
    if type_.is_integer:
        # What the other side holds as a whole number may be written as 1.0 here.
        tail = "" if type_ is _WHOLE else "(\\.0*)?"
        condition = f"regexp_full_match({column}, '[+-]?(0|[1-9][0-9]*){tail}')"
    elif type_ is _MOMENT:
        condition = f"NOT {_zone(column)}"
    else:
        condition = conditions.get(type_.id, "true")
    return f"{condition} AND {reading(column, type_)} IS NOT NULL"


def _not_a_name(column: str) -> str:
    return f"NOT regexp_matches({column}, '^[+-]?0[0-9]')"


def _zone(column: str) -> str:
    return f"regexp_matches({column}, '[0-9]:[0-9].*(Z|z|[+-][0-9:]+)$')"


def reading(column: str, type_: ValueType) -> str:
    """A text read as a type; null where it cannot be."""
    if type_.family == "text":
        return column
    if type_.is_nested:
        valid = f"CASE WHEN json_valid({column}) THEN {column}::JSON END"
        return f"TRY_CAST({valid} AS {type_.text})"
    if type_.id in ("timestamp", "timestamp_s", "timestamp_ms"):
        # A cast to a type without zone drops the text's zone instead of minding it.
        return f"(TRY_CAST({column} AS TIMESTAMPTZ) AT TIME ZONE 'UTC')::{type_.text}"
    if type_.id == "timestamp_ns":
        return f"TRY_CAST(regexp_replace({column}, '([Zz]|\\+00:?(00)?)$', '') AS TIMESTAMP_NS)"
    return f"TRY_CAST({column} AS {type_.text})"
