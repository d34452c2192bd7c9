"""Which cells of the changed rows differ, and by more than they may?

Makes `diff_changed`: the key, `a0`, `a1` ... and `b0`, `b1` ..., the values of both sides, of the rows
that are changed once tolerances are minded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.diff.sides import DiffError
from workbench.diff.tables import SharedColumn, Tables
from workbench.domain.names import shown


@dataclass(frozen=True)
class Tolerance:
    """How far two numbers may lie apart and still be the same."""

    absolute: float = 0.0
    relative: float = 0.0
    """Of the larger of the two magnitudes, so that the answer is the same in both directions."""

    def holds(self, a: str, b: str) -> str:
        """SQL of |a - b| <= absolute + relative max(|a|, |b|); false where one is not finite."""
        return (
            f"(isfinite({a}) AND isfinite({b}) AND abs({a} - {b}) <= "
            f"{self.absolute!r} + {self.relative!r} * greatest(abs({a}), abs({b})))"
        )


@dataclass(frozen=True)
class Cells:
    """The changed rows and their cells."""

    changed_rows: int
    changed: Mapping[str, int]
    """Cells that differ, by column."""
    within: Mapping[str, int]
    """Cells that differ by no more than the tolerance, by column."""


def require_tolerable(tables: Tables, tolerances: Mapping[str, Tolerance]) -> None:
    """Makes sure that tolerances are of numbers that are compared.

    Raises:
        DiffError: one is not.
    """
    columns = {column.name: column for column in tables.columns}
    for name in tolerances:
        column = columns.get(name)
        if column is None:
            raise DiffError(
                f"there is no column {shown(repr(name), 60)} on both sides to be tolerant of",
                "Name a column that both have, as --tolerance COL=0.01.",
            )
        if column.is_key or not column.is_numeric:
            what = "is part of the key" if column.is_key else "does not hold numbers on both sides"
            raise DiffError(
                f"no tolerance for {shown(name, 60)}: it {what}",
                "Tolerances are of numbers, as --tolerance COL=0.01.",
            )


def compare_cells(
    tables: Tables, tolerances: Mapping[str, Tolerance], rows: int, *, has_null_keys: bool = True
) -> Cells:
    """Compares the cells of the changed rows of `diff_differing`.

    Args:
        tables: the two sides.
        tolerances: by column.
        rows: how many changed rows there are.
        has_null_keys: whether a key of A may have a null in it.
    """
    connection, columns = tables.connection, tables.compared
    connection.execute("DROP TABLE IF EXISTS diff_changed")
    if not rows:
        return Cells(0, {}, {})
    keys = "".join(f"b.{key}, " for key in tables.key_names)
    alike = _alike(tables)
    values = ", ".join(
        f"{'b' if c.place in alike else 'a'}.r{c.place} AS a{c.place}, b.r{c.place} AS b{c.place}"
        for c in columns
    )
    connection.execute(
        f"CREATE TEMP TABLE diff_changed AS SELECT {keys}{values} FROM diff_a a "
        f"JOIN (SELECT * FROM diff_differing WHERE change = 'changed') b "
        f"ON {tables.matching('a', 'b', has_null=has_null_keys)}"
    )
    within = dict.fromkeys(tolerances, 0)
    if tolerances:
        changed = " OR ".join(_differs(column, tolerances) for column in columns)
        counts = ", ".join(
            f"count(*) FILTER (WHERE {_apart(c)} AND NOT {_differs(c, tolerances)})"
            for c in columns
            if c.name in tolerances
        )
        row = connection.execute(f"SELECT {counts} FROM diff_changed").fetchall()[0]
        names = [column.name for column in columns if column.name in tolerances]
        within = dict(zip(names, map(int, row), strict=True))
        connection.execute(f"DELETE FROM diff_changed WHERE NOT ({changed})")
    counts = ", ".join(f"count(*) FILTER (WHERE {_differs(c, tolerances)})" for c in columns)
    total, *cells = connection.execute(f"SELECT count(*), {counts} FROM diff_changed").fetchall()[0]
    return Cells(
        int(total),
        {c.name: int(count) for c, count in zip(columns, cells, strict=True) if count},
        within,
    )


def _alike(tables: Tables) -> frozenset[int]:
    """The columns that no changed row differs in, and that need not be read of A for that."""
    groups = tables.groups
    told = ", ".join(f"bool_or(d{place})" for place, _ in enumerate(groups))
    row = tables.connection.execute(
        f"SELECT {told} FROM diff_differing WHERE change = 'changed'"
    ).fetchall()[0]
    return frozenset(
        column.place
        for columns, differs in zip(groups, row, strict=True)
        for column in columns
        if not differs and column.read[0].type == column.read[1].type
    )


def _apart(column: SharedColumn) -> str:
    return f"({column.form(0, 'a')} IS DISTINCT FROM {column.form(1, 'b')})"


def _differs(column: SharedColumn, tolerances: Mapping[str, Tolerance]) -> str:
    tolerance = tolerances.get(column.name)
    if tolerance is None:
        return _apart(column)
    a, b = f"a{column.place}::DOUBLE", f"b{column.place}::DOUBLE"
    # Null on one side is a difference, however tolerant: the condition is never null.
    return f"({_apart(column)} AND NOT coalesce({tolerance.holds(a, b)}, false))"
