"""Is the store whole? Files against the catalog, counts against the rows; nothing is changed.

The catalog is copied under the shared lock and looked at in the copy: however long the work
takes, nobody waits for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from workbench.domain.card import ModelCard
from workbench.domain.health import ERROR, OK, WARNING, Check, found_or_well, number_of
from workbench.domain.period import iso
from workbench.errors import StoreError, StoreLockedError
from workbench.store.catalog import aware
from workbench.store.connections import Connection, StoreHome
from workbench.store.held_files import is_held
from workbench.store.holders import holder
from workbench.store.querying import copy_catalog
from workbench.store.staging import spill_folder
from workbench.store.verifying_baselines import check_baselines
from workbench.store.verifying_catalog import check_sums, check_tables
from workbench.store.verifying_counts import check_counts, check_duplicates
from workbench.store.verifying_files import (
    check_leftovers,
    check_permissions,
    check_quarantine,
    check_readable,
    check_segments,
)
from workbench.store.verifying_privacy import check_privacy

SMALL = 2_000_000
"""Up to so many rows everything is looked at, beyond it a sample unless more is asked for."""
RESTORE = (
    "Put a backup back with `workbench store restore FILE`; without one, move .workbench/ away and "
    "ingest the exports again."
)
_AHEAD = timedelta(minutes=5)


def verify_store(
    home: StoreHome,
    root: Path,
    cards: dict[str, ModelCard | None],
    now: datetime,
    *,
    deep: bool = False,
    told: Callable[[str], None] = lambda _: None,
) -> tuple[Check, ...]:
    """What is well and what is wrong with a store.

    Args:
        home: the store.
        root: the workspace, which the cards' paths are relative to.
        cards: the card of each model; None for one that cannot be read.
        now: the machine's clock.
        deep: look at every row of a large store too.
        told: told what is being looked at.
    """
    if not home.catalog.exists():
        return _without_catalog(home)
    checks = [_lock(home), *check_permissions(home)]
    with spill_folder(home) as folder:
        try:
            copy = copy_catalog(home, folder, "verifying the store")
            connection = duckdb.connect(str(copy), read_only=True)
        except StoreLockedError as error:
            return (*checks, Check("catalog", WARNING, error.message, error.hint))
        except (StoreError, duckdb.Error) as error:
            return (*checks, _unreadable(error), *check_readable(home))
        try:
            broken = check_tables(connection, RESTORE)
            checks += found_or_well("catalog", broken, _said(connection) if not broken else "")
            if any(finding.status == ERROR for finding in broken):
                return (*checks, *check_readable(home))
            checks += _verify(connection, home, root, cards, now, folder, deep, told)
        finally:
            connection.close()
    return tuple(checks)


def _verify(
    connection: Connection,
    home: StoreHome,
    root: Path,
    cards: dict[str, ModelCard | None],
    now: datetime,
    folder: Path,
    deep: bool,
    told: Callable[[str], None],
) -> list[Check]:
    rows = connection.execute(
        "SELECT coalesce(sum(rows), 0) FROM segments WHERE removed_version IS NULL"
    ).fetchall()[0][0]
    whole = deep or rows <= SMALL
    checks = [_clock(connection, now), *check_sums(connection, RESTORE)]
    told("looking at the segments")
    segments = check_segments(connection, home, folder, RESTORE, whole=whole)
    checks += [*segments, *check_quarantine(connection, home, now, RESTORE)]
    checks += check_leftovers(connection, home, now)
    checks += check_baselines(connection, home, root, cards, folder, now)
    if any(check.status == ERROR for check in segments):
        what = "the rows were not counted: some of them cannot be read"
        return [*checks, Check("counts", WARNING, what, "Mend the segments first.")]
    checks += check_privacy(connection, home, cards)
    checks += check_counts(connection, home, cards, folder, whole=whole, told=told)
    if deep:
        told("looking for duplicate identities")
        checks += check_duplicates(connection, home, cards, folder, RESTORE)
    return checks


def _without_catalog(home: StoreHome) -> tuple[Check, ...]:
    stored = list(home.segments.glob("*/*.parquet")) if home.segments.is_dir() else []
    if not stored:
        return (Check("catalog", OK, "nothing is stored yet"),)
    return (
        Check(
            "catalog", ERROR,
            f"the catalog store.duckdb is gone, and {len(stored):,} files of rows are there without it",
            "Ingest nothing before it is mended: rows without a catalog would be taken for leftovers. "
            + RESTORE,
        ),
        *check_readable(home),
    )  # fmt: skip


def _unreadable(error: StoreError | duckdb.Error) -> Check:
    said = error.message if isinstance(error, StoreError) else str(error).strip().splitlines()[0]
    return Check("catalog", ERROR, said, RESTORE)


def _lock(home: StoreHome) -> Check:
    taken = any(is_held(home.folder / name) for name in ("store.lock", "turnstile.lock"))
    return Check("lock", OK, f"taken: {holder(home.folder)}" if taken else "free")


def _said(connection: Connection) -> str:
    version, models, files = connection.execute(
        "SELECT (SELECT coalesce(max(version), 0) FROM commits), "
        "(SELECT count(DISTINCT model) FROM batches), (SELECT count(*) FROM files)"
    ).fetchall()[0]
    return f"version {version:,}: {number_of(models, 'model')}, {number_of(files, 'ingested file')}"


def _clock(connection: Connection, now: datetime) -> Check:
    newest = aware(connection.execute("SELECT max(committed_at) FROM commits").fetchall()[0][0])
    if newest is not None and newest > now + _AHEAD:
        return Check(
            "clock", WARNING,
            f"the newest commit is of {iso(newest)}, and the machine's clock says {iso(now)}: it went back",
            "Set the clock right; the order of commits does not depend on it.",
        )  # fmt: skip
    return Check("clock", OK, f"{iso(now)}, after the newest commit")
