"""How do rows get from an opened file into a staged batch? What both kinds of file share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.ingested import RowCounts
from workbench.errors import LogFileError, WorkbenchError
from workbench.store.committing import StagedSegment
from workbench.store.connections import Connection
from workbench.store.failures import is_full, store_error
from workbench.store.quoting import identifier, literal
from workbench.store.row_files import RowFile
from workbench.store.rows import make_rows_view
from workbench.store.source import Source
from workbench.store.staging import Staging
from workbench.store.tombstones import ERASED

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class OpenedFile:
    """An exported file that could be opened as a table."""

    number: int
    """Its place among the files of the call; the first of two equal rows stands."""
    path: str
    """As the catalog and the messages name it."""
    sha256: str
    size: int
    """Bytes."""
    source: Source
    modified: int = 0
    """When it was last changed, in nanoseconds since 1970, as its hash was made."""
    joined_with: frozenset[int] = frozenset()
    """The files, by number, that share rows with this one: without it they read differently."""

    @property
    def identity(self) -> str:
        """What its rows carry as `wb_file`."""
        return self.sha256[:16]


@dataclass(frozen=True)
class StagedFile:
    """A file whose usable rows are staged and whose unusable ones are set aside."""

    opened: OpenedFile
    counts: RowCounts
    reasons: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    copy: RowFile | None = None
    """The copied file that its rows are in; None where they were written anew."""

    def without(self, duplicates: int, conflicts: int) -> StagedFile:
        """The same file after rows were found to be there already."""
        counts = replace(
            self.counts,
            rows_stored=self.counts.rows_stored - duplicates,
            rows_duplicate=self.counts.rows_duplicate + duplicates,
        )
        return replace(self, counts=counts).set_aside(conflicts, "conflicting_id")

    def set_aside(self, rows: int, reason: str) -> StagedFile:
        """The same file after staged rows were found that cannot be stored."""
        if not rows:
            return self
        counts = replace(
            self.counts,
            rows_stored=self.counts.rows_stored - rows,
            rows_quarantined=self.counts.rows_quarantined + rows,
        )
        return replace(
            self, counts=counts, reasons=self.reasons | {reason: self.reasons.get(reason, 0) + rows}
        )


def make_rejects_table(connection: Connection) -> None:
    """Makes the table that unusable rows are set aside in."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE rejects (source VARCHAR, file VARCHAR, position BIGINT, "
        "position_is VARCHAR, reason VARCHAR, detail VARCHAR, row_text VARCHAR)"
    )


def count_reasons(connection: Connection, query: str) -> dict[str, int]:
    """How many rows of a normalising SELECT are unusable, by reason."""
    return {
        str(reason): int(count)
        for reason, count in connection.execute(
            f"SELECT wb_reason, count(*) FROM ({query}) WHERE wb_reason IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
    }


def set_aside(
    connection: Connection, file: OpenedFile, query: str, reasons: dict[str, int]
) -> None:
    """Puts a file's unusable rows and lines into the table of rejects."""
    lines = file.source.rejected
    if lines is not None:
        connection.execute(
            f"INSERT INTO rejects SELECT {literal(file.path)}, {literal(file.identity)}, position, "
            f"{literal(file.source.position_is)}, reason, detail, text FROM read_parquet({literal(str(lines.path))})"
        )
    if reasons:
        unit = file.source.position_is if file.source.position_column else "row"
        connection.execute(
            f"INSERT INTO rejects SELECT {literal(file.path)}, {literal(file.identity)}, "
            f"{_position(file.source)}, {literal(unit)}, b.wb_reason, NULL, "
            f"CASE WHEN b.wb_reason <> {literal(ERASED)} THEN to_json(r)::VARCHAR END "
            f"FROM (SELECT wb_row, wb_reason FROM ({query}) WHERE wb_reason IS NOT NULL) b "
            f"JOIN {file.source.relation} r ON r.file_row_number = b.wb_row"
        )


def _position(source: Source) -> str:
    """Where a set-aside row `b`, read again as `r`, stood in the export."""
    if not source.position_column:
        return "b.wb_row + 1"
    return f"TRY_CAST(r.{identifier(source.position_column)} AS BIGINT)"


def correct_positions(connection: Connection, files: Sequence[StagedFile]) -> None:
    """Gives staged rows of translated logs that were set aside the position of their record."""
    for file in files:
        source = file.opened.source
        if source.position_column:
            connection.execute(
                f"UPDATE rejects SET position = {_position(source)}, "
                f"position_is = {literal(source.position_is)} FROM {source.relation} r "
                f"WHERE rejects.file = {literal(file.opened.identity)} AND position_is = 'row' "
                "AND reason IN ('conflicting_id', 'before_retention') "
                "AND rejects.position = r.file_row_number + 1"
            )


def require_usable(file: OpenedFile, reasons: dict[str, int]) -> None:
    """Refuses a file without one usable row.

    Raises:
        LogFileError: every row is unusable, or there is none.
    """
    total = file.source.rows + sum(file.source.rejects.values())
    if file.source.may_be_empty:
        return
    if total == 0:
        raise LogFileError(
            f"{Path(file.path).name} has no rows", "Nothing to ingest: export it again."
        )
    if sum(reasons.values()) < file.source.rows or ERASED in reasons:
        return
    counted = with_rejects(reasons, file.source)
    listed = ", ".join(f"{reason} {count:,}" for reason, count in counted.items())
    raise LogFileError(
        f"{Path(file.path).name} has not one usable row ({listed})",
        "Check [source], [columns] and the timezone in the card against the file."
        if file.source.position_column
        else "Check [columns] and the timezone in the card against the file.",
    )


def with_rejects(reasons: dict[str, int], source: Source) -> dict[str, int]:
    """The reasons of unusable rows and of lines that are no rows, together."""
    counted = dict(reasons)
    for reason, count in source.rejects.items():
        counted[reason] = counted.get(reason, 0) + count
    return counted


def write_rejects(connection: Connection, staging: Staging) -> tuple[tuple[str, str, int], ...]:
    """Writes the rejects to the batch's quarantine file; their number a file and reason."""
    rows = connection.execute(
        "SELECT source, reason, count(*) FROM rejects GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    if rows:
        connection.execute(
            f"COPY (SELECT * FROM rejects ORDER BY source, position) TO {literal(str(staging.rejected))} "
            "(FORMAT parquet, COMPRESSION zstd)"
        )
    return tuple((str(source), str(reason), int(count)) for source, reason, count in rows)


def staged_segments(
    connection: Connection, files: Sequence[RowFile], time_column: str
) -> tuple[StagedSegment, ...]:
    """What the catalog will say of staged files; empty files are left out."""
    if not files:
        return ()
    readings = {str(file.path): file.reading for file in files}
    make_rows_view(connection, "measured_rows", files, {time_column: "TIMESTAMP"})
    rows = connection.execute(
        f"SELECT wb_path, count(*), min({time_column}), max({time_column}) FROM measured_rows "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return tuple(
        StagedSegment(Path(path), count, low, high, readings[path])
        for path, count, low, high in rows
    )


def translated(file: OpenedFile, error: duckdb.Error) -> WorkbenchError:
    """What a failure in the middle of a file means: the file's fault, unless the disk is full."""
    if is_full(error):
        return store_error(error)
    first = str(error).strip().splitlines()[0][:200]
    return LogFileError(
        f"{Path(file.path).name} could not be read to its end: {first}",
        "Copy or export it again.",
        f"{Path(file.path).name} could not be read to its end",
    )
