"""How the screens look: a picture of each state at both sizes, compared character by character.

After a change that is meant: `pytest tests/tui/test_snapshots.py --snapshot-update`, look at
the pictures, and keep them with the change. They belong to one version of Textual.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

import pytest
from textual.app import App
from textual.pilot import Pilot

from tests.tui.conftest import settled
from tests.tui.decisions import StandInDesk
from tests.tui.standin import StandIn
from workbench.errors import NoRowsError, StoreLockedError
from workbench.tui.application import WorkbenchApp
from workbench.tui.glyphs import ASCII, UNICODE, Glyphs

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
LOCKED = StoreLockedError(
    "the store is held by process 4711 (workbench ingest)",
    "Wait until it is done, or raise lock_timeout in workbench.toml.",
)


class SnapCompare(Protocol):
    """The fixture of the plugin."""

    def __call__(
        self,
        app: App[None],
        *,
        terminal_size: tuple[int, int],
        run_before: Callable[[Pilot[None]], Awaitable[None]],
    ) -> bool:
        """Whether the picture is the one that was kept."""
        ...


class Still(WorkbenchApp):
    """The app; at its end nothing waits for a query that a test holds back."""

    def on_unmount(self) -> None:
        """Lets the query go."""
        source = self.session.source
        assert isinstance(source, StandIn)
        source.gate.set()


def looks_the_same(
    snap_compare: SnapCompare,
    source: StandIn,
    size: tuple[int, int],
    keys: Sequence[str] = (),
    glyphs: Glyphs = UNICODE,
    is_answered: bool = True,
    desk: StandInDesk | None = None,
) -> bool:
    async def before(pilot: Pilot[None]) -> None:
        # A cursor on the mouse's first place would be drawn as hovered over.
        await pilot.hover(offset=(0, size[1] - 1))
        if not is_answered:
            await pilot.pause()
            return
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        while size[1] >= 30 and _chart_is_due(pilot, source):
            await settled(pilot)

    app = Still(source, low_bandwidth=True, glyphs=glyphs, desk=desk)
    return snap_compare(app, terminal_size=size, run_before=before)


def _chart_is_due(pilot: Pilot[None], source: StandIn) -> bool:
    """The chart of the fleet's screen comes a moment after the table."""
    is_home = len(pilot.app.screen_stack) == 1
    known = any(what == "performance" for what, _, _ in source.asked)
    return is_home and bool(source.statuses) and source.error is None and not known


@SIZES
def test_loading(snap_compare: SnapCompare, standin: StandIn, size: tuple[int, int]) -> None:
    standin.gate.clear()
    assert looks_the_same(snap_compare, standin, size, is_answered=False)


@SIZES
def test_empty(snap_compare: SnapCompare, standin: StandIn, size: tuple[int, int]) -> None:
    standin.statuses = ()
    assert looks_the_same(snap_compare, standin, size)


@SIZES
def test_error(snap_compare: SnapCompare, standin: StandIn, size: tuple[int, int]) -> None:
    standin.error = LOCKED
    assert looks_the_same(snap_compare, standin, size)


@SIZES
def test_alert(snap_compare: SnapCompare, standin: StandIn, size: tuple[int, int]) -> None:
    assert looks_the_same(snap_compare, standin, size)


@SIZES
def test_model(snap_compare: SnapCompare, standin: StandIn, size: tuple[int, int]) -> None:
    assert looks_the_same(snap_compare, standin, size, ("down", "enter"))


@SIZES
def test_drift(snap_compare: SnapCompare, standin: StandIn, size: tuple[int, int]) -> None:
    assert looks_the_same(snap_compare, standin, size, ("down", "enter", "enter"))


@SIZES
def test_help(snap_compare: SnapCompare, standin: StandIn, size: tuple[int, int]) -> None:
    assert looks_the_same(snap_compare, standin, size, ("enter", "question_mark"))


@SIZES
def test_verdict(
    snap_compare: SnapCompare, standin: StandIn, desk: StandInDesk, size: tuple[int, int]
) -> None:
    assert looks_the_same(snap_compare, standin, size, ("v", "j"), desk=desk)


@SIZES
def test_retrain_question(
    snap_compare: SnapCompare, standin: StandIn, desk: StandInDesk, size: tuple[int, int]
) -> None:
    assert looks_the_same(snap_compare, standin, size, ("v", "R"), desk=desk)


@SIZES
def test_promotion_against_the_holdout(
    snap_compare: SnapCompare, standin: StandIn, desk: StandInDesk, size: tuple[int, int]
) -> None:
    desk.told["is_forced"] = True
    assert looks_the_same(snap_compare, standin, size, ("v", "P"), desk=desk)


@SIZES
def test_runs(
    snap_compare: SnapCompare, standin: StandIn, desk: StandInDesk, size: tuple[int, int]
) -> None:
    assert looks_the_same(snap_compare, standin, size, ("J",), desk=desk)


def test_run_that_succeeded(snap_compare: SnapCompare, standin: StandIn, desk: StandInDesk) -> None:
    assert looks_the_same(snap_compare, standin, (80, 24), ("J", "j"), desk=desk)


def test_help_of_the_verdict(
    snap_compare: SnapCompare, standin: StandIn, desk: StandInDesk
) -> None:
    assert looks_the_same(snap_compare, standin, (80, 24), ("v", "question_mark"), desk=desk)


def test_error_above_old_data(snap_compare: SnapCompare, standin: StandIn) -> None:
    async def fails_later(pilot: Pilot[None]) -> None:
        await settled(pilot)
        standin.error = LOCKED
        await pilot.press("r")
        await settled(pilot)

    app = Still(standin, low_bandwidth=True, glyphs=UNICODE)
    assert snap_compare(app, terminal_size=(80, 24), run_before=fails_later)


def test_model_without_rows(snap_compare: SnapCompare, standin: StandIn) -> None:
    async def opens_it(pilot: Pilot[None]) -> None:
        await settled(pilot)
        standin.error = NoRowsError(
            "no predictions of churn are stored",
            "Ingest some: workbench ingest PATH --model churn",
        )
        await pilot.press("G", "enter")
        await settled(pilot)

    app = Still(standin, low_bandwidth=True, glyphs=UNICODE)
    assert snap_compare(app, terminal_size=(80, 24), run_before=opens_it)


def test_too_small(snap_compare: SnapCompare, standin: StandIn) -> None:
    assert looks_the_same(snap_compare, standin, (60, 16))


def test_plain_ascii(snap_compare: SnapCompare, standin: StandIn) -> None:
    assert looks_the_same(snap_compare, standin, (80, 24), ("enter",), ASCII)


def test_without_colour(
    snap_compare: SnapCompare, standin: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert looks_the_same(snap_compare, standin, (80, 24))


def test_hostile_names(snap_compare: SnapCompare, standin: StandIn) -> None:
    names = ("[/b]", "[red]x[/red]", "a\x1b[31mb", "emoji 🚀 and 漢字", "[@click=app.quit]y[/]")
    standin.statuses = tuple(
        replace(standin.statuses[0], name=name, reason=f"{name} is on [b]fire[/b]")
        for name in names
    )
    assert looks_the_same(snap_compare, standin, (80, 24), ("j", "j"))
