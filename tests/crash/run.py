"""Kills commands again and again, and looks whether anything was lost: `python -m tests.crash.run 200`."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.cli.command import done
from tests.crash.killing import Kill, Run, leave_no_process, run_killed, run_whole
from tests.crash.operations import NAMES, Operation, operations
from tests.crash.state import Totals, assert_tidy, facts, status_rows, totals
from workbench.store import steps
from workbench.store.staging import sweep
from workbench.workspace import Workspace

RANDOM, IN_COMMIT, AT_CLOSE = "at any time", "during the commit", "during the close"


@dataclass
class Trial:
    """One operation, and what an undisturbed run of it gives."""

    operation: Operation
    folder: Path
    run: Run
    facts: dict[str, Any]
    states: list[Totals]
    """Before it, and after each of its commits, as far as these were seen."""
    last: Totals
    """After it."""
    number: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    late: int = 0
    """Commands that had ended before they could be killed."""


def measure(operation: Operation, folder: Path) -> Trial:
    """Runs an operation undisturbed."""
    root = folder / f"{operation.name}-whole"
    arguments = operation.prepare(root)
    states = [totals(operation.template)] if operation.name != "reference" else []
    run = run_whole(arguments)
    trial = Trial(operation, folder, run, facts(root), states, totals(root))
    if operation.name in ("compact", "rebuild"):
        assert trial.facts == facts(operation.template)  # nothing that is answered changes
    shutil.rmtree(root)
    return trial


def kills(trial: Trial, seed: int) -> Iterator[tuple[str, Kill]]:
    """Without end: every named step in turn, the commit's own length, and times by chance."""
    chance = np.random.default_rng(seed)
    reached = _reached(trial.run)
    names = sorted(reached)
    chance.shuffle(names)
    while True:
        for step in names:
            yield step, Kill(step, int(chance.integers(reached[step])) + 1)
            nth = int(chance.integers(reached[steps.BEFORE_COMMIT])) + 1
            spot = chance.choice([RANDOM, RANDOM, IN_COMMIT, AT_CLOSE])
            if spot == RANDOM:
                yield RANDOM, Kill(delay=chance.uniform(0, trial.run.seconds))
            elif spot == IN_COMMIT:
                length = chance.uniform(0.0002, 0.01)
                yield IN_COMMIT, Kill(steps.BEFORE_COMMIT, nth, length)
            else:
                yield AT_CLOSE, Kill(steps.AFTER_COMMIT, nth, chance.uniform(0.0002, 0.02))


def check(trial: Trial, name: str, kill: Kill, *, is_new_state: bool = False) -> None:
    """Kills the command, looks at the store, gives the command again, and compares.

    Args:
        trial: the operation.
        name: what the kill is counted as.
        kill: when it dies.
        is_new_state: this is the first look at the store after one of its commits.
    """
    trial.number += 1
    root = trial.folder / f"{trial.operation.name}-{trial.number}"
    arguments = trial.operation.prepare(root)
    died = run_killed(arguments, kill)
    trial.killed[name] += died
    trial.late += not died
    try:
        leave_no_process(root / ".workbench")
        status_rows(root)
        found = totals(root)
        if is_new_state:
            trial.states.append(found)
        assert found in trial.states, (found, trial.states)
        done(*arguments)
        again = facts(root)
        for key, expected in trial.facts.items():
            assert again[key] == expected, (key, again[key], expected)
        if not trial.operation.is_sweeping:
            sweep(Workspace.open(root).store)  # as the next ingest does first
        done("-C", root, "doctor", "--deep", "--json")
        assert_tidy(root)
    except BaseException:
        print(f"{trial.operation.name}: killed {name} {kill}; kept in {root}", file=sys.stderr)
        raise
    shutil.rmtree(root)


def kill_often(folder: Path, names: Sequence[str], runs: int, seed: int = 1) -> list[Trial]:
    """Shares the runs among operations, at least one a commit and one more; returns what was done."""
    chosen = operations(folder, names)
    trials = []
    for place, operation in enumerate(chosen):
        trial = measure(operation, folder)
        trials.append(trial)
        plan = kills(trial, seed + place)
        commits = _reached(trial.run)[steps.AFTER_COMMIT]
        wanted = max(runs // len(chosen) + (place < runs % len(chosen)), commits + 1)
        for nth in range(1, commits + 1):
            kill = Kill(steps.AFTER_COMMIT, nth)
            check(trial, steps.AFTER_COMMIT, kill, is_new_state=True)
        assert trial.states[-1] == trial.last
        while trial.killed.total() < wanted and trial.late < wanted:
            check(trial, *next(plan))
    return trials


def _reached(run: Run) -> Counter[str]:
    return Counter(step for step, _ in run.reached)


def main() -> None:
    """Prints the count per step; arguments: how many kills, a seed, operations with commas."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    names = sys.argv[3].split(",") if len(sys.argv) > 3 else NAMES
    folder = Path(tempfile.mkdtemp(prefix="crash-"))
    trials = kill_often(folder, names, runs, seed)
    shutil.rmtree(folder)
    print(f"seed {seed}")
    for trial in trials:
        print(
            f"{trial.operation.name} ({trial.run.seconds:.2f} s, {len(trial.states) - 1} commits)"
        )
        for step, count in sorted(trial.killed.items()):
            print(f"  {count:4} killed {step}")
        if trial.late:
            print(f"  {trial.late:4} ended before they could be killed")
    total = sum((trial.killed for trial in trials), Counter[str]())
    print(f"all: {sum(total.values())} killed; nothing lost, nothing twice")
    for step, count in sorted(total.items()):
        print(f"  {count:4} {step}")


if __name__ == "__main__":
    main()
