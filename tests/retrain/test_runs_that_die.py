"""A run and the processes around it, killed: what is left is whole, and what happened is told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.retrain.runs import (
    assert_no_process_left,
    kill,
    processes_of,
    registry_of,
    turned_workspace,
    until,
)
from workbench.errors import WorkbenchError
from workbench.retrain.run_folder import run_folder, supervisor_pid
from workbench.workspace import Workspace
from workbench.workspace.planning_runs import Asked
from workbench.workspace.retraining import DIED

SLOW = Asked(most_fits=2, author="tests")


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose fits take five minutes."""
    return turned_workspace(tmp_path_factory.mktemp("slow"), "recipes_of_tests:slow")


def begun(ws: Workspace, run: str) -> int:
    """The supervisor of a run whose fits have begun."""
    for mark in ws.root.glob("slow-*"):
        mark.unlink()
    until(lambda: list(ws.root.glob("slow-*")))
    found = supervisor_pid(run_folder(ws.store, run))
    assert found is not None
    return found


def test_a_killed_supervisor_leaves_a_failed_run_and_no_process(slow: Workspace) -> None:
    before = registry_of(slow)
    run = slow.retraining.start("m", SLOW).id
    supervisor = begun(slow, run)
    assert len(processes_of(slow)) >= 2
    kill(supervisor)
    assert_no_process_left(slow, run)
    (found,) = [one for one in slow.retraining.all("m") if one.id == run]
    assert found.state == "failed"
    assert DIED in (found.reason or "")
    assert "fitting" in (found.reason or "")
    assert registry_of(slow) == before


def test_a_second_run_of_a_model_is_refused_while_the_first_lives_and_it_can_be_cancelled(
    slow: Workspace,
) -> None:
    before = registry_of(slow)
    run = slow.retraining.start("m", SLOW).id
    with pytest.raises(WorkbenchError, match=f"{run} of m is under way") as refused:
        slow.retraining.start("m", SLOW)
    assert f"runs cancel {run}" in refused.value.hint
    begun(slow, run)
    ended = slow.retraining.cancel(run, "tests")
    assert ended.state == "cancelled"
    assert_no_process_left(slow, run)
    assert registry_of(slow) == before
    with pytest.raises(WorkbenchError, match="has ended: cancelled"):
        slow.retraining.cancel(run, "tests")


def test_a_run_goes_on_when_the_command_that_started_it_is_killed(tmp_path: Path) -> None:
    ws = turned_workspace(tmp_path)
    program = "import sys; from workbench.cli.main import run; run(sys.argv[1:])"
    command = subprocess.Popen(
        [sys.executable, "-c", program, "-C", str(ws.root), "retrain", "m", "--fits", "1", "--wait"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    until(lambda: [r for r in ws.retraining.all() if supervisor_pid(run_folder(ws.store, r.id))])
    os.killpg(command.pid, signal.SIGKILL)
    command.communicate()
    ended = ws.retraining.wait("run-1")
    assert ended.state == "succeeded", ended.reason
    assert_no_process_left(ws, "run-1")
