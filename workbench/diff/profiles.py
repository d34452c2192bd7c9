"""How are a column's values spread on both sides? Counts over the bins that A gives.

The same bins as elsewhere in the product: numbers over fine quantile bins of A, of which the
deciles serve the figures; categories over A's own, the rest pooled. Moments and nested values are not
compared as distributions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from workbench.diff.tables import SharedColumn, Tables
from workbench.domain.bins import make_numeric_bins
from workbench.domain.profile import CATEGORY_CAP, UNSEEN_CAP, ColumnBins, ColumnProfile
from workbench.store.profile_sql import CountedColumn, numeric_statement
from workbench.store.quoting import literal_list

MOST_EXACT = 2_000_000
"""Rows of A up to which bins are made from all of them; beyond, from about a million."""
_LISTED = 2000
"""Categories of A up to which all are known by name; with more, none is called unseen."""
_ALL = "'all' AS wb_version, TIMESTAMP '1970-01-01' AS wb_bucket"


@dataclass(frozen=True)
class Spread:
    """One column's counts on both sides, and its missing shares."""

    missing_a: float | None
    missing_b: float | None
    a: ColumnProfile | None = None
    b: ColumnProfile | None = None
    reason: str | None = None
    """Why there are no counts."""


def spreads(
    tables: Tables, rows_a: int, rows_b: int, *, with_counts: bool = True
) -> dict[str, Spread]:
    """The spread of every column of both sides.

    Args:
        tables: the two sides.
        rows_a: rows of A.
        rows_b: rows of B.
        with_counts: whether values are counted at all, beside the missing.
    """
    found = {c.name: Spread(None, None, reason=_reason(c)) for c in tables.columns}
    if not with_counts or not rows_a or not rows_b:
        why = "not asked for" if not with_counts else f"{'B' if rows_a else 'A'} has no rows"
        found = {n: replace(s, reason=s.reason or why) for n, s in found.items()}
    counted = [column for column in tables.columns if found[column.name].reason is None]
    numbers = [column for column in counted if column.is_numeric]
    for column, (a, b) in zip(numbers, _number_profiles(tables, numbers, rows_a), strict=True):
        found[column.name] = Spread(a.missing_share, b.missing_share, a, b)
    for column in counted:
        if not column.is_numeric:
            a, b = _category_profiles(tables, column, rows_a, rows_b)
            found[column.name] = Spread(a.missing_share, b.missing_share, a, b)
    rest = [column for column in tables.columns if column not in counted]
    missing = [_missing(tables, rest, side, rows) for side, rows in enumerate((rows_a, rows_b))]
    for column, a_share, b_share in zip(rest, *missing, strict=True):
        found[column.name] = replace(found[column.name], missing_a=a_share, missing_b=b_share)
    return found


def _reason(column: SharedColumn) -> str | None:
    types = [read.type for read in column.read]
    if column.is_key:
        return "part of the key"
    if any(t.is_nested or t.id in ("json", "blob", "bit") for t in types):
        return "nested values are not compared as distributions"
    if any(t.family == "moment" or t.id in ("time", "interval") for t in types):
        return "times are not compared as distributions"
    if types[0].is_numeric != types[1].is_numeric:
        return "numbers on one side only"
    return None


def _missing(
    tables: Tables, columns: Sequence[SharedColumn], side: int, rows: int
) -> list[float | None]:
    if not columns:
        return []
    parts = []
    for column in columns:
        value = f"r{column.place}"
        nan = f" AND NOT isnan({value})" if column.read[side].type.id in ("float", "double") else ""
        parts.append(f"count(*) FILTER (WHERE {value} IS NOT NULL{nan})")
    found = tables.connection.execute(
        f"SELECT {', '.join(parts)} FROM diff_{'ab'[side]}"
    ).fetchall()[0]
    return [(rows - int(count)) / rows if rows else None for count in found]


def _number(column: SharedColumn) -> str:
    value = f"r{column.place}::DOUBLE"
    return f"CASE WHEN NOT isnan({value}) THEN {value} END"


def _number_profiles(
    tables: Tables, columns: Sequence[SharedColumn], rows_a: int
) -> list[tuple[ColumnProfile, ColumnProfile]]:
    if not columns:
        return []
    bins = [_bins(tables, column, rows_a) for column in columns]
    sides = []
    for side in (0, 1):
        values = ", ".join(f"{_number(column)} AS v{place}" for place, column in enumerate(columns))
        statement = numeric_statement(
            f"(SELECT {_ALL}, {values} FROM diff_{'ab'[side]})",
            [CountedColumn(place, own, f"v{place}") for place, own in enumerate(bins)],
        )
        cursor = tables.connection.execute(statement)
        names = [entry[0] for entry in cursor.description or ()]
        row = dict(zip(names, cursor.fetchall()[0], strict=True))
        sides.append([_profile(own, place, row) for place, own in enumerate(bins)])
    return list(zip(*sides, strict=True))


def _bins(tables: Tables, column: SharedColumn, rows: int) -> ColumnBins:
    value = _number(column)
    some = ""
    if rows > MOST_EXACT:
        # By a hash: the same rows give the same bins, in whatever order they come.
        share = 1_000_000 / rows
        chosen = f"hash({', '.join(tables.key_names)})" if tables.keys else tables.row_hash(0)
        some = f" AND {chosen} < {int(2**64 * share)}::UBIGINT"
    found = tables.connection.execute(
        f"SELECT {value} AS v FROM diff_a WHERE {value} IS NOT NULL{some}"
    ).fetchnumpy()
    values = found["v"]
    return make_numeric_bins(column.name, "feature", getattr(values, "data", values))


def _profile(bins: ColumnBins, place: int, row: dict[str, Any]) -> ColumnProfile:
    counts = [0] * bins.size
    for number, count in enumerate((row[f"h{place}"] or {}).values()):
        counts[min(number, len(bins.edges))] += int(count)
    return ColumnProfile(
        bins,
        tuple(counts),
        missing=int(row["n"]) - int(row[f"p{place}"]),
        total=float(row[f"s{place}"]),
        total_squares=float(row[f"q{place}"]),
        minimum=row[f"a{place}"],
        maximum=row[f"z{place}"],
    )


def _category_profiles(
    tables: Tables, column: SharedColumn, rows_a: int, rows_b: int
) -> tuple[ColumnProfile, ColumnProfile]:
    execute = tables.connection.execute
    counts = ["diff_counts_a", "diff_counts_b"]
    for side, table in enumerate(counts):
        execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {column.form(side)}::VARCHAR AS v, "
            f"count(*) AS n FROM diff_{'ab'[side]} WHERE r{column.place} IS NOT NULL GROUP BY v"
        )
    top = execute(f"SELECT v, n FROM {counts[0]} ORDER BY n DESC, v LIMIT {_LISTED + 1}").fetchall()
    present = int(execute(f"SELECT coalesce(sum(n), 0) FROM {counts[0]}").fetchall()[0][0])
    is_open = len(top) > _LISTED
    names = [str(value) for value, _ in top]
    bins = ColumnBins(
        column.name,
        "feature",
        "categorical",
        categories=tuple(names[:CATEGORY_CAP]),
        other=() if is_open else tuple(names[CATEGORY_CAP:]),
        is_open=is_open,
    )
    own = [int(n) for _, n in top[:CATEGORY_CAP]]
    rest = present - sum(own)
    profile_a = ColumnProfile(bins, (*own, rest, 0), missing=rows_a - present)
    known = (*bins.categories, *bins.other)
    there = dict(
        execute(
            f"SELECT v, n FROM {counts[1]} WHERE list_contains({literal_list(known)}, v)"
        ).fetchall()
    )
    present_b = int(execute(f"SELECT coalesce(sum(n), 0) FROM {counts[1]}").fetchall()[0][0])
    listed = [int(there.get(name, 0)) for name in bins.categories]
    pooled = sum(int(there.get(name, 0)) for name in bins.other)
    beyond = present_b - sum(listed) - pooled
    unseen: tuple[tuple[str, int], ...] = ()
    if not is_open and beyond:
        unseen = tuple(
            (str(value), int(n))
            for value, n in execute(
                f"SELECT v, n FROM {counts[1]} WHERE NOT list_contains({literal_list(known)}, v) "
                f"ORDER BY n DESC, v LIMIT {UNSEEN_CAP}"
            ).fetchall()
        )
    tail = (pooled + beyond, 0) if is_open else (pooled, beyond)
    return profile_a, ColumnProfile(
        bins, (*listed, *tail), missing=rows_b - present_b, unseen=unseen
    )
