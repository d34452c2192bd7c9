"""From a page to a decision: what is asked before a deed, what confirms it, and what is done then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.conftest import HOSTILE, drive, settled
from tests.tui.decisions import FORESEEN, NOW, StandInDesk
from tests.tui.standin import StandIn, model_status
from tests.tui.test_screens import lines, press, text
from workbench.domain.decision import FLAG, Decision
from workbench.errors import WorkbenchError
from workbench.tui.screens.confirm import ConfirmScreen
from workbench.tui.screens.fleet import FleetScreen
from workbench.tui.screens.runs import RunsScreen
from workbench.tui.screens.verdict import VerdictScreen
from workbench.workspace.retrain_budget import BudgetState


async def write(pilot: Pilot[None], typed: str) -> None:
    """Types into the line that has the keys."""
    line = pilot.app.focused
    assert isinstance(line, Input)
    line.value = typed
    await settled(pilot)


async def fill(pilot: Pilot[None], line: str, typed: str) -> None:
    """Goes to a line and types into it."""
    pilot.app.screen.query_one(line, Input).focus()
    await settled(pilot)
    await write(pilot, typed)


def is_on(pilot: Pilot[None], kind: type[object]) -> bool:
    """Whether the screen is of this kind, by now."""
    return isinstance(pilot.app.screen, kind)


def said(pilot: Pilot[None]) -> str:
    """Every message that is shown."""
    return "\n".join(str(one.message) for one in pilot.app._notifications)


# Questions.


@pytest.mark.parametrize("keys", [("enter",), ("escape",), ("tab", "enter")])
def test_a_question_is_answered_with_no_by_default(
    standin: StandIn, desk: StandInDesk, keys: tuple[str, ...]
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        for deed in ("R", "P", "B", "F"):
            await press(pilot, *(() if deed != "R" else ("v",)), deed)
            assert isinstance(pilot.app.screen, ConfirmScreen), deed
            if deed in "PB" and keys == ("tab", "enter"):
                await press(pilot, "tab")
            await press(pilot, *keys)
            assert isinstance(pilot.app.screen, VerdictScreen), deed
        assert desk.done == []

    drive(standin, steps, desk=desk)


def test_retraining_states_data_fits_cost_and_budget_and_wants_the_name(
    standin: StandIn, desk: StandInDesk
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "R")
        seen = text(pilot)
        for words in (
            "since 2013-07-10", "by verdict 3", "12,345 rows", "4,012", "310 faulty", "12 of",
            "12.50 a run", "3 of 4 retrainings left",
        ):  # fmt: skip
            assert words in seen, words
        await write(pilot, "air-tim")
        await press(pilot, "enter")
        assert is_on(pilot, ConfirmScreen)
        assert desk.done == []
        await write(pilot, "air-time")
        await press(pilot, "enter")
        assert desk.done == [("retrain", "air-time", "")]
        assert is_on(pilot, RunsScreen)
        assert "run-2 is started" in said(pilot)
        await press(pilot, "escape")
        assert is_on(pilot, VerdictScreen)

    drive(standin, steps, desk=desk)


def test_going_over_the_budget_needs_a_reason(standin: StandIn, desk: StandInDesk) -> None:
    budget = BudgetState(4, 4, 0.0, timedelta(0))
    desk.told["foreseen"] = replace(FORESEEN, budget=budget)

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "R")
        assert "does not allow it: 4 of 4 retrainings" in text(pilot)
        await fill(pilot, "#word", "air-time")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        await write(pilot, "the storm is over")
        await press(pilot, "enter")
        assert desk.done == [("retrain", "air-time", "the storm is over")]

    drive(standin, steps, desk=desk)


@pytest.mark.parametrize("is_forced", [False, True])
def test_promotion_shows_the_holdout_and_against_it_wants_a_reason(
    standin: StandIn, desk: StandInDesk, is_forced: bool
) -> None:
    desk.told["is_forced"] = is_forced

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "P")
        seen = text(pilot)
        assert "18.1% bad with 2, 41.2% with the champion" in seen
        assert "+23.1 points, 95 % +21.0 to +25.2" in seen
        assert "1 worse: carrier = UA (-4.0)" in seen
        assert "./deploy.sh --all" in seen
        assert ("not better than the champion" in seen) == is_forced
        await fill(pilot, "#word", "air-time")
        await press(pilot, "enter")
        assert (desk.done == []) == is_forced
        if is_forced:
            await write(pilot, "storms")
            await press(pilot, "enter")
        reason = "storms" if is_forced else ""
        assert desk.done == [("promote", "air-time", "2", reason, str(is_forced))]
        assert "version 2 is the champion, was 1" in said(pilot)

    drive(standin, steps, desk=desk)


def test_without_a_candidate_promotion_says_how_to_make_one(
    standin: StandIn, desk: StandInDesk
) -> None:
    desk.told["runs"] = ()

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "P")
        assert isinstance(pilot.app.screen, VerdictScreen)
        assert "there is no candidate to promote\nR trains challengers" in said(pilot)

    drive(standin, steps, desk=desk)


def test_rolling_back_wants_the_name(standin: StandIn, desk: StandInDesk) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "B")
        assert "2, becomes 1" in text(pilot)
        await write(pilot, "air-time")
        await press(pilot, "enter")
        assert desk.done == [("roll back", "air-time", "")]

    drive(standin, steps, desk=desk)


def test_a_flag_is_set_with_a_reason_and_lifted_with_one(
    standin: StandIn, desk: StandInDesk
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "F")
        assert "verdict 3: retrain, 93%" in text(pilot)
        await write(pilot, "needs the winds aloft")
        await press(pilot, "enter")
        assert "flagged for redesign" in lines(pilot)[2]
        await press(pilot, "F")
        assert "by ana: needs the winds aloft" in text(pilot)
        await write(pilot, "has them")
        await press(pilot, "enter")
        assert "flagged" not in lines(pilot)[2]
        assert desk.done == [
            ("flag", "air-time", "needs the winds aloft"), ("lift", "air-time", "has them"),
        ]  # fmt: skip

    drive(standin, steps, desk=desk)


def test_a_flagged_model_says_so_before_a_retraining(standin: StandIn, desk: StandInDesk) -> None:
    flag = Decision("d", "air-time", FLAG, NOW, "ana", "no winds")
    desk.told["foreseen"] = replace(FORESEEN, flag=flag)

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "R")
        assert "Flagged for redesign by ana: no winds" in text(pilot)

    drive(standin, steps, desk=desk)


def test_a_name_that_no_keyboard_has_is_typed_as_it_is_shown(desk: StandInDesk) -> None:
    standin = StandIn(statuses=(model_status(HOSTILE),))

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "R")
        assert "Type [/b]risk \\x1b[31m🚀 to go on" in text(pilot)
        await write(pilot, "[/b]risk \\x1b[31m🚀")
        await press(pilot, "enter")
        assert desk.done == [("retrain", HOSTILE, "")]

    drive(standin, steps, desk=desk)


# Deeds.


def test_a_deed_that_is_refused_says_why_and_leaves_the_screen_as_it_was(
    standin: StandIn, desk: StandInDesk
) -> None:
    desk.told["error"] = WorkbenchError("run-2 of [b]air-time[/b] is under way", "Wait for it.")

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "R")
        assert isinstance(pilot.app.screen, VerdictScreen)
        assert "run-2 of [b]air-time[/b] is under way\nWait for it." in said(pilot)
        assert "stale" not in lines(pilot)[0]
        assert "RETRAIN" in text(pilot)

    drive(standin, steps, desk=desk)


def test_a_deed_goes_on_when_its_screen_is_left(standin: StandIn, desk: StandInDesk) -> None:
    desk.gate.clear()

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "R")
        pilot.app.screen.query_one("#word", Input).value = "air-time"
        await pilot.press("enter")
        while "retrain ..." not in lines(pilot)[0]:
            await pilot.pause(0.01)
        await pilot.press("F")
        await pilot.pause()
        assert "Wait: retrain is under way." in said(pilot)
        await pilot.press("escape")
        await pilot.pause()
        desk.gate.set()
        await settled(pilot)
        assert isinstance(pilot.app.screen, FleetScreen)
        assert desk.done == [("retrain", "air-time", "")]
        assert "run-2 is started" in said(pilot)

    drive(standin, steps, desk=desk)


def test_a_deed_that_fails_is_told_and_another_may_follow(
    standin: StandIn, desk: StandInDesk
) -> None:
    desk.told["failure"] = WorkbenchError("the disk is full", "Make room.")

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v", "R")
        await write(pilot, "air-time")
        await press(pilot, "enter")
        assert "the disk is full\nMake room." in said(pilot)
        assert isinstance(pilot.app.screen, VerdictScreen)
        await press(pilot, "R")
        assert isinstance(pilot.app.screen, ConfirmScreen)

    drive(standin, steps, desk=desk)


@pytest.mark.parametrize("where", [("enter",), ("v",)])
def test_the_report_is_one_key_away_and_its_path_is_told(
    standin: StandIn, desk: StandInDesk, where: tuple[str, ...]
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, *where, "e")
        assert desk.done == [("export", "air-time", "")]
        assert "report: reports/air-time.md" in said(pilot)

    drive(standin, steps, desk=desk)
