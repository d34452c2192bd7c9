"""What does retraining cost beside the fits themselves? `just bench retrain`.

The same challengers, each a fit of a known length, are done in a bare process pool, by the local pool and
as Ray tasks. Printed are start-up (until a first empty fit is done), scheduling (what a fit of no length
takes) and what is added to each fit of `--seconds`; for Ray beside a bare `ray.init` with one task.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

from workbench.domain.run import FitNote
from workbench.retrain.driving import Backend, drive
from workbench.retrain.fitting import FIT, Task, perform, warm_up
from workbench.retrain.local_pool import LocalPool
from workbench.retrain.plan import PLAN, TRAIN, Challenger, RunPlan, plan_text

RECIPE = """
import time
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

def timed(X, y, params, seed):
    end = time.perf_counter() + params["seconds"]
    columns = ColumnTransformer([("x", "passthrough", ["x"])])
    made = Pipeline([("columns", columns), ("model", LogisticRegression())]).fit(X, y)
    time.sleep(max(0.0, end - time.perf_counter()))
    return made
"""


def made_run(folder: Path, fits: int, seconds: float) -> RunPlan:
    """A run of so many fits that take so long each, in a folder."""
    from tests.retrain.runs import card_of, write_run

    plan = write_run(folder, card=card_of("timed_recipe:timed"))
    (folder / "timed_recipe.py").write_text(RECIPE)
    params = {"seconds": seconds}
    one = Challenger(1, "incident", 1.0, "timed_recipe:timed", params, {}, 1)
    challengers = tuple(replace(one, number=number) for number in range(1, fits + 1))
    plan = replace(plan, challengers=challengers, folds=plan.folds[:1])
    (folder / PLAN).write_text(plan_text(plan))
    return plan


def bare_fit(folder: str, number: int) -> float:
    """One fit, as the bare pool does it; its seconds."""
    place = Path(folder)
    return perform(
        FIT, number, (place / PLAN).read_text(), (place / TRAIN).read_bytes(), None, folder
    ).seconds


def bare_pool(folder: Path, fits: int, at_once: int) -> tuple[float, float]:
    """Seconds until the workers are there, and of all fits after that."""
    start = time.perf_counter()
    with ProcessPoolExecutor(at_once, get_context("spawn"), initializer=warm_up) as pool:
        list(pool.map(time.sleep, [0.2] * at_once))
        begun = time.perf_counter()
        list(pool.map(bare_fit, [str(folder)] * fits, range(1, fits + 1)))
        return begun - start, time.perf_counter() - begun


def through(backend: Callable[[], Backend], plan: RunPlan) -> tuple[float, float]:
    """Seconds until a first fit of a backend is done without its own length, and of all fits after that."""
    start, clock = time.perf_counter(), time.monotonic()
    made = backend()
    try:
        first = [Task(FIT, number) for number in range(1, plan.limits.at_once + 1)]
        for task in first:
            made.submit(task)
        left, own = set(first), 0.0
        while left:
            for one in made.collect(0.2):
                left.discard(one.task)
                own = max(own, one.outcome.seconds if one.outcome else 0.0)
        begun = time.perf_counter()
        there = getattr(made, "first_worker", None)
        if there is not None:
            print(
                f"(a worker of Ray was there after {there - clock:.1f} s, and then loaded what a fit needs)"
            )
        ended: list[float] = []

        def told(note: FitNote) -> None:
            if note.state in ("fitted", "failed"):
                ended.append(time.perf_counter())

        # The winner is fitted once more, for good, which the bare pool does not do: it is left out.
        drive(plan, made, told, lambda _: None, lambda: False)
        return begun - start - own, ended[-1] - begun
    finally:
        made.close()


def bare_ray(at_once: int) -> float:
    """Seconds of a bare `ray.init` with one task, in a process of its own."""
    program = (
        "import time; s = time.perf_counter(); import ray; "
        f"ray.init(num_cpus={at_once}, include_dashboard=False, logging_level='ERROR', "
        "object_store_memory=200_000_000, log_to_driver=False); "
        "f = ray.remote(lambda: 1); ray.get(f.remote()); print(time.perf_counter() - s)"
    )
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--no-ray", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = made_run(folder, asked.fits, asked.seconds)
        plan = replace(plan, limits=replace(plan.limits, at_once=asked.at_once))
        waves = asked.fits * asked.seconds / asked.at_once
        print(f"{asked.fits} fits of {asked.seconds:g} s, {asked.at_once} at once")
        print(f"{'':14}{'start-up':>10}{'all fits':>10}{'added to a fit':>16}")
        start, bare = bare_pool(folder, asked.fits, asked.at_once)
        _line("bare pool", start, bare, waves, bare, asked)
        backends: list[tuple[str, Callable[[], Backend]]] = [
            ("local pool", lambda: LocalPool(folder, folder, plan.limits))
        ]
        if not asked.no_ray:
            from workbench.retrain.ray_tasks import own_ray

            backends.append(("Ray tasks", lambda: own_ray(folder, plan, folder, 200_000_000)))
        for label, backend in backends:
            start, took = through(backend, plan)
            _line(label, start, took, waves, bare, asked)
        if not asked.no_ray:
            print(f"bare ray.init with one task: {bare_ray(asked.at_once):.1f} s")


def _line(
    label: str, start: float, took: float, waves: float, bare: float, asked: argparse.Namespace
) -> None:
    added = (took - waves) / (asked.fits / asked.at_once)
    beside = (took - bare) / bare
    print(f"{label:14}{start:9.2f}s{took:9.2f}s{added:14.3f} s  {beside:+.1%} beside the bare pool")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
