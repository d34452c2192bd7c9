"""Which staged rows are older than what retention left? They are set aside, and not counted again.

The profiles still hold what retention took. A row from before may be one of those, or one that
was never seen: nobody can tell any more, so that it is neither stored nor a duplicate. Its
place in the export is kept in quarantine, its content is not: retention was to be rid of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workbench.domain.period import iso
from workbench.store.catalog import naive
from workbench.store.connections import Connection
from workbench.store.quoting import literal
from workbench.store.row_files import RowFile
from workbench.store.rows import make_rows_view

BEFORE_RETENTION = "before_retention"
"""The reason of rows in quarantine that are older than what retention left."""


def find_too_old(
    connection: Connection, staged: Sequence[RowFile], paths: str, before: datetime
) -> dict[str, int]:
    """Sets staged rows aside that are too old; how many of each file, by its identity.

    They are then in the table `dropped` (wb_path, wb_file, wb_row, is_same), for the segments
    to be written without them.

    Args:
        connection: scratch, with the table of rejects.
        staged: the staged segments.
        paths: the files as rows of VALUES: (identity, path).
        before: rows older than this are too old.
    """
    columns = {"wb_timestamp": "TIMESTAMP", "wb_file": "VARCHAR", "wb_row": "BIGINT"}
    make_rows_view(connection, "aged_rows", staged, columns)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE dropped AS SELECT wb_path, wb_file, wb_row, false AS is_same "
        f"FROM aged_rows WHERE wb_timestamp < TIMESTAMP '{naive(before).isoformat(sep=' ')}'"
    )
    found = connection.execute("SELECT wb_file, count(*) FROM dropped GROUP BY 1").fetchall()
    if found:
        connection.execute(
            f"INSERT INTO rejects SELECT o.path, d.wb_file, d.wb_row + 1, 'row', {literal(BEFORE_RETENTION)}, "
            f"{literal(f'older than {iso(before)}, up to where store retain took the rows')}, NULL "
            f"FROM dropped d JOIN (SELECT * FROM (VALUES {paths}) t(wb_file, path)) o USING (wb_file)"
        )
    return {str(file): int(count) for file, count in found}


def too_old_note(before: datetime) -> str:
    """What to tell of a file that had such rows."""
    return (
        f"rows older than {iso(before)} are in quarantine ({BEFORE_RETENTION}): `store retain` took "
        "the rows up to there, and their profiles may hold these already"
    )
