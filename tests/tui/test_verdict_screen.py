"""What is wrong, and why? What the screen of a verdict shows, and how triage is told and ended."""

from __future__ import annotations

import threading
from dataclasses import replace

from textual.pilot import Pilot

from tests.tui.conftest import drive, settled
from tests.tui.decisions import FORESEEN, HOSTILE_TEXT, RUNNING, VERDICT, StandInDesk
from tests.tui.standin import StandIn
from tests.tui.test_deciding import said
from tests.tui.test_screens import lines, press, text
from workbench.tui.messages import StandingLoaded
from workbench.tui.screens.verdict import VerdictScreen
from workbench.tui.widgets.records import Records


def test_the_verdict_says_what_why_and_with_which_figures(
    standin: StandIn, desk: StandInDesk
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter", "v")
        assert isinstance(pilot.app.screen, VerdictScreen)
        seen = text(pilot)
        assert "RETRAIN  93% sure" in seen
        assert "verdict 3, made 7m ago" in seen
        assert "The same inputs have other outcomes than before" in " ".join(seen.split())
        rows = lines(pilot, Records)
        kinds = [row.split("  ")[0].strip() for row in rows[1:]]
        assert kinds[:4] == ["cause", "for", "against", "also"] or kinds[:3] == [
            "cause", "for", "against",
        ]  # fmt: skip
        gain = next(row for row in rows if row.startswith("for"))
        assert gain.split()[-4:] == ["0.23", "0.21..0.25", "4,012", "0.020"]
        assert any("workbench retrain" in row for row in rows)
        assert any(row.startswith("keep out") and "carrier = UA" in row for row in rows)
        assert any(row.startswith("no figure") for row in rows)

    drive(standin, steps, desk=desk)


def test_the_strip_says_the_row_under_the_cursor_in_full(
    standin: StandIn, desk: StandInDesk
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v")
        assert "12.0% of the rise; repair: divide by 60; fix upstream" in " ".join(
            text(pilot, "#about").split()
        )
        await press(pilot, "j")
        assert "18.1% would be bad in place of 41.2%" in text(pilot, "#about")

    drive(standin, steps, desk=desk)


def test_text_of_a_verdict_is_never_markup(standin: StandIn, desk: StandInDesk) -> None:
    evidence = replace(VERDICT.evidence[0], reading=HOSTILE_TEXT, name=HOSTILE_TEXT)
    desk.told["verdict"] = replace(
        VERDICT, summary=HOSTILE_TEXT, evidence=(evidence,), causes=(), actions=(HOSTILE_TEXT,),
        notes=(HOSTILE_TEXT,),
    )  # fmt: skip
    desk.told["runs"] = (replace(RUNNING, phase=HOSTILE_TEXT, window=HOSTILE_TEXT),)
    desk.told["foreseen"] = replace(FORESEEN, window=HOSTILE_TEXT)

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        for keys in (("v",), ("R",), ("escape", "J"), ("enter",)):
            await press(pilot, *keys)
            assert "\x1b" not in text(pilot)
            assert "[@click=app.quit]\\x1b[31mred" in text(pilot)

    drive(standin, steps, (120, 40), desk=desk)


def test_without_a_verdict_triage_runs_and_tells_its_steps(
    standin: StandIn, desk: StandInDesk
) -> None:
    desk.told["verdict"] = None
    desk.gate.clear()

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.press("v")
        while "replay" not in text(pilot):
            await pilot.pause(0.01)
        assert "Triage is under way" in text(pilot)
        assert "the champion scores the logged rows" in text(pilot)
        assert desk.done == []
        desk.gate.set()
        await settled(pilot)
        assert "verdict 4" in text(pilot)
        assert desk.done == [("triage", "air-time", "")]

    drive(standin, steps, desk=desk)


def test_triage_can_be_ended_and_records_nothing(standin: StandIn, desk: StandInDesk) -> None:
    desk.gate.clear()

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v")
        await pilot.press("T")
        while "Triage is under way" not in text(pilot):
            await pilot.pause(0.01)
        await pilot.press("x")
        await pilot.pause()
        desk.gate.set()
        await settled(pilot)
        assert desk.done == []
        assert "RETRAIN" in text(pilot)
        await press(pilot, "T")
        assert desk.done == [("triage", "air-time", "")]

    drive(standin, steps, desk=desk)


def test_triage_that_is_ended_after_its_last_step_records_nothing(
    standin: StandIn, desk: StandInDesk
) -> None:
    desk.told["late"] = True
    desk.gate.clear()

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v")
        await pilot.press("T")
        while "41.2% bad of 8,123" not in text(pilot):
            await pilot.pause(0.01)
        await pilot.press("x")
        await pilot.pause()
        assert "nothing was recorded" in said(pilot)
        desk.gate.set()
        await settled(pilot)
        assert desk.done == []
        assert "verdict 3" in text(pilot)

    drive(standin, steps, desk=desk)


def test_triage_whose_verdict_is_being_recorded_cannot_be_ended_and_says_so(
    standin: StandIn, desk: StandInDesk
) -> None:
    recording = desk.told["recording"] = threading.Event()

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v")
        await pilot.press("T")
        while not recording.is_set():
            await pilot.pause(0.01)
        await pilot.press("x")
        await pilot.pause()
        assert "nothing was recorded" not in said(pilot)
        assert "is reached already" in said(pilot)
        desk.recorded.set()
        await settled(pilot)
        assert desk.done == [("triage", "air-time", "")]
        assert "verdict 4" in text(pilot)

    drive(standin, steps, desk=desk)


def test_an_older_answer_does_not_end_the_triage_that_is_under_way(
    standin: StandIn, desk: StandInDesk
) -> None:
    desk.gate.clear()

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "v")
        await pilot.press("T")
        pilot.app.screen.post_message(StandingLoaded(desk.standing("air-time")))
        await pilot.pause()
        assert "Triage is under way" in text(pilot)
        await pilot.press("x")
        await pilot.pause()
        desk.gate.set()
        await settled(pilot)
        assert desk.done == []

    drive(standin, steps, desk=desk)
