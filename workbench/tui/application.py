"""The app: which screen is shown, and the few keys that every screen has."""

from __future__ import annotations

import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import App
from textual.binding import Binding
from textual.screen import Screen

from workbench.domain.names import shown
from workbench.tui.desk import Desk
from workbench.tui.glyphs import Glyphs, terminal_glyphs
from workbench.tui.keys import key_hints
from workbench.tui.messages import DeedDone
from workbench.tui.palette import WORKBENCH_THEME
from workbench.tui.screens.base import QueryScreen
from workbench.tui.screens.deciding import DecidingScreen
from workbench.tui.screens.drift import DriftScreen
from workbench.tui.screens.fleet import FleetScreen
from workbench.tui.screens.help import HelpScreen
from workbench.tui.screens.model import ModelScreen
from workbench.tui.screens.runs import RunsScreen
from workbench.tui.screens.verdict import VerdictScreen
from workbench.tui.session import PlaceChosen, Session
from workbench.tui.source import Source

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_HERE = Path(__file__).parent
_SHEETS = ("fleet", "model", "drift", "help", "verdict", "runs", "confirm")


class WorkbenchApp(App[None]):
    """The terminal UI on one workspace."""

    TITLE = "workbench"
    # Textual looks beside the module of the subclass that runs, so the paths are absolute.
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        _HERE / "application.tcss",
        *(_HERE / "screens" / f"{name}.tcss" for name in _SHEETS),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (80, "-narrow"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (24, "-short"), (30, "-tall")]
    BINDINGS = [
        Binding("escape,backspace", "back", "back", key_display="Esc", tooltip="one screen back"),
        Binding("q", "quit", "quit", tooltip="leave; Esc never does"),
        Binding("question_mark", "help", "help", tooltip="this page"),
        Binding(
            "J", "runs", "runs", show=False, tooltip="retraining runs of all models, or of this"
        ),
        Binding("colon", "command_palette", "commands", show=False, tooltip="themes and more"),
    ]

    def __init__(
        self,
        ws: Source,
        low_bandwidth: bool = False,
        glyphs: Glyphs | None = None,
        desk: Desk | None = None,
    ) -> None:
        """An app on a workspace that the caller opened and closes.

        Args:
            ws: what screens ask, from worker threads.
            low_bandwidth: nothing on the screen changes by itself.
            glyphs: the characters to draw with; those of the terminal when None.
            desk: the decisions; those of the workspace when None.
        """
        super().__init__()
        decisions = desk or Desk(cast("Workspace", ws))
        self.session = Session(ws, glyphs or terminal_glyphs(), decisions, low_bandwidth)
        self.register_theme(WORKBENCH_THEME)
        # Textual has read a theme of the operator's choice from the environment already.
        if "TEXTUAL_THEME" not in os.environ:
            self.theme = WORKBENCH_THEME.name
        if low_bandwidth:
            self.animation_level = "none"

    def get_default_screen(self) -> Screen[None]:
        """The fleet, without a blank screen before it."""
        return FleetScreen(self.session)

    def on_place_chosen(self, message: PlaceChosen) -> None:
        """Goes back to the place if it is on the way here, else opens it."""
        for depth, screen in enumerate(reversed(self.screen_stack)):
            if _is_place(screen, message):
                for _ in range(depth):
                    self.pop_screen()
                if isinstance(screen, DriftScreen):
                    screen.stand_on(message.column)
                return
        if message.place == "model":
            self.push_screen(ModelScreen(self.session, message.model))
        elif message.place == "drift":
            self.push_screen(DriftScreen(self.session, message.model, message.column))
        elif message.place == "verdict":
            self.push_screen(VerdictScreen(self.session, message.model))
        elif message.place == "runs":
            self.push_screen(RunsScreen(self.session, message.model or None))

    def on_deed_done(self, message: DeedDone) -> None:
        """Tells how a deed ended, wherever the operator is by now, and reads anew."""
        self.session.doing = ""
        if message.failure is not None:
            self.notify(message.failure.words, severity="error", timeout=30, markup=False)
        else:
            self.notify(shown(message.text), timeout=8, markup=False)
        if not isinstance(self.screen, QueryScreen):
            return
        if message.place and isinstance(self.screen, DecidingScreen):
            self.on_place_chosen(PlaceChosen(message.place, message.model))
        # A screen that was just opened reads by itself.
        now: object = self.screen
        if isinstance(now, QueryScreen) and now.is_mounted:
            now.action_reload()

    async def action_back(self) -> None:
        """One screen back; at home it says how to leave, and stays."""
        if len(self.screen_stack) > 1:
            self.pop_screen()
        else:
            self.notify("This is the first screen; q leaves.", timeout=2, markup=False)

    def action_runs(self) -> None:
        """The retraining runs of the model that is looked at, else of all."""
        if isinstance(self.screen, QueryScreen) and not isinstance(self.screen, RunsScreen):
            model = getattr(self.screen, "model", None) or ""
            self.on_place_chosen(PlaceChosen("runs", model))

    def action_help(self) -> None:
        """The keys of the screen, and what its numbers mean."""
        if isinstance(self.screen, QueryScreen):
            self.push_screen(HelpScreen(key_hints(self.screen), self.screen.HELP_TEXT))


def _is_place(screen: Screen[object], message: PlaceChosen) -> bool:
    if message.place == "fleet":
        return isinstance(screen, FleetScreen)
    if message.place == "runs":
        return isinstance(screen, RunsScreen) and (screen.model or "") == message.model
    if message.place == "verdict":
        return isinstance(screen, VerdictScreen) and screen.model == message.model
    kind = ModelScreen if message.place == "model" else DriftScreen
    return isinstance(screen, kind) and screen.model == message.model
