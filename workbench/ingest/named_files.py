"""Which files did the user mean, here or elsewhere? Paths and URLs, each file once, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.domain.ingested import FileResult
from workbench.errors import LogFileError
from workbench.ingest.addresses import WEB, Address, is_url, parse_address, redacted
from workbench.ingest.copying import Copier, RemoteFile
from workbench.ingest.files import expand_paths
from workbench.store.remote_objects import ObjectVersion


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
