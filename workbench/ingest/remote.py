"""How do files that lie elsewhere come to be ingested? Named, fetched a few at a time, and let go.

Files are ingested in waves. A wave is as many files as make one batch, so that a bucket never
lies on the disk as a whole; what the catalog knows of by its version is not fetched at all.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event

from workbench.domain.ingested import FileResult, RowCounts
from workbench.errors import LogFileError
from workbench.ingest.addresses import WEB, Address, is_url, local_path, parse_address, redacted
from workbench.ingest.copying import Copier, Copy, RemoteFile
from workbench.ingest.files import expand_paths
from workbench.ingest.remote_errors import UnreachableError
from workbench.store.batches import StoreContext
from workbench.store.connections import reading, writing
from workbench.store.remote_objects import (
    KnownObject,
    ObjectVersion,
    SeenObject,
    known_objects,
    remember_objects,
)
from workbench.store.staging import staging_folder

WAVE_BYTES = 128 * 1024 * 1024
WAVE_FILES = 400
_AT_ONCE = 4
"""Downloads side by side: many small objects are mostly waiting."""
_HOPELESS = 4
"""After so many failures to reach a place, one after the other, the rest is not tried."""
_SETTLED = 10
"""Seconds after which a time of change, in whole seconds, stands for one content."""
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class NamedFile:
    """A file that the call names, here or elsewhere."""

    number: int
    """Its place in the call."""
    path: Path
    """Where its bytes lie, once they are here."""
    shown: str
    """As messages and the catalog name it."""
    problem: LogFileError | None = None
    known: FileResult | None = None
    """What is said of it without looking at its content."""
    sha256: str | None = None
    remote: RemoteFile | None = None
    version: ObjectVersion | None = None
    """Of the content that was fetched."""

    @property
    def size(self) -> int | None:
        """Bytes that are to be fetched; None where the server will say."""
        return 0 if self.remote is None else self.remote.version.size


@dataclass(frozen=True)
class _Service:
    find: Callable[[Address], Sequence[RemoteFile]]
    copy: Copier


class Services:
    """The services that the addresses of a call belong to, each set up once."""

    def __init__(self) -> None:
        """Knows none yet."""
        self._known: dict[tuple[str, ...], _Service] = {}

    def of(self, address: Address) -> _Service:
        """The service of an address.

        Raises:
            LogFileError: the environment does not say how to reach it.
        """
        key: tuple[str, ...] = (WEB,)
        if address.service != WEB:
            key = (address.service, address.place, address.account, address.user, address.password)
        if key not in self._known:
            self._known[key] = _service(address)
        return self._known[key]


def _service(address: Address) -> _Service:
    if address.service == WEB:
        from workbench.ingest.web_files import copy_web_file

        return _Service(lambda one: (RemoteFile(one, ObjectVersion(None)),), copy_web_file)
    from workbench.ingest.object_stores import ObjectStore

    store = ObjectStore.of(address)
    return _Service(store.find, store.copy)


def name_files(paths: Sequence[str | Path], services: Services) -> tuple[NamedFile, ...]:
    """The files that paths, folders, globs and URLs name, each once, in order.

    What names nothing, or cannot be listed, is there with its error: it stops no other.
    """
    found: dict[Path | Address, NamedFile] = {}
    for given in paths:
        if is_url(given):
            for file in _elsewhere(str(given), services):
                found.setdefault(file.remote.address if file.remote else file.path, file)
            continue
        for path, problem in expand_paths([given]):
            found[path] = NamedFile(0, path, str(path), problem)
    return tuple(replace(file, number=number) for number, file in enumerate(found.values()))


def _elsewhere(url: str, services: Services) -> Iterator[NamedFile]:
    try:
        address = parse_address(url)
        files = services.of(address).find(address)
    except LogFileError as error:
        shown = redacted(url)
        yield NamedFile(0, Path(shown), shown, error)
        return
    for file in files:
        yield NamedFile(0, Path(file.address.shown), file.address.shown, remote=file)


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
    if all(file.remote is None for file in named):
        yield iter([tuple(named)])
        return
    with reading(context.home, "looking for known objects") as catalog:
        known = known_objects(catalog, context.card.name)
    allowed = {url: one for url, one in known.items() if kind in ("auto", one.kind)}
    stop = Event()
    with (
        staging_folder(context.home) as staging,
        ThreadPoolExecutor(_AT_ONCE, "fetch") as pool,
    ):
        fetcher = _Fetcher(pool, services, allowed, stop, told)
        try:
            yield fetcher.waves(named, staging.work / "objects")
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


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


class _Fetcher:
    """Brings the files of one call, a wave at a time."""

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        services: Services,
        known: Mapping[str, KnownObject],
        stop: Event,
        told: Callable[[str, float], None],
    ) -> None:
        self._pool = pool
        self._services = services
        self._known = known
        self._stop = stop
        self._told = told
        self._unreached: dict[str, int] = {}

    def waves(self, named: Sequence[NamedFile], folder: Path) -> Iterator[tuple[NamedFile, ...]]:
        looked = [self._as_listed(file) for file in named]
        for wave in _waves(looked):
            yield self._fetched(wave, folder)
            shutil.rmtree(folder, ignore_errors=True)

    def _as_listed(self, file: NamedFile) -> NamedFile:
        """The file, known already where the listing shows its version to be."""
        if file.remote is None:
            return file
        listed, one = file.remote.version, self._known.get(file.shown)
        if one is None or listed.modified is None:
            return file
        is_same = (listed.size, listed.modified) == (one.version.size, one.version.modified)
        return replace(file, known=_already(file, one)) if is_same else file

    def _fetched(self, wave: Sequence[NamedFile], folder: Path) -> tuple[NamedFile, ...]:
        places = _Places(folder)
        copies: dict[Future[NamedFile], tuple[NamedFile, Copy]] = {}
        came = {file.number: file for file in wave}
        for file in wave:
            if _is_to_come(file) and file.remote is not None:
                copy = Copy(places.path_of(file.number, file.remote.address), self._stop)
                copies[self._pool.submit(self._fetch, file, copy)] = (file, copy)
        left = set(copies)
        while left:
            done, left = wait(left, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                came[copies[future][0].number] = future.result()
            for file, copy in copies.values():
                self._told(file.shown, min(copy.written / (file.size or copy.written or 1), 1.0))
        return tuple(came.values())

    def _fetch(self, file: NamedFile, copy: Copy) -> NamedFile:
        if file.remote is None:
            return file
        address = file.remote.address
        known = self._known.get(file.shown)
        if known is not None and known.version.etag is None and not address.is_whole:
            known = None
        if self._unreached.get(address.place, 0) >= _HOPELESS:
            return replace(file, problem=_hopeless(address))
        version = None
        try:
            with copy:
                version = self._services.of(address).copy(
                    address, copy, None if known is None else known.version
                )
        except UnreachableError as error:
            self._unreached[address.place] = self._unreached.get(address.place, 0) + 1
            return replace(file, problem=error)
        except LogFileError as error:
            return replace(file, problem=error)
        finally:
            if version is None:
                copy.target.unlink(missing_ok=True)
        self._unreached[address.place] = 0
        if version is None and known is not None:
            # Its time may be new although its content is not.
            version = replace(known.version, modified=None)
            said = _already(file, known)
            return replace(file, known=said, sha256=known.sha256, version=version)
        return replace(file, path=copy.target, sha256=copy.sha256, version=version)


class _Places:
    """Where the copies of a wave lie: as in the bucket, so that each finds what is beside it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: set[Path] = set()
        self._folders: set[Path] = set()

    def path_of(self, number: int, address: Address) -> Path:
        path = local_path(self._folder / "0", address)
        if path in self._files | self._folders or self._files & set(path.parents):
            path = local_path(self._folder / f"{number + 1}", address)
        self._files.add(path)
        self._folders |= set(path.parents)
        return path


def _is_to_come(file: NamedFile) -> bool:
    return file.remote is not None and file.problem is None and file.known is None


def _waves(named: Sequence[NamedFile]) -> Iterator[list[NamedFile]]:
    wave: list[NamedFile] = []
    size = count = 0
    shown: set[str] = set()
    for file in named:
        if _is_to_come(file):
            more = WAVE_BYTES if file.size is None else file.size
            # Two URLs that differ in a secret look alike, and results go by their looks.
            if count and (size + more > WAVE_BYTES or count >= WAVE_FILES or file.shown in shown):
                yield wave
                wave, size, count, shown = [], 0, 0, set()
            size, count = size + more, count + 1
        wave.append(file)
        shown.add(file.shown)
    if wave:
        yield wave


def _already(file: NamedFile, known: KnownObject) -> FileResult:
    counts = RowCounts(rows_read=known.rows, rows_duplicate=known.rows)
    return FileResult(file.shown, known.format, known.kind, "already_ingested", counts)


def _hopeless(address: Address) -> LogFileError:
    return UnreachableError(
        f"{address.shown} was not tried: {address.place} could not be reached several times",
        "Give the same command again once it answers; what is stored is not fetched again.",
    )
