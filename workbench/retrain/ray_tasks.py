"""How are fits done as Ray tasks? On a Ray that this process starts, or on a cluster that is there."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from workbench.retrain.driving import Ended, RetrainError
from workbench.retrain.fit_memory import limit_of_death
from workbench.retrain.fitting import FINAL, FitOutcome, Task, perform, warm_up
from workbench.retrain.keeper import Keeper, descendants
from workbench.retrain.plan import HOLDOUT, PLAN, TRAIN, RunPlan
from workbench.retrain.ray_environment import apply, new_token, ray_variables
from workbench.retrain.run_folder import TEMPORARY, private_file

_LOOK = 1.0
"""Seconds between two looks whether Ray's own processes live."""
_LEFT = 20.0
"""Seconds that a Ray without its head is given before this process ends itself."""
_VITAL = ("gcs_server", "raylet")


@dataclass(frozen=True)
class Tables:
    """What the tasks of a run need, read once: a cluster may take a job's folder away at any time."""

    plan: str
    train: bytes
    holdout: bytes

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Those in a folder."""
        return cls(
            (folder / PLAN).read_text(encoding="utf-8"),
            (folder / TRAIN).read_bytes(),
            (folder / HOLDOUT).read_bytes(),
        )


class RayTasks:
    """A `Backend` of Ray tasks: one thread each, killed where one takes too long."""

    def __init__(
        self,
        ray: Any,
        tables: Tables,
        code: str | Mapping[str, bytes] | None,
        plan: RunPlan,
        is_alive: Callable[[], bool],
        close: Callable[[], None],
        noted: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Brings the tables to where workers find them; no task is begun.

        Args:
            ray: the module, connected.
            tables: what the tasks need.
            code: where a recipe of the card's own may be imported from on a worker's machine: a
                folder that is there, or the files that are to be in one.
            plan: the limits.
            is_alive: whether Ray itself is.
            close: ends it.
            noted: told the process that does a task.
        """
        self._noted = noted
        self._ray, self._is_alive, self._close = ray, is_alive, close
        self._code = code if code is None or isinstance(code, str) else ray.put(dict(code))
        self._plan, self._limits = tables.plan, plan.limits
        self._train = ray.put(tables.train)
        self._holdout = ray.put(tables.holdout)
        options: dict[str, Any] = {"num_cpus": 1, "max_retries": 0}
        if plan.limits.memory_bytes:
            # More than there is would never be placed; the worker holds a fit to the limit itself.
            options["memory"] = min(plan.limits.memory_bytes, _largest_memory(ray))
        self.first_worker: float | None = None
        """When the first worker was there, by `time.monotonic`."""
        # A generator says that the work has begun before it gives what came of it.
        self._perform = ray.remote(**options)(_begun_and_done)
        self._running: dict[Task, Any] = {}
        self._waits: dict[Any, Task] = {}
        self._began: dict[Task, float] = {}

    def submit(self, task: Task) -> None:
        """Begins a task."""
        holdout = self._holdout if task.kind == FINAL else None
        made = self._perform.remote(
            task.kind, task.number, self._plan, self._train, holdout, self._code
        )
        self._running[task] = made
        self._waits[made] = task

    def collect(self, seconds: float) -> Sequence[Ended]:
        """What has ended, after at most so many seconds.

        Raises:
            RetrainError: Ray itself has died.
        """
        self._require_life()
        if not self._waits:
            time.sleep(seconds)
            return []
        ready, _ = self._ray.wait(
            list(self._waits), num_returns=1, timeout=seconds, fetch_local=False
        )
        found = []
        for made in ready:
            task = self._waits.get(made)
            if task is not None:
                ended = self._next(task, made)
                found += [ended] if ended is not None else []
        return found

    def started(self, task: Task) -> float | None:
        """When the worker said that it had begun."""
        return self._began.get(task)

    def stop(self, task: Task) -> None:
        """Kills the worker that does it."""
        made = self._running.get(task)
        if made is not None:
            with suppress(Exception):  # it has just ended by itself
                self._ray.cancel(made, force=True, recursive=False)
            self._forget(task)

    def close(self) -> None:
        """Ends the tasks, and Ray where it is this process's own."""
        for task in list(self._running):
            self.stop(task)
        self._close()

    def _next(self, task: Task, made: Any) -> Ended | None:
        """What a task gives next: that it has begun, or what came of it."""
        try:
            said = self._ray.get(next(made))
        except StopIteration:
            self._forget(task)
            return Ended(task, None, "its worker gave nothing")
        # What Ray raises for a worker or a node that is gone has many classes.
        except Exception as error:  # noqa: BLE001
            self._forget(task)
            self._require_life()
            return Ended(task, None, self._lost(error))
        if not isinstance(said, FitOutcome):
            if said is True:
                self._began[task] = time.monotonic()
            else:
                self.first_worker = self.first_worker or time.monotonic()
                self._noted(int(said))
            return None
        self._forget(task)
        return Ended(task, said)

    def _lost(self, error: Exception) -> str:
        said = f"its worker was lost ({type(error).__name__})"
        return f"{said}{limit_of_death(self._limits)}" if "Crashed" in said else said

    def _forget(self, task: Task) -> None:
        made = self._running.pop(task, None)
        self._waits.pop(made, None)
        self._began.pop(task, None)

    def _require_life(self) -> None:
        if not self._is_alive():
            raise RetrainError(
                "Ray has died", "Start the run again; --backend local does without Ray."
            )


def _largest_memory(ray: Any) -> int:
    """What the node with the most memory can give to tasks, in bytes."""
    nodes = [one["Resources"] for one in ray.nodes() if one.get("Alive")]
    return max((int(one.get("memory", 0)) for one in nodes), default=0)


def _begun_and_done(
    kind: str,
    number: int,
    plan: str,
    train: bytes,
    holdout: bytes | None,
    code: str | Mapping[str, bytes] | None,
) -> Any:
    """A task on a worker: what it yields first says in which process, and then that it has begun."""
    yield os.getpid()
    warm_up()
    yield True
    if code is None or isinstance(code, str):
        yield perform(kind, number, plan, train, holdout, code)
        return
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        for name, content in code.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield perform(kind, number, plan, train, holdout, folder)


def own_ray(folder: Path, plan: RunPlan, code: Path | None, object_memory: int) -> RayTasks:
    """A Ray of this process alone, which ends with it.

    It has no dashboard and tells nobody of itself; what it prints goes nowhere near a terminal. Its
    files lie in a folder with a short name, since a socket's name must be short.

    Args:
        folder: the run's.
        plan: how many fits at once.
        code: as for `RayTasks`.
        object_memory: bytes of shared memory.

    Raises:
        RetrainError: Ray cannot be started here.
    """
    temporary = Path(tempfile.mkdtemp(prefix="wb-ray-", dir="/tmp"))
    with private_file(folder / TEMPORARY) as file:
        file.write(f"{temporary}\n")
    apply(ray_variables(new_token(folder)))
    keeper = Keeper(temporary)
    try:
        ray = _started_ray(temporary, plan.limits.at_once, object_memory)
    except RetrainError:
        keeper.note(descendants([os.getpid()]))
        keeper.close()
        raise
    vital = _vital_processes()
    # Its agents too: where its head or this process is killed they do not hear of the end.
    keeper.note(descendants([os.getpid()]))

    def is_alive() -> bool:
        return all(process.poll() is None for process in vital)

    def close() -> None:
        with suppress(Exception):  # without its head there is nothing left to shut down
            ray.shutdown()
        ended.set()
        keeper.close()

    ended = threading.Event()
    threading.Thread(target=_watch, args=(is_alive, ended), daemon=True).start()
    return RayTasks(
        ray,
        Tables.of(folder),
        str(code) if code else None,
        plan,
        is_alive,
        close,
        lambda process: keeper.note([process]),
    )


def _started_ray(temporary: Path, at_once: int, object_memory: int) -> Any:
    """Ray's module, connected to a Ray that was started for this process; a `RetrainError` without."""
    try:
        import ray

        ray.init(
            address="local",
            num_cpus=at_once,
            num_gpus=0,
            include_dashboard=False,
            object_store_memory=max(object_memory, 80_000_000),
            configure_logging=False,
            logging_level=logging.ERROR,
            log_to_driver=False,
            _temp_dir=str(temporary),
        )
    # What Ray raises where it cannot start has many classes; a missing one is an ImportError.
    except Exception as error:
        first = (str(error).splitlines() or [""])[0][:200]
        raise RetrainError(
            f"Ray cannot be started on this machine: {type(error).__name__}: {first}",
            "Fit without it: --backend local, or [retrain] backend in workbench.toml.",
        ) from error
    return ray


def joined_ray(tables: Tables, plan: RunPlan, code: Mapping[str, bytes]) -> RayTasks:
    """The cluster that this process, a job's driver, belongs to; it is left as it is.

    Args:
        tables: what the tasks need.
        plan: the limits.
        code: the files of a recipe of the card's own, by their names relative to a folder.

    Raises:
        RetrainError: there is no cluster to join.
    """
    import ray

    try:
        ray.init(address="auto", logging_level=logging.ERROR, log_to_driver=False)
    # What Ray raises where it cannot connect has many classes.
    except Exception as error:
        raise RetrainError(
            f"the job cannot join its cluster: {type(error).__name__}", "Look at the cluster."
        ) from error
    return RayTasks(ray, tables, code or None, plan, ray.is_initialized, ray.shutdown)


def _vital_processes() -> list[Any]:
    """The processes without which there is no Ray; Ray keeps them where no documented name leads."""
    from ray._private import worker

    node: Any = worker._global_node  # noqa: SLF001
    kept: dict[str, list[Any]] = node.all_processes
    return [info.process for kind, infos in kept.items() if kind in _VITAL for info in infos]


def _watch(is_alive: Callable[[], bool], ended: threading.Event) -> None:
    """Ends this process where Ray's head is gone and a call to it never returns."""
    while not ended.wait(_LOOK):
        if not is_alive():
            if not ended.wait(_LEFT):
                os._exit(1)
            return
