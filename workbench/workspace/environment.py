"""Can this machine run the workbench? Python, packages, disk, memory, locks."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from workbench.domain.health import ERROR, OK, WARNING, Check, found_or_well

_OLDEST = (3, 11)
_LITTLE, _TOO_LITTLE = 1_000_000_000, 100_000_000
"""Bytes left on the disk at which to warn, and at which nothing is sure to work."""
_SHARED = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs")
"""File systems whose locks may not be seen by other machines."""
_UNITS = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def check_environment(folder: Path, memory_limit: str) -> tuple[Check, ...]:
    """What the machine offers.

    Args:
        folder: where the store lies or would lie.
        memory_limit: what the settings let the query engine have.
    """
    return (
        _python(), *_packages(), _locking(folder), _file_system(folder), _disk(folder),
        _memory(memory_limit),
    )  # fmt: skip


def _python() -> Check:
    here = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        return Check(
            "python", ERROR, f"Python {here} is too old", f"Install Python {oldest} or newer."
        )
    return Check("python", OK, f"Python {here}")


def _packages() -> tuple[Check, ...]:
    try:
        wanted = importlib.metadata.requires("oncall-workbench") or []
        own = importlib.metadata.version("oncall-workbench")
    except importlib.metadata.PackageNotFoundError:
        what = "workbench runs without being installed: which versions it needs is unknown"
        return (Check("packages", WARNING, what, "Install it with pip or uv."),)
    found, count = [], 0
    for requirement in wanted:
        if "extra ==" in requirement:
            continue
        count += 1
        name, bounds = _requirement(requirement)
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found.append(Check("packages", ERROR, f"{name} is missing", f"Install {name}{bounds}."))
            continue
        if not _fits(version, bounds):
            what = f"{name} {version} is installed, and {name}{bounds} is needed"
            found.append(Check("packages", ERROR, what, f"Install {name}{bounds}."))
    return found_or_well("packages", found, f"workbench {own}, and its {count} packages as needed")


def _requirement(text: str) -> tuple[str, str]:
    """The name of a requirement and its bounds."""
    plain = text.partition(";")[0].strip()
    match = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(.*)", plain)
    return (match[1], match[2].replace(" ", "")) if match else (plain, "")


def _fits(version: str, bounds: str) -> bool:
    """Whether a version is within plain bounds (>=, <, ==); others are taken to hold.

    >>> _fits("2.0.1", ">=2.0,<3"), _fits("1.9", ">=2.0"), _fits("9.0", ">=8.2,<9")
    (True, False, False)
    """
    have = _numbers(version)
    for bound in filter(None, bounds.split(",")):
        match = re.match(r"(>=|<|==)([0-9.]+)$", bound)
        if match is None:
            continue
        limit = _numbers(match[2])
        if match[1] == ">=" and have < limit:
            return False
        if match[1] == "<" and have >= limit:
            return False
        if match[1] == "==" and have != limit:
            return False
    return True


def _numbers(version: str) -> tuple[int, ...]:
    leading = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    numbers = [int(part) for part in leading[0].split(".")] if leading else []
    return tuple([*numbers, 0, 0, 0, 0][:4])


def _locking(folder: Path) -> Check:
    """Tries whether a lock on a file keeps another opening of it out."""
    if not os.access(folder, os.W_OK):
        what = (
            f"{folder.name or folder} cannot be written: what is stored can be read, nothing more"
        )
        return Check(
            "locking", WARNING, what, "Check its permissions, or that the disk is not read-only."
        )
    try:
        with (
            tempfile.NamedTemporaryFile(dir=folder, prefix=".lock-test-") as first,
            Path(first.name).open("rb") as second,
        ):
            fcntl.flock(first.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.flock(second.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return Check("locking", OK, "locks on files hold")
    except OSError as error:
        what = f"files cannot be made or locked here: {error.strerror or error}"
        return Check("locking", ERROR, what, "Keep the workspace on a disk that has locks.")
    what = "locks on files do not hold here, so that two processes could write at once"
    return Check("locking", ERROR, what, "Keep the workspace on a local disk.")


def _file_system(folder: Path) -> Check:
    kind = _kind_of(folder.resolve())
    if kind in _SHARED:
        what = f"the workspace lies on {kind}, whose locks other machines may not see"
        return Check(
            "file_system",
            WARNING,
            what,
            "Use it from one machine at a time, or keep it on a local disk.",
        )
    return Check("file_system", OK, kind or "a kind that cannot be told")


def _kind_of(folder: Path) -> str:
    """The kind of file system that holds a folder, where the machine tells."""
    try:
        lines = Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = Path(fields[1].replace("\\040", " "))
        if folder.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), fields[2]
    return kind


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    what = f"{_size(free)} free"
    if free < _TOO_LITTLE:
        return Check("disk", ERROR, f"only {what}", "Free space before anything is ingested.")
    if free < _LITTLE:
        return Check("disk", WARNING, f"only {what}", "Free space before a large file is ingested.")
    return Check("disk", OK, what)


def _memory(limit: str) -> Check:
    wanted, free = _bytes(limit), _free_memory()
    if free is None:
        return Check("memory", OK, f"memory_limit is {limit}; what is free cannot be told")
    if wanted > free:
        what = f"memory_limit is {limit}, and {_size(free)} are free"
        hint = "Lower `memory_limit` under [store] in workbench.toml, or end what takes the memory."
        return Check("memory", WARNING, what, hint)
    return Check("memory", OK, f"{_size(free)} free, memory_limit is {limit}")


def _free_memory() -> int | None:
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
    except OSError:
        return None
    found = re.search(r"^MemAvailable:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _bytes(size: str) -> int:
    match = re.match(r"\s*([0-9.]+)\s*([KMGT])(i?)B", size, re.IGNORECASE)
    if match is None:
        return 0
    units = _BINARY if match[3] else _UNITS
    return int(float(match[1]) * units[match[2].upper()])


def _size(count: int) -> str:
    for unit, scale in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count / 1000:.0f} kB"
