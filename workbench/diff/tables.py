"""Under which names do two tables meet on one connection? Views without a user's name in them.

`diff_a` and `diff_b` have, whatever the columns are called: `k0`, `k1` ..., the key in a form that
is the same on both sides; `r0`, `r1` ..., the values of the columns of both (keys included) as they
are read; `o0`, `o1` ..., those of the columns that only this side has; and `bad`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.diff.conditions import require_answerable
from workbench.diff.equality import Form, comparable, comparable_keys
from workbench.diff.sides import DiffError, Side
from workbench.diff.text_columns import ReadColumn
from workbench.domain.names import shown
from workbench.store.connections import Connection
from workbench.store.quoting import identifier

SIDES = ("a", "b")
_GROUPS, _LEAST_IN_GROUP = 6, 20
_WHOLE = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
)


@dataclass(frozen=True)
class SharedColumn:
    """A column of both sides."""

    place: int
    """Of `r0`, `r1` ... in the views."""
    name: str
    read: tuple[ReadColumn, ReadColumn]
    forms: tuple[Form, Form]
    """What makes the values of each side comparable."""
    is_key: bool = False

    @property
    def is_numeric(self) -> bool:
        """Whether both sides hold numbers."""
        return all(read.type.is_numeric for read in self.read)

    def form(self, side: int, prefix: str = "r") -> str:
        """The comparable form of the column on a side (0 or 1)."""
        return self.forms[side](f"{prefix}{self.place}")


@dataclass(frozen=True)
class Tables:
    """Two sides as views of one connection."""

    connection: Connection
    sides: tuple[Side, Side]
    columns: tuple[SharedColumn, ...]
    keys: tuple[str, ...]
    only: tuple[tuple[str, ...], tuple[str, ...]]
    """The columns that one side has alone."""
    key_type: str = ""
    """The DuckDB type of `k0`; empty without a key."""

    @property
    def compared(self) -> tuple[SharedColumn, ...]:
        """The columns whose cells are compared: all but the key's."""
        return tuple(column for column in self.columns if not column.is_key)

    @property
    def key_names(self) -> tuple[str, ...]:
        """`k0`, `k1` ..., one a column of the key."""
        return tuple(f"k{place}" for place in range(len(self.keys)))

    @property
    def has_whole_key(self) -> bool:
        """Whether `k0` is a whole number of at most 64 bits."""
        return self.key_type in _WHOLE

    @property
    def groups(self) -> tuple[tuple[SharedColumn, ...], ...]:
        """The compared columns in a few groups of neighbours; one, empty, where none is compared.

        Each has a hash of its own: changes mostly lie in few columns, and only the groups that
        have some are looked at again.
        """
        columns = self.compared
        size = max(-(-len(columns) // _GROUPS), _LEAST_IN_GROUP)
        return tuple(columns[i : i + size] for i in range(0, len(columns), size)) or ((),)

    def group_hashes(self, side: int) -> str:
        """`h0`, `h1` ..., a 64-bit hash of each group's values."""
        return ", ".join(
            f"{self._hash(columns, side)} AS h{place}" for place, columns in enumerate(self.groups)
        )

    def row_hash(self, side: int) -> str:
        """A 64-bit hash of the compared values of a row."""
        return self._hash(self.compared, side)

    @staticmethod
    def _hash(columns: tuple[SharedColumn, ...], side: int) -> str:
        forms = ", ".join(column.form(side) for column in columns)
        return f"hash({forms})" if forms else "0::UBIGINT"

    def matching(self, left: str, right: str, *, has_null: bool = True) -> str:
        """The condition that two rows have the same key; null is a key like any other.

        Args:
            left: an alias.
            right: another.
            has_null: whether both may have a null in their keys; plain equality is quicker.
        """
        equal = "IS NOT DISTINCT FROM" if has_null else "="
        return " AND ".join(f"{left}.{key} {equal} {right}.{key}" for key in self.key_names)


def make_tables(
    connection: Connection,
    a: Side,
    b: Side,
    read: Mapping[str, tuple[ReadColumn, ReadColumn]],
    keys: tuple[str, ...],
    where: str = "",
) -> Tables:
    """Makes the views.

    Args:
        connection: the one that both sides are on.
        a: the first side.
        b: the second.
        read: how the columns of both are read, in order.
        keys: those that identify a row.
        where: a condition that is known to be one.

    Raises:
        DiffError: a column of the key holds values on both sides that cannot be equal.
    """
    columns = []
    key_forms = {name: _key_forms(name, read[name]) for name in keys}
    for place, (name, pair) in enumerate(read.items()):
        forms = comparable(pair[0].type, pair[1].type)
        columns.append(SharedColumn(place, name, pair, forms, is_key=name in key_forms))
    shared = set(read)
    only = (
        tuple(name for name in a.columns if name not in shared),
        tuple(name for name in b.columns if name not in shared),
    )
    for number, side in enumerate((a, b)):
        rows = _kept_rows(connection, side, number, read, only[number], where)
        parts = [
            f"{key_forms[name][number](identifier(name))} AS k{place}"
            for place, name in enumerate(keys)
        ]
        parts += [f"{identifier(column.name)} AS r{column.place}" for column in columns]
        parts += [f"{identifier(name)} AS o{place}" for place, name in enumerate(only[number])]
        parts.append(f"{identifier(_bad_name(side))} AS bad")
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW diff_{SIDES[number]} AS SELECT {', '.join(parts)} FROM {rows}"
        )
    key_type = ""
    if keys:
        key_type = str(connection.sql("SELECT k0 FROM diff_a LIMIT 0").types[0])
    return Tables(connection, (a, b), tuple(columns), keys, only, key_type)


def _kept_rows(
    connection: Connection,
    side: Side,
    number: int,
    read: Mapping[str, tuple[ReadColumn, ReadColumn]],
    only: tuple[str, ...],
    where: str,
) -> str:
    """The rows of a side that a condition keeps, their columns as they are read."""
    parts = [f"{pair[number].expression} AS {identifier(name)}" for name, pair in read.items()]
    parts += [identifier(name) for name in only]
    parts.append(f"{side.bad or 'NULL::DOUBLE'} AS {identifier(_bad_name(side))}")
    rows = f"(SELECT {', '.join(parts)} FROM {side.relation})"
    if not where:
        return rows
    kept = f"(SELECT * FROM {rows} WHERE ({where}\n))"
    require_answerable(connection, side.name, kept)
    return kept


def _bad_name(side: Side) -> str:
    """A name that no column has."""
    name = "wb_bad"
    while name in {column.lower() for column in side.columns}:
        name += "_"
    return name


def may_match(pair: tuple[ReadColumn, ReadColumn]) -> bool:
    """Whether a column that one side reads cell by cell can be a key: where all are numbers."""
    is_one_loose = pair[0].type.is_loose != pair[1].type.is_loose
    return not is_one_loose or any(read.is_settled for read in pair)


def _key_forms(name: str, pair: tuple[ReadColumn, ReadColumn]) -> tuple[Form, Form]:
    types = pair[0].type, pair[1].type
    forms = comparable_keys(*types)
    if forms is None or not may_match(pair):
        told = " and ".join(
            f"{read.told} in {side}" for read, side in zip(pair, ("A", "B"), strict=True)
        )
        raise DiffError(
            f"the key {shown(name, 60)} cannot be matched: it is {told}",
            "Name another key with --key, or export both with one type.",
        )
    return forms
