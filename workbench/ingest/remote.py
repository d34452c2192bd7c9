"""How do files that lie elsewhere come to be ingested? A few at a time, and only what is new.

Files are ingested in waves. A wave is as many files as make one batch, so that a bucket never
lies on the disk as a whole; what the catalog knows of by its version is not fetched at all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from threading import Event

from workbench.domain.ingested import FileResult
from workbench.errors import LogFileError
from workbench.ingest.fetching import AT_ONCE, Fetcher
from workbench.ingest.named_files import NamedFile, Services
from workbench.store.batches import StoreContext
from workbench.store.connections import reading, writing
from workbench.store.remote_objects import (
    ObjectVersion,
    SeenObject,
    known_objects,
    remember_objects,
)
from workbench.store.staging import staging_folder

_SETTLED = 10
"""Seconds after which a time of change, in whole seconds, stands for one content."""


@contextmanager
def arriving(
    context: StoreContext,
    named: Sequence[NamedFile],
    services: Services,
    kind: str,
    told: Callable[[str, float], None],
) -> Iterator[Iterator[tuple[NamedFile, ...]]]:
    """The files of a call in waves, each of them here while its wave is the current one.

    Args:
        context: the store.
        named: the files of the call, in order.
        services: those that named them.
        kind: `predictions`, `labels` or `auto`; what is known as another kind is fetched again.
        told: told of each file, as it is shown, the share of it that has come.
    """
    if context.card.privacy.pseudonymise:
        named = [_not_fetched(file) for file in named]
    if all(file.remote is None or file.problem is not None for file in named):
        yield iter([tuple(named)])
        return
    with reading(context.home, "looking for known objects") as catalog:
        known = known_objects(catalog, context.card.name)
    allowed = {url: one for url, one in known.items() if kind in ("auto", one.kind)}
    stop = Event()
    with (
        staging_folder(context.home) as staging,
        ThreadPoolExecutor(AT_ONCE, "fetch") as pool,
    ):
        fetcher = Fetcher(pool, services, allowed, stop, told)
        try:
            yield fetcher.waves(named, staging.work / "objects")
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _not_fetched(file: NamedFile) -> NamedFile:
    """A file from elsewhere lies on the disk as it is while it is read."""
    if file.remote is None or file.problem is not None:
        return file
    problem = LogFileError(
        f"{file.shown} would lie in the store unpseudonymised while it is read",
        "The card has [privacy] pseudonymise: fetch the file to a place of your own and ingest it there.",
    )
    return replace(file, problem=problem)


def remember(
    context: StoreContext, wave: Sequence[NamedFile], results: Mapping[int, FileResult]
) -> None:
    """Keeps which versions of the wave's objects are in the store now."""
    seen = [
        SeenObject(file.shown, results[file.number].kind, file.sha256, version)
        for file in wave
        if results[file.number].status != "failed"
        and file.sha256 is not None
        and (version := _lasting(file)) is not None
    ]
    if seen:
        with writing(context.home, f"ingesting {context.card.name}") as catalog:
            remember_objects(catalog, context.card.name, seen)


def _lasting(file: NamedFile) -> ObjectVersion | None:
    """What can be relied on to tell the content that was fetched from a later one."""
    if file.version is None or file.remote is None:
        return None
    listed = file.remote.version.modified
    modified = listed if listed is not None else file.version.modified
    if modified is not None and time.time() - modified < _SETTLED:
        modified = None
    if file.version.etag is None and (modified is None or not file.remote.address.is_whole):
        return None
    return replace(file.version, modified=modified)
