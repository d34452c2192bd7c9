"""Does the catalog agree with itself? Its tables, its batches, and the sums of every file."""

from __future__ import annotations

import duckdb

from workbench.domain.health import ERROR, Check, found_or_well, number_of
from workbench.domain.names import shown
from workbench.store.connections import Connection
from workbench.store.migrations import migrate
from workbench.store.quoting import identifier

_UNEQUAL = {
    "predictions": "rows_read <> rows_stored + rows_duplicate + rows_quarantined",
    "labels": "rows_read <> labels_matched + labels_pending + rows_duplicate + rows_quarantined",
}
_TAKEN = {"predictions": "rows_stored", "labels": "labels_matched + labels_pending"}


def check_tables(connection: Connection, mend: str) -> list[Check]:
    """What is missing or cannot be read of the catalog; every block of it is read."""
    with duckdb.connect(":memory:") as fresh:
        migrate(fresh)
        wanted = _columns(fresh)
    there = _columns(connection)
    found = []
    for table, columns in sorted(wanted.items()):
        missing = sorted(columns - there.get(table, set()))
        if missing:
            what = "the table" if table not in there else f"column {missing[0]} of table"
            found.append(Check("catalog", ERROR, f"{what} {table} is missing", mend))
            continue
        try:
            connection.execute(f"SELECT bit_xor(hash(t)) FROM {identifier(table)} t").fetchall()
        except duckdb.Error as error:
            said = str(error).strip().splitlines()[0]
            found.append(Check("catalog", ERROR, f"table {table} cannot be read: {said}", mend))
    return found


def check_sums(connection: Connection, mend: str) -> tuple[Check, ...]:
    """Whether every row of every file is accounted for, and every batch holds what its files gave."""
    found = [
        Check("sums", ERROR, f"{shown(path)}: {read:,} rows were read, and its parts add up to another number", mend)
        for kind, unequal in _UNEQUAL.items()
        for path, read in connection.execute(
            f"SELECT path, rows_read FROM files WHERE kind = ? AND {unequal} ORDER BY 1", [kind]
        ).fetchall()
    ]  # fmt: skip
    for table in ("files", "segments", "quarantine"):
        for batch, model in connection.execute(
            f"SELECT DISTINCT batch, model FROM {table} ANTI JOIN batches USING (batch) ORDER BY 1"
        ).fetchall():
            what = (
                f"batch {shown(batch)} of {shown(model)} has {table} and is no batch of the catalog"
            )
            found.append(Check("sums", ERROR, what, mend))
    for kind, taken in _TAKEN.items():
        # What compaction and the like replaced is still listed, so that each batch adds up for good.
        for batch, model, rows, given in connection.execute(
            "SELECT f.batch, f.model, coalesce(s.rows, 0), f.given FROM "
            f"(SELECT batch, model, sum({taken}) AS given FROM files WHERE kind = ? GROUP BY ALL) f "
            "LEFT JOIN (SELECT batch, sum(rows) AS rows FROM segments GROUP BY ALL) s USING (batch) "
            "WHERE coalesce(s.rows, 0) <> f.given ORDER BY 1",
            [kind],
        ).fetchall():
            what = (
                f"batch {shown(batch)} of {shown(model)}: the catalog lists segments of {rows:,} rows, "
                f"and its files gave {given:,} {kind}"
            )
            found.append(Check("sums", ERROR, what, mend))
    for batch, model, rows, given in connection.execute(
        "SELECT q.batch, q.model, q.rows, coalesce(f.given, 0) FROM "
        "(SELECT batch, model, sum(rows) AS rows FROM quarantine GROUP BY ALL) q LEFT JOIN "
        "(SELECT batch, sum(rows_quarantined) AS given FROM files GROUP BY ALL) f USING (batch) "
        "WHERE q.rows > coalesce(f.given, 0) ORDER BY 1"
    ).fetchall():
        what = (
            f"batch {shown(batch)} of {shown(model)}: {rows:,} rows are listed in quarantine, "
            f"and its files gave {given:,}"
        )
        found.append(Check("sums", ERROR, what, mend))
    files, read = connection.execute(
        "SELECT count(*), coalesce(sum(rows_read), 0) FROM files"
    ).fetchall()[0]
    return found_or_well(
        "sums", found, f"{number_of(read, 'row')} of {number_of(files, 'file')}, each accounted for"
    )


def _columns(connection: Connection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
    ).fetchall():
        found.setdefault(str(table), set()).add(str(column))
    return found
