"""How are rows turned into profiles? The statements, for any grouping of time.

Numbers are counted from a relation with `wb_version`, `wb_bucket` and the columns; categories
from the groups that `outcome_sql` makes. Both give rows of the catalog's three profile tables,
all columns in one statement a table: a statement a column costs more than its work.
"""

from __future__ import annotations

from collections.abc import Sequence
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


def numeric_statement(relation: str, columns: Sequence[CountedColumn]) -> str:
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


def numeric_rows(table: str, columns: Sequence[CountedColumn]) -> str:
    """The table of `numeric_statement` with a row a column: column_no, edges, h, p, s, q, a, z."""
    packed = ", ".join(
        f"struct_pack(i := {c.number}, e := {len(c.bins.edges)}, h := h{c.number}, p := p{c.number}, s := s{c.number}, "
        f"q := q{c.number}, a := a{c.number}, z := z{c.number})"
        for c in columns
    )
    return (
        "SELECT wb_version, wb_bucket, n, c.i AS column_no, c.e AS edges, c.h AS h, c.p AS p, c.s AS s, c.q AS q, "
        f"c.a AS a, c.z AS z FROM (SELECT wb_version, wb_bucket, n, unnest([{packed}]) AS c FROM {table})"
    )


def numeric_counts(rows: str) -> str:
    """The rows of `profile_counts`, from the table of `numeric_rows`.

    The map has every edge, in order, so that a place in it is a bin.
    """
    return (
        "SELECT wb_version, wb_bucket, column_no, least(place - 1, edges)::SMALLINT AS bin, sum(n)::BIGINT FROM "
        "(SELECT wb_version, wb_bucket, column_no, edges, unnest(map_values(h)) AS n, "
        f"generate_subscripts(map_values(h), 1) AS place FROM {rows}) WHERE n > 0 GROUP BY ALL"
    )


def numeric_moments(rows: str) -> str:
    """The rows of `profile_moments` (parse failures are added apart)."""
    return f"SELECT wb_version, wb_bucket, column_no, n - p, 0, s, q, a, z FROM {rows}"


def category_bin_rows(columns: Sequence[CountedColumn]) -> str:
    """The bins of categories as rows: column_no, value, bin."""
    return " UNION ALL ".join(
        f"SELECT {c.number} AS column_no, unnest({literal_list((*c.bins.categories, *c.bins.other))}) AS value, "
        f"least(unnest(range({len(c.bins.categories) + len(c.bins.other)})), {len(c.bins.categories)}) AS bin"
        for c in columns
    )


def category_counts(table: str, bins: str, columns: Sequence[CountedColumn]) -> str:
    """The rows of `profile_counts` from (wb_version, wb_bucket, column_no, value, n)."""
    beyond = " ".join(
        f"WHEN {c.number} THEN {len(c.bins.categories) + (0 if c.bins.is_open else 1)}"
        for c in columns
    )
    return (
        f"SELECT wb_version, wb_bucket, column_no, coalesce(bin, CASE column_no {beyond} END) AS b, sum(n)::BIGINT "
        f"FROM {table} LEFT JOIN {bins} USING (column_no, value) WHERE value IS NOT NULL GROUP BY ALL "
        "HAVING sum(n) <> 0"
    )


def category_unseen(table: str, bins: str, columns: Sequence[CountedColumn]) -> str:
    """The rows of `profile_unseen`: the most frequent names of each bucket and column."""
    open_ones = [str(c.number) for c in columns if c.bins.is_open]
    closed = f" AND column_no NOT IN ({', '.join(open_ones)})" if open_ones else ""
    return (
        f"SELECT wb_version, wb_bucket, column_no, value, sum(n)::BIGINT AS n FROM {table} "
        f"ANTI JOIN {bins} USING (column_no, value) WHERE value IS NOT NULL{closed} "
        "GROUP BY wb_version, wb_bucket, column_no, value "
        "HAVING sum(n) <> 0 QUALIFY row_number() OVER (PARTITION BY wb_version, wb_bucket, column_no "
        f"ORDER BY sum(n) DESC, value) <= {UNSEEN_CAP}"
    )


def category_moments(table: str) -> str:
    """The rows of `profile_moments`: only the missing are counted."""
    return (
        "SELECT wb_version, wb_bucket, column_no, coalesce(sum(n) FILTER (WHERE value IS NULL), 0)::BIGINT, "
        f"0, 0.0, 0.0, NULL, NULL FROM {table} GROUP BY wb_version, wb_bucket, column_no"
    )


def parse_failure_statement(relation: str) -> str:
    """Rows a version, bucket and feature name: how many values could not be read."""
    return (
        "SELECT wb_version, wb_bucket, name, count(*) AS n FROM (SELECT wb_version, wb_bucket, "
        f"unnest(map_keys(wb_unparsed)) AS name FROM {relation} WHERE wb_unparsed IS NOT NULL) "
        "GROUP BY ALL"
    )
