"""Which label records go when old rows go? Those of rows that go, and those that waited too long.

A record that waits for its prediction is as old as its own time says. One without a time is as
old as the newest prediction was when it came: machine clocks tell nothing of old exports.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workbench.store.catalog import PREDICTIONS, ModelSegments, Segment
from workbench.store.connections import Connection, StoreHome, reading
from workbench.store.judging import moment_literal
from workbench.store.rows import make_rows_view, make_sequences


def make_label_fates(
    connection: Connection,
    home: StoreHome,
    model: str,
    segments: ModelSegments,
    old: Sequence[Segment],
    before: datetime,
) -> None:
    """Makes the table `going_labels` (wb_path, wb_sequence, wb_row, wb_id) of records that go.

    Args:
        connection: scratch.
        home: the store.
        model: whose labels.
        segments: what is committed.
        old: the prediction segments that have rows which go.
        before: rows older than this go.
    """
    ids = {"wb_id": "VARCHAR", "wb_timestamp": "TIMESTAMP"}
    record = {"wb_id": "VARCHAR", "wb_label_timestamp": "TIMESTAMP", "wb_row": "BIGINT"}
    make_rows_view(connection, "label_files", segments.labels, record)
    make_sequences(connection, "label_sequences", segments.labels, (), 0)
    make_rows_view(connection, "all_predictions", segments.predictions, ids)
    make_rows_view(connection, "old_predictions", old, ids)
    cut = moment_literal(before)
    connection.execute("CREATE OR REPLACE TEMP TABLE clocks (sequence BIGINT, newest TIMESTAMP)")
    clocks = _clocks(home, model)
    if clocks:
        connection.executemany("INSERT INTO clocks VALUES (?, ?)", clocks)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE known_labels AS SELECT l.wb_path, l.wb_id, l.wb_row, "
        "l.wb_label_timestamp, coalesce(l.wb_sequence, q.sequence) AS wb_sequence "
        "FROM label_files l JOIN label_sequences q USING (wb_path)"
    )
    some = "WHERE wb_id IN (SELECT wb_id FROM known_labels)"
    for table, rows in (
        ("kept_ids", f"all_predictions {some} AND wb_timestamp >= {cut}"),
        ("going_ids", f"old_predictions {some} AND wb_timestamp < {cut}"),
    ):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT DISTINCT wb_id FROM {rows}"
        )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE going_labels AS "
        "SELECT l.wb_path, l.wb_sequence, l.wb_row, l.wb_id "
        "FROM known_labels l ASOF LEFT JOIN clocks c ON l.wb_sequence >= c.sequence "
        "WHERE l.wb_id NOT IN (SELECT wb_id FROM kept_ids) AND ("
        "l.wb_id IN (SELECT wb_id FROM going_ids) "
        f"OR coalesce(l.wb_label_timestamp, c.newest) < {cut})"
    )


def label_order(alias: str) -> str:
    """What tells one label record from all others, as SQL."""
    return f"({alias}.wb_sequence, {alias}.wb_row, {alias}.wb_id)"


def _clocks(home: StoreHome, model: str) -> list[tuple[int, datetime]]:
    """The newest prediction that each commit knew, whether its rows are still there or not."""
    with reading(home, f"retaining {model}") as catalog:
        rows = catalog.execute(
            "SELECT sequence, max(max(max_time)) OVER (ORDER BY sequence) FROM segments "
            "WHERE model = ? AND kind = ? AND max_time IS NOT NULL GROUP BY sequence",
            [model, PREDICTIONS],
        ).fetchall()
    return [(int(sequence), newest) for sequence, newest in rows]
