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


def test_of_two_commands_at_the_same_instant_one_trains_and_the_other_says_why_not(
    tmp_path: Path,
) -> None:
    ws = turned_workspace(tmp_path, "recipes_of_tests:some_seconds")
    go = tmp_path / "go"
    # Both are ready before either begins, so that it is the transaction that tells them apart.
    program = (
        "import sys, time; from pathlib import Path; from workbench.cli.main import run; "
        "import workbench.workspace.retraining; import workbench.cli.retrain; "
        "Path(sys.argv[1] + sys.argv[2]).touch()\n"
        "while not Path(sys.argv[1]).exists(): time.sleep(0.001)\n"
        "run(sys.argv[3:])"
    )
    commands = [
        subprocess.Popen(
            [
                sys.executable, "-c", program, str(go), str(number), "-C", str(ws.root), "retrain", "m",
                "--fits", "1",
            ],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for number in (1, 2)
    ]  # fmt: skip
    until(lambda: all(go.with_name(f"go{number}").exists() for number in (1, 2)))
    go.touch()
    said = [command.communicate(timeout=60) for command in commands]
    assert sorted(command.returncode for command in commands) == [0, 1], said
    refusal = next(
        err for command, (_, err) in zip(commands, said, strict=True) if command.returncode
    )
    assert "error: run-1 of m is under way" in refusal
    assert [one.id for one in ws.retraining.all()] == ["run-1"]
    ended = ws.retraining.wait("run-1")
    assert ended.state == "succeeded", ended.reason
    assert [path.name for path in (ws.root / "registry" / "m").iterdir() if path.is_dir()] in (
        ["1", "2"], ["2", "1"],
    )  # fmt: skip
    assert_no_process_left(ws, "run-1")


def test_an_ended_run_keeps_what_it_said_and_none_of_its_rows(slow: Workspace) -> None:
    for run in slow.retraining.all("m"):
        folder = run_folder(slow.store, run.id)
        assert not run.is_open
        assert (folder / "log.txt").exists()
        assert (folder / "plan.json").exists()
        assert not list(folder.rglob("*.parquet"))
        for path in folder.iterdir():
            assert path.is_file()
            assert path.stat().st_mode & 0o077 == 0, path
