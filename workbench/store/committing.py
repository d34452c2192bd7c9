"""When does a batch exist? From the moment that its transaction commits, and not before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.domain.ingested import RowCounts
from workbench.store.catalog import catalog_version, naive
from workbench.store.connections import Connection, StoreHome
from workbench.store.quoting import literal
from workbench.store.rebuilding import copy_counts
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
    if prepared.segments:
        values = ", ".join(
            _segment_values(batch, prepared, segment) for segment in prepared.segments
        )
        catalog.execute(f"INSERT INTO segments VALUES {values}")
    for source, reason, rows in prepared.rejected:
        catalog.execute(
            "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?, ?)",
            [batch, model, source, reason, rows, f"{batch}.parquet"],
        )
    copy_counts(catalog, prepared.counts, prepared.bins_id, prepared.rules_id, batch)
    _move(home, staging, prepared.segments)
    return version


def _segment_values(batch: str, prepared: PreparedBatch, segment: StagedSegment) -> str:
    low, high = (
        "NULL" if moment is None else f"TIMESTAMP '{moment.isoformat(sep=' ')}'"
        for moment in (segment.start, segment.end)
    )
    return (
        f"({literal(batch)}, {literal(prepared.model)}, {literal(prepared.kind)}, "
        f"{literal(f'{batch}/{segment.path.name}')}, {segment.rows}, {segment.path.stat().st_size}, "
        f"{low}, {high}, NULL)"
    )


def _move(home: StoreHome, staging: Staging, segments: Sequence[StagedSegment]) -> None:
    if segments:
        for segment in segments:
            segment.path.chmod(0o600)
            settle(segment.path)
        settle(staging.rows)
        staging.rows.rename(home.segments / staging.batch)
        settle(home.segments)
    if staging.rejected.exists():
        staging.rejected.chmod(0o600)
        settle(staging.rejected)
        staging.rejected.rename(home.quarantine / f"{staging.batch}.parquet")
        settle(home.quarantine)
