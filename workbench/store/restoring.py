"""How is a backup put back? Verified beside what is there, then exchanged at one step.

Over a workspace, rows come first and harm nobody; the catalog that names them takes the old
one's place by one rename, under the lock. People's files follow. A restore that was stopped
is finished by the same command.
"""

from __future__ import annotations

import errno
import re
import secrets
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from workbench.domain.housekeeping import Restored
from workbench.domain.period import parse_time
from workbench.errors import PeriodError, StoreError
from workbench.store import steps
from workbench.store.archives import extract_archive
from workbench.store.backing_up import SETTINGS, STORE
from workbench.store.catalog import catalog_version, naive
from workbench.store.connections import Resources, StoreHome
from workbench.store.failures import translated
from workbench.store.locking import store_lock
from workbench.store.migrations import migrate, needs_migration
from workbench.store.pseudonym_key import KEY_FILE
from workbench.store.quoting import literal
from workbench.store.replacing import RESTORED, record_commit
from workbench.store.settling import settle
from workbench.store.staging import staging_folder, sweep

_STORED_NAME = re.compile(r"^[0-9a-z-]+/[^/]+\.parquet$")
_CATALOG = "store.duckdb"
_ERASED_NOTE = (
    "something was erased after this backup was made and is back: give `store erase` again"
)


@dataclass(frozen=True)
class _Unpacked:
    """An extracted and verified backup."""

    folder: Path
    manifest: dict[str, Any]
    erased: int = 0
    """Marks of erasures that were made after the backup."""

    @property
    def files(self) -> list[str]:
        """The names of its files."""
        return sorted(self.manifest["files"])


def restore_archive(
    file: Path, into: Path, now: datetime, resources: Resources, prepare: Callable[[Path], None]
) -> Restored:
    """Puts a backup into an empty folder, or over the workspace that is there.

    Args:
        file: the archive.
        into: the folder.
        now: the machine's clock.
        resources: what the work may use.
        prepare: makes the folders of a workspace that a backup does not hold.

    Raises:
        StoreError: the archive cannot be restored, or the folder holds something else;
            nothing is changed then.
    """
    if not file.is_file():
        raise StoreError(f"there is no file {file.name}", "Check the path of the backup.")
    is_new = not (into / SETTINGS).is_file()
    if is_new and into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise StoreError(
            f"{into.name} is neither empty nor a workspace", "Name an empty folder with --into."
        )
    with translated():
        unpacked = (
            _restore_new(file, into, prepare)
            if is_new
            else _restore_over(file, into, now, resources)
        )
    manifest = unpacked.manifest
    size = sum(int(entry["bytes"]) for entry in manifest["files"].values())
    return Restored(
        str(into), len(unpacked.files), size, int(manifest["catalog_version"]),
        parse_time(manifest["made_at"]), is_new, (_ERASED_NOTE,) if unpacked.erased else (),
    )  # fmt: skip


def _restore_new(file: Path, into: Path, prepare: Callable[[Path], None]) -> _Unpacked:
    into.parent.mkdir(parents=True, exist_ok=True)
    beside = into.parent / f".restoring-{secrets.token_hex(8)}"
    beside.mkdir(mode=0o700)
    try:
        unpacked = _unpack(file, beside)
        for name in unpacked.files:
            if not name.startswith(f"{STORE}/"):
                (beside / name).chmod(0o644)
        StoreHome(beside / STORE).create()
        prepare(beside)
        for folder in (p for p in beside.rglob("*") if p.is_dir() and STORE not in p.parts):
            folder.chmod(0o755)
        beside.chmod(0o755)
        steps.reached(steps.BEFORE_RENAME)
        if into.exists():
            into.rmdir()
        beside.rename(into)
        settle(into.parent)
        steps.reached(steps.AFTER_RENAME)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return unpacked


def _restore_over(file: Path, into: Path, now: datetime, resources: Resources) -> _Unpacked:
    home = StoreHome(into / STORE, resources)
    for folder in (home.folder, home.segments, home.quarantine, home.staging):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with staging_folder(home) as staging:
        unpacked = _unpack(file, staging.work)
        steps.reached(steps.STAGED)
        names = unpacked.files
        with store_lock(
            home.folder,
            exclusive=True,
            timeout=resources.lock_timeout,
            purpose="restoring a backup",
        ):
            path = unpacked.folder / STORE / _CATALOG
            erased = _number(path, home, _settled_version(home), now)
            store = [name for name in names if name.startswith(f"{STORE}/")]
            catalog = f"{STORE}/{_CATALOG}"
            rows = [name for name in store if name.count("/") > 1 or name.endswith(KEY_FILE)]
            _place(unpacked.folder, into, rows)
            _place(unpacked.folder, into, [catalog])
            others = [name for name in names if not name.startswith(f"{STORE}/")]
            _place(unpacked.folder, into, others)
    sweep(home)
    return replace(unpacked, erased=erased)


def _unpack(file: Path, folder: Path) -> _Unpacked:
    manifest = extract_archive(file, folder)
    for name in manifest["files"]:
        if name.startswith(".") and not name.startswith(f"{STORE}/"):
            raise _unfit(file, f"it holds {name!r}")
    try:
        int(manifest["catalog_version"])
        parse_time(manifest["made_at"])
    except (KeyError, TypeError, ValueError, PeriodError) as error:
        raise _unfit(file, "its manifest is incomplete") from error
    if not (folder / SETTINGS).is_file():
        raise _unfit(file, f"it has no {SETTINGS}")
    _verify_catalog(file, folder / STORE)
    return _Unpacked(folder, manifest)


def _verify_catalog(file: Path, store: Path) -> None:
    """Refuses a backup whose catalog cannot be used or names rows that are not there.

    Raises:
        StoreError: why.
    """
    path = store / _CATALOG
    if not path.is_file():
        raise _unfit(file, "it has no catalog")
    try:
        # Opened for writing, so that what a crash had left in the log beside it is in the file.
        with duckdb.connect(str(path)) as catalog:
            needs_migration(catalog)
            rows = catalog.execute(
                "SELECT path, bytes FROM segments WHERE removed_version IS NULL"
            ).fetchall()
            names = catalog.execute("SELECT path FROM segments").fetchall()
            catalog.execute("CHECKPOINT")
    except duckdb.Error as error:
        first = (str(error).splitlines() or [""])[0]
        raise _unfit(file, f"its catalog cannot be read: {first}") from error
    if any(not _STORED_NAME.match(name) or ".." in name for (name,) in names):
        raise _unfit(file, "its catalog names files outside of the store")
    for name, size in rows:
        segment = store / "segments" / name
        if not segment.is_file() or segment.stat().st_size != size:
            raise _unfit(file, f"it does not hold the rows of {name}")


def _settled_version(home: StoreHome) -> int:
    """The version of the catalog that is there; 0 when it cannot be read any more.

    What a crash left in the log beside it is put into the file: it must not meet another one.
    """
    log = home.catalog.with_name(f"{_CATALOG}.wal")
    if not home.catalog.exists():
        log.unlink(missing_ok=True)
        return 0
    found = 0
    with suppress(duckdb.Error), duckdb.connect(str(home.catalog)) as catalog:
        found = catalog_version(catalog)
        catalog.execute("CHECKPOINT")
    log.unlink(missing_ok=True)
    return found


def _number(path: Path, home: StoreHome, other: int, now: datetime) -> int:
    """Gives a restored catalog a version that neither it nor the one before it had.

    Who was checked against that one learns by it to check again. What was erased since the
    backup was made stays shut out of later ingests; its rows in the backup are back, so that
    their number of marks is returned.
    """
    with duckdb.connect(str(path)) as catalog:
        migrate(catalog)
        erased = _erased_since(catalog, home.catalog) if other else 0
        if other > catalog_version(catalog):
            catalog.execute(
                "INSERT INTO commits VALUES (?, ?, NULL, ?)", [other, naive(now), RESTORED]
            )
        record_commit(catalog, None, RESTORED, now)
        catalog.execute("CHECKPOINT")
    settle(path)
    return erased


def _erased_since(catalog: duckdb.DuckDBPyConnection, old: Path) -> int:
    """Adds the marks of erasures that only the catalog of before has; how many."""
    there = "SELECT model, kind, digest FROM"
    try:
        catalog.execute(f"ATTACH {literal(str(old))} AS before_it (READ_ONLY)")
        new = f"{there} before_it.tombstones EXCEPT {there} tombstones"
        found = catalog.execute(f"SELECT count(*) FROM ({new})").fetchall()[0][0]
        catalog.execute(
            "INSERT INTO tombstones SELECT * FROM before_it.tombstones "
            f"WHERE (model, kind, digest) IN (SELECT (model, kind, digest) FROM ({new}))"
        )
        catalog.execute("DETACH before_it")
    except duckdb.CatalogException:  # it is older than erasure
        return 0
    return int(found)


def _place(source: Path, target: Path, names: Iterable[str]) -> None:
    """Moves files to where they belong, each by one rename."""
    folders: set[Path] = set()
    for name in names:
        to = target / name
        private = name.startswith(f"{STORE}/")
        to.parent.mkdir(mode=0o700 if private else 0o755, parents=True, exist_ok=True)
        (source / name).chmod(0o600 if private else 0o644)
        steps.reached(steps.BEFORE_RENAME)
        _rename(source / name, to)
        steps.reached(steps.AFTER_RENAME)
        folders |= {to.parent, to.parent.parent}
    for folder in folders:
        settle(folder)


def _rename(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The folder lies on another disk: first a copy there, then the rename.
        beside = target.with_name(f".restoring-{secrets.token_hex(8)}")
        try:
            shutil.copy2(source, beside)
            settle(beside)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)


def _unfit(file: Path, why: str) -> StoreError:
    return StoreError(
        f"{file.name} cannot be restored: {why}", "Use another copy of it; nothing was changed."
    )
