"""When does a batch exist? From the moment that its transaction commits, and not before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.domain.ingested import RowCounts
from workbench.store import steps
from workbench.store.catalog import catalog_version, naive
from workbench.store.connections import Connection, StoreHome
from workbench.store.quoting import literal
from workbench.store.rebuilding import copy_counts
from workbench.store.row_files import RowFile
from workbench.store.settling import settle
from workbench.store.staging import Staging


@dataclass(frozen=True)
class FileRecord:
    """An ingested file, as the catalog remembers it."""

    path: str
    sha256: str
    format: str
    size: int
    """Bytes."""
    counts: RowCounts


@dataclass(frozen=True)
class StagedSegment:
    """A staged Parquet file, with what the catalog says of it."""

    path: Path
    rows: int
    start: datetime | None
    """Oldest time in it, naive; None where it has none."""
    end: datetime | None
    reading: str | None = None
    """See `row_files.RowFile`."""

    @property
    def file(self) -> RowFile:
        """The file, with how it is read."""
        return RowFile(self.path, self.reading)


@dataclass(frozen=True)
class PreparedBatch:
    """A batch that is ready: everything that the commit writes."""

    model: str
    kind: str
    files: tuple[FileRecord, ...]
    segments: tuple[StagedSegment, ...]
    rejected: tuple[tuple[str, str, int], ...]
    """(file, reason, rows) of the quarantine."""
    counts: dict[str, Path]
    """The files of `write_counts`."""
    bins_id: str
    rules_id: str
    checked: int
    """The catalog version that duplicates and labels were checked against."""
    retained: datetime | None = None
    """Retention had taken the rows older than this by then."""


def commit_batch(
    catalog: Connection, home: StoreHome, staging: Staging, prepared: PreparedBatch, now: datetime
) -> int:
    """Moves the files in place and records them, in the open transaction; returns its version.

    The files move before the transaction commits: were it the other way round, a crash in
    between would leave a batch without rows. Files without a batch are swept.
    """
    batch, model = staging.batch, prepared.model
    version = catalog_version(catalog) + 1
    stamp = naive(now)
    catalog.execute(
        "INSERT INTO commits VALUES (?, ?, ?, ?)",
        [version, stamp, model, f"ingest {prepared.kind}"],
    )
    catalog.execute(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?)", [batch, version, model, prepared.kind, stamp]
    )
    for file in prepared.files:
        c = file.counts
        catalog.execute(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [batch, model, prepared.kind, file.sha256, file.path, file.format, file.size, c.rows_read,
             c.rows_stored, c.rows_duplicate, c.rows_quarantined, c.labels_matched, c.labels_pending],
        )  # fmt: skip
    record_segments(catalog, batch, model, prepared.kind, version, prepared.segments)
    for source, reason, rows in prepared.rejected:
        catalog.execute(
            "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?)",
            [batch, model, source, reason, rows, f"{batch}.parquet"],
        )
    copy_counts(catalog, prepared.counts, prepared.bins_id, prepared.rules_id, batch)
    move_in_place(home, staging)
    return version


def record_segments(
    catalog: Connection,
    batch: str,
    model: str,
    kind: str,
    sequence: int,
    segments: Sequence[StagedSegment],
) -> None:
    """Records staged segments under a batch, in the open transaction.

    Args:
        catalog: the open transaction.
        batch: the batch, and so the folder, that they belong to.
        model: whose rows.
        kind: `predictions` or `labels`.
        sequence: the newest commit whose rows they hold.
        segments: the staged files.
    """
    if not segments:
        return
    values = ", ".join(
        f"({literal(batch)}, {literal(model)}, {literal(kind)}, "
        f"{literal(f'{batch}/{segment.path.name}')}, {segment.rows}, {segment.path.stat().st_size}, "
        f"{_moment(segment.start)}, {_moment(segment.end)}, NULL, {sequence}, "
        f"{'NULL' if segment.reading is None else literal(segment.reading)}, NULL)"
        for segment in segments
    )
    catalog.execute(f"INSERT INTO segments VALUES {values}")


def settle_batch(staging: Staging) -> None:
    """Forces a staged batch to the disk; done before the lock is taken, since it may take long."""
    for path in staging.rows.iterdir():
        path.chmod(0o600)
        settle(path)
    settle(staging.rows)
    if staging.rejected.exists():
        staging.rejected.chmod(0o600)
        settle(staging.rejected)
    steps.reached(steps.STAGED)


def move_in_place(home: StoreHome, staging: Staging) -> None:
    """Renames a settled batch to where the catalog says it is."""
    if any(staging.rows.iterdir()):
        _rename(staging.rows, home.segments / staging.batch)
    if staging.rejected.exists():
        _rename(staging.rejected, home.quarantine / f"{staging.batch}.parquet")


def _rename(source: Path, target: Path) -> None:
    steps.reached(steps.BEFORE_RENAME)
    source.rename(target)
    settle(target.parent)
    steps.reached(steps.AFTER_RENAME)


def _moment(moment: datetime | None) -> str:
    return "NULL" if moment is None else f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
