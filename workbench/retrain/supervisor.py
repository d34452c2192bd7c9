"""`python -m workbench.retrain.supervisor ROOT RUN`: who looks after a run? A process of its own.

It holds the run's lock, drives the fits, saves the candidate and writes every state into the store.
Nothing that it or its workers print reaches the terminal that started the run, and it goes on when
that terminal is gone. All that it starts ends with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.clock import Clock, SystemClock
from workbench.domain.run import RunResult
from workbench.errors import WorkbenchError
from workbench.retrain.candidate import save_candidate, sweep_unfinished
from workbench.retrain.driving import Backend, Driven, RunCancelledError, drive
from workbench.retrain.fitting import SCORED, read_rows
from workbench.retrain.judging import judge
from workbench.retrain.local_pool import LocalPool
from workbench.retrain.plan import RunPlan, read_plan
from workbench.retrain.run_book import RunBook
from workbench.retrain.run_folder import CANCEL, remove_rows, run_folder, take_over
from workbench.store.connections import Resources, StoreHome
from workbench.store.runs import run_number

ORDERS = "orders.json"
"""What the supervisor is told beside the plan: paths and addresses, which a plan never holds."""


@dataclass(frozen=True)
class Orders:
    """What holds for this machine alone."""

    backend: str
    """`ray` or `local`."""
    code: str = ""
    """Where a recipe of the card's own may be imported from; empty: installed packages only."""
    address: str = ""
    """Of a cluster's Jobs API; empty: Ray is started here."""
    token_file: str = ""
    """That the cluster asks for."""
    shared: str = ""
    """A folder that the cluster and this machine both see; empty: there is none."""
    object_memory: int = 200_000_000
    """Bytes of shared memory that an own Ray may take."""
    lock_timeout: float = 10.0


def read_orders(folder: Path) -> Orders:
    """The orders in a run's folder.

    Raises:
        OSError, ValueError, TypeError: there are none that can be read.
    """
    found: dict[str, Any] = json.loads((folder / ORDERS).read_text(encoding="utf-8"))
    return Orders(**found)


def supervise(
    root: Path,
    run: str,
    *,
    clock: Clock | None = None,
    is_stopped: Callable[[], bool] | None = None,
    make: Callable[[Path, RunPlan, Orders], Backend] | None = None,
) -> None:
    """Does a run that was planned, to its end; how it ended is in the store.

    Args:
        root: the workspace.
        run: its name.
        clock: the machine's.
        is_stopped: whether it is to end; by default whether somebody asked for it.
        make: makes the backend; by default the one that the orders say.
    """
    clock = clock or SystemClock()
    start = time.monotonic()
    home = StoreHome(root / ".workbench")
    folder = run_folder(home, run)
    book = RunBook(home, run_number(run), folder, clock)
    stopped = is_stopped or (folder / CANCEL).exists
    try:
        plan, orders = read_plan(folder), read_orders(folder)
        home = StoreHome(root / ".workbench", Resources(lock_timeout=orders.lock_timeout))
        book = RunBook(home, run_number(run), folder, clock)
        sweep_unfinished(root, plan.card)
        book.phase("starting Ray" if orders.backend == "ray" else "starting")
        driven = _driven(plan, orders, folder, book, stopped, make or made_backend)
        book.phase("judging and saving")
        result = _kept(root, plan, driven, clock, time.monotonic() - start)
        book.say(result.reason)
        book.end("succeeded", result=result)
    except RunCancelledError as error:
        book.end("cancelled", error.message)
    except WorkbenchError as error:
        book.end("failed", error.message)
    except Exception as error:  # noqa: BLE001 - whoever watches the run must learn that it ended
        # Its text may quote a value of a row; the traceback lies in a file of the owner's alone.
        traceback.print_exc()
        book.end("failed", f"unexpected {type(error).__name__}")
    finally:
        remove_rows(folder)


def _driven(
    plan: RunPlan,
    orders: Orders,
    folder: Path,
    book: RunBook,
    stopped: Callable[[], bool],
    make: Callable[[Path, RunPlan, Orders], Backend],
) -> Driven:
    def looked() -> bool:
        book.tick()
        return stopped()

    if orders.address:
        from workbench.retrain.ray_cluster import drive_on_cluster

        return drive_on_cluster(plan, orders, folder, book, looked)
    backend = make(folder, plan, orders)
    try:
        book.phase(f"fitting {len(plan.challengers)} challengers")
        return drive(plan, backend, book.fit, book.say, looked)
    finally:
        book.flush()
        backend.close()


def made_backend(folder: Path, plan: RunPlan, orders: Orders) -> Backend:
    """The backend that the orders say, on this machine.

    Raises:
        RetrainError: Ray cannot be started.
    """
    code = Path(orders.code) if orders.code else None
    if orders.backend == "local":
        return LocalPool(folder, code, plan.limits)
    from workbench.retrain.ray_tasks import own_ray

    return own_ray(folder, plan, code, orders.object_memory)


def _kept(root: Path, plan: RunPlan, driven: Driven, clock: Clock, seconds: float) -> RunResult:
    scored = read_rows(driven.outcome.files[SCORED])
    judged = judge(plan, scored)
    version, artifact = save_candidate(root, plan, driven, judged, clock.now(), seconds)
    return RunResult(
        challenger=version,
        artifact=artifact,
        data_version=f"{plan.data_path}@{plan.data_md5}",
        train_rows=plan.train_rows,
        holdout_rows=scored.height,
        metrics=judged.metrics,
        recommend_promotion=judged.recommend,
        reason=judged.reason,
        segments=judged.segments,
        chosen=driven.winner.number,
        is_redesign=plan.is_redesign,
        seconds=seconds,
        cost=plan.card.budget.cost_per_retrain,
    )


def main(root: Path, run: str, descriptor: int) -> None:
    """The process: takes the run over, and ends in good order when it is asked to."""
    take_over(descriptor)
    asked: list[int] = []
    folder = run_folder(StoreHome(root / ".workbench"), run)

    def ask(number: int, _: object) -> None:
        asked.append(number)

    def stopped() -> bool:
        # Ray puts a handler of its own in the place of this one.
        if signal.getsignal(signal.SIGTERM) is not ask:
            signal.signal(signal.SIGTERM, ask)
        return bool(asked) or (folder / CANCEL).exists()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.nice(5)
    supervise(root, run, is_stopped=stopped)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
