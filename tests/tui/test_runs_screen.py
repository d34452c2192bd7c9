"""How far is a run? What its screen shows, and what can be done from it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual.pilot import Pilot

from tests.tui.conftest import drive, settled
from tests.tui.decisions import RUNNING, StandInDesk
from tests.tui.standin import StandIn
from tests.tui.test_deciding import said, write
from tests.tui.test_screens import lines, press, text
from workbench.tui.screens.model import ModelScreen
from workbench.tui.screens.runs import LogScreen, RunsScreen


def test_a_run_shows_its_progress_the_best_so_far_the_time_left_and_its_log(
    standin: StandIn, desk: StandInDesk
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter", "J")
        assert isinstance(pilot.app.screen, RunsScreen)
        about = text(pilot, "#about")
        assert "run-2  RUNNING  fitting" in about
        # One minute for five of twelve fits: 84 seconds for the other seven.
        assert "5 of 12 fits done, best so far 19.0% bad (fit 1), 84s left" in about
        assert lines(pilot, "#log")[-1].startswith("run-2 [@click=app.quit]\\x1b")
        assert "11:59:39Z fit-39: 20.1% bad" in text(pilot, "#log")
        await press(pilot, "j")
        about = " ".join(text(pilot, "#about").split())
        assert "18.1% bad, champion 1 41.2%; gain +23.1 points, 95 % +21.0 to +25.2" in about
        assert "run-1 [@click" in text(pilot, "#log")
        await press(pilot, "j")
        assert "its supervisor died" in text(pilot, "#about")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, LogScreen)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RunsScreen)

    drive(standin, steps, desk=desk)


def test_a_run_under_way_is_looked_at_again_by_itself(standin: StandIn, desk: StandInDesk) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "J")
        ended = replace(RUNNING, state="cancelled", phase="")
        desk.told["runs"] = (ended,)
        for _ in range(100):
            await asyncio.sleep(0.1)
            if "CANCELLED" in text(pilot):
                break
        assert "CANCELLED" in text(pilot)

    drive(standin, steps, low_bandwidth=False, desk=desk)


def test_a_run_is_ended_by_typing_its_name(standin: StandIn, desk: StandInDesk) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "J", "x")
        assert "5 of 12 fits, which are lost" in text(pilot)
        await press(pilot, "enter")
        assert desk.done == []
        await press(pilot, "x")
        await write(pilot, "run-2")
        await press(pilot, "enter")
        assert desk.done == [("cancel", "run-2")]
        await press(pilot, "j", "x")
        assert isinstance(pilot.app.screen, RunsScreen)
        assert "run-1 has ended: succeeded." in said(pilot)

    drive(standin, steps, desk=desk)


def test_a_run_without_a_candidate_is_not_promoted(standin: StandIn, desk: StandInDesk) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "J", "P")
        assert "run-2 has no candidate: it is running" in said(pilot)
        await press(pilot, "j", "P")
        await write(pilot, "air-time")
        await press(pilot, "enter")
        assert desk.done == [("promote", "air-time", "2", "", "False")]

    drive(standin, steps, desk=desk)


def test_no_runs_say_how_one_is_started(standin: StandIn, desk: StandInDesk) -> None:
    desk.told["runs"] = ()

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter", "J")
        assert "No retraining runs of air-time." in text(pilot)
        assert "v, then R" in text(pilot)
        await press(pilot, "x", "P", "B", "enter")
        assert desk.done == []
        await press(pilot, "v", "2")
        assert isinstance(pilot.app.screen, ModelScreen)

    drive(standin, steps, desk=desk)
