"""Who may open the catalog now? An operating-system lock with a deadline.

DuckDB's own file lock refuses at once; this one queues. It is `flock` on a file beside the
catalog: it dies with its process, so nothing is left to clean after a crash. Everyone passes
a turnstile first, and a writer waits inside it, so that a stream of readers cannot starve it,
nor writers a reader. Holders sign, so that who waits in vain can say for whom.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from workbench.errors import StoreError, StoreLockedError
from workbench.store.holders import clear, holder, sign, sign_reader

BUSY_HINT = "Try again, or give `lock_timeout` in workbench.toml more seconds."
_FIRST_WAIT, _LONGEST_WAIT = 0.001, 0.01
_UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def store_lock(folder: Path, *, exclusive: bool, timeout: float, purpose: str) -> Iterator[None]:
    """Holds the store's lock, shared or exclusive, for the length of the block.

    A reader who may not write uses the lock's files as far as they exist: where nobody could
    ever lock there is nobody to wait for.

    Args:
        folder: the store's folder.
        exclusive: True for a writer; readers share.
        timeout: seconds to queue.
        purpose: what the holder is doing, for the message that others get.

    Raises:
        StoreLockedError: someone else held it for longer than `timeout`; names the holder.
        StoreError: the lock's files cannot be made or opened.
    """
    deadline = time.monotonic() + timeout
    with ExitStack() as held:
        with (
            _opened(folder / "turnstile.lock", exclusive) as turnstile,
            ExitStack() as entered,
        ):
            _acquire(turnstile, _turn(turnstile), deadline, folder)
            main = held.enter_context(_opened(folder / "store.lock", exclusive))

            def wait_in_turnstile() -> None:
                sign(turnstile, purpose)
                entered.callback(clear, turnstile)

            how = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
            _acquire(main, how, deadline, folder, wait_in_turnstile)
            if exclusive:
                sign(main, purpose)
                held.callback(clear, main)
        if not exclusive:
            held.enter_context(sign_reader(folder, purpose))
        yield


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

    Raises:
        StoreError: the file cannot be made.
    """
    deadline = time.monotonic() + patience
    with _opened(path, exclusive=True) as descriptor:
        try:
            _acquire(descriptor, fcntl.LOCK_EX, deadline, path.parent)
        except StoreLockedError:
            is_ours = False
        else:
            is_ours = True
        yield is_ours


@contextmanager
def _opened(path: Path, exclusive: bool) -> Iterator[int | None]:
    """A lock's file; None for a reader who may not make it."""
    try:
        descriptor = _open(path, exclusive)
    except OSError as error:
        raise StoreError(
            f"cannot use the store in {path.parent.name}: {error.strerror or error}",
            "Check that the folder exists, that you may write to it, and the disk's space.",
        ) from error
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _open(path: Path, exclusive: bool) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        if exclusive or error.errno not in _UNWRITABLE:
            raise
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None


def _turn(descriptor: int | None) -> int:
    """How a turnstile is taken: NFS gives no exclusive lock on what is open for reading only."""
    if descriptor is None or fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        return fcntl.LOCK_SH
    return fcntl.LOCK_EX


def _acquire(
    descriptor: int | None,
    how: int,
    deadline: float,
    folder: Path,
    waits: Callable[[], None] = lambda: None,
) -> None:
    """Takes a lock, polling until the deadline; `waits` is called when it is not free at once."""
    pause = _FIRST_WAIT
    while descriptor is not None:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            left = deadline - time.monotonic()
            if left <= 0:
                raise StoreLockedError(f"the store is busy: {holder(folder)}", BUSY_HINT) from None
            if pause == _FIRST_WAIT:
                waits()
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_WAIT)
        except OSError as error:
            raise StoreError(
                f"cannot lock the store in {folder.name}: {error.strerror or error}",
                "Keep the workspace on a file system that has locks.",
            ) from error
        else:
            return
