"""How are rows turned into profiles? The statements, for any grouping of time.

They read a relation with `wb_version`, `wb_bucket`, `sign` (1 to add, -1 to take back) and the
columns to be counted; they give rows of the catalog's three profile tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from workbench.domain.profile import UNSEEN_CAP, ColumnBins
from workbench.store.quoting import literal_list, number_list


@dataclass(frozen=True)
class CountedColumn:
    """A column to be counted: its place among the bins, and the SQL that gives its value."""

    number: int
    bins: ColumnBins
    value: str
    """A DOUBLE for numbers, a VARCHAR for categories."""


def numeric_statement(relation: str, columns: list[CountedColumn]) -> str:
    """One row a version and bucket: `n`, and for each column i its map hi and moments.

    DuckDB's `histogram` counts edges[i-1] < x <= edges[i], keyed by the upper edge, and what
    lies above the last edge under infinity: the bins of `ColumnBins`.
    """
    parts = ["wb_version", "wb_bucket", "count(*) AS n"]
    for column in columns:
        value, center = column.value, f"{column.bins.center!r}::DOUBLE"
        finite = f"CASE WHEN isfinite({value}) THEN {value} END"
        i = column.number
        edges = number_list(column.bins.edges) if column.bins.edges else "[0.0::DOUBLE]"
        parts += [
            f"histogram({value}, {edges}) AS h{i}",
            f"count({value}) AS p{i}",
            f"coalesce(sum({finite} - {center}), 0) AS s{i}",
            f"coalesce(sum(({finite} - {center}) * ({finite} - {center})), 0) AS q{i}",
            f"min({finite}) AS a{i}",
            f"max({finite}) AS z{i}",
        ]
    return f"SELECT {', '.join(parts)} FROM {relation} GROUP BY wb_version, wb_bucket"


def numeric_counts(table: str, column: CountedColumn) -> str:
    """The rows of `profile_counts` for one column, from the table of `numeric_statement`."""
    i = column.number
    edges = column.bins.edges
    if not edges:
        return f"SELECT wb_version, wb_bucket, {i}, 0, p{i} FROM {table} WHERE p{i} > 0"
    position = f"coalesce(list_position({number_list(edges)}, entry.key) - 1, {len(edges)})"
    return (
        f"SELECT wb_version, wb_bucket, {i}, {position}, entry.value FROM "
        f"(SELECT wb_version, wb_bucket, unnest(map_entries(h{i})) AS entry FROM {table}) "
        "WHERE entry.value > 0"
    )


def numeric_moments(table: str, column: CountedColumn) -> str:
    """The rows of `profile_moments` for one column (parse failures are added apart)."""
    i = column.number
    return f"SELECT wb_version, wb_bucket, {i}, n - p{i}, 0, s{i}, q{i}, a{i}, z{i} FROM {table}"


def category_statement(relation: str, columns: list[CountedColumn]) -> str:
    """Rows a version, bucket, column and value: (wb_version, wb_bucket, column_no, value, n)."""
    listed = ", ".join(f"{column.value} AS c{column.number}" for column in columns)
    sets = ", ".join(f"(wb_version, wb_bucket, c{column.number})" for column in columns)
    number = " ".join(
        f"WHEN grouping(c{column.number}) = 0 THEN {column.number}" for column in columns
    )
    value = " ".join(
        f"WHEN grouping(c{column.number}) = 0 THEN c{column.number}" for column in columns
    )
    return (
        f"SELECT wb_version, wb_bucket, CASE {number} END AS column_no, CASE {value} END AS value, "
        f"count(*) AS n FROM (SELECT wb_version, wb_bucket, {listed} FROM {relation}) "
        f"GROUP BY GROUPING SETS ({sets})"
    )


def category_counts(table: str, column: CountedColumn) -> str:
    """The rows of `profile_counts` for one column, from the table of `category_statement`."""
    bins = column.bins
    known = literal_list(bins.categories)
    other = len(bins.categories)
    beyond = other if bins.is_open else other + 1
    pooled = (
        f"WHEN list_contains({literal_list(bins.other)}, value) THEN {other} " if bins.other else ""
    )
    return (
        f"SELECT wb_version, wb_bucket, {column.number}, CASE WHEN list_position({known}, value) > 0 "
        f"THEN list_position({known}, value) - 1 {pooled}ELSE {beyond} END AS bin, sum(n)::BIGINT "
        f"FROM {table} WHERE column_no = {column.number} AND value IS NOT NULL GROUP BY ALL"
    )


def category_unseen(table: str, column: CountedColumn) -> str:
    """The rows of `profile_unseen` for one column: the most frequent names of each bucket."""
    bins = column.bins
    known = literal_list((*bins.categories, *bins.other))
    return (
        f"SELECT wb_version, wb_bucket, {column.number}, value, n FROM {table} "
        f"WHERE column_no = {column.number} AND value IS NOT NULL AND NOT list_contains({known}, value) "
        f"AND {'false' if bins.is_open else 'true'} "
        "QUALIFY row_number() OVER (PARTITION BY wb_version, wb_bucket ORDER BY n DESC, value) "
        f"<= {UNSEEN_CAP}"
    )


def category_moments(table: str, column: CountedColumn) -> str:
    """The rows of `profile_moments` for one column: only the missing are counted."""
    return (
        f"SELECT wb_version, wb_bucket, {column.number}, "
        "coalesce(sum(n) FILTER (WHERE value IS NULL), 0)::BIGINT, 0, 0.0, 0.0, NULL, NULL "
        f"FROM {table} WHERE column_no = {column.number} GROUP BY wb_version, wb_bucket"
    )


def parse_failure_statement(relation: str) -> str:
    """Rows a version, bucket and feature name: how many values could not be read."""
    return (
        "SELECT wb_version, wb_bucket, name, count(*) AS n FROM (SELECT wb_version, wb_bucket, "
        f"unnest(map_keys(wb_unparsed)) AS name FROM {relation} WHERE wb_unparsed IS NOT NULL) "
        "GROUP BY ALL"
    )
