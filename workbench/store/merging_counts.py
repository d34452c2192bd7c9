"""How does the catalog stay small when batches are many? Their counts of a bucket are added up."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.domain.profile import UNSEEN_CAP
from workbench.store.connections import Connection
from workbench.store.counting import OUTCOME_TABLES, PROFILE_TABLES

MERGED = "merged"
"""The batch that counts of several batches are stored under."""
_KEYS = {
    "model_version", "bucket", "column_no", "bin", "name", "role", "arm", "is_assumed",
    "segment_no", "segment", "label", "prediction",
}  # fmt: skip
_EXTREMES = {"minimum": "min", "maximum": "max"}
_WHOLE = {"n", "missing", "parse_failures"}


def scattered_buckets(
    catalog: Connection, bins_ids: Sequence[str], rules_ids: Sequence[str]
) -> int:
    """How many buckets have counts of more than one batch."""
    found: set[object] = set()
    for table, ids in _tables(bins_ids, rules_ids):
        rows = catalog.execute(_scattered(table), [list(ids)]).fetchall()
        found.update(row[1] for row in rows)
    return len(found)


def merge_counts(catalog: Connection, bins_ids: Sequence[str], rules_ids: Sequence[str]) -> int:
    """Adds up the counts that several batches have of a bucket; returns how many rows fewer.

    What they add up to stays the same, but for the names of unseen categories: of those a
    bucket keeps the most frequent, as it does when it is counted at once.

    Args:
        catalog: the open transaction.
        bins_ids: whose profiles.
        rules_ids: whose outcomes.
    """
    saved = 0
    for table, ids in _tables(bins_ids, rules_ids):
        basis = _basis(table)
        catalog.execute(
            f"CREATE OR REPLACE TEMP TABLE scattered AS {_scattered(table)}", [list(ids)]
        )
        inside = f"EXISTS (SELECT 1 FROM scattered s WHERE s.id = {table}.{basis} AND s.bucket = {table}.bucket)"
        before = _rows(catalog, f"{table} WHERE {inside}")
        if not before:
            continue
        catalog.execute(f"CREATE OR REPLACE TEMP TABLE added AS {_sums(table, basis, inside)}")
        catalog.execute(f"DELETE FROM {table} WHERE {inside}")
        catalog.execute(f"INSERT INTO {table} BY NAME SELECT * FROM added")
        saved += before - _rows(catalog, "added")
    return saved


def _tables(bins_ids: Sequence[str], rules_ids: Sequence[str]) -> list[tuple[str, Sequence[str]]]:
    return [(table, bins_ids) for table in PROFILE_TABLES] + [
        (table, rules_ids) for table in OUTCOME_TABLES
    ]


def _basis(table: str) -> str:
    return "bins_id" if table in PROFILE_TABLES else "rules_id"


def _scattered(table: str) -> str:
    basis = _basis(table)
    return (
        f"SELECT {basis} AS id, bucket FROM {table} WHERE list_contains(?, {basis}) "
        "GROUP BY 1, 2 HAVING count(DISTINCT batch) > 1"
    )


def _sums(table: str, basis: str, inside: str) -> str:
    columns = (PROFILE_TABLES | OUTCOME_TABLES)[table]
    names = [part.strip().split(" ")[0].strip('"') for part in columns.split(",")]
    keys = [name for name in names if name in _KEYS]
    listed = ", ".join(f'"{name}"' for name in (basis, *keys))
    fields = [_sum(name) for name in names if name not in _KEYS]
    query = (
        f"SELECT {listed}, '{MERGED}' AS batch, {', '.join(fields)} FROM {table} "
        f"WHERE {inside} GROUP BY {listed}"
    )
    if table != "profile_unseen":
        return query
    return (
        f"SELECT * FROM ({query}) WHERE n <> 0 QUALIFY row_number() OVER (PARTITION BY bins_id, "
        f"model_version, bucket, column_no ORDER BY n DESC, name) <= {UNSEEN_CAP}"
    )


def _sum(name: str) -> str:
    if name in _EXTREMES:
        return f'{_EXTREMES[name]}("{name}") AS "{name}"'
    type_ = "BIGINT" if name in _WHOLE else "DOUBLE"
    return f'sum("{name}")::{type_} AS "{name}"'


def _rows(catalog: Connection, relation: str) -> int:
    return int(catalog.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])
