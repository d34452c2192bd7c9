"""What became of every row that was read? The figures of an ingest."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class RowCounts:
    """Every row read is in exactly one of the others.

    Predictions: read = stored + duplicate + quarantined. Labels: read = matched + pending +
    duplicate + quarantined.
    """

    rows_read: int = 0
    rows_stored: int = 0
    rows_duplicate: int = 0
    rows_quarantined: int = 0
    labels_matched: int = 0
    labels_pending: int = 0

    def __add__(self, other: RowCounts) -> RowCounts:
        """The counts of both together."""
        return RowCounts(
            *(getattr(self, f.name) + getattr(other, f.name) for f in fields(RowCounts))
        )


@dataclass(frozen=True)
class FileResult:
    """What became of one file."""

    path: str
    format: str
    kind: str
    """`predictions` or `labels`; empty when it could not be told."""
    status: str
    """`stored`, `already_ingested` or `failed`."""
    counts: RowCounts = RowCounts()
    error: str | None = None
    hint: str | None = None
    reasons: tuple[tuple[str, int], ...] = ()
    """Why rows are in quarantine, with their number."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class IngestResult:
    """What became of all files of one call."""

    model: str
    files: tuple[FileResult, ...]
    seconds: float

    @property
    def counts(self) -> RowCounts:
        """The sum over the files."""
        total = RowCounts()
        for file in self.files:
            total = total + file.counts
        return total

    @property
    def failed(self) -> tuple[FileResult, ...]:
        """The files that failed, whole."""
        return tuple(f for f in self.files if f.status == "failed")
