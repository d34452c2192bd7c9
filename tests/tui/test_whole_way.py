"""The whole way on a real workspace: verdict, retraining, promotion, rollback, flag and report."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
from textual.pilot import Pilot

from tests.logs import binary_log
from tests.retrain.runs import DAYS, TURNED, turned_workspace
from tests.tui.conftest import drive, settled
from tests.tui.test_deciding import said, write
from tests.tui.test_screens import lines, press, text
from workbench.tui.screens.confirm import ConfirmScreen
from workbench.tui.screens.runs import RunsScreen
from workbench.workspace import Workspace
from workbench.workspace.flagging import standing_flag
from workbench.workspace.promoting import history


def _shifted_log() -> pl.DataFrame:
    """A log of a world in which, from a day on, it takes more for the positive class."""
    log = binary_log(3000, seed=0, hours=24.0 * DAYS)
    noise = pl.Series(np.random.default_rng(3).normal(0.0, 0.4, log.height))
    late = pl.col("timestamp") >= TURNED.replace(tzinfo=None)
    new = ((pl.col("x") + noise) > 1.2).cast(log["label"].dtype)
    return log.with_columns(label=pl.when(late).then(new).otherwise(pl.col("label")))


def start_a_run_and_be_killed(root: str) -> None:
    """The terminal UI in a process of its own, which dies as soon as its run is under way."""

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter", "v")
        assert "verdict 1" in lines(pilot)[1], "the first verdict is reached by itself"
        await press(pilot, "R")
        assert "of linear" in text(pilot)
        await write(pilot, "m")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, RunsScreen)
        assert "run-1" in text(pilot)
        os.kill(os.getpid(), signal.SIGKILL)

    drive(Workspace.open(root), steps)


def test_from_page_to_promotion_and_back_without_leaving(tmp_path: Path) -> None:
    ws = turned_workspace(tmp_path, log=_shifted_log())
    # Starting a second process takes longer than all fits do.
    settings = ws.root / "workbench.toml"
    settings.write_text(settings.read_text().replace("workers = 2", "workers = 1"))
    ws = Workspace.open(ws.root)

    code = f"from {__name__} import start_a_run_and_be_killed as f; f({str(ws.root)!r})"
    killed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    # The terminal UI is gone, and another process looks at the same files.
    ended = Workspace.open(ws.root).retraining.wait("run-1")
    assert ended.state == "succeeded"
    assert ended.result is not None
    foreseen = ws.retraining.foreseen("m")
    assert len(ended.fits) == foreseen.fits
    assert (ended.train_rows, ended.holdout_rows) == (foreseen.train_rows, foreseen.holdout_rows)
    version = ended.result.challenger

    async def decides(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "J")
        assert "SUCCEEDED" in text(pilot, "#about")
        assert lines(pilot, "#log")[-1].endswith("succeeded")
        await press(pilot, "P")
        assert f"1, becomes {version}" in text(pilot)
        await write(pilot, "m")
        await press(pilot, "enter")
        assert f"version {version} is the champion, was 1" in said(pilot)
        await press(pilot, "v")
        assert f"champion {version}" in lines(pilot)[2]
        assert "judges version 1" in lines(pilot)[2]
        await press(pilot, "B")
        await write(pilot, "m")
        await press(pilot, "enter")
        assert "champion 1" in lines(pilot)[2]
        await press(pilot, "F")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        await write(pilot, "needs another input")
        await press(pilot, "enter")
        assert "flagged for redesign" in lines(pilot)[2]
        await press(pilot, "e")
        assert "report: reports/m-" in said(pilot)

    drive(Workspace.open(ws.root), decides)
    assert [one.kind for one in history(ws, "m")] == ["promotion", "rollback", "flag"]
    flag = standing_flag(ws, "m")
    assert flag is not None
    assert flag.reason == "needs another input"
    assert len(list((ws.root / "reports").glob("m-*.md"))) == 1
