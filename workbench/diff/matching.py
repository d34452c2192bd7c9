"""Which rows were added, removed and changed? Rows matched by key, others as multisets.

A hash join on the key, with a few 64-bit hashes of the compared values a row, gives the rows that
differ; their cells are looked at afterwards. Two different values share a hash once in 2^64. Keys that stand on
several rows of a side are taken out first, since a join would pair each with each: their rows, and
all rows where there is no key, are counted by hash on both sides.

Makes `diff_differing` (`change`, the key, for changed rows the values of B, and `d0`, `d1` ..., whether
a group of columns differs) and `diff_many`
(the key, `h`, how often it stands in A and in B).
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.diff.result import ADDED, CHANGED, REMOVED
from workbench.diff.tables import Tables

_MOST_BITS = 32
"""Bits a row that whole keys may take to be told apart."""


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
    has_null_keys: bool = True
    """Whether a key of A may have a null in it."""


def match_rows(tables: Tables, *, is_unique: bool = False) -> Matched:
    """Finds the rows that differ.

    Args:
        tables: the two sides.
        is_unique: whether it is known that no key is repeated on either side.
    """
    tables.connection.execute("DROP TABLE IF EXISTS diff_differing; DROP TABLE IF EXISTS diff_many")
    rows_b = _count(tables, "diff_b")
    if not tables.keys:
        return _as_multisets(tables, _count(tables, "diff_a"), rows_b)
    keys = _key_counts(tables, is_unique=is_unique)
    rows_a = keys.rows
    if keys.are_unique:
        # With A's keys unique the join gives at most one row a row of B.
        found = _join(tables, "diff_a", "diff_b", has_null=keys.has_null)
        if is_unique or _is_one_to_one(tables, rows_a, rows_b, found):
            unchanged = rows_a - found[REMOVED] - found[CHANGED]
            return Matched(
                rows_a,
                rows_b,
                found[ADDED],
                found[REMOVED],
                found[CHANGED],
                unchanged,
                0,
                is_multiset=False,
                has_null_keys=keys.has_null,
            )
        tables.connection.execute("DROP TABLE diff_differing")
    return _with_repeated_keys(tables, rows_a, rows_b)


@dataclass(frozen=True)
class _KeyCounts:
    rows: int
    are_unique: bool
    has_null: bool


def _count(tables: Tables, relation: str) -> int:
    return int(tables.connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])


def _key_counts(tables: Tables, *, is_unique: bool) -> _KeyCounts:
    """What the keys of A are like."""
    present = " AND ".join(f"{key} IS NOT NULL" for key in tables.key_names)
    first = tables.key_names[0]
    is_whole = len(tables.keys) == 1 and tables.has_whole_key
    span = f", min({first}), max({first})" if is_whole else ""
    rows, full, *ends = tables.connection.execute(
        f"SELECT count(*), count(*) FILTER (WHERE {present}){span} FROM diff_a"
    ).fetchall()[0]
    rows, has_null = int(rows), full != rows
    if is_unique:
        return _KeyCounts(rows, True, has_null)
    if rows and is_whole and not has_null and ends[1] - ends[0] < rows * _MOST_BITS:
        # Whole numbers that lie close: a bit each is several times as quick as a set of them.
        distinct = (
            f"bit_count(bitstring_agg({first}, {ends[0]}::{tables.key_type}, "
            f"{ends[1]}::{tables.key_type}))"
        )
    else:
        distinct = f"count(DISTINCT hash({', '.join(tables.key_names)}))"
    found = tables.connection.execute(f"SELECT {distinct} FROM diff_a").fetchall()[0][0]
    return _KeyCounts(rows, int(found or 0) == rows, has_null)


def _join(tables: Tables, a: str, b: str, *, has_null: bool) -> dict[str, int]:
    """Makes `diff_differing`; how many rows of each kind it has.

    Args:
        tables: the two sides.
        a: the rows of A, no key of which is repeated.
        b: those of B.
        has_null: whether some key of A has a null in it.
    """
    keys = ", ".join(tables.key_names)
    values = "".join(f", r{column.place}" for column in tables.compared)
    merged = ", ".join(f"coalesce(a.{key}, b.{key}) AS {key}" for key in tables.key_names)
    # Values are kept where there is something to compare them with.
    kept = "".join(
        f", CASE WHEN a.h0 IS NOT NULL THEN b.r{column.place} END AS r{column.place}"
        for column in tables.compared
    )
    apart = [f"a.h{place} IS DISTINCT FROM b.h{place}" for place, _ in enumerate(tables.groups)]
    told = "".join(f", {differs} AS d{place}" for place, differs in enumerate(apart))
    tables.connection.execute(
        "CREATE TEMP TABLE diff_differing AS SELECT "
        f"CASE WHEN b.h0 IS NULL THEN '{REMOVED}' WHEN a.h0 IS NULL THEN '{ADDED}' ELSE '{CHANGED}' END AS change, "
        f"{merged}{kept}{told} FROM (SELECT {keys}, {tables.group_hashes(0)} FROM {a}) a "
        f"FULL JOIN (SELECT {keys}{values}, {tables.group_hashes(1)} FROM {b}) b "
        f"ON {tables.matching('a', 'b', has_null=has_null)} WHERE {' OR '.join(apart)}"
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
    many = _count(tables, "diff_repeated")
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
    found = _join(tables, "diff_once_a", "diff_once_b", has_null=True)
    added, removed, unchanged = _count_many(tables, "diff_repeats_a", "diff_repeats_b")
    once = _count(tables, "diff_once_a")
    return Matched(
        rows_a,
        rows_b,
        found[ADDED] + added,
        found[REMOVED] + removed,
        found[CHANGED],
        once - found[REMOVED] - found[CHANGED] + unchanged,
        many,
        is_multiset=True,
    )


def _as_multisets(tables: Tables, rows_a: int, rows_b: int) -> Matched:
    for side in "ab":
        tables.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW diff_repeats_{side} AS SELECT * FROM diff_{side}"
        )
    added, removed, unchanged = _count_many(tables, "diff_repeats_a", "diff_repeats_b")
    return Matched(rows_a, rows_b, added, removed, 0, unchanged, 0, is_multiset=True)


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
