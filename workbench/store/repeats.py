"""Which staged rows are there already? By identity, then by content.

A row is identified by version, role and prediction id (the model is given). Contents are
compared over the columns that the card knows, without the label, which may come later.
"""

from __future__ import annotations

from workbench.store.connections import Connection
from workbench.store.quoting import identifier

_IDENTITY = "wb_version, wb_role, wb_id"
_HASH = f"hash({_IDENTITY})"
_HASHES_AT_ONCE = 3_000_000
_NOT_CONTENT = {"wb_label", "wb_file", "wb_row", "wb_unparsed", "wb_id", "wb_version", "wb_role"}


def find_repeats(connection: Connection, columns: dict[str, str], *, has_committed: bool) -> int:
    """Makes the table `dropped` (wb_path, wb_file, wb_row, is_same); returns its rows.

    Reads the views `staged_rows` and `committed_rows` and the table `file_order`. Hashes only
    say where to look: what they point at is compared by the identity itself.

    Args:
        connection: scratch.
        columns: the known columns, which both views have.
        has_committed: whether there is anything committed to compare with.
    """
    content = ", ".join(identifier(name) for name in columns if name not in _NOT_CONTENT)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE dropped (wb_path VARCHAR, wb_file VARCHAR, wb_row BIGINT, is_same BOOLEAN)"
    )
    if has_committed and _any(
        connection,
        f"SELECT 1 FROM committed_rows WHERE {_HASH} IN (SELECT {_HASH} FROM staged_rows) LIMIT 1",
    ):
        connection.execute(
            "INSERT INTO dropped SELECT s.wb_path, s.wb_file, s.wb_row, s.content = c.content FROM "
            f"(SELECT {_IDENTITY}, wb_path, wb_file, wb_row, hash({content}) AS content FROM staged_rows) s "
            f"JOIN (SELECT {_IDENTITY}, hash({content}) AS content FROM committed_rows "
            f"WHERE {_HASH} IN (SELECT {_HASH} FROM staged_rows)) c USING ({_IDENTITY})"
        )
    if _has_repeats(connection):
        connection.execute(
            "INSERT INTO dropped SELECT wb_path, wb_file, wb_row, content = first_content FROM ("
            f"SELECT wb_path, wb_file, wb_row, hash({content}) AS content, "
            f"first_value(hash({content})) OVER spot AS first_content, row_number() OVER spot AS place_in "
            "FROM staged_rows JOIN file_order USING (wb_file) "
            f"WHERE {_HASH} IN (SELECT {_HASH} FROM staged_rows GROUP BY 1 HAVING count(*) > 1) "
            "AND NOT EXISTS (SELECT 1 FROM dropped d WHERE d.wb_file = staged_rows.wb_file "
            "AND d.wb_row = staged_rows.wb_row) "
            f"WINDOW spot AS (PARTITION BY {_IDENTITY} ORDER BY place, wb_row)) WHERE place_in > 1"
        )
    return int(connection.execute("SELECT count(*) FROM dropped").fetchall()[0][0])


def _has_repeats(connection: Connection) -> bool:
    """Whether two staged rows have the same identity.

    Some of the hashes at a time, so that the memory does not grow with the file.
    """
    rows = int(connection.execute("SELECT count(*) FROM staged_rows").fetchall()[0][0])
    parts = max(-(-rows // _HASHES_AT_ONCE), 1)
    distinct = sum(
        int(
            connection.execute(
                f"SELECT count(DISTINCT {_HASH}) FROM staged_rows WHERE {_HASH} % {parts} = {part}"
            ).fetchall()[0][0]
        )
        for part in range(parts)
    )
    return rows != distinct


def shares_ids(connection: Connection, ids: str, others: str) -> bool:
    """Whether two relations with `wb_id` have an id in common."""
    return _any(
        connection, f"SELECT 1 FROM {others} WHERE wb_id IN (SELECT wb_id FROM {ids}) LIMIT 1"
    )


def _any(connection: Connection, query: str) -> bool:
    return bool(connection.execute(query).fetchall())
