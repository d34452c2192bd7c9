"""A command in a process of its own that dies: at a named step, a moment after one, or at any time."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import threading
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["workbench.cli.main", "workbench.cli.ingest", "workbench.ingest.loading", "polars", "duckdb"]
)


@dataclass(frozen=True)
class Kill:
    """When a process dies."""

    step: str | None = None
    """The step at which; None: any time."""
    nth: int = 1
    """Which reaching of the step."""
    delay: float = 0.0
    """Seconds after the step, or after the command's start."""


@dataclass(frozen=True)
class Run:
    """An undisturbed run of a command."""

    reached: tuple[tuple[str, float], ...]
    """Its steps, and the seconds from the start to each."""
    seconds: float


def run_whole(arguments: list[str]) -> Run:
    """Runs a command to its end, which must be a success, and notes the steps it reached."""
    process, pipe = _start(arguments, None)
    code, reached, seconds, text = pipe.recv()
    process.join()
    assert code == 0, text
    return Run(tuple(reached), seconds)


def run_killed(arguments: list[str], kill: Kill) -> bool:
    """Runs a command that dies; whether it did before its end."""
    process, pipe = _start(arguments, kill)
    if kill.step is None:
        time.sleep(kill.delay)
        process.kill()
    process.join()
    pipe.close()
    return process.exitcode == -signal.SIGKILL


def _start(
    arguments: list[str], kill: Kill | None
) -> tuple[multiprocessing.process.BaseProcess, Connection]:
    ours, theirs = _FORKS.Pipe()
    process = _FORKS.Process(target=_work, args=(theirs, arguments, kill))
    process.start()
    theirs.close()
    assert ours.recv() == "begins"
    return process, ours


def _work(pipe: Connection, arguments: list[str], kill: Kill | None) -> None:
    from workbench.cli.main import run
    from workbench.store import steps

    reached: list[tuple[str, float]] = []
    begun = time.monotonic()

    def note(step: str) -> None:
        reached.append((step, time.monotonic() - begun))
        if kill is None or step != kill.step:
            return
        if [name for name, _ in reached].count(step) == kill.nth:
            if kill.delay:
                threading.Timer(kill.delay, _die).start()
            else:
                _die()

    steps.reached = note
    pipe.send("begins")
    begun = time.monotonic()
    out, code = io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(out):
        try:
            run(arguments)
        except SystemExit as stop:
            code = int(str(stop.code or 0))
    if kill is None:
        pipe.send((code, reached, time.monotonic() - begun, out.getvalue()))


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave_no_process(folder: Path) -> None:
    """Fails when a lock of a store is still held: then a killed process lives on."""
    from workbench.store.held_files import is_held

    for name in ("store.lock", "turnstile.lock"):
        assert not is_held(folder / name), name
