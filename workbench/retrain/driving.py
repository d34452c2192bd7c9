"""What is done next in a run? Fits given to a backend, collected as they come, the best one refitted."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from workbench.domain.run import FitNote
from workbench.errors import WorkbenchError
from workbench.retrain.fitting import FINAL, FIT, FitOutcome, Task
from workbench.retrain.plan import RunPlan

MOST_ATTEMPTS = 3
"""How often a task is begun whose process was killed."""

MOST_WINNERS = 3
"""How many of the best are tried when the best one cannot be saved."""

_STEP = 0.25
"""Seconds to wait for a task before the clock and the wish to stop are looked at."""


class RetrainError(WorkbenchError):
    """A retraining run cannot go on."""


class RunCancelledError(RetrainError):
    """Somebody cancelled the run."""


@dataclass(frozen=True)
class Ended:
    """A task that a backend has no more of."""

    task: Task
    outcome: FitOutcome | None
    lost: str | None = None
    """Why there is no outcome, though nothing is wrong with the task: its process was killed."""


class Backend(Protocol):
    """Where tasks are done."""

    def submit(self, task: Task) -> None:
        """Begins a task; there is room, since never more than the plan's `at_once` are begun."""

    def collect(self, seconds: float) -> Sequence[Ended]:
        """What has ended, after at most so many seconds.

        Raises:
            RetrainError: the backend itself is gone.
        """

    def started(self, task: Task) -> float | None:
        """When its work began, by `time.monotonic`; None: it is still being brought to a worker."""

    def stop(self, task: Task) -> None:
        """Ends a task, whatever it does; nothing is collected of it any more."""

    def close(self) -> None:
        """Ends everything. Twice is once."""


Told = Callable[[FitNote], None]
"""Called whenever a fit has gone further."""


@dataclass(frozen=True)
class Driven:
    """What a run made."""

    winner: FitNote
    outcome: FitOutcome
    """Of the last fit."""
    notes: tuple[FitNote, ...]


@dataclass
class _Drive:
    plan: RunPlan
    backend: Backend
    told: Told
    say: Callable[[str], None]
    is_stopped: Callable[[], bool]
    notes: dict[int, FitNote] = field(default_factory=dict)

    def all_of(self, tasks: Sequence[Task]) -> dict[Task, FitOutcome]:
        """The outcomes of tasks."""
        waiting = deque(tasks)
        running: dict[Task, float] = {}
        attempts = dict.fromkeys(tasks, 0)
        found: dict[Task, FitOutcome] = {}
        while waiting or running:
            if self.is_stopped():
                raise RunCancelledError("the run was cancelled")
            while waiting and len(running) < self.plan.limits.at_once:
                task = waiting.popleft()
                attempts[task] += 1
                self.backend.submit(task)
                running[task] = time.monotonic()
                self._note(task, state="fitting", attempts=attempts[task])
            for ended in self.backend.collect(_STEP):
                running.pop(ended.task, None)
                if ended.outcome is not None:
                    found[ended.task] = ended.outcome
                    self._end(ended.outcome)
                elif attempts[ended.task] < MOST_ATTEMPTS:
                    self.say(f"{ended.task.name}: {ended.lost}; it is begun again")
                    waiting.append(ended.task)
                else:
                    reason = f"{ended.lost}, {attempts[ended.task]} times"
                    found[ended.task] = FitOutcome(ended.task, reason)
                    self._end(found[ended.task])
            for task in [t for t in running if self._is_late(t)]:
                self.backend.stop(task)
                del running[task]
                limit = self.plan.limits.fit_seconds
                found[task] = FitOutcome(
                    task, f"it took longer than {limit:g} seconds", seconds=limit
                )
                self._end(found[task])
        return found

    def _is_late(self, task: Task) -> bool:
        began = self.backend.started(task)
        return began is not None and time.monotonic() - began > self.plan.limits.fit_seconds

    def _note(self, task: Task, **changes: object) -> None:
        if task.kind == FIT:
            self.notes[task.number] = replace(self.notes[task.number], **changes)  # type: ignore[arg-type]
            self.told(self.notes[task.number])

    def _end(self, outcome: FitOutcome) -> None:
        what = f"{outcome.task.name}: "
        if outcome.reason is not None:
            what += outcome.reason
        elif outcome.task.kind == FIT:
            what += f"{outcome.bad_rate or 0.0:.1%} bad on {outcome.rows:,} rows that choose"
        else:
            what += f"{outcome.bad_rate or 0.0:.1%} bad on the newest labels"
        self.say(f"{what} ({outcome.seconds:.1f} s)")
        if outcome.printed:
            self.say(f"{outcome.task.name} printed {outcome.printed:,} bytes{_end_of(outcome)}")
        self._note(
            outcome.task,
            state="failed" if outcome.reason is not None else "fitted",
            bad_rate=outcome.bad_rate if outcome.task.kind == FIT else None,
            seconds=outcome.seconds,
            reason=outcome.reason,
        )


def drive(
    plan: RunPlan,
    backend: Backend,
    told: Told,
    say: Callable[[str], None],
    is_stopped: Callable[[], bool],
) -> Driven:
    """The whole job: every challenger fitted and judged on inner parts, the best refitted for good.

    Args:
        plan: the run's.
        backend: where the tasks are done; it is left open.
        told: called whenever a fit has gone further.
        say: writes a line into the run's log.
        is_stopped: whether somebody wants the run to end.

    Raises:
        RunCancelledError: somebody did.
        RetrainError: no challenger could be fitted or saved, or the backend is gone.
    """
    at = _Drive(
        plan, backend, told, say, is_stopped, {c.number: c.note() for c in plan.challengers}
    )
    fits = at.all_of([Task(FIT, one.number) for one in plan.challengers])
    usable = [one for one in fits.values() if one.bad_rate is not None]
    if not usable:
        first = fits[Task(FIT, plan.challengers[0].number)].reason
        raise RetrainError(
            f"no challenger could be fitted: {first}", "Look at: workbench runs logs " + plan.run
        )
    most = max(one.rows for one in usable)
    # Of some parts alone a rate says less; on a tie the one nearest to the card's parameters wins.
    ranked = sorted(usable, key=lambda one: (one.rows < most, one.bad_rate or 0.0, one.task.number))
    for best in ranked[:MOST_WINNERS]:
        say(f"the best is fit {best.task.number}; it is fitted to all rows and judged once")
        task = Task(FINAL, best.task.number)
        outcome = at.all_of([task])[task]
        if outcome.reason is None:
            return Driven(at.notes[best.task.number], outcome, tuple(at.notes.values()))
    raise RetrainError(f"the winner cannot be used: {outcome.reason}", "Look at the recipe.")


def _end_of(outcome: FitOutcome) -> str:
    if not outcome.output:
        return ", which are withheld"
    lines = outcome.output.strip().splitlines()[-5:]
    return ", the last lines:\n" + "\n".join(f"    {line}" for line in lines)
