"""How do segments leave the store? Marked in a commit, and deleted once nobody can be reading them.

The catalog keeps the row of a removed segment, with the version that removed it: whoever asks
what an earlier version held finds that it was there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from workbench.store.catalog import Segment, catalog_version, known_moment, naive
from workbench.store.connections import Connection, StoreHome

COMPACTED = "compact"
"""The action of a commit that put the same rows into other files."""
RESTORED = "restore"
"""The action of the commit that a restored catalog begins with; it is of no model."""


def stored_paths(home: StoreHome, segments: Iterable[Segment]) -> list[str]:
    """The paths of segments as the catalog has them."""
    return [segment.path.relative_to(home.segments).as_posix() for segment in segments]


def stand_all(catalog: Connection, paths: Sequence[str]) -> bool:
    """Whether none of these segments was removed."""
    if not paths:
        return True
    found = catalog.execute(
        "SELECT count(*) FROM segments WHERE removed_version IS NULL AND list_contains(?, path)",
        [list(paths)],
    ).fetchall()
    return int(found[0][0]) == len(set(paths))


def was_restored(catalog: Connection, since: int) -> bool:
    """Whether the catalog is another one than it was at a version: a backup took its place."""
    rows = catalog.execute(
        "SELECT count(*) FROM commits WHERE action = ? AND version > ?", [RESTORED, since]
    ).fetchall()
    return bool(rows[0][0])


def record_commit(catalog: Connection, model: str | None, action: str, now: datetime) -> int:
    """Adds a commit to the open transaction; returns its version."""
    version = catalog_version(catalog) + 1
    catalog.execute("INSERT INTO commits VALUES (?, ?, ?, ?)", [version, naive(now), model, action])
    return version


def record_batch(
    catalog: Connection, batch: str, model: str, kind: str, version: int, now: datetime
) -> None:
    """Adds a batch that was made of rows of the store, so that its files have an owner."""
    catalog.execute(
        "INSERT INTO batches VALUES (?, ?, ?, ?, ?)", [batch, version, model, kind, naive(now)]
    )


def remove_segments(catalog: Connection, paths: Sequence[str], version: int, now: datetime) -> None:
    """Marks segments as removed by a commit of the open transaction.

    The time is never before that of an earlier commit: a clock that was set back and forth
    again must not make a file look old that was replaced a moment ago.
    """
    stamp = naive(known_moment(catalog, now))
    catalog.execute(
        "UPDATE segments SET removed_version = ?, removed_at = ? WHERE list_contains(?, path)",
        [version, stamp, list(paths)],
    )


def overdue_files(catalog: Connection, home: StoreHome, now: datetime) -> list[Path]:
    """The files of removed segments whose grace period is over, as far as they are still there."""
    limit = naive(now) - timedelta(seconds=home.resources.grace)
    rows = catalog.execute(
        "SELECT path FROM segments WHERE removed_version IS NOT NULL AND removed_at <= ?", [limit]
    ).fetchall()
    folders = {path.name for path in home.segments.iterdir()}
    paths = (home.segments / row[0] for row in rows if row[0].partition("/")[0] in folders)
    return [path for path in paths if path.exists()]
