"""`python -m workbench.retrain.keeper FOLDER`: who ends what outlives its supervisor?

A small process beside a Ray that a supervisor started. It hears the numbers of Ray's processes on its
standard input; when that ends, because the supervisor is done or was killed, it kills those of them
that live on, removes Ray's folder, and ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_GRACE = 2.0
"""Seconds for which Ray may end by itself when its supervisor was killed."""
_DONE = "done"


class Keeper:
    """The process, as the supervisor sees it."""

    def __init__(self, temporary: Path) -> None:
        """Starts it, in a session of its own.

        Args:
            temporary: Ray's folder, to be removed at the end.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "workbench.retrain.keeper", str(temporary)],
            stdin=subprocess.PIPE,
            text=True,
            cwd="/",
            start_new_session=True,
        )

    def note(self, numbers: Iterable[int]) -> None:
        """Tells it of processes that must not outlive this one."""
        self._say(" ".join(map(str, numbers)))

    def close(self) -> None:
        """Ray is shut down: what is left of it is ended now."""
        self._say(_DONE)
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10.0)

    def _say(self, text: str) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(OSError):  # it was killed: then nobody keeps
                self._process.stdin.write(f"{text}\n")
                self._process.stdin.flush()


def descendants(roots: Iterable[int]) -> set[int]:
    """Everything that some processes have started, directly or not; not they themselves."""
    known, begun = _processes(), set(roots)
    found, before = set(begun), 0
    while len(found) > before:
        before = len(found)
        found |= {one for one, (parent, _) in known.items() if parent in found}
    return found - begun


def end_all(numbers: Iterable[int], temporary: Path) -> None:
    """Kills the processes of a Ray that are still there.

    Args:
        numbers: that they had; a number may be another process's by now, whose command then neither
            begins with `ray::` nor names Ray's folder.
        temporary: Ray's folder.
    """
    wanted = set(numbers) - {os.getpid()}
    for process, (_, command) in _processes().items():
        if process in wanted and (command.startswith("ray::") or str(temporary) in command):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)


def _processes() -> dict[int, tuple[int, str]]:
    """The parent and the command of every process that can be seen."""
    found = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,command="],
        capture_output=True,
        text=True,
        check=False,
    )
    rows = (line.split(None, 2) for line in found.stdout.splitlines())
    return {int(row[0]): (int(row[1]), row[2]) for row in rows if len(row) == 3}


def main(temporary: Path) -> None:
    """Hears numbers until its input ends, and ends what is left of them."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    numbers: set[int] = set()
    is_done = False
    for line in sys.stdin:
        is_done = line.strip() == _DONE
        numbers |= {int(one) for one in line.split() if one.isdigit()}
    # Those that were begun since, before their parents are gone and they cannot be told any more.
    numbers |= descendants(numbers)
    if not is_done:
        time.sleep(_GRACE)
    end_all(numbers, temporary)
    shutil.rmtree(temporary, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
