"""How is DuckDB opened? Briefly for the catalog, in memory for the work.

A file that one process has open read-write cannot be opened by any other, so the catalog is
open only inside `reading` and `writing`; rows are worked on in memory, outside the lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from workbench.errors import StoreError, WorkbenchError
from workbench.store.locking import store_lock
from workbench.store.migrations import migrate, needs_migration

Connection = duckdb.DuckDBPyConnection

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

    Raises:
        StoreError: the catalog cannot be opened (StoreLockedError: within the deadline).
    """
    if needs_catalog(home):
        home.create()
    outdated = False
    with _translated(), store_lock(
        home.folder, exclusive=False, timeout=home.resources.lock_timeout, purpose=purpose
    ):
        connection = duckdb.connect(str(home.catalog), read_only=True, config=_config(home))
        try:
            outdated = needs_migration(connection)
            if not outdated:
                yield connection
        finally:
            connection.close()
    if outdated:
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
    with _translated(), store_lock(
        home.folder, exclusive=True, timeout=home.resources.lock_timeout, purpose=purpose
    ):
        connection = duckdb.connect(str(home.catalog), config=_config(home))
        try:
            connection.execute("SET TimeZone = 'UTC'")
            home.catalog.chmod(0o600)
            migrate(connection)
            connection.execute("BEGIN")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
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
    if spill is not None:
        config["temp_directory"] = str(spill)
    with _translated():
        connection = duckdb.connect(":memory:", config=config)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()


def needs_catalog(home: StoreHome) -> bool:
    """Whether the catalog is still to be made."""
    return not home.catalog.exists()


def one(connection: Connection, query: str, parameters: Any = None) -> tuple[Any, ...]:
    """The only row of a query."""
    rows = connection.execute(query, parameters).fetchall()
    return tuple(rows[0])


def _config(home: StoreHome) -> dict[str, str | bool | int | float | list[str]]:
    config: dict[str, str | bool | int | float | list[str]] = dict(_SAFE)
    config["memory_limit"] = home.resources.memory_limit
    if home.resources.threads:
        config["threads"] = home.resources.threads
    return config


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
        raise StoreError(
            f"the store cannot do this: {first}",
            "Run the command again with --debug for the details.",
        ) from error
    except OSError as error:
        raise StoreError(
            f"the store cannot read or write: {error.strerror or error}",
            "Check the disk's space and the permissions of .workbench/.",
        ) from error
