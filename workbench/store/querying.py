"""How is a query answered without locking anyone out? On a copy of the catalog, in a locked-down connection.

The catalog is small: it is copied under the shared lock, and the lock is let go. Rows are
read from the segments, which never change. The connection may open these segments and
nothing else, whatever the query asks for.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from workbench.domain.card import ModelCard
from workbench.errors import QueryError, StoreError
from workbench.store.connections import Connection, StoreHome, reading, scratch
from workbench.store.query_guard import CheckedQuery, Relation, check_query, refused
from workbench.store.query_results import QueryColumn, read_batches
from workbench.store.query_views import StoredModel, read_models
from workbench.store.quoting import literal, literal_list
from workbench.store.staging import spill_folder
from workbench.store.viewing import listing, make_views, view_names

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")

_COPY = "wb_catalog"
_LOOK_UP = 0.1
"""Seconds between two looks whether there was an interrupt."""
_GONE = ("No files found", "Cannot open file", "No such file")


@dataclass(frozen=True)
class Answer:
    """The answer to a query, as it comes."""

    columns: tuple[QueryColumn, ...]
    batches: Iterator[pl.DataFrame]
    """The rows, in order; at least one frame, which may have none."""


@contextmanager
def answering(
    home: StoreHome,
    cards: dict[str, ModelCard | None],
    query: str,
    *,
    as_of: datetime | None = None,
    printable: bool = False,
    limit: int | None = None,
) -> Iterator[Answer]:
    """The answer to a query, for the length of the block.

    A file of rows that compaction or retention has taken meanwhile is no failure: the catalog
    is read again, once.

    Args:
        home: the store.
        cards: the card of each model; None for one that cannot be read.
        query: one statement that reads.
        as_of: later predictions and labels do not exist.
        printable: values as text, numbers and truth values only.
        limit: no more rows than this.

    Raises:
        QueryError: the query is refused, or DuckDB cannot answer it.
        StoreError: the store cannot be read.
    """
    with ThreadPoolExecutor(1) as thread, ExitStack() as opened:
        try:
            answer = _begin(opened, thread, home, cards, query, as_of, printable, limit)
        except _GoneError:
            opened.close()
            try:
                answer = _begin(opened, thread, home, cards, query, as_of, printable, limit)
            except _GoneError as error:
                raise StoreError(
                    f"the store is damaged: {error}", "`workbench doctor` says what is lost."
                ) from error
        yield answer


def _begin(
    opened: ExitStack,
    thread: ThreadPoolExecutor,
    home: StoreHome,
    cards: dict[str, ModelCard | None],
    query: str,
    as_of: datetime | None,
    printable: bool,
    limit: int | None,
) -> Answer:
    """Starts a query; what it needs stays open as long as `opened`."""
    connection, checked, known = opened.enter_context(_prepared(home, cards, query, as_of))
    held = _Held(thread, connection, known)
    columns, batches = held.run(lambda: read_batches(connection, checked, printable, limit))
    # What was not read to its end must let go of the connection before that is closed.
    opened.callback(held.run, batches.close)
    first = held.run(lambda: next(batches))
    return Answer(columns, _rest(held, first, batches))


class _GoneError(Exception):
    """A file of rows is not there any more."""


@dataclass(frozen=True)
class _Held:
    """Runs the work in a thread, so that an interrupt reaches this one at once."""

    thread: ThreadPoolExecutor
    connection: Connection
    known: frozenset[Relation]

    def run(self, work: Callable[[], T]) -> T:
        """The result of some work on the connection."""
        task = self.thread.submit(work)
        try:
            # A wait without an end is not always woken by a signal.
            while not wait([task], timeout=_LOOK_UP).done:
                pass
            return task.result()
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.OutOfMemoryException as error:
            raise QueryError(
                "the query does not fit in the memory it may use",
                "Ask for less, or raise `memory_limit` under [store] in workbench.toml.",
            ) from error
        except duckdb.Error as error:
            if any(sign in str(error) for sign in _GONE):
                raise _GoneError(str(error).splitlines()[0]) from error
            raise refused(error, self.known) from error
        except BaseException:
            if not task.done():
                self.connection.interrupt()
                task.exception()
            raise


def _rest(
    held: _Held, first: pl.DataFrame, batches: Iterator[pl.DataFrame]
) -> Iterator[pl.DataFrame]:
    batch: pl.DataFrame | None = first
    while batch is not None:
        yield batch
        try:
            batch = held.run(lambda: next(batches, None))
        except _GoneError as error:
            raise StoreError(
                "rows of the answer were compacted or removed while it was given",
                "Run the query again.",
            ) from error


@contextmanager
def _prepared(
    home: StoreHome, cards: dict[str, ModelCard | None], query: str, as_of: datetime | None
) -> Iterator[tuple[Connection, CheckedQuery, frozenset[Relation]]]:
    """A connection with the views that a query names, locked down; the query; all views."""
    with (
        spill_folder(home) as folder,
        scratch(home, folder) as connection,
    ):
        copy = copy_catalog(home, folder, "answering a query")
        models = _models_of(copy, home, cards)
        connection.execute(f"ATTACH {literal(str(copy))} AS {_COPY} (READ_ONLY)")
        names = view_names(connection, _COPY, models)
        checked = check_query(connection, query, names.relations)
        if checked.is_listing:
            checked = replace(checked, text=listing(names))
        try:
            paths = make_views(connection, _COPY, home, models, names, checked, as_of)
        except duckdb.Error as error:
            if any(sign in str(error) for sign in _GONE):
                raise _GoneError(str(error).splitlines()[0]) from error
            raise
        _lock_down(connection, paths)
        yield connection, checked, names.relations


def copy_catalog(home: StoreHome, folder: Path, purpose: str) -> Path:
    """Copies the catalog as it is now; the store is locked, shared, for just as long.

    Raises:
        StoreError: the catalog cannot be read.
    """
    copy = folder / "catalog.duckdb"
    with reading(home, purpose):
        for end in ("", ".wal"):
            source = home.catalog.with_name(home.catalog.name + end)
            if source.exists():
                target = copy.with_name(copy.name + end)
                shutil.copyfile(source, target)
                target.chmod(0o600)
    return copy


def _models_of(
    copy: Path, home: StoreHome, cards: dict[str, ModelCard | None]
) -> list[StoredModel]:
    connection: Any = duckdb.connect(str(copy), read_only=True)
    try:
        return read_models(connection, home.segments, cards)
    finally:
        connection.close()


def _lock_down(connection: Connection, paths: list[Path]) -> None:
    """Leaves the connection these files and nothing else, for good."""
    connection.execute("SET enable_progress_bar = false")
    connection.execute(f"SET allowed_paths = {literal_list(str(path) for path in paths)}")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
