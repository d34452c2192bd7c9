"""How is a run done on a Ray cluster that is there? As a job of its Jobs API, with a token."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.names import shown
from workbench.retrain.driving import Driven, RetrainError, RunCancelledError
from workbench.retrain.job import CODE, SHARED, Received
from workbench.retrain.plan import HOLDOUT, PLAN, TRAIN, RunPlan
from workbench.retrain.ray_environment import apply, ray_variables
from workbench.retrain.run_book import RunBook

if TYPE_CHECKING:
    from workbench.retrain.supervisor import Orders

JOB = "job"
"""The folder within a run's that is the job's working directory."""

_LOOK = 2.0
"""Seconds between two looks at a job."""
_ENDED = ("SUCCEEDED", "FAILED", "STOPPED")
_LOST = 60.0
"""Seconds for which a cluster may not answer before the run is given up."""


def drive_on_cluster(
    plan: RunPlan, orders: Orders, folder: Path, book: RunBook, is_stopped: Callable[[], bool]
) -> Driven:
    """Does a run's fits on a cluster; what it said is in the book.

    The cluster needs nothing of ours but the package, in the same version. The plan and the tables
    go with the job; the winner comes back in the job's output, or in shared storage.

    Args:
        plan: the run's.
        orders: the cluster's address and token.
        folder: the run's.
        book: what is told of it.
        is_stopped: whether somebody wants it to end.

    Raises:
        RunCancelledError: somebody did.
        RetrainError: the cluster cannot be reached, refuses, or the job failed.
    """
    apply(ray_variables(Path(orders.token_file) if orders.token_file else None))
    client = _client(orders)
    working = folder / JOB
    working.mkdir(mode=0o700, exist_ok=True)
    for name in (PLAN, TRAIN, HOLDOUT):
        shutil.copyfile(folder / name, working / name)
    _copy_code(plan, orders, working)
    variables = {"OMP_NUM_THREADS": "1", "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0"}
    if orders.shared:
        variables[SHARED] = orders.shared
    try:
        job = client.submit_job(
            entrypoint="python -P -m workbench.retrain.job",
            runtime_env={"working_dir": str(working), "env_vars": variables},
            metadata={"workbench_run": plan.run, "model": shown(plan.model, 80)},
        )
    # The client turns whatever the cluster says into a RuntimeError.
    except Exception as error:
        raise _refused(orders, error) from error
    book.phase(f"waiting for the cluster: job {job}")
    heard = Received(orders.shared, plan.run)
    try:
        return _watched(client, job, heard, book, is_stopped)
    except BaseException:
        with suppress(Exception):  # the cluster may be what failed
            client.stop_job(job)
        raise
    finally:
        book.flush()


def _watched(
    client: Any, job: str, heard: Received, book: RunBook, is_stopped: Callable[[], bool]
) -> Driven:
    seen, lost = 0, time.monotonic()
    while True:
        if is_stopped():
            raise RunCancelledError("the run was cancelled")
        try:
            # The state first: what was printed before it ended is then in the log.
            state = str(getattr(client.get_job_status(job), "value", ""))
            text = str(client.get_job_logs(job))
            lost = time.monotonic()
        # Whatever is wrong with the cluster now may be over in a moment.
        except Exception as error:
            if time.monotonic() - lost > _LOST:
                raise RetrainError(
                    f"the cluster does not answer any more: {type(error).__name__}",
                    "Look at the cluster, and start the run again.",
                ) from error
            time.sleep(_LOOK)
            continue
        whole = text[: text.rfind("\n") + 1] if state not in _ENDED else text
        for line in whole[seen:].splitlines():
            _told(heard.hear(line), book)
        seen = len(whole)
        if state in _ENDED:
            return _ended(state, heard, client, job)
        time.sleep(_LOOK)


def _told(said: tuple[str, Any] | None, book: RunBook) -> None:
    if said is None:
        return
    kind, what = said
    if kind == "say":
        book.say(what)
    elif kind == "fit":
        book.fit(what)
    else:
        book.phase("fitting on the cluster")


def _ended(state: str, heard: Received, client: Any, job: str) -> Driven:
    if state == "SUCCEEDED":
        driven = heard.driven()
        if driven is not None:
            return driven
        raise RetrainError(
            "the model did not come back whole from the cluster",
            "Is [retrain] shared of workbench.toml the same folder here and on the cluster?"
            if heard.is_sharing
            else "Name storage that both see: [retrain] shared in workbench.toml.",
        )
    if heard.failed is not None:
        raise RetrainError(heard.failed)
    message = ""
    with suppress(Exception):  # it only says more
        said = str(getattr(client.get_job_info(job), "message", "") or "").strip().splitlines()
        # First how it ended, and last what it had printed then.
        message = f"{said[0]} {said[-1]}" if len(said) > 1 else said[0]
    raise RetrainError(
        f"the job {state.lower()} on the cluster: {shown(message, 400)}",
        "Look at the job's output on the cluster.",
    )


def _client(orders: Orders) -> Any:
    try:
        from ray.job_submission import JobSubmissionClient

        return JobSubmissionClient(orders.address)
    # A missing server is a ConnectionError, a wrong token an AuthenticationError of Ray's.
    except Exception as error:
        raise _refused(orders, error) from error


def _refused(orders: Orders, error: Exception) -> RetrainError:
    first = shown((str(error).splitlines() or [""])[0], 200)
    hint = "Check the address: it is that of the Jobs API, http://HOST:8265."
    if "auth" in type(error).__name__.lower() or "401" in first:
        hint = "Name the file with the cluster's token: [retrain] token_file in workbench.toml."
    return RetrainError(
        f"the cluster at {shown(orders.address, 100)} cannot be used: "
        f"{type(error).__name__}: {first}",
        hint,
    )


def _copy_code(plan: RunPlan, orders: Orders, working: Path) -> None:
    """The module of a trusted recipe of the card's own goes with the job."""
    if not orders.code:
        return
    target = working / CODE
    for one in {c.recipe for c in plan.challengers if ":" in c.recipe}:
        top = one.partition(":")[0].partition(".")[0]
        source = Path(orders.code) / top
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target / top, ignore=ignored, dirs_exist_ok=True)
        elif source.with_suffix(".py").is_file():
            target.mkdir(exist_ok=True)
            shutil.copyfile(source.with_suffix(".py"), target / f"{top}.py")
