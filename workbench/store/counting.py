"""What do these rows add to the stored counts? The new rows of every counting table.

These functions fill temporary tables in a scratch connection, named
after the catalog's tables with `new_` before them; the commit copies them, a report on a
period that cuts a bucket reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from workbench.domain.profile import ColumnBins
from workbench.domain.rules import OutcomeRules
from workbench.store.connections import Connection
from workbench.store.outcome_sql import (
    COUNTS,
    class_statement,
    column_group_statement,
    group_statement,
    outcome_statement,
    score_bin_statement,
    score_statement,
)
from workbench.store.profile_sql import (
    CountedColumn,
    category_bin_rows,
    category_counts,
    category_moments,
    category_unseen,
    numeric_counts,
    numeric_moments,
    numeric_rows,
    numeric_statement,
    parse_failure_statement,
)
from workbench.store.quoting import identifier, literal

PROFILE_TABLES = {
    "profile_counts": "model_version VARCHAR, bucket TIMESTAMP, column_no SMALLINT, bin SMALLINT, n BIGINT",
    "profile_moments": "model_version VARCHAR, bucket TIMESTAMP, column_no SMALLINT, missing BIGINT, "
    "parse_failures BIGINT, total DOUBLE, total_squares DOUBLE, minimum DOUBLE, maximum DOUBLE",
    "profile_unseen": "model_version VARCHAR, bucket TIMESTAMP, column_no SMALLINT, name VARCHAR, n BIGINT",
}
_KEYS = "model_version VARCHAR, role VARCHAR, arm VARCHAR, bucket TIMESTAMP, is_assumed BOOLEAN"
OUTCOME_TABLES = {
    "outcomes": f"{_KEYS}, segment_no SMALLINT, segment VARCHAR, "
    + ", ".join(f"{identifier(name)} DOUBLE" for name in COUNTS),
    "outcome_scores": f"{_KEYS}, bin SMALLINT, positive DOUBLE, negative DOUBLE",
    "outcome_classes": f"{_KEYS}, label VARCHAR, prediction VARCHAR, n DOUBLE",
}


@dataclass(frozen=True)
class Groups:
    """What `group_rows` made: the tables `row_groups` and, with columns, `column_groups`."""

    columns: tuple[str, ...]
    """The columns of `column_groups`, by place; the segments come first."""


def make_empty_counts(connection: Connection) -> None:
    """Makes the `new_` tables, empty."""
    for table, columns in (PROFILE_TABLES | OUTCOME_TABLES).items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE new_{table} ({columns})")


def counted_columns(
    bins: Iterable[ColumnBins], roles: tuple[str, ...], task: str
) -> list[CountedColumn]:
    """The columns of some roles, with the SQL that gives their values in a rows view."""
    return [
        CountedColumn(number, column, _value(column, task))
        for number, column in enumerate(bins)
        if column.role in roles
    ]


def group_rows(
    connection: Connection,
    relation: str,
    rules: OutcomeRules,
    bins: Sequence[ColumnBins],
    *,
    only_outcomes: bool = False,
) -> Groups:
    """Makes the groups that outcomes and the profiles of categories are sums of.

    Args:
        connection: scratch.
        relation: the judged rows (see `outcome_sql`).
        rules: the card's rules.
        bins: what is counted; its categorical features are grouped beside the segments.
        only_outcomes: leave out the features that are no segments.
    """
    features = [b.name for b in bins if b.role == "feature" and b.kind == "categorical"]
    columns = tuple(dict.fromkeys([*rules.segments, *([] if only_outcomes else features)]))
    salt = 0
    while True:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE row_groups AS {group_statement(relation, rules, salt)}"
        )
        rows, distinct = connection.execute(
            "SELECT count(*), count(DISTINCT gid) FROM row_groups"
        ).fetchall()[0]
        if rows == distinct:
            break
        salt += 1
    if columns:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE column_groups AS "
            + column_group_statement(relation, rules, columns, salt)
        )
    return Groups(columns)


def count_numbers(
    connection: Connection, relation: str, columns: Sequence[CountedColumn], *, sign: int = 1
) -> None:
    """Adds the profiles of a relation's numeric columns to the `new_profile_` tables.

    Args:
        connection: scratch, with the tables of `make_empty_counts`.
        relation: a view with `wb_version`, `wb_bucket` and the columns.
        columns: what to count; those that are categories are passed over.
        sign: -1 takes the rows back: counts and sums fall, extremes stay as they were.
    """
    numeric = [column for column in columns if column.bins.kind == "numeric"]
    if not numeric:
        return
    for table, query in (
        ("grouped", numeric_statement(relation, numeric)),
        ("grouped_rows", numeric_rows("grouped", numeric)),
    ):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")
    _insert(connection, "profile_counts", numeric_counts("grouped_rows"), sign)
    _insert(connection, "profile_moments", numeric_moments("grouped_rows"), sign)


def count_categories(
    connection: Connection,
    groups: Groups,
    columns: Sequence[CountedColumn],
    condition: str = "wb_role = 'live' AND NOT is_assumed",
) -> None:
    """Adds the profiles of categorical columns to the `new_profile_` tables.

    Args:
        connection: scratch, with the tables of `make_empty_counts` and of `group_rows`.
        groups: what `group_rows` made.
        columns: what to count; those that are numbers are passed over.
        condition: which groups count. A label counts where there is one.
    """
    chosen = [column for column in columns if column.bins.kind == "categorical"]
    if not chosen:
        return
    parts = []
    for column in chosen:
        head = f"SELECT wb_version, wb_bucket, {column.number} AS column_no, "
        if column.bins.role == "prediction":
            parts.append(f"{head}wb_prediction AS value, n FROM row_groups WHERE {condition}")
        elif column.bins.role == "label":
            parts.append(
                f"{head}judged_label AS value, g AS n FROM row_groups WHERE judged_label IS NOT NULL "
                f"AND {condition}"
            )
        else:
            parts.append(
                f"{head}value, c.n FROM column_groups c JOIN row_groups r USING (gid) "
                f"WHERE place = {groups.columns.index(column.bins.name)} AND {condition}"
            )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE category_values AS {' UNION ALL '.join(parts)}"
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE category_bins AS {category_bin_rows(chosen)}")
    counts = category_counts("category_values", "category_bins", chosen)
    _insert(connection, "profile_counts", counts, 1)
    unseen = category_unseen("category_values", "category_bins", chosen)
    _insert(connection, "profile_unseen", unseen, 1)
    _insert(connection, "profile_moments", category_moments("category_values"), 1)


def count_parse_failures(
    connection: Connection, relation: str, columns: list[CountedColumn]
) -> None:
    """Adds the values that could not be read to `new_profile_moments`."""
    numbers = ", ".join(
        f"({literal(column.bins.name)}, {column.number})"
        for column in columns
        if column.bins.role == "feature"
    )
    connection.execute(
        "INSERT INTO new_profile_moments SELECT wb_version, wb_bucket, number, 0, n, 0, 0, NULL, NULL "
        f"FROM ({parse_failure_statement(relation)}) "
        f"JOIN (SELECT * FROM (VALUES {numbers}) t(name, number)) USING (name)"
    )


def count_outcomes(
    connection: Connection,
    relation: str,
    groups: Groups,
    rules: OutcomeRules,
    bins: Sequence[ColumnBins],
) -> None:
    """Adds the outcomes of judged rows to the `new_outcome` tables.

    Args:
        connection: scratch, with the tables of `make_empty_counts` and of `group_rows`.
        relation: the judged rows that `group_rows` grouped.
        groups: what it made.
        rules: the card's rules.
        bins: the categories that segment values are pooled beyond, and the score's bins.
    """
    categories = {b.name: b for b in bins if b.role == "feature"}
    by_column = "column_groups" if groups.columns and rules.segments else None
    statement = outcome_statement("row_groups", by_column, rules, categories)
    connection.execute(f"INSERT INTO new_outcomes {statement}")
    if rules.is_classification:
        connection.execute(f"INSERT INTO new_outcome_classes {class_statement('row_groups')}")
    if rules.task == "binary":
        edges = next((b.edges for b in bins if b.role == "score"), ()) or _EVEN
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE scored AS {score_statement(relation, rules, edges)}"
        )
        connection.execute(f"INSERT INTO new_outcome_scores {score_bin_statement('scored', edges)}")
        zeros = ", ".join("0.0" for _ in COUNTS[:-2])
        connection.execute(
            "INSERT INTO new_outcomes SELECT model_version, role, arm, bucket, is_assumed, 0, NULL, "
            f"{zeros}, sum(scored), sum(log_loss) FROM scored GROUP BY ALL"
        )


def write_counts(connection: Connection, folder: Path) -> dict[str, Path]:
    """Writes the `new_` tables as Parquet files, for the commit to copy; empty ones are left out."""
    written: dict[str, Path] = {}
    for table in PROFILE_TABLES | OUTCOME_TABLES:
        if connection.execute(f"SELECT count(*) FROM new_{table}").fetchall()[0][0]:
            path = folder / f"{table}.counts"
            connection.execute(f"COPY new_{table} TO {literal(str(path))} (FORMAT parquet)")
            written[table] = path
    return written


_EVEN = tuple(i / 100 for i in range(1, 100))
"""Score bins where the reference has no score to make them from."""


def _insert(connection: Connection, table: str, query: str, sign: int) -> None:
    if sign == 1:
        connection.execute(f"INSERT INTO new_{table} {query}")
        return
    names = [part.strip().split(" ")[0] for part in PROFILE_TABLES[table].split(",")]
    listed = ", ".join(
        f"-{name}" if name in ("n", "missing", "total", "total_squares") else name for name in names
    )
    connection.execute(
        f"INSERT INTO new_{table} SELECT {listed} FROM ({query}) AS counted({', '.join(names)})"
    )


def _value(column: ColumnBins, task: str) -> str:
    if column.role == "feature":
        return identifier(column.name)
    if column.role == "prediction":
        return "wb_prediction"
    if column.role == "label":
        return "judged_label"
    return "wb_score" if task == "binary" else identifier(column.name)
