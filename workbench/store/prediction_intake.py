"""How does a prediction log become a batch? Stage the rows, drop what is there already, count."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb

from workbench.domain.card import ModelCard
from workbench.domain.ingested import RowCounts
from workbench.errors import LogFileError
from workbench.store.baseline import Baseline
from workbench.store.catalog import PREDICTIONS, ModelSegments
from workbench.store.committing import FileRecord, PreparedBatch
from workbench.store.connections import Connection
from workbench.store.counting import make_empty_counts, write_counts
from workbench.store.days import ROW_GROUP, count_days, write_days
from workbench.store.intake import (
    OpenedFile,
    StagedFile,
    correct_positions,
    require_usable,
    set_aside,
    staged_segments,
    translated,
    with_rejects,
    write_rejects,
)
from workbench.store.judging import make_judged_view
from workbench.store.normalising import normalised_predictions
from workbench.store.quoting import identifier, literal
from workbench.store.rebuilding import count_judged
from workbench.store.repeats import find_repeats
from workbench.store.row_files import COPIED, RowFile, rows_relation
from workbench.store.rows import known_columns, make_rows_view
from workbench.store.source import Source
from workbench.store.staging import Staging
from workbench.store.tombstones import Tombstones, marking_erased
from workbench.store.too_old import BEFORE_RETENTION, find_too_old, too_old_note

_KEPT_ROWS = 100_000
STAGED = 0.7
"""How much of a file's work is done when its rows are staged, about; the rest is counting."""

LATE = "labels of repeated rows"
"""Stands for the hash of a file where labels come from rows that were there already."""


def stage_predictions(
    connection: Connection,
    staging: Staging,
    file: OpenedFile,
    card: ModelCard,
    baseline: Baseline,
    now: datetime,
    tell: Callable[[float], None],
    tombstones: Tombstones | None = None,
) -> StagedFile:
    """Writes a log's usable rows as staged segments, one or more a day, and sets the others aside.

    Args:
        connection: scratch, with the table of rejects.
        staging: the batch.
        file: the opened file.
        card: names the columns.
        baseline: the features and the rules.
        now: the machine's clock.
        tell: told the share of the file's work that is done, up to `STAGED`.
        tombstones: what was erased of the model and must not come back.

    Raises:
        LogFileError: a required column is missing, no row is usable, or reading breaks off.
    """
    if file.source.reading is not None:
        return _take(staging, file, file.source.reading)
    normalised = normalised_predictions(
        file.source, card, baseline.shape, baseline.rules, file=file.identity, now=now
    )
    query = normalised.query
    try:
        if file.source.is_text and file.source.rows <= _KEPT_ROWS:
            # Reading text costs more than keeping it: a small file is read once, into memory.
            connection.execute(f"CREATE OR REPLACE TEMP TABLE normalised AS {query}")
            query = "SELECT * FROM normalised"
        query = marking_erased(connection, query, file.number, card, tombstones)
        reasons, days = count_days(connection, query)
        require_usable(file, reasons)
        copy = None
        if file.source.is_copyable and not reasons:
            read_through(connection, file, _not_counted(file.source, card, baseline))
            copy = RowFile(copy_file(staging, file), normalised.copied_reading(connection))
        elif days:
            write_days(
                connection, staging, file, card, query, days, lambda share: tell(STAGED * share)
            )
    except duckdb.Error as error:
        for path in staging.rows.glob(f"{file.number:05d}-*"):
            path.unlink()
        raise translated(file, error) from error
    set_aside(connection, file, query, reasons)
    unusable = sum(reasons.values())
    lines = sum(file.source.rejects.values())
    reasons = with_rejects(reasons, file.source)
    counts = RowCounts(
        rows_read=file.source.rows + lines,
        rows_stored=file.source.rows - unusable,
        rows_quarantined=unusable + lines,
    )
    notes = (*file.source.notes, *(normalised.notes if file.source.rows else ()))
    return StagedFile(file, counts, reasons, notes, copy)


def _take(staging: Staging, file: OpenedFile, reading: str) -> StagedFile:
    """Takes a file whose rows were normalised as it was opened."""
    source = file.source
    target = staging.rows / f"{file.number:05d}.parquet"
    source.path.rename(target)
    counts = RowCounts(rows_read=source.rows, rows_stored=source.rows)
    return StagedFile(file, counts, {}, source.notes, RowFile(target, reading))


def drop_repeats(
    connection: Connection,
    staging: Staging,
    files: Sequence[StagedFile],
    baseline: Baseline,
    segments: ModelSegments,
) -> tuple[StagedFile, ...]:
    """Takes rows that are there already out of the staged segments; corrects the files' counts.

    Args:
        connection: scratch, with the rejects of these files.
        staging: the batch.
        files: its files, in the order of the call.
        baseline: tells the known columns, over which contents are compared.
        segments: what is committed.
    """
    if segments.before is not None:
        files = _without_too_old(connection, staging, files, segments.before)
    columns = known_columns(baseline.rules, baseline.shape)
    make_rows_view(connection, "staged_rows", _staged(staging, files), columns)
    make_rows_view(connection, "committed_rows", segments.predictions, columns)
    order = ", ".join(f"({literal(f.opened.identity)}, {f.opened.number})" for f in files)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE file_order AS SELECT * FROM (VALUES {order}) t(wb_file, place)"
    )
    if not find_repeats(connection, columns, has_committed=bool(segments.predictions)):
        return tuple(files)
    connection.execute(
        "INSERT INTO rejects SELECT o.path, d.wb_file, d.wb_row + 1, 'row', 'conflicting_id', "
        "'the same id with other content is stored already', to_json(s)::VARCHAR "
        "FROM (SELECT * FROM dropped WHERE NOT is_same) d JOIN staged_rows s USING (wb_file, wb_row) "
        f"JOIN (SELECT * FROM (VALUES {_paths(files)}) t(wb_file, path)) o USING (wb_file)"
    )
    correct_positions(connection, files)
    found = {
        str(file): (int(same), int(other))
        for file, same, other in connection.execute(
            "SELECT wb_file, count(*) FILTER (WHERE is_same), count(*) FILTER (WHERE NOT is_same) "
            "FROM dropped GROUP BY 1"
        ).fetchall()
    }
    _keep_late_labels(connection, staging)
    files = tuple(file.without(*found.get(file.opened.identity, (0, 0))) for file in files)
    return _without_dropped(connection, files)


def prepare_predictions(
    connection: Connection,
    staging: Staging,
    files: Sequence[StagedFile],
    card: ModelCard,
    baseline: Baseline,
    segments: ModelSegments,
) -> PreparedBatch:
    """Counts what the staged rows add, with the labels that were waiting for them."""
    staged = _staged(staging, files)
    make_empty_counts(connection)
    counts: dict[str, Path] = {}
    if staged:
        make_judged_view(connection, segments, baseline.rules, baseline.shape, staged=staged)
        count_judged(connection, baseline.rules, baseline.bins)
        counts = write_counts(connection, staging.work)
    return PreparedBatch(
        model=card.name,
        kind=PREDICTIONS,
        files=tuple(file_record(file) for file in files),
        segments=staged_segments(connection, staged, "wb_timestamp"),
        rejected=write_rejects(connection, staging),
        counts=counts,
        bins_id=baseline.bins_id,
        rules_id=baseline.rules_id,
        checked=segments.version,
        retained=segments.before,
    )


def file_record(file: StagedFile) -> FileRecord:
    """What the catalog keeps of a file."""
    opened = file.opened
    return FileRecord(
        opened.path, opened.sha256, opened.source.format, opened.size, replace(file.counts)
    )


def _without_too_old(
    connection: Connection, staging: Staging, files: Sequence[StagedFile], before: datetime
) -> tuple[StagedFile, ...]:
    """The files without the rows that are older than what retention left."""
    found = find_too_old(connection, _staged(staging, files), _paths(files), before)
    if not found:
        return tuple(files)
    correct_positions(connection, files)
    changed = []
    for file in files:
        count = found.get(file.opened.identity, 0)
        kept = file.set_aside(count, BEFORE_RETENTION)
        changed.append(replace(kept, notes=(*kept.notes, too_old_note(before))) if count else file)
    return _without_dropped(connection, changed)


def _without_dropped(connection: Connection, files: Sequence[StagedFile]) -> tuple[StagedFile, ...]:
    """Writes the segments again that hold rows of the table `dropped`; the files, none of them a copy then."""
    copies = {str(file.copy.path): file.copy for file in files if file.copy is not None}
    touched = _touched(connection)
    for path in touched:
        _rewrite(connection, copies.get(path) or RowFile(Path(path)))
    return tuple(
        replace(file, copy=None)
        if file.copy is not None and str(file.copy.path) in touched
        else file
        for file in files
    )


def _keep_late_labels(connection: Connection, staging: Staging) -> None:
    """Writes the labels that repeated rows carry: an export made later may know more of them."""
    late = (
        "FROM dropped d JOIN staged_rows s USING (wb_file, wb_row) JOIN file_order USING (wb_file) "
        "WHERE d.is_same AND s.wb_label IS NOT NULL"
    )
    if connection.execute(f"SELECT 1 {late} LIMIT 1").fetchall():
        connection.execute(
            "COPY (SELECT s.wb_id, s.wb_label, NULL::TIMESTAMP AS wb_label_timestamp, "
            f"{literal(LATE[:16])} AS wb_file, row_number() OVER (ORDER BY place, s.wb_row) AS wb_row {late}) "
            f"TO {literal(str(staging.late_labels))} (FORMAT parquet, COMPRESSION zstd)"
        )


def read_through(connection: Connection, file: OpenedFile, names: Sequence[str]) -> None:
    """Reads every value of some columns of an export: what is copied must be whole.

    Raises:
        duckdb.Error: one of them is damaged.
    """
    if names:
        values = ", ".join(identifier(name) for name in names)
        connection.execute(f"SELECT bit_xor(hash({values})) FROM {file.source.relation}").fetchall()


def unreadable_copies(
    connection: Connection, files: Sequence[StagedFile]
) -> dict[int, LogFileError]:
    """The files, by number, that were copied and cannot be read; looked for when counting failed."""
    found: dict[int, LogFileError] = {}
    for file in files:
        if file.copy is None or not file.opened.source.is_copyable:
            continue
        try:
            read_through(connection, file.opened, file.opened.source.names)
        except duckdb.Error as error:
            trouble = translated(file.opened, error)
            if isinstance(trouble, LogFileError):
                found[file.opened.number] = trouble
    return found


def _not_counted(source: Source, card: ModelCard, baseline: Baseline) -> tuple[str, ...]:
    """The columns that may be damaged and be counted all the same, as their values are not needed.

    Where rows have roles, nothing may be needed of those that are not live.
    """
    columns = card.columns
    if columns.role in source.names:
        return source.names
    counted = {
        columns.prediction_id, columns.timestamp, columns.prediction, *baseline.shape.feature_names,
    }  # fmt: skip
    return tuple(name for name in source.names if name not in counted)


def copy_file(staging: Staging, file: OpenedFile) -> Path:
    """Copies an export's bytes into the batch, under a name that says which export it is.

    Raises:
        LogFileError: the file was changed since it was hashed.
    """
    target = staging.rows / f"{file.number:05d}-{file.identity}{COPIED}"
    shutil.copyfile(file.source.path, target)
    found = file.source.path.stat()
    if (found.st_size, found.st_mtime_ns) != (file.size, file.modified):
        target.unlink()
        raise LogFileError(
            f"{Path(file.path).name} was changed while it was read",
            "Ingest it again once it is written to its end.",
        )
    return target


def _staged(staging: Staging, files: Sequence[StagedFile]) -> tuple[RowFile, ...]:
    copies = {file.copy.path: file.copy for file in files if file.copy is not None}
    return tuple(
        copies.get(path) or RowFile(path) for path in sorted(staging.rows.glob("*.parquet"))
    )


def _paths(files: Sequence[StagedFile]) -> str:
    return ", ".join(f"({literal(f.opened.identity)}, {literal(f.opened.path)})" for f in files)


def _touched(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT DISTINCT wb_path FROM dropped ORDER BY 1").fetchall()
    return [str(row[0]) for row in rows]


def _rewrite(connection: Connection, file: RowFile) -> None:
    """Writes a staged segment again without the dropped rows; removes it when none is left."""
    path = file.path
    part = path.with_suffix(".part")
    connection.execute(
        f"COPY (SELECT s.* EXCLUDE (wb_path) FROM {rows_relation([file])} s ANTI JOIN "
        "(SELECT wb_file, wb_row FROM dropped "
        f"WHERE wb_path = {literal(str(path))}) d ON s.{identifier('wb_row')} = d.wb_row AND s.wb_file = d.wb_file) "
        f"TO {literal(str(part))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})"
    )
    left = connection.execute(
        f"SELECT count(*) FROM read_parquet({literal(str(part))})"
    ).fetchall()[0][0]
    if left:
        name = path.name.removesuffix(COPIED).removesuffix(".parquet") + ".parquet"
        part.replace(path.with_name(name))
        if path.name != name:
            path.unlink()
    else:
        part.unlink()
        path.unlink()
