"""Which cores have nothing else to do, and may fit models beside this process?

Two threads of gradient boosting on a busy machine of two cores were twenty times slower than one,
since threads that wait for one another turn in a loop. A second process that fits something else
waits for nobody: at worst it takes turns.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.triage.side_by_side import one_by_one

MOST_PROCESSES = 3
"""Beside this one: each holds the libraries again, some 200 MB."""
_FREE = 0.6
"""Share of a core that must be idle for it to count as free."""
_IDLE_SECONDS = 300
"""After which a process that is not asked anything ends by itself."""


@dataclass(frozen=True)
class Idle:
    """How long all cores had nothing to do and how long they were there, in one unit since the start."""

    idle: int
    total: int


def idle_now(path: Path = Path("/proc/stat")) -> Idle | None:
    """The counters of the machine; None where it has none (they are those of Linux)."""
    try:
        counters = [int(text) for text in path.read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return None
    return Idle(counters[3] + counters[4], sum(counters)) if len(counters) >= 5 else None


def free_cores(before: Idle | None, now: Idle | None, cores: int) -> int:
    """How many cores besides that of this process are free.

    `OMP_NUM_THREADS` decides where it is set: so many cores in all are to be used. Else those
    count that were idle between the two looks, or, where nothing tells, what the load of the last
    minute leaves.

    Args:
        before: the counters a moment ago.
        now: the counters now.
        cores: that this process may use.
    """
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    if wanted.isdigit():
        return max(min(int(wanted), cores) - 1, 0)
    if before is not None and now is not None and now.total > before.total:
        idle = (now.idle - before.idle) / (now.total - before.total) * (os.cpu_count() or 1)
    elif hasattr(os, "getloadavg"):
        idle = cores - max(os.getloadavg()[0], 1.0)
    else:
        return 0
    return max(min(int(idle + 1 - _FREE), cores - 1), 0)


@dataclass
class OtherProcesses:
    """Calls a function for some of its arguments in other processes, and for the others here."""

    _pool: Any = field(default=None)
    _started: Any = field(default=None)

    @property
    def are_ready(self) -> bool:
        """Whether one of them has loaded its libraries; until then all is done here."""
        return self._started is not None and self._started.done()

    def start(self, processes: int) -> None:
        """Starts so many processes, which load their libraries while this one goes on; 0: none."""
        if processes < 1:
            return
        # joblib's own pool: unlike multiprocessing's it never runs the main module again.
        from joblib.externals.loky import ProcessPoolExecutor

        with _error_stream():
            self._pool = ProcessPoolExecutor(
                min(processes, MOST_PROCESSES), timeout=_IDLE_SECONDS, initializer=_prepare,
                env={
                    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1",
                },
            )  # fmt: skip
            self._started = self._pool.submit(_nothing)

    def each(self, function: Any, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """See `Each`. What fails elsewhere is called again here: an error of its own comes again."""
        if not self.are_ready or len(arguments) < 2:
            return one_by_one(function, arguments)
        # The others begin at the end, this process at the beginning, until they meet.
        try:
            asked = [self._pool.submit(function, *one) for one in reversed(arguments)][::-1]
        except RuntimeError:  # the processes are gone
            self.stop()
            return one_by_one(function, arguments)
        return [
            function(*one) if future.cancel() else self._of(future, function, one)
            for future, one in zip(asked, arguments, strict=True)
        ]

    def stop(self) -> None:
        """Ends the processes."""
        if self._pool is not None:
            # Not killed: the pool's own thread would stumble over calls that were taken back.
            self._pool.shutdown(wait=True)
            self._pool = self._started = None

    def _of(self, future: Any, function: Any, one: tuple[Any, ...]) -> Any:
        try:
            return future.result()
        # Anything may be wrong there: no memory, a function that cannot be sent.
        except Exception:  # noqa: BLE001
            return function(*one)


@contextmanager
def other_processes() -> Iterator[OtherProcesses]:
    """Other processes, not started yet, that are ended with the block."""
    found = OtherProcesses()
    try:
        yield found
    finally:
        found.stop()


def usable_cores() -> int:
    """How many cores this process may use, quotas of a container included."""
    from joblib import cpu_count

    return int(cpu_count())


@contextmanager
def _error_stream() -> Iterator[None]:
    """Standard error with a file behind it, for the length of the block.

    The pool hands its descriptor to what it starts; that of the terminal UI has none, and says -1.
    """
    kept = sys.stderr
    try:
        has_file = kept is not None and kept.fileno() >= 0
    except (AttributeError, OSError, ValueError):
        has_file = False
    if has_file:
        yield
        return
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        sys.stderr = nowhere
        try:
            yield
        finally:
            sys.stderr = kept


def _prepare() -> None:
    """Makes a process quiet, deaf to the keyboard, and loads what fits need."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    import polars as pl  # noqa: F401
    import sklearn.compose
    import sklearn.ensemble
    import sklearn.pipeline  # noqa: F401


def _nothing() -> None:
    """A first task, so that a process starts."""
