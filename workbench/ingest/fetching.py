"""How do remote files get here? A wave at a time, several side by side, the known ones not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from threading import Event

from workbench.domain.ingested import FileResult, RowCounts
from workbench.errors import LogFileError
from workbench.ingest.addresses import Address, local_path
from workbench.ingest.copying import Copy
from workbench.ingest.named_files import NamedFile, Services
from workbench.ingest.opening import GROUP_BYTES, GROUP_FILES
from workbench.ingest.remote_errors import UnreachableError
from workbench.store.remote_objects import KnownObject

AT_ONCE = 4
"""Downloads side by side: many small objects are mostly waiting."""
_WAVE_BYTES, _WAVE_FILES = GROUP_BYTES, GROUP_FILES
_HOPELESS = 4
"""After so many failures to reach a place, one after the other, the rest is not tried."""
_LOOK_SECONDS = 0.2


class Fetcher:
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
        """The files in waves; those of a wave are deleted when the next one is asked for."""
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
                file, _ = copies[future]
                came[file.number] = future.result()
                self._told(file.shown, 1.0)
            if not done:
                for file, copy in (copies[future] for future in left if future.running()):
                    self._told(file.shown, min(copy.written / (file.size or copy.written or 1), 1))
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
            more = _WAVE_BYTES if file.size is None else file.size
            # Two URLs that differ in a secret look alike, and results go by their looks.
            if count and (size + more > _WAVE_BYTES or count >= _WAVE_FILES or file.shown in shown):
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
