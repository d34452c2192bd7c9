"""What is the hash of a file now? As DVC makes it, and remembered while the file stays as it is."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from workbench.diff.git_repository import DvcError

_MOST = 10_000
"""Hashes that are remembered; a memory that grows beyond is begun again."""


def fingerprint(path: Path, memory: Path | None = None) -> str:
    """The md5 of a file's bytes; of a folder, that of the list of its files, ending in `.dir`.

    Links are followed. What DVC is told to ignore by a `.dvcignore` is not known here.

    Args:
        path: a file or a folder.
        memory: a file that remembers hashes by inode, size and times; None: hash anew. Where it
            cannot be written nothing is remembered.

    Raises:
        DvcError: it is not there, or cannot be read.
    """
    known = _recalled(memory)
    made: dict[str, str] = {}
    try:
        of = _of_folder if path.is_dir() else _of_file
        found = of(path, known, made)
    except OSError as error:
        raise DvcError(
            f"cannot read {path}: {error.strerror or error}", "Check the path and its permissions."
        ) from error
    if memory is not None and made:
        kept = known if len(known) < _MOST else {}
        # On a disk that cannot be written each look costs the time of reading the file.
        with contextlib.suppress(OSError):
            _written(memory, json.dumps({**kept, **made}))
    return found


def _of_folder(folder: Path, known: dict[str, str], made: dict[str, str]) -> str:
    files = {
        (Path(place) / name).relative_to(folder).as_posix(): Path(place) / name
        for place, _, names in os.walk(folder, followlinks=True)
        for name in names
    }
    listed = [
        {"md5": _of_file(path, known, made), "relpath": name}
        for name, path in sorted(files.items())
    ]
    text = json.dumps(listed, sort_keys=True)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() + ".dir"


def _of_file(path: Path, known: dict[str, str], made: dict[str, str]) -> str:
    stat = path.stat()
    # With the time of the inode, which no `touch` sets back.
    state = f"{stat.st_dev}:{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ctime_ns}"
    if state not in known:
        with path.open("rb") as file:
            made[state] = hashlib.file_digest(file, _md5).hexdigest()
    return known.get(state) or made[state]


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


def _recalled(memory: Path | None) -> dict[str, str]:
    if memory is None:
        return {}
    try:
        found = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # none yet, or torn: it is made anew
    return found if isinstance(found, dict) else {}


def _written(path: Path, text: str) -> None:
    """Writes a file whole: another process may read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".md5-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)
