"""Which rows were added, removed and changed? Rows matched by key, others as multisets.

A hash join on the key, with one 64-bit hash of the compared values a row, gives the rows that differ;
their cells are looked at afterwards. Two different rows share a hash once in 2^64. Keys that stand on
several rows of a side are taken out first, since a join would pair each with each: their rows, and
all rows where there is no key, are counted by hash on both sides.

Makes `diff_differing` (`change`, the key, and for changed rows the values of B) and `diff_many`
(the key, `h`, how often it stands in A and in B).
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.diff.result import ADDED, CHANGED, REMOVED
from workbench.diff.tables import Tables


@dataclass(frozen=True)
class Matched:
    """How rows were matched, before cells are looked at."""

    rows_a: int
    rows_b: int
    added: int
    removed: int
    changed: int
    unchanged: int
    duplicate_keys: int
    is_multiset: bool
    """Whether `diff_many` counts rows."""


def match_rows(tables: Tables, *, is_unique: bool = False) -> Matched:
    """Finds the rows that differ.

    Args:
        tables: the two sides.
        is_unique: whether it is known that no key is repeated on either side.
    """
    tables.connection.execute("DROP TABLE IF EXISTS diff_differing; DROP TABLE IF EXISTS diff_many")
    rows_a, repeats = _rows_and_repeats(tables, "a", is_unique=is_unique)
    rows_b, _ = _rows_and_repeats(tables, "b", is_unique=True)
    if not tables.keys:
        return _as_multisets(tables, rows_a, rows_b)
    if not repeats:
        # With A's keys unique the join gives at most one row a row of B.
        found = _join(tables, "diff_a", "diff_b")
        if is_unique or _is_one_to_one(tables, rows_a, rows_b, found):
            unchanged = rows_a - found[REMOVED] - found[CHANGED]
            return Matched(
                rows_a, rows_b, found[ADDED], found[REMOVED], found[CHANGED], unchanged, 0, False
            )
        tables.connection.execute("DROP TABLE diff_differing")
    return _with_repeated_keys(tables, rows_a, rows_b)


def _rows_and_repeats(tables: Tables, side: str, *, is_unique: bool) -> tuple[int, bool]:
    if is_unique or not tables.keys:
        found = tables.connection.execute(f"SELECT count(*) FROM diff_{side}").fetchall()
        return int(found[0][0]), False
    rows, distinct = tables.connection.execute(
        f"SELECT count(*), count(DISTINCT hash({', '.join(tables.key_names)})) FROM diff_{side}"
    ).fetchall()[0]
    return int(rows), rows != distinct


def _join(tables: Tables, a: str, b: str) -> dict[str, int]:
    """Makes `diff_differing`; how many rows of each kind it has."""
    keys = ", ".join(tables.key_names)
    values = "".join(f", r{column.place}" for column in tables.compared)
    merged = ", ".join(f"coalesce(a.{key}, b.{key}) AS {key}" for key in tables.key_names)
    # Values are kept where there is something to compare them with.
    kept = "".join(
        f", CASE WHEN a.h IS NOT NULL THEN b.r{column.place} END AS r{column.place}"
        for column in tables.compared
    )
    tables.connection.execute(
        "CREATE TEMP TABLE diff_differing AS SELECT "
        f"CASE WHEN b.h IS NULL THEN '{REMOVED}' WHEN a.h IS NULL THEN '{ADDED}' ELSE '{CHANGED}' END AS change, "
        f"{merged}{kept} FROM (SELECT {keys}, {tables.row_hash(0)} AS h FROM {a}) a "
        f"FULL JOIN (SELECT {keys}{values}, {tables.row_hash(1)} AS h FROM {b}) b "
        f"ON {tables.matching('a', 'b')} WHERE a.h IS DISTINCT FROM b.h"
    )
    counts = dict.fromkeys((ADDED, REMOVED, CHANGED), 0)
    counts.update(
        tables.connection.execute(
            "SELECT change, count(*) FROM diff_differing GROUP BY change"
        ).fetchall()
    )
    return counts


def _is_one_to_one(tables: Tables, rows_a: int, rows_b: int, found: dict[str, int]) -> bool:
    """Whether no key of B is repeated, given that none of A is.

    Each matched row of A has at least one of B: more of them than rows of A are repeats. Keys
    that only B has are all among the added rows.
    """
    if rows_a - found[REMOVED] != rows_b - found[ADDED]:
        return False
    repeated = tables.connection.execute(
        f"SELECT 1 FROM diff_differing WHERE change = '{ADDED}' GROUP BY {', '.join(tables.key_names)} "
        "HAVING count(*) > 1 LIMIT 1"
    ).fetchall()
    return not repeated


def _with_repeated_keys(tables: Tables, rows_a: int, rows_b: int) -> Matched:
    connection, keys = tables.connection, ", ".join(tables.key_names)
    repeated = [
        f"SELECT {keys} FROM diff_{side} GROUP BY {keys} HAVING count(*) > 1" for side in "ab"
    ]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE diff_repeated AS {' UNION '.join(repeated)}")
    many = int(connection.execute("SELECT count(*) FROM diff_repeated").fetchall()[0][0])
    for side in "ab":
        match = tables.matching("s", "d")
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW diff_once_{side} AS SELECT * FROM diff_{side} s "
            f"WHERE NOT EXISTS (SELECT 1 FROM diff_repeated d WHERE {match})"
        )
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW diff_repeats_{side} AS SELECT * FROM diff_{side} s "
            f"WHERE EXISTS (SELECT 1 FROM diff_repeated d WHERE {match})"
        )
    found = _join(tables, "diff_once_a", "diff_once_b")
    added, removed, unchanged = _count_many(tables, "diff_repeats_a", "diff_repeats_b")
    once = int(connection.execute("SELECT count(*) FROM diff_once_a").fetchall()[0][0])
    return Matched(
        rows_a,
        rows_b,
        found[ADDED] + added,
        found[REMOVED] + removed,
        found[CHANGED],
        once - found[REMOVED] - found[CHANGED] + unchanged,
        many,
        True,
    )


def _as_multisets(tables: Tables, rows_a: int, rows_b: int) -> Matched:
    for side in "ab":
        tables.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW diff_repeats_{side} AS SELECT * FROM diff_{side}"
        )
    added, removed, unchanged = _count_many(tables, "diff_repeats_a", "diff_repeats_b")
    return Matched(rows_a, rows_b, added, removed, 0, unchanged, 0, True)


def _count_many(tables: Tables, a: str, b: str) -> tuple[int, int, int]:
    """Makes `diff_many`; how many rows only B has, only A has, and both have."""
    keys = "".join(f"{key}, " for key in tables.key_names)
    tables.connection.execute(
        f"CREATE TEMP TABLE diff_many AS SELECT {keys}h, "
        "count(*) FILTER (WHERE side = 0) AS in_a, count(*) FILTER (WHERE side = 1) AS in_b FROM ("
        f"SELECT {keys}{tables.row_hash(0)} AS h, 0 AS side FROM {a} UNION ALL "
        f"SELECT {keys}{tables.row_hash(1)} AS h, 1 AS side FROM {b}) GROUP BY ALL"
    )
    added, removed, both = tables.connection.execute(
        "SELECT coalesce(sum(greatest(in_b - in_a, 0)), 0), coalesce(sum(greatest(in_a - in_b, 0)), 0), "
        "coalesce(sum(least(in_a, in_b)), 0) FROM diff_many"
    ).fetchall()[0]
    return int(added), int(removed), int(both)
