"""When are two values equal, whatever types hold them? SQL that brings both to one form.

Rows are hashed and cells compared in that form. Numbers are equal by value (a decimal equals the
double nearest to it; a truth value is 0 or 1), and never equal a text; moments are instants, those
without a zone in UTC, and a date is its midnight; lists and structures are compared part by part, a
structure's missing field being null; maps have no order. Null equals null, NaN equals NaN and
-0.0 equals 0.0: so DuckDB itself has it, in hashes and in IS DISTINCT FROM alike.
"""

from __future__ import annotations

from collections.abc import Callable

from workbench.diff.value_types import ValueType
from workbench.store.quoting import literal

Form = Callable[[str], str]
"""Makes the comparable form of an expression."""
_MOST_DIGITS = 38


def comparable(a: ValueType, b: ValueType, depth: int = 0) -> tuple[Form, Form]:
    """How values of two types are brought to one form.

    Values of two types that can hold no equal ones get forms that are never equal; null still
    equals null.
    """
    if a.is_loose or b.is_loose:
        return _loose(a), _loose(b)
    if a == b and not a.is_nested:
        return _as_is, _as_is
    if a.id == "null" or b.id == "null":
        return _as_text("null"), _as_text("null")
    if a.family != b.family:
        return _as_text(a.family), _as_text(b.family)
    if a.family == "text":
        return _cast("VARCHAR"), _cast("VARCHAR")
    maker = _MAKERS.get(a.family)
    return maker(a, b, depth) if maker is not None else (_as_text("other"), _as_text("other"))


def comparable_keys(a: ValueType, b: ValueType) -> tuple[Form, Form] | None:
    """As `comparable`, for the columns that rows are matched by; None where that cannot be."""
    if a.is_loose or b.is_loose:
        return (_as_is, _as_is) if a.is_loose and b.is_loose else comparable(a, b)
    if a.family != b.family and "null" not in (a.id, b.id):
        return None
    if any(t.id in ("float", "double") for t in (a, b)):
        # As text: a join would leave out the parts of a Parquet file whose range lacks a key, and
        # NaN is in no range.
        return _number_text(a), _number_text(b)
    return comparable(a, b)


def _as_is(value: str) -> str:
    return value


def _cast(type_: str) -> Form:
    return lambda value: f"({value})::{type_}"


def _as_text(mark: str) -> Form:
    return lambda value: f"({literal(mark + ':')} || ({value})::VARCHAR)"


def _loose(type_: ValueType) -> Form:
    """Numbers and texts told apart cell by cell: a file without types does not say."""
    if type_.family == "number":
        number = _number_text(type_)
        return lambda value: f"('n' || {number(value)})"
    if not type_.is_loose:
        return lambda value: f"('t' || ({value})::VARCHAR)"
    number = _number_text(ValueType("DOUBLE", "double"))
    return lambda value: (
        f"(CASE WHEN TRY_CAST({value} AS DOUBLE) IS NULL THEN 't' || {value} "
        f"ELSE 'n' || {number(f'TRY_CAST({value} AS DOUBLE)')} END)"
    )


def _numbers(a: ValueType, b: ValueType) -> tuple[Form, Form]:
    pair = (a, b)
    if any(t.id == "uhugeint" for t in pair):
        return _number_text(a), _number_text(b)
    floats = any(t.id in ("float", "double") for t in pair)
    if floats and any(t.is_integer and not t.is_exact_in_double for t in pair):
        # Neither type holds all values of the other.
        return _double_and_rest(a), _double_and_rest(b)
    if floats:
        return _to_double(a), _to_double(b)
    whole = [t.digits or (1 if t.id == "boolean" else t.precision - t.scale) for t in pair]
    scale = max(t.scale for t in pair)
    if not scale and max(whole) < _MOST_DIGITS:
        target = "BIGINT" if max(whole) < 19 or all(t.id == "bigint" for t in pair) else "HUGEINT"
        return _to(a, target), _to(b, target)
    if max(whole) + scale <= _MOST_DIGITS:
        target = f"DECIMAL({max(whole) + scale}, {scale})"
        return _to(a, target), _to(b, target)
    return _number_text(a), _number_text(b)


def _to(type_: ValueType, target: str) -> Form:
    if type_.id == "boolean":
        return lambda value: f"({value})::TINYINT::{target}"
    return _cast(target)


def _to_double(type_: ValueType) -> Form:
    return _to(type_, "DOUBLE")


def _double_and_rest(type_: ValueType) -> Form:
    """The nearest double, and what an integer beyond 2^53 has beside it."""
    if not type_.is_integer:
        return lambda value: (
            f"(CASE WHEN {value} IS NOT NULL THEN struct_pack(d := ({value})::DOUBLE, r := 0::HUGEINT) END)"
        )
    return lambda value: (
        f"(CASE WHEN {value} IS NOT NULL THEN struct_pack(d := ({value})::DOUBLE, "
        f"r := ({value})::HUGEINT - ({value})::DOUBLE::HUGEINT) END)"
    )


def _number_text(type_: ValueType) -> Form:
    """A number as digits: the same text for the same value, whatever type holds it."""
    if type_.id in ("float", "double"):
        return lambda value: (
            f"(CASE WHEN ({value})::DOUBLE = trunc(({value})::DOUBLE) AND abs(({value})::DOUBLE) < 1e37 "
            f"THEN ({value})::DOUBLE::HUGEINT::VARCHAR ELSE ({value})::DOUBLE::VARCHAR END)"
        )
    if type_.id == "decimal":
        return lambda value: (
            f"(CASE WHEN contains(({value})::VARCHAR, '.') "
            f"THEN rtrim(rtrim(({value})::VARCHAR, '0'), '.') ELSE ({value})::VARCHAR END)"
        )
    if type_.id == "boolean":
        return lambda value: f"({value})::TINYINT::VARCHAR"
    return _cast("VARCHAR")


def _instant(type_: ValueType, other: ValueType) -> Form:
    def naive(value: str) -> str:
        if type_.id == "timestamp with time zone":
            return f"(({value}) AT TIME ZONE 'UTC')"
        return f"({value})::TIMESTAMP"

    if "timestamp_ns" not in (type_.id, other.id):
        return naive
    if type_.id == "timestamp_ns":
        return lambda value: f"epoch_ns({value})::HUGEINT"
    return lambda value: f"(epoch_us({naive(value)})::HUGEINT * 1000)"


def _lists(a: ValueType, b: ValueType, depth: int) -> tuple[Form, Form]:
    forms = comparable(a.children[0][1], b.children[0][1], depth + 1)
    return _each(a, forms[0], depth), _each(b, forms[1], depth)


def _each(type_: ValueType, form: Form, depth: int) -> Form:
    item = f"x{depth}"
    cast = f"::{type_.children[0][1].text}[]" if type_.id == "array" else ""
    return lambda value: _counted(
        value, f"list_transform(({value}){cast}, lambda {item}: {form(item)})"
    )


def _counted(value: str, items: str) -> str:
    """Items with their number: DuckDB gives an empty list the hash of none at all."""
    return f"struct_pack(n := len({value}), v := {items})"


def _structures(a: ValueType, b: ValueType, depth: int) -> tuple[Form, Form]:
    fields = sorted({name for name, _ in (*a.children, *b.children)})
    absent = ValueType("NULL", "null")
    pairs = [
        comparable(
            dict(a.children).get(name, absent), dict(b.children).get(name, absent), depth + 1
        )
        for name in fields
    ]
    return (
        _packed(a, fields, [pair[0] for pair in pairs]),
        _packed(b, fields, [pair[1] for pair in pairs]),
    )


def _packed(type_: ValueType, fields: list[str], forms: list[Form]) -> Form:
    has = dict(type_.children)

    def packed(value: str) -> str:
        parts = ", ".join(
            f"f{place} := "
            + form(f"struct_extract({value}, {literal(name)})" if name in has else "NULL")
            for place, (name, form) in enumerate(zip(fields, forms, strict=True))
        )
        # A structure of nulls has the hash of none at all, too.
        return f"struct_pack(n := {value} IS NULL, {parts})"

    return packed


def _maps(a: ValueType, b: ValueType, depth: int) -> tuple[Form, Form]:
    keys = comparable(a.children[0][1], b.children[0][1], depth + 1)
    values = comparable(a.children[1][1], b.children[1][1], depth + 1)
    item = f"x{depth}"

    def form(side: int) -> Form:
        entry = (
            f"struct_pack(k := {keys[side](f'{item}.key')}, v := {values[side](f'{item}.value')})"
        )
        return lambda value: (
            f"struct_pack(n := cardinality({value}), "
            f"v := list_sort(list_transform(map_entries({value}), lambda {item}: {entry})))"
        )

    return form(0), form(1)


_MAKERS: dict[str, Callable[[ValueType, ValueType, int], tuple[Form, Form]]] = {
    "number": lambda a, b, _: _numbers(a, b),
    "moment": lambda a, b, _: (_instant(a, b), _instant(b, a)),
    "list": _lists,
    "struct": _structures,
    "map": _maps,
}
