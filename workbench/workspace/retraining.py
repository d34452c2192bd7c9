"""Which models are being trained anew? Runs are started, watched, cancelled, and found when they died."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.names import shown
from workbench.domain.run import Run, run_name
from workbench.errors import WorkbenchError
from workbench.retrain.run_folder import (
    CANCEL,
    OUTPUT,
    TEMPORARY,
    hold,
    is_alive,
    made_folder,
    private_file,
    read_log,
    remove_rows,
    run_folder,
    supervisor_pid,
    write_log,
)
from workbench.store.connections import reading, writing
from workbench.store.failures import translated
from workbench.store.runs import add_run, end_run, plan_run, read_runs, run_number
from workbench.workspace.flagging import standing_flag
from workbench.workspace.planning_runs import (
    Asked,
    Told,
    backend_of,
    plan_and_write,
    require_possible,
)
from workbench.workspace.retrain_budget import BudgetState, budget_state

if TYPE_CHECKING:
    from workbench.workspace import Workspace
    from workbench.workspace.foreseeing_runs import Foreseen

DIED = "its supervisor died"
_LAST_LINES = 5
_POLL = 0.3
_PATIENCE = 10.0
"""Seconds that a run has to end by itself when it is cancelled."""


@dataclass(frozen=True)
class Retraining:
    """The retraining runs of a workspace."""

    ws: Workspace

    def start(
        self,
        name: str,
        asked: Asked | None = None,
        *,
        told: Told | None = None,
    ) -> Run:
        """Plans a run and starts its supervisor, which goes on by itself.

        Args:
            name: the model.
            asked: what is wanted; by default what triage found, on what the settings say.
            told: told each step while the run is planned.

        Raises:
            UnknownModelError: there is no such model.
            WorkbenchError: a run of the model is under way, its budget is used, it is flagged, or
                there is too little to learn from; nothing is started.
        """
        asked = asked or Asked()
        ws, say = self.ws, told or _quiet
        if ws.seen_as_of is not None:
            raise WorkbenchError(
                "nothing can be trained as of an earlier moment", "Leave --as-of away."
            )
        subject = ws.subject(name)
        backend = backend_of(ws, asked)
        require_possible(ws, subject, asked)
        self.find_dead()
        self._require_allowed(name, asked)
        with writing(ws.store, f"starting a retraining of {name}") as catalog:
            require_alone(read_runs(catalog, model=name, only_open=True))
            number = add_run(
                catalog, model=name, backend=backend, champion=subject.champion,
                author=asked.author, now=ws.clock.now(), mode=asked.mode, forced=asked.force,
            )  # fmt: skip
            run = run_name(number)
            folder = made_folder(ws.store, run)
            # Held before anybody can see the run: one that nobody holds is taken for dead.
            descriptor = hold(folder)
        try:
            planned = plan_and_write(ws, subject, run, folder, asked, say)
            for note in planned.plan.notes:
                write_log(folder, note, ws.clock.now())
            with writing(ws.store, f"planning {run}") as catalog:
                plan_run(
                    catalog, number, [one.note() for one in planned.plan.challengers],
                    window=planned.plan.window, verdict=planned.plan.verdict,
                    train_rows=planned.train_rows, holdout_rows=planned.holdout_rows,
                    data_version=f"{planned.plan.data_path}@{planned.plan.data_md5}",
                )  # fmt: skip
            start_supervisor(ws.root, run, folder, descriptor)
        except BaseException as error:
            reason = error.message if isinstance(error, WorkbenchError) else type(error).__name__
            with writing(ws.store, f"giving up {run}") as catalog:
                end_run(catalog, number, "failed", ws.clock.now(), reason=reason)
            remove_rows(folder)
            raise
        finally:
            os.close(descriptor)
        return self.run(run)

    def foreseen(self, name: str, asked: Asked | None = None) -> Foreseen:
        """What `start` would do and cost; see `foreseeing_runs.foresee`."""
        from workbench.workspace.foreseeing_runs import foresee

        return foresee(self.ws, name, asked)

    def budget(self, name: str) -> BudgetState:
        """What of a model's budget is used.

        Raises:
            UnknownModelError: there is no such model.
        """
        card = self.ws.card(name)
        with reading(self.ws.store, "reading runs") as catalog:
            return budget_state(card, read_runs(catalog, model=name), self.ws.clock.now())

    def all(self, model: str | None = None) -> tuple[Run, ...]:
        """Every run, newest first.

        Raises:
            UnknownModelError: there is no such model.
        """
        if model is not None:
            self.ws.card(model)
        self.find_dead()
        with reading(self.ws.store, "reading runs") as catalog:
            return read_runs(catalog, model=model)

    def run(self, name: str) -> Run:
        """One run.

        Raises:
            WorkbenchError: there is none of this name.
        """
        with reading(self.ws.store, "reading a run") as catalog:
            found = read_runs(catalog, number=_number(name))
        if not found:
            raise WorkbenchError(f"there is no {shown(name, 40)}", "`workbench runs` lists them.")
        return found[0]

    def log(self, name: str) -> tuple[str, ...]:
        """The lines of a run's log.

        Raises:
            WorkbenchError: there is none of this name.
        """
        return read_log(run_folder(self.ws.store, self.run(name).id))

    def wait(self, name: str, told: Callable[[Run], None] | None = None) -> Run:
        """The run once it has ended, however that is.

        Args:
            name: the run's.
            told: called with the run whenever it is looked at.

        Raises:
            WorkbenchError: there is none of this name.
        """
        while True:
            found = self.run(name)
            if told is not None:
                told(found)
            if not found.is_open:
                return found
            if not is_alive(run_folder(self.ws.store, found.id)):
                self.find_dead()
                continue
            time.sleep(_POLL)

    def cancel(self, name: str, author: str) -> Run:
        """Ends a run; what it had not finished is as if it had never been.

        Raises:
            WorkbenchError: there is none of this name, or it has ended.
        """
        found = self.run(name)
        if not found.is_open:
            raise WorkbenchError(
                f"{found.id} has ended: {found.state}", "`workbench runs` lists them."
            )
        folder = run_folder(self.ws.store, found.id)
        write_log(folder, f"cancelled by {shown(author, 80)}", self.ws.clock.now())
        with translated():
            (folder / CANCEL).touch(mode=0o600)
        process = supervisor_pid(folder)
        if process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        while is_alive(folder) and time.monotonic() < deadline:
            time.sleep(_POLL)
        process = supervisor_pid(folder)
        if process is not None:
            # Its workers are in its session, and end with it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process, signal.SIGKILL)
        with writing(self.ws.store, f"cancelling {found.id}") as catalog:
            reason = f"cancelled by {author}"
            end_run(catalog, run_number(found.id), "cancelled", self.ws.clock.now(), reason=reason)
        _remove_temporary(folder)
        remove_rows(folder)
        return self.run(found.id)

    def find_dead(self) -> tuple[str, ...]:
        """Marks the runs whose supervisor died as failed, with their last log lines; their names."""
        with reading(self.ws.store, "looking after runs") as catalog:
            open_runs = read_runs(catalog, only_open=True)
        dead = [one for one in open_runs if not is_alive(run_folder(self.ws.store, one.id))]
        if not dead or self.ws.seen_as_of is not None:
            return ()
        for one in dead:
            folder = run_folder(self.ws.store, one.id)
            lines = read_log(folder, _LAST_LINES)
            reason = f"{DIED}; its last words: {' | '.join(lines)}" if lines else DIED
            with writing(self.ws.store, f"marking {one.id} as failed") as catalog:
                number = run_number(one.id)
                end_run(catalog, number, "failed", self.ws.clock.now(), reason=reason)
            _remove_temporary(folder)
            remove_rows(folder)
        return tuple(one.id for one in dead)

    def _require_allowed(self, name: str, asked: Asked) -> None:
        flag = standing_flag(self.ws, name) if asked.mode == "auto" else None
        if flag is not None:
            raise WorkbenchError(
                f"{shown(name)} is not retrained by itself: it is flagged for redesign "
                f"({shown(flag.reason, 200)})",
                f"A person may still, or: workbench flag {shlex.quote(shown(name))} --lift --reason TEXT",
            )
        refusal = self.budget(name).refusal
        if refusal is None or (asked.force and asked.mode != "auto"):
            return
        raise WorkbenchError(
            f"the budget of {shown(name)} does not allow it: {refusal}",
            "Wait, change [budget] in the card, or go over it with --force --reason TEXT.",
        )


def start_supervisor(root: Path, run: str, folder: Path, descriptor: int) -> int:
    """Starts the process that looks after a run, in a session of its own; its number.

    Args:
        root: the workspace.
        run: the run's name.
        folder: the run's.
        descriptor: holds the run; the process takes it over.

    Raises:
        WorkbenchError: it cannot be started.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    try:
        with private_file(folder / OUTPUT) as output:
            process = subprocess.Popen(
                [
                    sys.executable, "-P", "-m", "workbench.retrain.supervisor", str(root.resolve()),
                    run, str(descriptor),
                ],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
                env=kept | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
                pass_fds=[descriptor], start_new_session=True,
            )  # fmt: skip
    except OSError as error:
        raise WorkbenchError(
            f"the supervisor of {run} cannot be started: {error.strerror or error}",
            "Look at the machine's memory and its number of processes.",
        ) from error
    return process.pid


def require_alone(open_runs: tuple[Run, ...]) -> None:
    """Raises a `WorkbenchError` where there is a run under way."""
    if open_runs:
        first = open_runs[0]
        raise WorkbenchError(
            f"{first.id} of {shown(first.model)} is under way, since "
            f"{first.requested_at:%Y-%m-%d %H:%MZ} by {shown(first.author, 80)}",
            f"Wait for it (workbench runs show {first.id}), or end it: workbench runs cancel {first.id}.",
        )


def _number(name: str) -> int:
    text = name.removeprefix("run-")
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        raise WorkbenchError(f"{shown(name, 40)} is no run", "Write it as run-12.")
    return int(text)


def _remove_temporary(folder: Path) -> None:
    """Removes what a run kept elsewhere while it lived."""
    try:
        named = (folder / TEMPORARY).read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in named:
        path = Path(line)
        # Only what `own_ray` makes: the file lies in the workspace, which may have been copied.
        if path.name.startswith("wb-ray-") and path.parent == Path("/tmp"):  # noqa: S108
            shutil.rmtree(path, ignore_errors=True)


def _quiet(text: str) -> None:
    """Nobody is told."""
