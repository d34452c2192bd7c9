"""How is a value from outside read? SQL expressions that never raise: unreadable is NULL."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.classes import BLANK
from workbench.store.quoting import identifier, literal

_MISSING = "('', 'na', 'n/a', 'nan', 'null', 'none', '<na>', 'nat', '-')"
_NUMBERS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE",
)  # fmt: skip
UNSEEN, OTHER = "\x01unseen", "\x01other"
"""Names under which pooled categories are stored; no category from outside begins with \\x01
after `category`, so they cannot be confused."""


def is_number(duckdb_type: str) -> bool:
    """Whether a column of this type holds numbers."""
    return duckdb_type in _NUMBERS or duckdb_type.startswith("DECIMAL")


def is_time(duckdb_type: str) -> bool:
    """Whether a column of this type holds dates or timestamps."""
    return duckdb_type == "DATE" or duckdb_type.startswith("TIMESTAMP")


def is_text(duckdb_type: str) -> bool:
    """Whether a column of this type holds text (enums included)."""
    return duckdb_type == "VARCHAR" or duckdb_type.startswith("ENUM")


def text(column: str, duckdb_type: str) -> str:
    """The value as text; whole floats without a fraction, so that ids of both kinds meet."""
    name = identifier(column)
    if duckdb_type in ("FLOAT", "DOUBLE") or duckdb_type.startswith("DECIMAL"):
        return (
            f"CASE WHEN {name} = trunc({name}) AND abs({name}) < 9007199254740992 "
            f"THEN {name}::BIGINT::VARCHAR ELSE {name}::VARCHAR END"
        )
    if duckdb_type == "VARCHAR":
        return name
    return f"{name}::VARCHAR"


def is_no_nan(value: str) -> str:
    """Whether a number is one, as SQL.

    Not `isnan`: the statistics of a Parquet file leave NaN out, and DuckDB 2.0 takes a condition that
    they decide for decided. They say nothing of `isfinite`.
    """
    return f"(isfinite({value}) OR isinf({value}))"


def number(column: str, duckdb_type: str) -> str:
    """The value as a DOUBLE; NaN and what cannot be read are NULL."""
    name = identifier(column)
    if duckdb_type in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN {is_no_nan(name)} THEN {name}::DOUBLE END"
    if is_number(duckdb_type) or duckdb_type == "BOOLEAN":
        return f"{name}::DOUBLE"
    if is_time(duckdb_type):
        return f"epoch({name}::TIMESTAMP)::DOUBLE"
    read = f"TRY_CAST(trim({name}::VARCHAR) AS DOUBLE)"
    return f"CASE WHEN {is_no_nan(read)} THEN {read} END"


def class_name(expression: str, known: Sequence[str] = ()) -> str:
    """The class that a text names: `domain.classes.class_name` in SQL.

    Args:
        expression: the text.
        known: classes as they are called; a text that is one of them needs no closer look.
    """
    plain = ", ".join(literal(name) for name in dict.fromkeys(("0", "1", *known)))
    trimmed = f"trim({expression}, {literal(BLANK)})"
    whole = r"^[+-]?[0-9]+(\.0*)?$"
    digits = f"regexp_replace({trimmed}, '\\.0*$', '')"
    return (
        f"CASE WHEN {expression} IN ({plain}) THEN {expression} WHEN {expression} IS NULL OR {trimmed} = '' THEN NULL "
        f"WHEN lower({trimmed}) = 'true' THEN '1' WHEN lower({trimmed}) = 'false' THEN '0' "
        f"WHEN regexp_full_match({trimmed}, {literal(whole)}) THEN "
        f"CASE WHEN regexp_full_match({digits}, '[+-]?0+') THEN ltrim({digits}, '+-') "
        f"ELSE ltrim({digits}, '+') END "
        f"WHEN lower({trimmed}) IN ('nan') THEN NULL ELSE {trimmed} END"
    )


def class_of(column: str, duckdb_type: str, known: Sequence[str] = ()) -> str:
    """The class that a value of a column names; see `class_name`."""
    name = identifier(column)
    if duckdb_type == "BOOLEAN":
        return f"CASE WHEN {name} THEN '1' WHEN NOT {name} THEN '0' END"
    if is_number(duckdb_type) and duckdb_type not in ("FLOAT", "DOUBLE"):
        return text(column, duckdb_type)
    return class_name(f"({text(column, duckdb_type)})", known)


def category(column: str, duckdb_type: str, storage: str) -> str:
    """The value of a categorical feature as text.

    Args:
        column: its name.
        duckdb_type: its type in this file.
        storage: how the reference stores it; numbers written as `1.0` are then `1`, and
            `True` is `true`.
    """
    name = identifier(column)
    if duckdb_type in ("FLOAT", "DOUBLE"):
        return f"CASE WHEN {is_no_nan(name)} THEN {text(column, duckdb_type)} END"
    if is_number(duckdb_type) or duckdb_type == "BOOLEAN":
        return text(column, duckdb_type)
    plain = f"nullif(ltrim({text(column, duckdb_type)}, chr(1)), '')"
    if storage == "number":
        return f"regexp_replace({plain}, '^([+-]?[0-9]+)\\.0*$', '\\1')"
    if storage == "boolean":
        return (
            f"CASE lower({plain}) WHEN 'true' THEN 'true' WHEN 't' THEN 'true' WHEN '1' THEN 'true' "
            f"WHEN 'false' THEN 'false' WHEN 'f' THEN 'false' WHEN '0' THEN 'false' ELSE {plain} END"
        )
    return plain


def moment(column: str, duckdb_type: str, timezone: str) -> str:
    """The value as a TIMESTAMP in UTC.

    Naive times are taken in `timezone`. Numbers are seconds, milliseconds, microseconds or
    nanoseconds since 1970, told apart by their size (between the years 1973 and 5138).
    """
    name = identifier(column)
    if duckdb_type == "TIMESTAMP WITH TIME ZONE":
        return _finite(f"({name} AT TIME ZONE 'UTC')")
    if is_time(duckdb_type):
        return _finite(_zoned(f"{name}::TIMESTAMP", timezone))
    if is_number(duckdb_type):
        return _epoch(f"{name}::DOUBLE")
    trimmed = f"trim({name}::VARCHAR)"
    numeric = f"TRY_CAST({trimmed} AS DOUBLE)"
    zoned = (
        rf"regexp_matches({trimmed}, '(Z|z|UTC|[+-][0-9]{{2}}(:?[0-9]{{2}})?)$') "
        rf"AND regexp_matches({trimmed}, '[0-9]:[0-9]')"
    )
    # ISO 8601 allows +0200; the cast wants +02:00.
    spelled = rf"regexp_replace({trimmed}, '([+-][0-9]{{2}})([0-9]{{2}})$', '\1:\2')"
    return _finite(
        f"CASE WHEN {numeric} IS NOT NULL THEN {_epoch(numeric)} "
        f"WHEN {zoned} THEN (TRY_CAST({spelled} AS TIMESTAMPTZ) AT TIME ZONE 'UTC') "
        f"ELSE {_zoned(f'TRY_CAST({trimmed} AS TIMESTAMP)', timezone)} END"
    )


def plain_moment(column: str) -> str:
    """The TIMESTAMP of a text that names no zone but UTC; NULL of any other: quicker than `moment`."""
    name = identifier(column)
    signed = " OR ".join(f"substr({name}, -{place}, 1) = '-'" for place in (3, 5, 6))
    return (
        f"CASE WHEN length({name}) <= 10 OR NOT (contains({name}, '+') OR {signed}) "
        f"THEN TRY_CAST({name} AS TIMESTAMP) END"
    )


def unread(column: str, read: str) -> str:
    """The text of a value that is there and could not be read, else NULL."""
    name = identifier(column)
    return (
        f"CASE WHEN {name} IS NOT NULL AND ({read}) IS NULL "
        f"AND lower(trim({name}::VARCHAR)) NOT IN {_MISSING} THEN {name}::VARCHAR END"
    )


def _zoned(naive: str, timezone: str) -> str:
    if timezone == "UTC":
        return naive
    return f"(timezone({literal(timezone)}, {naive}) AT TIME ZONE 'UTC')"


def _epoch(value: str) -> str:
    return (
        f"CASE WHEN abs({value}) < 1e11 THEN TRY(make_timestamp(({value} * 1e6)::BIGINT)) "
        f"WHEN abs({value}) < 1e14 THEN TRY(make_timestamp(({value} * 1e3)::BIGINT)) "
        f"WHEN abs({value}) < 1e17 THEN TRY(make_timestamp(({value})::BIGINT)) "
        f"WHEN abs({value}) < 9.2e18 THEN TRY(make_timestamp(({value} / 1e3)::BIGINT)) END"
    )


def _finite(value: str) -> str:
    return f"CASE WHEN ({value}) BETWEEN TIMESTAMP '1900-01-01' AND TIMESTAMP '9999-01-01' THEN {value} END"
