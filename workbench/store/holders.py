"""Who holds the store's lock? Whoever holds it signs; only the signatures of the living count.

A writer signs the lock's own file, a reader a file of its own under `readers/`, which it
holds as long as it reads. A signature that cannot be written is no reason not to work.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from workbench.store.held_files import held_file, is_held, remove_unheld

READERS = "readers"


def sign(descriptor: int | None, purpose: str) -> None:
    """Writes into a lock's file who holds it and why."""
    clear(descriptor)
    if descriptor is not None:
        with suppress(OSError):
            os.pwrite(descriptor, _note(purpose), 0)


def clear(descriptor: int | None) -> None:
    """Takes the signature away."""
    if descriptor is not None:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)


@contextmanager
def sign_reader(folder: Path, purpose: str) -> Iterator[None]:
    """Lets others see for the length of the block that this process reads the store."""
    with ExitStack() as signed:
        path = folder / READERS / f"{os.getpid()}-{token_hex(4)}"
        with suppress(OSError):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            signed.enter_context(held_file(path, _note(purpose)))
        yield


def sweep_readers(folder: Path) -> int:
    """Removes the signatures of dead readers; how many."""
    return sum(remove_unheld(path) for path in _signatures(folder))


def holder(folder: Path) -> str:
    """Who keeps others waiting, in words.

    A lock that even a reader cannot have is a writer's.
    """
    if is_held(folder / "store.lock"):
        return _said(_signed(folder / "store.lock"), "is writing to it")
    readers = [path for path in _signatures(folder) if is_held(path)]
    notes = [note for path in readers if (note := _signed(path)) is not None]
    if notes:
        more = f", and {len(notes) - 1} more" if len(notes) > 1 else ""
        return _said(notes[0], "is reading it") + more
    return _said(_signed(folder / "turnstile.lock"), "is next to use it", "is using it")


def _signatures(folder: Path) -> list[Path]:
    try:
        return sorted((folder / READERS).iterdir())
    except OSError:
        return []


def _note(purpose: str) -> bytes:
    signed = {"pid": os.getpid(), "host": os.uname().nodename, "doing": purpose}
    return json.dumps(signed).encode()


def _signed(path: Path) -> tuple[int, str, str] | None:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return int(note["pid"]), str(note["host"]), str(note["doing"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _said(note: tuple[int, str, str] | None, does: str, otherwise: str = "") -> str:
    if note is None:
        return f"another process {otherwise or does}"
    pid, host, doing = note
    here = os.uname().nodename
    who = f"process {pid}" if host == here else f"process {pid} on {host}"
    if (pid, host) == (os.getpid(), here):
        who = f"this process ({pid})"
    return f"{who} {does} ({doing})"
