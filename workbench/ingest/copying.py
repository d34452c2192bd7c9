"""How does a remote file get onto the disk? In chunks, hashed on the way, never filling it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import IO, Self

from workbench.errors import LogFileError, StoreError
from workbench.ingest.addresses import Address
from workbench.store.remote_objects import ObjectVersion

CHUNK = 8 * 1024 * 1024
_RESERVE = 64 * 1024 * 1024
"""Bytes of the disk that a copy leaves free: the store itself needs some."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that is not here, as far as a listing tells."""

    address: Address
    version: ObjectVersion
    """Its size and time; both None where nothing was listed."""


class StoppedError(Exception):
    """The ingest ended while a copy was under way."""


class Copy:
    """A file that is being written: what came so far, and its hash."""

    def __init__(self, target: Path, stop: Event) -> None:
        """Starts an empty file.

        Args:
            target: where; folders are made.
            stop: ends the copy once it is set.
        """
        self.target = target
        self.written = 0
        self._stop = stop
        self._file: IO[bytes] | None = None
        self._hash = hashlib.sha256()

    def __enter__(self) -> Self:
        """The copy, open."""
        try:
            self.target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = self.target.open("wb")
            self.target.chmod(0o600)
        except OSError as error:
            raise _unwritable(error) from error
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()

    @property
    def sha256(self) -> str:
        """The hash of what came so far."""
        return self._hash.hexdigest()

    def restart(self) -> None:
        """Forgets what came so far."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
        self.written, self._hash = 0, hashlib.sha256()

    def require_room(self, address: Address, more: int) -> None:
        """Refuses what the disk cannot hold.

        Raises:
            LogFileError: it does not fit.
        """
        free = shutil.disk_usage(self.target.parent).free
        if more + _RESERVE > free:
            raise LogFileError(
                f"{address.shown} does not fit on the disk: {more:,} bytes are to come and {free:,} are free",
                "Free some space where the workspace lies.",
            )

    def pause(self, seconds: float) -> None:
        """Waits before another try.

        Raises:
            StoppedError: the ingest has ended.
        """
        if self._stop.wait(seconds):
            raise StoppedError

    def write(self, chunk: bytes) -> None:
        """Adds a chunk.

        Raises:
            StoppedError: the ingest has ended.
            StoreError: the disk takes no more.
        """
        if self._stop.is_set() or self._file is None:
            raise StoppedError
        try:
            self._file.write(chunk)
            self._file.flush()
        except OSError as error:
            raise _unwritable(error) from error
        self._hash.update(chunk)
        self.written += len(chunk)


Copier = Callable[[Address, Copy, ObjectVersion | None], ObjectVersion | None]
"""Fetches an address into a copy; None, and nothing is fetched, when it is of the known version."""


def is_same(version: ObjectVersion, known: ObjectVersion | None) -> bool:
    """Whether a version, as the server tells it before the content, is the known one."""
    if known is None or version.size != known.size:
        return False
    if version.etag is not None and known.etag is not None:
        return version.etag == known.etag
    return (
        version.modified is not None
        and version.size is not None
        and version.modified == known.modified
    )


def _unwritable(error: OSError) -> StoreError:
    return StoreError(
        f"cannot write to the store: {error.strerror or error}",
        "Check the disk's space and the permissions of .workbench/.",
    )
