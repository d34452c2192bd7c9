"""Who may read what the store writes? Nobody but its owner, whatever the process's umask is.

DuckDB makes files of its own (the catalog, its log, what it spills), whose mode only the umask
decides. That is the process's, so it is set for as long as any thread writes to a store, and put
back when the last one is done; a file that another thread makes meanwhile is private too.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_OTHERS = 0o077
_lock = threading.Lock()
_writers = 0
_before = 0


@contextmanager
def private_files() -> Iterator[None]:
    """Files made in the block are 0600 and folders 0700."""
    global _writers, _before  # noqa: PLW0603 - the umask is the process's, and so is its count
    with _lock:
        if _writers == 0:
            _before = os.umask(_OTHERS)
        _writers += 1
    try:
        yield
    finally:
        with _lock:
            _writers -= 1
            if _writers == 0:
                os.umask(_before)


def close_to_others(folder: Path) -> None:
    """Takes from all but the owner what programs that go by the umask have let them do in a folder."""
    for path in (folder, *folder.rglob("*")):
        with suppress(OSError):  # another process may have taken it away
            mode = path.lstat().st_mode
            if mode & _OTHERS and not path.is_symlink():
                path.chmod(mode & 0o700)
