"""Which versions of a model have a baseline of their own, and where are its counts?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workbench.domain.rules import identity
from workbench.store.baseline_record import Baseline
from workbench.store.catalog import aware, naive
from workbench.store.connections import Connection
from workbench.store.counting import OUTCOME_TABLES, PROFILE_TABLES
from workbench.store.measured import CountSource

VERSION = "version"
"""The batch that the counts of a version's own baseline are stored under."""


@dataclass(frozen=True)
class VersionBaseline:
    """The labelled rows that a version was judged on last, counted: what its rates are compared with."""

    version: str
    bins_id: str
    """Of the model's baseline, over whose bins its predictions and scores are counted."""
    rules_id: str
    path: str
    """The table, relative to the workspace."""
    size: int
    """Bytes of it."""
    modified: int
    """Nanoseconds since 1970."""
    sha256: str
    rows: int
    start: datetime | None
    """Oldest timestamp; None when it has no times."""
    end: datetime | None
    """Newest one, inclusive."""

    @property
    def source(self) -> CountSource:
        """Its counts in the catalog."""
        return CountSource(
            *(
                f"{VERSION}:{identity(own, self.version, self.sha256)}"
                for own in (self.bins_id, self.rules_id)
            )
        )


def read_version_baselines(catalog: Connection, baseline: Baseline) -> dict[str, VersionBaseline]:
    """The versions' baselines that are counted over a model's bins and rules, by version."""
    rows = catalog.execute(
        "SELECT version, bins_id, rules_id, path, bytes, modified, sha256, rows, start_time, end_time "
        "FROM version_baselines WHERE model = ? AND bins_id = ? AND rules_id = ?",
        [baseline.model, *baseline.ids],
    ).fetchall()
    return {str(row[0]): _own(row) for row in rows}


def write_version_baseline(catalog: Connection, model: str, own: VersionBaseline) -> None:
    """Lists a version's baseline, in the open transaction; another of the version goes first."""
    _drop(catalog, model, own.version)
    catalog.execute(
        "INSERT INTO version_baselines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            model, own.version, own.bins_id, own.rules_id, own.path, own.size, own.modified,
            own.sha256, own.rows, own.start and naive(own.start), own.end and naive(own.end),
        ],
    )  # fmt: skip


def drop_version_baselines(catalog: Connection, model: str) -> None:
    """Removes the versions' baselines of a model with their counts, in the open transaction."""
    _drop(catalog, model, None)


def _drop(catalog: Connection, model: str, version: str | None) -> None:
    where = "model = ? AND (?::VARCHAR IS NULL OR version = ?)"
    values = [model, version, version]
    rows = catalog.execute(
        "SELECT version, bins_id, rules_id, path, bytes, modified, sha256, rows, NULL, NULL "
        f"FROM version_baselines WHERE {where}",
        values,
    ).fetchall()
    for row in rows:
        source = _own(row).source
        for tables, column, own in (
            (PROFILE_TABLES, "bins_id", source.bins_id),
            (OUTCOME_TABLES, "rules_id", source.rules_id),
        ):
            for table in tables:
                catalog.execute(f"DELETE FROM {table} WHERE {column} = ?", [own])
    catalog.execute(f"DELETE FROM version_baselines WHERE {where}", values)


def _own(row: tuple[Any, ...]) -> VersionBaseline:
    version, bins_id, rules_id, path, size, modified, digest, rows, start, end = row
    return VersionBaseline(
        version, bins_id, rules_id, path, size, modified, digest, rows, aware(start), aware(end)
    )
