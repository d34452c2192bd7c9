"""Where does a run lie, who holds it, and what has it said? Its folder, its lock and its log."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

from workbench.errors import StoreError
from workbench.store.connections import StoreHome
from workbench.store.held_files import is_held

RUNS, HELD, LOG, OUTPUT, CANCEL = "runs", "held", "log.txt", "output.txt", "cancel"
"""The folder of all runs; and of one: who holds it, what it said, what was printed, and the wish
that it ends."""

TEMPORARY = "temporary.txt"
"""Names a folder elsewhere that a run needs while it lives, a line each."""


def run_folder(home: StoreHome, run: str) -> Path:
    """The folder of a run, which need not be there."""
    return home.folder / RUNS / run


def made_folder(home: StoreHome, run: str) -> Path:
    """The folder of a new run; nobody but its owner may look into it.

    Raises:
        StoreError: it cannot be made.
    """
    folder = run_folder(home, run)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"cannot make the folder of {run}: {error.strerror or error}",
            "Check that you may write to the workspace, and the disk's space.",
        ) from error
    return folder


def private_file(path: Path) -> TextIO:
    """A file of a run, opened to be added to; a new one is its owner's alone."""
    return open(path, "a", encoding="utf-8", opener=_opened_privately)


def _opened_privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def hold(folder: Path) -> int:
    """Holds a new run; the descriptor can be handed to another process.

    The lock belongs to the opened file: it is let go when every process that has it is gone.
    """
    descriptor = os.open(folder / HELD, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def take_over(descriptor: int) -> None:
    """This process goes on with a run that another one has handed to it."""
    os.set_inheritable(descriptor, False)
    note = json.dumps({"pid": os.getpid(), "host": os.uname().nodename}).encode()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, note, 0)


def is_alive(folder: Path) -> bool:
    """Whether a process holds the run."""
    return is_held(folder / HELD)


def supervisor_pid(folder: Path) -> int | None:
    """The process that holds the run; None where none does, or not on this machine."""
    if not is_alive(folder):
        return None
    try:
        said = json.loads((folder / HELD).read_text(encoding="utf-8"))
        return int(said["pid"]) if said["host"] == os.uname().nodename else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # it is just being handed over


def remove_rows(folder: Path) -> None:
    """Removes the rows that a run learned from and was judged on, once it has ended.

    They are copies of stored rows, which `store erase` would not find here. The plan, the log and
    what was printed stay.
    """
    for path in folder.rglob("*.parquet"):
        with suppress(OSError):
            path.unlink()
    for path in folder.iterdir() if folder.is_dir() else ():
        # Of a local fit and of a job: a model and its rows, or copies of the run's own files.
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def write_log(folder: Path, text: str, now: datetime) -> None:
    """Adds a line to the run's log; on a disk that is full it is lost."""
    with suppress(OSError), private_file(folder / LOG) as file:
        file.write(f"{now:%Y-%m-%d %H:%M:%SZ} {text}\n")


def read_log(folder: Path, most: int | None = None) -> tuple[str, ...]:
    """The lines of a run's log; at most the last `most`."""
    try:
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(lines[-most:] if most else lines)
