"""How is DuckDB opened? Briefly for the catalog, in memory for the work.

A file that one process has open read-write cannot be opened by any other, so the catalog is
open only inside `reading` and `writing`; rows are worked on in memory, outside the lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import duckdb

from workbench.errors import StoreError, WorkbenchError
from workbench.store import steps
from workbench.store.locking import store_lock
from workbench.store.migrations import migrate, needs_migration
from workbench.store.modes import private_files

Connection = duckdb.DuckDBPyConnection

_open: ContextVar[tuple[Path, Connection] | None] = ContextVar("open catalog", default=None)
"""The catalog that this thread is reading."""

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
        """Makes the folders and an empty catalog where they are missing."""
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
    if held is not None and held[0] == home.folder:
        yield held[1]
        return
    if not home.catalog.exists():
        home.create()
    with _opened(home, purpose) as connection:
        if not needs_migration(connection):
            token = _open.set((home.folder, connection))
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
def _opened(home: StoreHome, purpose: str) -> Iterator[Connection]:
    timeout = home.resources.lock_timeout
    with _translated(), store_lock(home.folder, exclusive=False, timeout=timeout, purpose=purpose):
        connection = duckdb.connect(str(home.catalog), read_only=True, config=_config(home))
        try:
            yield connection
        finally:
            connection.close()


@contextmanager
def writing(home: StoreHome, purpose: str) -> Iterator[Connection]:
    """The catalog in one transaction: committed when the block ends, undone when it raises.

    Raises:
        StoreError: the catalog cannot be opened or written.
    """
    if _open.get() is not None:
        # It would wait for itself until the deadline.
        raise StoreError("the store cannot be written while it is being read")
    with (
        _translated(),
        private_files(),
        store_lock(
            home.folder, exclusive=True, timeout=home.resources.lock_timeout, purpose=purpose
        ),
    ):
        connection = duckdb.connect(str(home.catalog), config=_config(home))
        try:
            connection.execute("SET TimeZone = 'UTC'")
            home.catalog.chmod(0o600)
            migrate(connection)
            connection.execute("BEGIN")
            try:
                yield connection
                steps.reached(steps.INSIDE_COMMIT)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            steps.reached(steps.BEFORE_COMMIT)
            connection.execute("COMMIT")
            steps.reached(steps.AFTER_COMMIT)
        finally:
            connection.close()


@contextmanager
def scratch(home: StoreHome, spill: Path | None = None) -> Iterator[Connection]:
    """An in-memory database for the work outside the lock.

    Args:
        home: whose memory limit and threads apply.
        spill: a folder for what does not fit in memory; without one such work fails.
    """
    config = _config(home)
    # DuckDB's own default is a folder below the current one, whoever may read that.
    config["temp_directory"] = "" if spill is None else str(spill)
    with _translated(), private_files():
        connection = duckdb.connect(":memory:", config=config)
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


_DAMAGE = (
    "not a valid DuckDB database", "Corrupt database", "Could not read enough bytes", "checksum",
    "No files found that match", "No magic bytes",
)  # fmt: skip
"""How DuckDB begins to say that the catalog or a segment is broken or gone."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except WorkbenchError:
        raise
    except duckdb.OutOfMemoryException as error:
        raise StoreError(
            "the work does not fit in the memory it may use",
            "Raise `memory_limit` under [store] in workbench.toml.",
        ) from error
    except duckdb.Error as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if any(sign in first for sign in _DAMAGE):
            raise StoreError(
                f"the store is damaged: {first}",
                "Put back a copy of .workbench/, or move it away and ingest the exports again.",
            ) from error
        raise StoreError(
            f"the store cannot do this: {first}",
            "Run the command again with --debug for the details.",
        ) from error
    except OSError as error:
        raise StoreError(
            f"the store cannot read or write: {error.strerror or error}",
            "Check the disk's space and the permissions of .workbench/.",
        ) from error
