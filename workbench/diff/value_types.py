"""Of what type is a column, and which types can hold equal values?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_DIGITS = {
    "tinyint": 3, "utinyint": 3, "smallint": 5, "usmallint": 5, "integer": 10, "uinteger": 10,
    "bigint": 19, "ubigint": 20, "hugeint": 39, "uhugeint": 39,
}  # fmt: skip
"""How many decimal digits the largest value of an integer type has."""
_EXACT_IN_DOUBLE = 10
"""Integers of so many digits at most are doubles without loss (2^32 < 2^53)."""


@dataclass(frozen=True)
class ValueType:
    """A type of DuckDB."""

    text: str
    """How DuckDB writes it."""
    id: str
    children: tuple[tuple[str, ValueType], ...] = ()
    """Fields of a structure, the child of a list, key and value of a map."""
    precision: int = 0
    scale: int = 0
    """Of decimals."""
    is_loose: bool = False
    """Text of a file without types, some of whose cells may be numbers."""

    @property
    def digits(self) -> int | None:
        """How many digits an integer type may have; None for others."""
        return _DIGITS.get(self.id)

    @property
    def is_integer(self) -> bool:
        """Whether it holds whole numbers only."""
        return self.id in _DIGITS

    @property
    def is_exact_in_double(self) -> bool:
        """Whether every value of an integer type is a double without loss."""
        return (self.digits or 99) <= _EXACT_IN_DOUBLE

    @property
    def family(self) -> str:
        """Types of one family can hold equal values; a truth value is the number 0 or 1."""
        if self.is_integer or self.id in ("float", "double", "decimal", "boolean"):
            return "number"
        if self.id in ("varchar", "enum", "uuid", "char"):
            return "text"
        if self.id == "date" or self.id.startswith("timestamp"):
            return "moment"
        return "list" if self.id == "array" else self.id

    @property
    def is_numeric(self) -> bool:
        """Whether it holds numbers that a distance can be measured between."""
        return self.family == "number" and self.id != "boolean"

    @property
    def is_nested(self) -> bool:
        """Whether its values are lists, structures, maps or the like."""
        return self.family in ("list", "struct", "map", "union", "variant")


def value_type(given: Any) -> ValueType:
    """The type that DuckDB's own description of a type stands for."""
    name = str(given.id)
    if name == "decimal":
        parts = dict(given.children)
        return ValueType(str(given), name, (), int(parts["precision"]), int(parts["scale"]))
    children: tuple[tuple[str, ValueType], ...] = ()
    if name in ("list", "array"):
        children = (("child", value_type(given.children[0][1])),)
    elif name in ("struct", "map", "union"):
        children = tuple((str(field), value_type(type_)) for field, type_ in given.children)
    return ValueType(str(given), name, children)


VARCHAR = ValueType("VARCHAR", "varchar")
LOOSE = ValueType("VARCHAR", "varchar", is_loose=True)
