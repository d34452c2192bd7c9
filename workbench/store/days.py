"""How is a file split into a segment a day, at the disk's pace?

DuckDB's partitioned write moves every row once more: it costs twice a plain one. A Parquet
file in time order is therefore written day by day, each day reading only the row groups that
hold it, several days at once. What is in no order takes the partitioned write.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

from workbench.domain.card import ModelCard
from workbench.store.connections import Connection
from workbench.store.intake import OpenedFile
from workbench.store.quoting import identifier, literal
from workbench.store.source import Source
from workbench.store.staging import Staging

ROW_GROUP = 122_880
_OPTIONS = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP}"
_MOST_REREAD = 1.5
"""Day by day pays as long as rows are read at most this often on average."""


def count_days(connection: Connection, query: str) -> tuple[dict[str, int], list[date]]:
    """How many rows of a normalising SELECT are unusable, by reason; and the days of the others."""
    reasons: dict[str, int] = {}
    days: list[date] = []
    for reason, day, count in connection.execute(
        "SELECT wb_reason, CASE WHEN wb_reason IS NULL THEN wb_day END AS day, count(*) "
        f"FROM ({query}) GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall():
        if reason is None:
            days.append(day)
        else:
            reasons[str(reason)] = int(count)
    return reasons, days


def write_days(
    connection: Connection,
    staging: Staging,
    file: OpenedFile,
    card: ModelCard,
    query: str,
    days: list[date],
    tell: Callable[[float], None],
) -> None:
    """Writes the usable rows of a normalising SELECT as staged segments, one or more a day.

    Args:
        connection: scratch.
        staging: the batch.
        file: the file that the SELECT reads.
        card: names the timestamp.
        query: the normalising SELECT.
        days: the days of its usable rows, as `count_days` finds them.
        tell: told the share of the days that are written.

    Raises:
        duckdb.Error: the file cannot be read to its end.
    """
    usable = f"SELECT * EXCLUDE (wb_reason, wb_day) FROM ({query}) WHERE wb_reason IS NULL"
    name = f"{file.number:05d}"
    connection.execute("SET preserve_insertion_order = false")
    try:
        if len(days) == 1:
            _copy(connection, usable, staging, f"{name}-{days[0]}-000")
        elif _in_time_order(connection, file.source, card, len(days)):
            _write_each_day(connection, staging, file.source, card, usable, days, name, tell)
        else:
            _write_partitioned(connection, staging, query, name)
    finally:
        connection.execute("SET preserve_insertion_order = true")


def _write_each_day(
    connection: Connection,
    staging: Staging,
    source: Source,
    card: ModelCard,
    usable: str,
    days: list[date],
    name: str,
    tell: Callable[[float], None],
) -> None:
    column = identifier(card.columns.timestamp)

    def write(day: date) -> None:
        end = day + timedelta(days=1)
        inside = f"{column} >= TIMESTAMP '{day}' AND {column} < TIMESTAMP '{end}'"
        narrowed = f"(SELECT * FROM {source.relation} WHERE {inside})"
        with connection.cursor() as cursor:
            _copy(cursor, usable.replace(source.relation, narrowed), staging, f"{name}-{day}-000")

    with ThreadPoolExecutor(max(os.cpu_count() or 1, 1)) as pool:
        for done, _ in enumerate(pool.map(write, days), 1):
            tell(done / len(days))


def _write_partitioned(connection: Connection, staging: Staging, query: str, name: str) -> None:
    target = staging.work / f"days-{name}"
    connection.execute(
        f"COPY (SELECT * EXCLUDE (wb_reason) FROM ({query}) WHERE wb_reason IS NULL) "
        f"TO {literal(str(target))} ({_OPTIONS}, PARTITION_BY (wb_day))"
    )
    for number, path in enumerate(sorted(target.rglob("*.parquet"))):
        day = path.parent.name.partition("=")[2]
        path.rename(staging.rows / f"{name}-{day}-{number:03d}.parquet")
    shutil.rmtree(target)


def _copy(connection: Connection, query: str, staging: Staging, name: str) -> None:
    path = staging.rows / f"{name}.parquet"
    connection.execute(f"COPY ({query}) TO {literal(str(path))} ({_OPTIONS})")


def _in_time_order(connection: Connection, source: Source, card: ModelCard, days: int) -> bool:
    """Whether the row groups of a Parquet file follow the days closely enough."""
    column = card.columns.timestamp
    type_ = dict(source.columns).get(column, "")
    if source.is_text or card.columns.timezone != "UTC" or not type_.startswith("TIMESTAMP"):
        return False
    if type_ not in ("TIMESTAMP", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP_S"):
        return False
    read, rows, unknown = connection.execute(
        "SELECT sum(row_group_num_rows * (1 + date_diff('day', low, high))), sum(row_group_num_rows), "
        "count(*) FILTER (WHERE low IS NULL OR high IS NULL) FROM (SELECT row_group_num_rows, "
        "TRY_CAST(stats_min_value AS TIMESTAMP) AS low, TRY_CAST(stats_max_value AS TIMESTAMP) AS high "
        f"FROM parquet_metadata({literal(str(source.path))}) WHERE path_in_schema = ?)",
        [column],
    ).fetchall()[0]
    return bool(rows) and not unknown and read <= _MOST_REREAD * rows + days * ROW_GROUP
