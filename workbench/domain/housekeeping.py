"""What did housekeeping do to the store? The figures of its commands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Compacted:
    """What compaction made of a model's segments and counts."""

    model: str
    segments_before: int
    segments_after: int
    rows_written: int
    """Rows that were written again."""
    counts_saved: int
    """How many rows fewer the catalog's counts have."""
    files_deleted: int = 0
    """Files of earlier replacements whose grace period was over."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Retained:
    """What retention took of a model, or would take."""

    model: str
    now: datetime | None
    """The model's newest prediction, from which is counted back; None without rows."""
    before: datetime | None
    """Rows older than this go, or went; None without rows."""
    rows_removed: int = 0
    labels_removed: int = 0
    segments_removed: int = 0
    segments_rewritten: int = 0
    problem: str | None = None
    """Why nothing could be done about the model; None when all went well."""


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild counted anew."""

    model: str
    rows: int
    count_rows: int
    """How many rows of counts it made."""
    kept_before: datetime | None
    """Counts of buckets before this stayed: their rows are gone. None: all were made anew."""
    problem: str | None = None
    """Why nothing could be done about the model; None when all went well."""


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds."""

    path: str
    files: int
    bytes: int
    catalog_version: int
    models: tuple[str, ...]
    includes: tuple[str, ...]
    leaves_out: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Restored:
    """What a restore put back."""

    path: str
    """The workspace."""
    files: int
    bytes: int
    catalog_version: int
    made_at: datetime
    """When the backup was made."""
    is_new: bool
    """Whether there was no workspace before."""
    notes: tuple[str, ...] = ()
