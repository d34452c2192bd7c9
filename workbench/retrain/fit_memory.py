"""How much memory may one fit take, and what holds it to that? A limit of the process, on Linux."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workbench.retrain.plan import Limits

SETTING = "[retrain] memory_limit"
SHARE = 0.8
"""Of the machine's memory, for all fits that run at the same time, where the setting is empty."""

_CGROUPS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where a container says what it may take: of the second version, and of the first."""

_OF_MEMORY = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)
"""How a library ends the process that gets no memory, where it does not raise an error."""


def fit_memory(limits: Limits) -> int:
    """What one fit may take on the machine that this process runs on, in bytes.

    That is the setting's; where it is empty, `SHARE` of the memory of the machine or the container,
    split among the fits at the same time.
    """
    return limits.memory_bytes or int(SHARE * machine_memory() / max(limits.at_once, 1))


def machine_memory(cgroups: tuple[Path, ...] = _CGROUPS) -> int:
    """The memory of this machine in bytes, or of the container, if that has less.

    Args:
        cgroups: the files in which a container's limit may lie.
    """
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in cgroups:
        try:
            # Without a limit one version says "max", the other an enormous number.
            found = min(found, int(path.read_text(encoding="ascii")))
        except (OSError, ValueError):
            continue
    return found


@contextmanager
def bounded_memory(most: int) -> Iterator[None]:
    """In the block this process may take so many bytes more than it has; then it gets a MemoryError.

    What counts is memory of its own that it asked for (`RLIMIT_DATA`), touched or not: no libraries,
    no files and no shared memory of Ray's. A process that the block starts is held to what this one
    may have in all. A library that cannot live without memory ends the process instead. Other systems than Linux
    know no such limit, and there the block is not bounded.
    """
    has = _data_bytes()
    if has is None:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    known = [one for one in (has + most, *before) if one != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(known), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def is_of_memory(error: BaseException | None) -> bool:
    """Whether an error is, or comes from, one that there was no memory."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, MemoryError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


def too_much(limits: Limits) -> str:
    """The reason of a fit that wanted more than it may take."""
    return (
        f"the fit needs more memory than it may take: {_size(fit_memory(limits))} "
        f"({_whose(limits)}; raise it in workbench.toml, or learn from fewer rows)"
    )


def lacked_memory(code: int) -> bool:
    """Whether a process ended as a library ends it that gets no memory: by itself, with a signal."""
    return -code in _OF_MEMORY


def ended_by(code: int, limits: Limits) -> str:
    """How a worker's process ended, for a sentence; with memory named where it may be the reason.

    Args:
        code: as `subprocess` gives it: below 0, the signal.
        limits: the run's.
    """
    if code >= 0:
        return f"with code {code}"
    said = f"by signal {-code}"
    if lacked_memory(code):
        return f"{said}{limit_of_death(limits)}"
    return said


def limit_of_death(limits: Limits) -> str:
    """What to add where a process died as it does when a library gets no memory."""
    return (
        f", as where a library gets no memory (a fit may take {_size(fit_memory(limits))}: "
        f"{_whose(limits)})"
    )


def _whose(limits: Limits) -> str:
    if limits.memory_bytes:
        return SETTING
    return f"the default of {SETTING}, of this machine's {_size(machine_memory())}"


def _data_bytes() -> int | None:
    """The memory of its own that this process has asked for; None: the system does not bound it."""
    if sys.platform != "linux":
        return None
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(r"^VmData:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _size(count: int) -> str:
    return f"{count / 10**9:.1f} GB" if count >= 10**9 else f"{count / 10**6:.0f} MB"
