"""What is in a bucket, and how is it fetched? Objects, prefixes and patterns, as with local files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from workbench.ingest.addresses import GS, Address
from workbench.ingest.copying import CHUNK, Copy, RemoteFile, is_same
from workbench.ingest.files import is_log_name, no_log_file, nothing_matches
from workbench.ingest.object_services import file_system
from workbench.ingest.remote_errors import UnreachableError, missing, missing_place, translated
from workbench.store.remote_objects import ObjectVersion

_TRIES = 3


@dataclass(frozen=True)
class ObjectStore:
    """The service that holds one bucket or container."""

    files: Any
    """The file system of PyArrow."""

    @classmethod
    def of(cls, address: Address) -> ObjectStore:
        """The service of an address, with the credentials of the environment.

        Raises:
            LogFileError: the environment does not say enough.
        """
        with translated(address):
            return cls(file_system(address))

    def find(self, address: Address) -> tuple[RemoteFile, ...]:
        """The objects that an address names: one, those below a folder, or those of a pattern.

        A name that exists is never taken as a pattern.

        Raises:
            LogFileError: nothing has the name, or the bucket cannot be read.
        """
        key = address.key.rstrip("/")
        with translated(address):
            info = self.files.get_file_info(_path(address, key))
            is_folder = address.key.endswith("/") or info.type.name == "Directory"
            if info.is_file and not is_folder:
                return (_remote(address, info),)
            found, nothing = [], missing(address)
            if is_folder:
                below = self._below(address, key)
                found = [i for i in below if is_log_name(i.base_name)]
                nothing = no_log_file(address.shown) if below else nothing
            elif any(map(_has_magic, key.split("/"))):
                found = list(self._matching(address, key.split("/")))
                nothing = nothing_matches(address.shown)
            if not found and self.files.get_file_info(address.place).type.name == "NotFound":
                nothing = missing_place(address)
        if not found:
            raise nothing
        found.sort(key=lambda i: i.path.split("/"))
        start = len(address.place) + 1
        return tuple(_remote(address.sibling(i.path[start:]), i) for i in found)

    def copy(
        self, address: Address, copy: Copy, known: ObjectVersion | None
    ) -> ObjectVersion | None:
        """Fetches an object; None, and no byte of it, when it is of the known version.

        Raises:
            LogFileError: it cannot be read, or does not fit on the disk.
        """
        for _ in range(_TRIES - 1):
            try:
                return self._copy(address, copy, known)
            except UnreachableError:
                if not copy.written:  # the library has asked several times already
                    raise
        return self._copy(address, copy, known)

    def _copy(
        self, address: Address, copy: Copy, known: ObjectVersion | None
    ) -> ObjectVersion | None:
        copy.restart()
        with translated(address), self._open(address) as stream:
            version = _version(stream.metadata())
            if is_same(version, known):
                return None
            copy.require_room(address, version.size or 0)
            while chunk := stream.read(CHUNK):
                copy.write(chunk)
        # A large object comes in several requests, and may be replaced between two of them.
        if address.service != GS:
            with translated(address), self._open(address) as stream:
                if _version(stream.metadata()) != version:
                    raise _changed(address)
        if version.size is not None and copy.written != version.size:
            raise _changed(address)
        return version

    def _open(self, address: Address) -> Any:
        return self.files.open_input_stream(
            _path(address, address.key), compression=None, buffer_size=0
        )

    def _list(self, address: Address, key: str, *, deep: bool) -> list[Any]:
        from pyarrow import fs

        selector = fs.FileSelector(_path(address, key), recursive=deep, allow_not_found=True)
        return list(self.files.get_file_info(selector))

    def _below(self, address: Address, key: str) -> list[Any]:
        """The objects below a folder, hidden ones and those in hidden folders left out."""
        start = len(_path(address, key)) + 1
        return [
            info
            for info in self._list(address, key, deep=True)
            if info.is_file and not re.search(r"(^|/)\.", info.path[start:])
        ]

    def _matching(self, address: Address, pattern: Sequence[str]) -> Iterator[Any]:
        literal = next(i for i, part in enumerate(pattern) if _has_magic(part))
        base, rest = "/".join(pattern[:literal]), list(pattern[literal:])
        if "**" in rest or address.service == GS:  # whose listing of one level lacks the folders
            start = len(_path(address, base)) + 1
            for info in self._list(address, base, deep=True):
                if info.is_file and _matches(info.path[start:].split("/"), rest):
                    yield info
            return
        folders = [base]
        for part in rest[:-1]:
            folders = [
                info.path[len(address.place) + 1 :]
                for folder in folders
                for info in self._list(address, folder, deep=False)
                if not info.is_file and _matches([info.base_name], [part])
            ]
        for folder in folders:
            for info in self._list(address, folder, deep=False):
                if info.is_file and _matches([info.base_name], rest[-1:]):
                    yield info


def _changed(address: Address) -> UnreachableError:
    return UnreachableError(
        f"{address.shown} changed while it was read", "Ingest it again once it is complete."
    )


def _path(address: Address, key: str) -> str:
    return f"{address.place}/{key}".rstrip("/")


def _has_magic(part: str) -> bool:
    return re.search(r"[*?\[]", part) is not None


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the parts of a path match those of a pattern, as `glob` has it for files."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        deeper = bool(parts) and not parts[0].startswith(".")
        if len(pattern) == 1:
            return deeper and (len(parts) == 1 or _matches(parts[1:], pattern))
        return _matches(parts, pattern[1:]) or (deeper and _matches(parts[1:], pattern))
    if not parts or (parts[0].startswith(".") and not pattern[0].startswith(".")):
        return False
    return fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def _remote(address: Address, info: Any) -> RemoteFile:
    modified = None if info.mtime_ns is None else info.mtime_ns // 10**9
    return RemoteFile(address, ObjectVersion(info.size, modified))


def _version(metadata: Any) -> ObjectVersion:
    values = {_text(k).lower(): _text(v) for k, v in (metadata or {}).items()}
    size = values.get("content-length") or values.get("size")
    changed = values.get("last-modified") or values.get("updated")
    try:
        modified = None if changed is None else int(datetime.fromisoformat(changed).timestamp())
    except ValueError:  # the listing's time is used
        modified = None
    return ObjectVersion(
        int(size) if size else None, modified, values.get("generation") or values.get("etag")
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
