"""How is DuckDB opened? Briefly for the catalog, in memory for the work.

A file that one process has open read-write cannot be opened by any other, so the catalog is
open only inside `reading` and `writing`; rows are worked on in memory, outside the lock.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import duckdb

from workbench.errors import StoreError, StoreLockedError
from workbench.store import steps
from workbench.store.failures import foreign_opener, translated
from workbench.store.locking import store_lock
from workbench.store.migrations import migrate, needs_migration
from workbench.store.modes import private_files
from workbench.store.settling import settle

Connection = duckdb.DuckDBPyConnection

_FOREIGN_POLL = 0.05


@dataclass(frozen=True)
class _Open:
    """A catalog that this thread is reading."""

    folder: Path
    connection: Connection
    purpose: str


_open: ContextVar[_Open | None] = ContextVar("open catalog", default=None)

_SAFE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@dataclass(frozen=True)
class Resources:
    """What the work may use."""

    memory_limit: str = "1GB"
    threads: int = 0
    """0: one a core."""
    lock_timeout: float = 10.0
    """Seconds to queue for the catalog."""
    grace: float = 3600.0
    """Seconds for which a replaced segment's file is left to those who read it."""
    quarantine_retention: float = 7776000.0
    """Seconds for which the texts of set-aside rows are kept; 0: for ever."""


@dataclass(frozen=True)
class StoreHome:
    """Where a workspace's store lies, and what it may use."""

    folder: Path
    resources: Resources = Resources()

    @property
    def catalog(self) -> Path:
        """The DuckDB file."""
        return self.folder / "store.duckdb"

    @property
    def segments(self) -> Path:
        """Committed rows, a folder a batch."""
        return self.folder / "segments"

    @property
    def quarantine(self) -> Path:
        """Rejected rows, a folder a batch."""
        return self.folder / "quarantine"

    @property
    def staging(self) -> Path:
        """Batches under way, a folder each."""
        return self.folder / "staging"

    def create(self) -> None:
        """Makes the folders and an empty catalog where they are missing.

        Raises:
            StoreError: they cannot be made, or the catalog of rows that are there is gone.
        """
        try:
            for folder in (self.folder, self.segments, self.quarantine, self.staging):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot make the store: {error.strerror or error}",
                "Check that you may write to the workspace.",
            ) from error
        if not self.catalog.exists():
            with writing(self, "creating the store"):
                pass


@contextmanager
def reading(home: StoreHome, purpose: str = "reading") -> Iterator[Connection]:
    """The catalog, read-only, shared with other readers, for the length of the block.

    Inside another `reading` of the same store and thread it is the same connection: an
    answer made of many questions opens the file once, and sees one state of it.

    Raises:
        StoreError: the catalog cannot be opened (StoreLockedError: within the deadline).
    """
    held = _open.get()
    if held is not None and held.folder == home.folder:
        yield held.connection
        return
    if not home.catalog.exists():
        home.create()
    with _catalog(home, purpose, read_only=True) as connection:
        if not needs_migration(connection):
            token = _open.set(_Open(home.folder, connection, purpose))
            try:
                yield connection
            finally:
                _open.reset(token)
            return
    with writing(home, "migrating the store"):
        pass
    with reading(home, purpose) as migrated:
        yield migrated


@contextmanager
def writing(home: StoreHome, purpose: str) -> Iterator[Connection]:
    """The catalog in one transaction: committed when the block ends, undone when it raises.

    Raises:
        StoreError: the catalog cannot be opened or written.
    """
    held = _open.get()
    if held is not None and held.folder == home.folder:
        # It would wait for itself until the deadline.
        raise StoreError(f"the store cannot be written while it is being read ({held.purpose})")
    with _catalog(home, purpose, read_only=False) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        migrate(connection)
        connection.execute("BEGIN")
        try:
            yield connection
            steps.reached(steps.INSIDE_COMMIT)
        except BaseException:
            # After a failed write there may be nothing left to undo, and no way to say so.
            with suppress(duckdb.Error):
                connection.execute("ROLLBACK")
            raise
        steps.reached(steps.BEFORE_COMMIT)
        connection.execute("COMMIT")
        steps.reached(steps.AFTER_COMMIT)


@contextmanager
def exclusive_catalog(home: StoreHome, purpose: str) -> Iterator[Connection]:
    """The catalog without a transaction, for work on its file; nobody else has it open.

    Raises:
        StoreError: the catalog cannot be opened.
    """
    with _catalog(home, purpose, read_only=False) as connection:
        yield connection


@contextmanager
def _catalog(home: StoreHome, purpose: str, *, read_only: bool) -> Iterator[Connection]:
    """The opened catalog, under the store's lock.

    Another program may have the file open past that lock. It is waited for outside of it, so
    that nobody else waits for longer than there is need.
    """
    deadline = time.monotonic() + home.resources.lock_timeout
    while True:
        left = max(0.0, deadline - time.monotonic())
        lock = store_lock(home.folder, exclusive=not read_only, timeout=left, purpose=purpose)
        with ExitStack() as held:
            held.enter_context(translated())
            if not read_only:
                held.enter_context(private_files())
            held.enter_context(lock)
            if not read_only:
                _make(home)
            connection = _connect(home, read_only, deadline)
            if connection is not None:
                try:
                    yield connection
                finally:
                    connection.close()
                return
        time.sleep(_FOREIGN_POLL)


def _make(home: StoreHome) -> None:
    """Makes the catalog under another name first: whoever finds one finds it whole.

    Raises:
        StoreError: there are rows, so that there was a catalog: a new one would not know them,
            and what is not known is swept away.
    """
    if home.catalog.exists():
        return
    if next(home.segments.rglob("*.parquet"), None) is not None:
        raise StoreError(
            "the store's catalog (store.duckdb) is gone, and its rows are still there",
            "Restore a backup: workbench store restore FILE. Without one, move the folder "
            ".workbench aside and ingest the exports again.",
        )
    new = home.catalog.with_suffix(".new")
    for leftover in (new, new.with_suffix(".new.wal")):
        leftover.unlink(missing_ok=True)
    connection = duckdb.connect(str(new), config=_config(home))
    try:
        migrate(connection)
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    new.chmod(0o600)
    settle(new)
    new.rename(home.catalog)
    settle(home.folder)


def _connect(home: StoreHome, read_only: bool, deadline: float) -> Connection | None:
    """The connection; None when another program has the catalog open and there is time yet."""
    try:
        return _quiet(duckdb.connect(str(home.catalog), read_only=read_only, config=_config(home)))
    except (duckdb.IOException, duckdb.ConnectionException) as error:
        opener = foreign_opener(error)
        if opener is None:
            raise
        if time.monotonic() < deadline:
            return None
        raise StoreLockedError(
            f"the store is busy: {opener} has its catalog open",
            "End that program's connection to store.duckdb; `workbench sql` reads without one.",
        ) from error


def _quiet(connection: Connection) -> Connection:
    """A connection that draws no bar of progress on stdout, into a document."""
    connection.execute("SET enable_progress_bar = false")
    return connection


@contextmanager
def scratch(home: StoreHome, spill: Path | None = None) -> Iterator[Connection]:
    """An in-memory database for the work outside the lock.

    Args:
        home: whose memory limit and threads apply.
        spill: a folder for what does not fit in memory; without one such work fails.
    """
    config = _config(home)
    # DuckDB's own default is a folder below the current one, whoever may read that.
    config["temp_directory"] = str(spill) if spill is not None else ""
    with translated(), private_files():
        connection = _quiet(duckdb.connect(":memory:", config=config))
        try:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()


def _config(home: StoreHome) -> dict[str, str | bool | int | float | list[str]]:
    config: dict[str, str | bool | int | float | list[str]] = dict(_SAFE)
    config["memory_limit"] = home.resources.memory_limit
    if home.resources.threads:
        config["threads"] = home.resources.threads
    return config
