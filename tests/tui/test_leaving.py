"""Starting and leaving: paint before work, and no thread left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import drive
from tests.tui.standin import StandIn
from workbench.domain.status import ModelStatus
from workbench.tui.application import WorkbenchApp
from workbench.tui.widgets.notice import Notice


class Slow(StandIn):
    """Answers after the operator has left, and notes that it did."""

    finished = False

    def status(self) -> tuple[ModelStatus, ...]:
        """Takes its time."""
        time.sleep(0.6)
        self.finished = True
        return super().status()


def test_leaving_waits_for_the_running_query() -> None:
    source = Slow()

    async def leave(pilot: Pilot[None]) -> None:
        while not any(t.name.startswith("asyncio_") for t in threading.enumerate()):
            await pilot.pause()
        await pilot.press("q")

    WorkbenchApp(source, low_bandwidth=True).run(headless=True, auto_pilot=leave)  # type: ignore[arg-type]
    assert source.finished
    assert not [t for t in threading.enumerate() if t.name.startswith("asyncio_")]


def test_the_screen_is_painted_before_anything_was_answered(standin: StandIn) -> None:
    standin.gate.clear()

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.pause()
        notice = pilot.app.screen.query_one(Notice)
        assert notice.display
        assert "Reading flights ..." in str(notice.content)
        standin.gate.set()

    drive(standin, steps)


def test_starting_needs_no_heavy_library() -> None:
    code = (
        "import sys, workbench.tui.application\n"
        "heavy = {'polars', 'duckdb', 'altair', 'marimo', 'numpy', 'scipy', 'sklearn', 'pyarrow'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("low", "frames"), [(True, "10"), (False, "60")])
def test_low_bandwidth_is_set_before_textual_reads_it(low: bool, frames: str) -> None:
    code = (
        "import sys, types\n"
        "class App:\n"
        "    def __init__(self, ws, low_bandwidth): pass\n"
        "    def run(self):\n"
        "        from textual import constants\n"
        "        print(constants.MAX_FPS)\n"
        "sys.modules['workbench.tui.application'] = types.SimpleNamespace(WorkbenchApp=App)\n"
        "from workbench.tui.app import run_app\n"
        f"run_app(None, low_bandwidth={low})\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TEXTUAL_")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == frames
