"""What do these rows add to the stored counts? The new rows of every counting table.

`count_profiles` and `count_outcomes` make temporary tables in a scratch connection, named
after the catalog's tables with `new_` before them; the commit copies them, a report on a
period that cuts a bucket reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from workbench.domain.profile import ColumnBins
from workbench.domain.rules import OutcomeRules
from workbench.store.connections import Connection
from workbench.store.outcome_sql import (
    COUNTS,
    class_statement,
    outcome_statement,
    score_bin_statement,
    score_statement,
)
from workbench.store.profile_sql import (
    CountedColumn,
    category_counts,
    category_moments,
    category_statement,
    category_unseen,
    numeric_counts,
    numeric_moments,
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


def count_profiles(
    connection: Connection, relation: str, columns: list[CountedColumn], *, sign: int = 1
) -> None:
    """Adds the profiles of a relation's rows to the `new_profile_` tables.

    Args:
        connection: scratch, with the tables of `make_empty_counts`.
        relation: a view with `wb_version`, `wb_bucket`, `wb_unparsed` and the columns.
        columns: what to count.
        sign: -1 takes the rows back: counts and sums fall, extremes stay as they were.
    """
    numeric = [column for column in columns if column.bins.kind == "numeric"]
    categorical = [column for column in columns if column.bins.kind == "categorical"]
    if numeric:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE grouped AS {numeric_statement(relation, numeric)}"
        )
        for column in numeric:
            _insert(connection, "profile_counts", numeric_counts("grouped", column), sign)
            _insert(connection, "profile_moments", numeric_moments("grouped", column), sign)
    if categorical:
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE grouped AS {category_statement(relation, categorical)}"
        )
        for column in categorical:
            _insert(connection, "profile_counts", category_counts("grouped", column), sign)
            _insert(connection, "profile_unseen", category_unseen("grouped", column), sign)
            _insert(connection, "profile_moments", category_moments("grouped", column), sign)
    connection.execute("DROP TABLE IF EXISTS grouped")


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
    connection: Connection, relation: str, rules: OutcomeRules, bins: tuple[ColumnBins, ...]
) -> None:
    """Adds the outcomes of judged rows (see `outcome_sql`) to the `new_outcome` tables."""
    categories = {b.name: b for b in bins if b.role == "feature"}
    connection.execute(f"INSERT INTO new_outcomes {outcome_statement(relation, rules, categories)}")
    if rules.is_classification:
        connection.execute(f"INSERT INTO new_outcome_classes {class_statement(relation)}")
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
        connection.execute("DROP TABLE scored")


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
