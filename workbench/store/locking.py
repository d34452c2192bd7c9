"""Who may open the catalog now? An operating-system lock with a deadline.

DuckDB's own file lock refuses at once; this one queues. It is `flock` on a file beside the
catalog: it dies with its process, so nothing is left to clean after a crash. Everyone passes
a turnstile first, and a writer waits inside it, so that a stream of readers cannot starve it.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.errors import StoreError, StoreLockedError

_POLL_SECONDS = 0.01


@contextmanager
def store_lock(folder: Path, *, exclusive: bool, timeout: float, purpose: str) -> Iterator[None]:
    """Holds the store's lock, shared or exclusive, for the length of the block.

    Args:
        folder: the store's folder.
        exclusive: True for a writer; readers share.
        timeout: seconds to queue.
        purpose: what the holder is doing, for the message that others get.

    Raises:
        StoreLockedError: someone else held it for longer than `timeout`; names the holder.
        StoreError: the lock's files cannot be made.
    """
    deadline = time.monotonic() + timeout
    try:
        turnstile = os.open(folder / "turnstile.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        _acquire(turnstile, fcntl.LOCK_EX, deadline, folder)
        try:
            main = os.open(folder / "store.lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unusable(folder, error) from error
        try:
            _acquire(main, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH, deadline, folder)
            if exclusive:
                _sign(main, purpose)
            os.close(turnstile)
            turnstile = -1
            yield
        finally:
            os.close(main)
    finally:
        if turnstile >= 0:
            os.close(turnstile)


@contextmanager
def held_file(path: Path) -> Iterator[None]:
    """Holds a lock on a file for the length of the block, so that others see it is alive."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def queue_at(path: Path, patience: float) -> Iterator[bool]:
    """Waits for its turn at a file, and holds it for the length of the block.

    For work that is better done one after the other and may be done at the same time: when the
    turn does not come, the block runs all the same.

    Args:
        path: the file; made when it is not there.
        patience: seconds to wait.

    Yields:
        Whether the turn came.
    """
    deadline = time.monotonic() + patience
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            _acquire(descriptor, fcntl.LOCK_EX, deadline, path.parent)
        except StoreLockedError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock on this file; False when it does not exist."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _acquire(descriptor: int, how: int, deadline: float, folder: Path) -> None:
    while True:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise StoreLockedError(
                    f"the store is busy: {_holder(folder)}",
                    "Try again, or give `lock_timeout` in workbench.toml more seconds.",
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _sign(descriptor: int, purpose: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "doing": purpose}).encode(), 0)


def _holder(folder: Path) -> str:
    try:
        signed = json.loads((folder / "store.lock").read_text())
        return f"process {int(signed['pid'])} wrote to it last ({signed['doing']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process is using it"


def _unusable(folder: Path, error: OSError) -> StoreError:
    return StoreError(
        f"cannot use the store in {folder.name}: {error.strerror or error}",
        "Check that the folder exists and that you may write to it.",
    )
