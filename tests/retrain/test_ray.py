"""Runs on a Ray of their own: the fits, a killed worker, a killed head, and nothing on the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.retrain.runs import (
    assert_no_process_left,
    kill,
    registry_of,
    turned_workspace,
    until,
)
from workbench.retrain.run_folder import run_folder, supervisor_pid
from workbench.workspace import Workspace
from workbench.workspace.planning_runs import Asked

ON_RAY = Asked(most_fits=2, backend="ray", author="tests")


def children_of(process: int, name: str) -> list[int]:
    """The processes below another whose command names something."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().decode(errors="replace")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if name in line and parent == process:
            found.append(int(entry.name))
    return found


def test_a_run_on_ray_outlives_a_killed_worker_and_a_greedy_fit_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = turned_workspace(tmp_path, "recipes_of_tests:dies_once_and_is_greedy_once")
    with (made.root / "workbench.toml").open("a") as settings:
        settings.write('memory_limit = "400MB"\n')
    ws = Workspace.open(made.root)
    started = ws.retraining.start("m", ON_RAY)
    ended = ws.retraining.wait(started.id)
    assert ended.state == "succeeded", (ended.reason, ws.retraining.log(started.id))
    assert ended.backend == "ray"
    assert max(one.attempts for one in ended.fits) == 2
    (reason,) = [one.reason for one in ended.fits if one.state == "failed"]
    assert "more memory than it may take: 400 MB ([retrain] memory_limit;" in (reason or "")
    assert ended.result is not None
    assert (ended.result.metrics.gain_low or 0.0) > 0
    assert_no_process_left(ws, started.id)
    assert tuple(capfd.readouterr()) == ("", "")
    folder = run_folder(ws.store, started.id)
    for line in (folder / "temporary.txt").read_text().splitlines():
        assert not Path(line).exists()


@pytest.mark.parametrize("killed", ["head", "supervisor"])
def test_a_killed_head_or_supervisor_fails_the_run_and_leaves_no_process(
    tmp_path: Path, killed: str
) -> None:
    ws = turned_workspace(tmp_path, "recipes_of_tests:slow")
    before = registry_of(ws)
    started = ws.retraining.start("m", ON_RAY)
    until(lambda: list(ws.root.glob("slow-*")), 90)
    supervisor = supervisor_pid(run_folder(ws.store, started.id))
    assert supervisor is not None
    (head,) = children_of(supervisor, "gcs_server")
    kill(head if killed == "head" else supervisor)
    ended = ws.retraining.wait(started.id)
    assert ended.state == "failed"
    assert "died" in (ended.reason or "")
    assert_no_process_left(ws, started.id, 40)
    assert registry_of(ws) == before
    for line in (run_folder(ws.store, started.id) / "temporary.txt").read_text().splitlines():
        assert not Path(line).exists()
