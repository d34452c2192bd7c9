"""Does the owner of a file live? A lock on it says so, and ends with its process.

Nothing has to be cleaned after a crash before the truth is known: a file that nobody holds
has no owner.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def held_file(path: Path, note: bytes = b"") -> Iterator[None]:
    """Makes a file, holds it for the length of the block, and removes it.

    Args:
        path: its name, which nobody else chooses.
        note: what it says.

    Raises:
        OSError: the file cannot be made.
    """
    descriptor = _hold(path)
    try:
        if note:
            os.pwrite(descriptor, note, 0)
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether a living process holds this file; False when it does not exist."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True  # it cannot be told; nothing is to be taken from a living owner
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def remove_unheld(path: Path) -> bool:
    """Removes a file that nobody holds; whether it did."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _hold(path: Path) -> int:
    """A descriptor that holds the file which has this name.

    Between its opening and its lock a sweeper may have taken the name away: then it is made
    again. The wait is for such a look at the file, a moment.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _has_name(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(named, os.fstat(descriptor))
