"""`python -m workbench.retrain.local_worker FOLDER PIPE PARENT CODE`: what does one process of a pool do?

It does the tasks that come on its standard input, one a line, and says on the pipe when it has begun
and when it is done. It ends with the process that started it, whatever it is doing.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from contextlib import suppress
from pathlib import Path

from workbench.retrain.fitting import FINAL, FitOutcome, Task, perform, warm_up
from workbench.retrain.local_pool import write_outcome
from workbench.retrain.plan import HOLDOUT, PLAN, TRAIN


def main(folder: Path, pipe: int, parent: int, code: str) -> None:
    """Does tasks until the standard input ends."""
    end_with(parent)
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    # The thread sees the end of the input even while a fit never ends.
    threading.Thread(target=_listen, args=(waiting,), daemon=True).start()
    plan = (folder / PLAN).read_text(encoding="utf-8")
    train = (folder / TRAIN).read_bytes()
    os.set_inheritable(pipe, False)
    warm_up()
    while True:
        asked = json.loads(waiting.get())
        os.write(pipe, b"begun\n")
        is_final = asked["kind"] == FINAL
        holdout = (folder / HOLDOUT).read_bytes() if is_final else None
        found = perform(asked["kind"], asked["number"], plan, train, holdout, code or None)
        try:
            write_outcome(folder, found)
        except OSError as error:
            task = Task(asked["kind"], asked["number"])
            reason = f"its outcome cannot be written: {error.strerror or error}"
            with suppress(OSError):
                write_outcome(folder, FitOutcome(task, reason))
        os.write(pipe, b"done\n")


def end_with(parent: int) -> None:
    """Asks Linux to kill this process when its parent dies; elsewhere the listening thread does it."""
    if sys.platform == "linux":
        import ctypes
        import signal

        with suppress(OSError, AttributeError):
            set_parent_death_signal = 1
            ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
        if os.getppid() != parent:  # it died before it was asked for
            os._exit(1)


def _listen(waiting: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        waiting.put(line)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
