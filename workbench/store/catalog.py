"""What is committed? The catalog's answers about files, segments and versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from workbench.store.connections import Connection
from workbench.store.row_files import RowFile, rows_relation

PREDICTIONS, LABELS = "predictions", "labels"


@dataclass(frozen=True)
class Segment:
    """A committed Parquet file of rows."""

    path: Path
    batch: str
    sequence: int
    """The newest commit whose rows it holds; later labels have larger ones."""
    kind: str
    rows: int
    start: datetime | None
    """Oldest prediction (or label) timestamp in it, aware; None where no row has one."""
    end: datetime | None
    """Newest one, inclusive."""
    reading: str | None = None
    """See `row_files.RowFile`."""

    @property
    def file(self) -> RowFile:
        """The file, with how it is read."""
        return RowFile(self.path, self.reading)


@dataclass(frozen=True)
class ModelSegments:
    """All committed rows of one model, at one version of the catalog."""

    version: int
    predictions: tuple[Segment, ...] = ()
    labels: tuple[Segment, ...] = ()
    before: datetime | None = None
    """Retention took the rows that are older than this; None when it never took any."""
    up_to: int | None = None
    """Rows and labels that a later commit brought are left out; None: none are. A compacted file holds
    rows of several commits, so that readers of rows heed this too."""

    def of(self, predictions: Iterable[Segment]) -> ModelSegments:
        """The same with only some files of predictions."""
        return replace(self, predictions=tuple(predictions))

    @property
    def labels_version(self) -> int:
        """The newest commit that brought labels in files of their own; 0 without any."""
        return max((segment.sequence for segment in self.labels), default=0)

    def since(self, version: int) -> ModelSegments:
        """Only what was committed after that version."""
        return ModelSegments(
            self.version,
            tuple(s for s in self.predictions if s.sequence > version),
            tuple(s for s in self.labels if s.sequence > version),
            self.before,
        )


def catalog_version(connection: Connection) -> int:
    """The newest commit; 0 for an empty catalog."""
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM commits").fetchall()[0][0])


def known_moment(connection: Connection, now: datetime) -> datetime:
    """The machine's clock, or the newest commit where the clock was set back behind it."""
    newest = connection.execute("SELECT max(committed_at) FROM commits").fetchall()[0][0]
    return now if newest is None else max(now, newest.replace(tzinfo=UTC))


def model_segments(
    connection: Connection, model: str, folder: Path, up_to: int | None = None
) -> ModelSegments:
    """The segments of a model.

    Args:
        connection: the catalog.
        model: the model's name.
        folder: the folder that the stored paths are relative to.
        up_to: a version of the catalog, to leave out what was committed later.
    """
    rows = connection.execute(
        "SELECT path, batch, sequence, kind, rows, min_time, max_time, reading FROM segments "
        "WHERE model = ? AND removed_version IS NULL ORDER BY sequence, path",
        [model],
    ).fetchall()
    segments = [
        Segment(folder / path, batch, sequence, kind, count, aware(low), aware(high), reading)
        for path, batch, sequence, kind, count, low, high, reading in rows
    ]
    version = catalog_version(connection)
    return ModelSegments(
        version,
        tuple(s for s in segments if s.kind == PREDICTIONS),
        tuple(s for s in segments if s.kind == LABELS),
        retained_before(connection, model),
        up_to if up_to is not None and up_to < version else None,
    )


def retained_before(connection: Connection, model: str) -> datetime | None:
    """Retention took a model's rows that are older than this; None when it never took any."""
    rows = connection.execute("SELECT max(before) FROM retained WHERE model = ?", [model])
    return aware(rows.fetchall()[0][0])


def known_files(connection: Connection, model: str) -> dict[tuple[str, str], int]:
    """The files already ingested: (kind, hash) to the number of rows read."""
    rows = connection.execute(
        "SELECT kind, sha256, rows_read FROM files WHERE model = ?", [model]
    ).fetchall()
    return {(kind, sha256): count for kind, sha256, count in rows}


def segment_relation(segments: Sequence[Segment]) -> str:
    """The FROM clause over all columns of some segments, with `wb_path`; they may differ."""
    return rows_relation([segment.file for segment in segments])


def known_time(moment: datetime | None) -> datetime:
    """As `aware`, of a column that always holds a time.

    Raises:
        ValueError: it holds none: the catalog is damaged.
    """
    found = aware(moment)
    if found is None:
        raise ValueError("the catalog lacks a time")
    return found


def aware(moment: datetime | None) -> datetime | None:
    """A stored (naive UTC) time as an aware one."""
    return None if moment is None else moment.replace(tzinfo=UTC)


def naive(moment: datetime) -> datetime:
    """An aware time as the store keeps it: naive, in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)
