"""How does a translated log become a source like any other? Its rows opened, its rejects beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from workbench.store.connections import Connection
from workbench.store.quoting import identifier, literal
from workbench.store.source import RejectedLines, Source
from workbench.store.text_source import open_json_lines


def open_translated(
    connection: Connection,
    rows: Path | None,
    folder: Path,
    *,
    format: str,  # noqa: A002 - as in Source
    rejected: RejectedLines | None,
    position_column: str,
    columns: Sequence[str],
) -> Source:
    """Opens what was translated of a log file.

    Args:
        connection: a scratch connection.
        rows: JSON lines in the card's columns; None when there is no row.
        folder: where copies may be put.
        format: the export format's name.
        rejected: the records that are no rows.
        position_column: the column that says where in the export a row stood.
        columns: those that a file without a row has all the same.

    Raises:
        duckdb.Error: the rows cannot be read.
    """
    if rows is not None:
        source = open_json_lines(connection, rows, folder)
    else:
        target = folder / "no-rows.parquet"
        fields = ", ".join(f"NULL::VARCHAR AS {identifier(name)}" for name in columns)
        connection.execute(
            f"COPY (SELECT {fields} WHERE false) TO {literal(str(target))} (FORMAT parquet)"
        )
        source = Source(target, format, tuple((n, "VARCHAR") for n in columns), 0, is_text=True)
    return replace(source, format=format, rejected=rejected, position_column=position_column)
