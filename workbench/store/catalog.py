"""What is committed? The catalog's answers about files, segments and versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workbench.store.connections import Connection
from workbench.store.quoting import literal_list

PREDICTIONS, LABELS = "predictions", "labels"


@dataclass(frozen=True)
class Segment:
    """A committed Parquet file of rows."""

    path: Path
    batch: str
    sequence: int
    """The catalog version that committed it; later labels have larger ones."""
    kind: str
    rows: int
    start: datetime | None
    """Oldest prediction (or label) timestamp in it, aware; None where no row has one."""
    end: datetime | None
    """Newest one, inclusive."""


@dataclass(frozen=True)
class ModelSegments:
    """All committed rows of one model, at one version of the catalog."""

    version: int
    predictions: tuple[Segment, ...] = ()
    labels: tuple[Segment, ...] = ()

    def since(self, version: int) -> ModelSegments:
        """Only what was committed after that version."""
        return ModelSegments(
            self.version,
            tuple(s for s in self.predictions if s.sequence > version),
            tuple(s for s in self.labels if s.sequence > version),
        )


def catalog_version(connection: Connection) -> int:
    """The newest commit; 0 for an empty catalog."""
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM commits").fetchall()[0][0])


def model_segments(connection: Connection, model: str, folder: Path) -> ModelSegments:
    """The segments of a model.

    Args:
        connection: the catalog.
        model: the model's name.
        folder: the folder that the stored paths are relative to.
    """
    rows = connection.execute(
        "SELECT path, batch, version, s.kind, rows, min_time, max_time FROM segments s "
        "JOIN batches USING (batch) WHERE s.model = ? AND removed_version IS NULL ORDER BY version, path",
        [model],
    ).fetchall()
    segments = [
        Segment(folder / path, batch, version, kind, count, aware(low), aware(high))
        for path, batch, version, kind, count, low, high in rows
    ]
    return ModelSegments(
        catalog_version(connection),
        tuple(s for s in segments if s.kind == PREDICTIONS),
        tuple(s for s in segments if s.kind == LABELS),
    )


def known_files(connection: Connection, model: str) -> dict[tuple[str, str], int]:
    """The files already ingested: (kind, hash) to the number of rows read."""
    rows = connection.execute(
        "SELECT kind, sha256, rows_read FROM files WHERE model = ?", [model]
    ).fetchall()
    return {(kind, sha256): count for kind, sha256, count in rows}


def segment_relation(segments: Sequence[Segment]) -> str:
    """The FROM clause over some segments, with `filename`; they may differ in columns."""
    return files_relation([segment.path for segment in segments])


def files_relation(paths: Sequence[Path]) -> str:
    """The FROM clause over some Parquet files of ours, with `filename`."""
    listed = literal_list(str(path) for path in paths)
    return (
        f"read_parquet({listed}, union_by_name = true, filename = true, hive_partitioning = false)"
    )


def aware(moment: datetime | None) -> datetime | None:
    """A stored (naive UTC) time as an aware one."""
    return None if moment is None else moment.replace(tzinfo=UTC)


def naive(moment: datetime) -> datetime:
    """An aware time as the store keeps it: naive, in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)
