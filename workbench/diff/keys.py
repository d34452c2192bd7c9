"""By which columns are rows matched? What the user says, else what identifies a row on both sides."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from workbench.diff.equality import comparable_keys
from workbench.diff.result import KeyChoice
from workbench.diff.sides import DiffError, Side
from workbench.diff.tables import may_match
from workbench.diff.text_columns import ReadColumn
from workbench.domain.names import shown
from workbench.store.connections import Connection
from workbench.store.quoting import identifier

_ID = re.compile(
    r"(^|[^a-z])(id|key|uuid|guid|pk|prediction_id|row_id)([^a-z]|$)|[a-z](Id|ID|Key)$"
)
_LIKE_ID = re.compile(r"id|key|uuid|guid|code|number|name", re.IGNORECASE)
_SAMPLE = 5000
_MOST_COLUMNS = 3
_MOST_CANDIDATES = 12
_MOST_TRIES = 40
_NEARLY = 0.98
"""A column that is called an id is one although a few rows repeat it."""


def given_key(a: Side, b: Side, names: Sequence[str]) -> KeyChoice:
    """The key that the user named.

    Raises:
        DiffError: a side does not have one of its columns.
    """
    for side in (a, b):
        absent = [name for name in names if name not in side.columns]
        if absent:
            raise DiffError(
                f"{shown(side.name)} has no column {', '.join(shown(repr(n), 60) for n in absent)}",
                f"Its columns: {', '.join(shown(name, 40) for name in list(side.columns)[:20])}.",
            )
    return KeyChoice(tuple(dict.fromkeys(names)), is_inferred=False, reason="as named")


def inferred_key(
    connection: Connection, a: Side, b: Side, read: Mapping[str, tuple[ReadColumn, ReadColumn]]
) -> KeyChoice:
    """The fewest columns that identify every row on both sides; those called an id first.

    Floats, truth values and nested values identify nothing. A column that is not called an id must
    also hold, on both sides, values of which at least half are the other side's too: row numbers and
    unique measurements would match rows that have nothing to do with one another. A column
    called an id on which fewer than 2 % of the rows repeat is taken where nothing else serves.
    """
    if a.key and a.key == b.key and all(name in read for name in a.key):
        return KeyChoice(a.key, is_inferred=True, reason="the id of a prediction")
    usable = [name for name, pair in read.items() if _may_identify(pair)]
    usable.sort(key=_rank)
    rows = tuple(_count(connection, side) for side in (a, b))
    if 0 in rows:
        named = tuple(name for name in usable if _rank(name) == 0)[:1]
        return KeyChoice(named, is_inferred=True, reason="its name; a side has no rows")
    if not usable:
        return KeyChoice((), is_inferred=True, reason="no column identifies a row")
    return _searched(_Checks(connection, (a, b), read, rows, usable), usable)


def _searched(checks: _Checks, usable: Sequence[str]) -> KeyChoice:
    """The key among the columns that may be part of one, in order of preference."""
    single = [name for name in usable if checks.may_be_unique((name,))]
    for name in single:
        if checks.is_unique((name,)) and (_rank(name) == 0 or checks.do_meet((name,))):
            return KeyChoice((name,), is_inferred=True, reason="unique in both", is_unique=True)
    for name in usable:
        if _rank(name) == 0 and checks.is_nearly_unique(name):
            return KeyChoice((name,), is_inferred=True, reason="its name; some rows repeat it")
    for names in itertools.islice(_combinations(usable, single), _MOST_TRIES):
        if checks.may_be_unique(names) and checks.is_unique(names) and checks.do_meet(names):
            return KeyChoice(
                names, is_inferred=True, reason="unique together in both", is_unique=True
            )
    return KeyChoice((), is_inferred=True, reason="no columns identify a row on both sides")


def _combinations(usable: Sequence[str], unique: Sequence[str]) -> Iterator[tuple[str, ...]]:
    few = [name for name in usable if name not in unique][:_MOST_CANDIDATES]
    for size in range(2, _MOST_COLUMNS + 1):
        yield from itertools.combinations(few, size)


def _may_identify(pair: tuple[ReadColumn, ReadColumn]) -> bool:
    types = pair[0].type, pair[1].type
    if any(t.is_nested or t.id in ("float", "double", "boolean", "null", "json") for t in types):
        return False
    return may_match(pair) and comparable_keys(*types) is not None


def _rank(name: str) -> int:
    if _ID.search(name) or _ID.search(name.lower()):
        return 0
    return 1 if _LIKE_ID.search(name) else 2


def _count(connection: Connection, side: Side) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {side.relation}").fetchall()[0][0])


class _Checks:
    """What the rows say of candidates."""

    def __init__(
        self,
        connection: Connection,
        sides: tuple[Side, Side],
        read: Mapping[str, tuple[ReadColumn, ReadColumn]],
        rows: tuple[int, ...],
        usable: Sequence[str],
    ) -> None:
        self._connection, self._sides, self._read, self._rows = connection, sides, read, rows
        # One query a side: without an order two would give other rows.
        listed = ", ".join(f"{identifier(name)}::VARCHAR" for name in usable)
        self._samples = [
            dict(
                zip(
                    usable,
                    zip(
                        *connection.execute(
                            f"SELECT {listed} FROM {side.relation} LIMIT {_SAMPLE}"
                        ).fetchall(),
                        strict=True,
                    ),
                    strict=True,
                )
            )
            for side in sides
        ]

    def may_be_unique(self, names: tuple[str, ...]) -> bool:
        """Whether the first rows of both sides tell nothing against it."""
        for side in (0, 1):
            columns = [self._samples[side][name] for name in names]
            if len(set(zip(*columns, strict=True))) < len(columns[0]):
                return False
        return True

    def is_unique(self, names: tuple[str, ...]) -> bool:
        """Whether no two rows of a side have the same values, and none lacks one."""
        for number, side in enumerate(self._sides):
            distinct, present = self._connection.execute(
                f"SELECT count(DISTINCT {self._hash(number, names)}), "
                f"count(*) FILTER (WHERE {' AND '.join(f'{identifier(n)} IS NOT NULL' for n in names)}) "
                f"FROM {side.relation}"
            ).fetchall()[0]
            if distinct != self._rows[number] or present != self._rows[number]:
                return False
        return True

    def is_nearly_unique(self, name: str) -> bool:
        """Whether few rows of either side repeat a value."""
        return all(
            self._connection.execute(
                f"SELECT count(DISTINCT {self._hash(number, (name,))}) FROM {side.relation}"
            ).fetchall()[0][0]
            >= self._rows[number] * _NEARLY
            for number, side in enumerate(self._sides)
        )

    def do_meet(self, names: tuple[str, ...]) -> bool:
        """Whether at least half of the smaller side's values are the other side's too."""
        both = " INTERSECT ".join(
            f"SELECT {self._hash(number, names)} FROM {side.relation}"
            for number, side in enumerate(self._sides)
        )
        found = self._connection.execute(f"SELECT count(*) FROM ({both})").fetchall()[0][0]
        return int(found) * 2 >= min(self._rows)

    def _hash(self, side: int, names: tuple[str, ...]) -> str:
        values = []
        for name in names:
            pair = self._read[name]
            forms = comparable_keys(pair[0].type, pair[1].type)
            values.append(forms[side](pair[side].expression) if forms else identifier(name))
        return f"hash({', '.join(values)})"
