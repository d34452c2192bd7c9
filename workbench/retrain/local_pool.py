"""How are fits done without Ray? In a few processes of this machine that end with this one."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from workbench.retrain.driving import Ended
from workbench.retrain.fit_memory import ended_by, lacked_memory
from workbench.retrain.fitting import FitOutcome, Task
from workbench.retrain.plan import Limits

OUTCOMES = "outcomes"
"""The folder within a run's where workers leave what they made."""


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    answers: int
    """A pipe that says when a task is done, and ends with the worker."""
    task: Task | None = None
    began: float | None = None
    heard: bytes = b""


class LocalPool:
    """A `Backend` of processes: kept from task to task, killed where one takes too long."""

    def __init__(self, folder: Path, code: Path | None, limits: Limits) -> None:
        """Nothing is started yet.

        Args:
            folder: the run's.
            code: where a recipe of the card's own may be imported from.
            limits: the run's; a worker holds its fits to their memory.
        """
        self._folder = folder
        self._code = code
        self._limits = limits
        self._workers: list[_Worker] = []

    def submit(self, task: Task) -> None:
        """Gives a task to an idle worker, or to a new one."""
        worker = next((w for w in self._workers if w.task is None), None)
        if worker is None:
            worker = self._started()
        worker.task, worker.began = task, None
        stdin = worker.process.stdin
        if stdin is not None:
            # Of a worker that has just died the pipe's end tells, when it is collected.
            with contextlib.suppress(BrokenPipeError):
                _tell(stdin, {"kind": task.kind, "number": task.number})

    def collect(self, seconds: float) -> Sequence[Ended]:
        """What has ended, after at most so many seconds."""
        pipes = {w.answers: w for w in self._workers}
        if not pipes:
            time.sleep(seconds)
            return []
        ready, _, _ = select.select(list(pipes), [], [], seconds)
        return [found for pipe in ready for found in self._heard(pipes[pipe])]

    def started(self, task: Task) -> float | None:
        """When the worker said that it had begun."""
        return next((w.began for w in self._workers if w.task == task), None)

    def stop(self, task: Task) -> None:
        """Kills the worker that does it."""
        for worker in [w for w in self._workers if w.task == task]:
            self._end(worker)

    def close(self) -> None:
        """Kills every worker."""
        for worker in list(self._workers):
            self._end(worker)

    def _started(self) -> _Worker:
        answers, told = os.pipe()
        arguments = [str(self._folder), str(told), str(os.getpid()), str(self._code or "")]
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.retrain.local_worker", *arguments],
                stdin=subprocess.PIPE,
                pass_fds=[told],
                cwd=self._folder,
                env=os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
            )
        finally:
            os.close(told)
        worker = _Worker(process, answers)
        self._workers.append(worker)
        return worker

    def _heard(self, worker: _Worker) -> list[Ended]:
        chunk = os.read(worker.answers, 65_536)
        if not chunk:
            return self._lost(worker)
        worker.heard += chunk
        *lines, worker.heard = worker.heard.split(b"\n")
        found = []
        for line in lines:
            if line == b"begun":
                worker.began = time.monotonic()
            elif worker.task is not None:
                found.append(Ended(worker.task, read_outcome(self._folder, worker.task)))
                worker.task = worker.began = None
        return found

    def _lost(self, worker: _Worker) -> list[Ended]:
        task = worker.task
        code = self._end(worker)
        if task is None:
            return []
        said = f"its process ended {ended_by(code, self._limits)}"
        if lacked_memory(code):  # it would again
            return [Ended(task, FitOutcome(task, said))]
        return [Ended(task, None, said)]

    def _end(self, worker: _Worker) -> int:
        self._workers.remove(worker)
        if worker.process.poll() is None:
            worker.process.kill()
        if worker.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                worker.process.stdin.close()
        code = worker.process.wait()
        os.close(worker.answers)
        return code


def _tell(stdin: IO[bytes], message: dict[str, object]) -> None:
    stdin.write(json.dumps(message).encode() + b"\n")
    stdin.flush()


def write_outcome(folder: Path, outcome: FitOutcome) -> None:
    """Leaves an outcome in a run's folder: its files first, and then what it says."""
    place = folder / OUTCOMES / outcome.task.name
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, content in outcome.files.items():
        (place / name).write_bytes(content)
    document = {
        "reason": outcome.reason, "bad_rate": outcome.bad_rate, "rows": outcome.rows,
        "seconds": outcome.seconds, "output": outcome.output, "printed": outcome.printed,
        "files": sorted(outcome.files),
    }  # fmt: skip
    (place / "outcome.json").write_text(json.dumps(document), encoding="utf-8")


def read_outcome(folder: Path, task: Task) -> FitOutcome:
    """What a worker left of a task; a reason where that cannot be read."""
    place = folder / OUTCOMES / task.name
    try:
        said = json.loads((place / "outcome.json").read_text(encoding="utf-8"))
        files = {str(name): (place / str(name)).read_bytes() for name in said.pop("files")}
        return FitOutcome(task, **said, files=files)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        return FitOutcome(task, f"its outcome cannot be read: {type(error).__name__}")
