"""What is to be done about a model, and why? The newest verdict, or one that is being reached."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from rich.text import Text
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import get_current_worker

from workbench.domain.names import shown
from workbench.tui.desk import Standing
from workbench.tui.help_text import VERDICT_HELP
from workbench.tui.messages import QueryFailed, StandingLoaded, StepTaken
from workbench.tui.palette import palette_of
from workbench.tui.screens.deciding import DecidingScreen
from workbench.tui.screens.model import model_crumb
from workbench.tui.screens.verdict_table import (
    Line,
    standing_line,
    strip,
    verdict_columns,
    verdict_lines,
    verdict_rows,
    verdict_title,
)
from workbench.tui.session import PlaceChosen, Session
from workbench.tui.widgets.header import HeaderFacts
from workbench.tui.widgets.notice import Notice
from workbench.tui.widgets.records import Cell, Column, Records, Row

_TRIAGE = "triage"


class VerdictScreen(DecidingScreen):
    """The verdict on one model, with its evidence, and every decision that may follow."""

    BINDINGS = [
        Binding("R", "retrain", "retrain", tooltip="train challengers; asks first"),
        Binding("P", "promote", "promote", tooltip="the newest candidate to champion; asks first"),
        Binding("F", "flag", "flag", tooltip="for redesign, with a reason, or lift it; asks first"),
        Binding("T", "triage", "triage", tooltip="reach a verdict anew, on the chosen period"),
        Binding("e", "export", "report", tooltip="write the incident report into reports/"),
        Binding("B", "rollback", "roll back", tooltip="the champion of before again; asks first"),
        Binding("x", "stop", "stop", show=False, tooltip="end the triage that is under way"),
        Binding("2", "model", "model", show=False, tooltip="the rate over time and the suspects"),
        Binding("d,3", "drift", "drift", show=False, tooltip="the drift table"),
        Binding("1", "fleet", "fleet", show=False, tooltip="all models"),
    ]
    HELP_TEXT = VERDICT_HELP

    def __init__(self, session: Session, model: str) -> None:
        """The screen of the model with this name."""
        super().__init__(session)
        self.model = model
        self._standing: Standing | None = None
        self._steps: list[tuple[str, str]] = []
        self._began: float | None = None
        """When the triage that is under way began."""
        self._end = _End()
        self._lines: tuple[Line, ...] = ()

    def content(self) -> Iterable[Widget]:
        """The verdict in words, the table of its evidence, and a strip about one row."""
        yield Static(id="title", markup=False)
        yield Static(id="caption", markup=False)
        yield Static(id="summary", markup=False)
        yield Records("evidence")
        yield Static(id="about", markup=False)

    def reload(self) -> None:
        """Asks for what is decided and, for the header, the fleet."""
        desk, model = self.session.desk, self.model
        if self._began is None:
            self.ask("standing", lambda: StandingLoaded(desk.standing(model)))
        self.ask_fleet()

    def on_standing_loaded(self, message: StandingLoaded) -> None:
        """Keeps what stands; without any verdict one is reached at once."""
        is_first = self._standing is None
        self._standing = message.standing
        self._answered("standing")
        if message.is_reached:
            self._began = None
            self._answered(_TRIAGE)
        elif message.standing.verdict is None and is_first and self._began is None:
            self.action_triage()

    def failed(self, message: QueryFailed) -> None:
        """Triage that failed is not under way any more."""
        super().failed(message)
        if message.query == _TRIAGE:
            self._began = None

    # Triage.

    def action_triage(self) -> None:
        """Reaches a verdict in a worker, telling each step."""
        if self._began is not None:
            self.say("Triage is under way; x ends it.")
            return
        desk, model, period = self.session.desk, self.model, self.session.period
        self._began, self._steps = time.monotonic(), []
        self._end = end = _End()

        def reach() -> StandingLoaded:
            worker = get_current_worker()

            def told(step: str, reading: str) -> None:
                if worker.is_cancelled:
                    raise _StoppedError
                self.post_message(StepTaken(step, reading))

            def reached() -> None:
                if worker.is_cancelled or not end.comes_by("verdict"):
                    raise _StoppedError

            return StandingLoaded(desk.triage(model, period, told, reached), is_reached=True)

        self.ask(_TRIAGE, reach)
        self.settle()

    def on_step_taken(self, message: StepTaken) -> None:
        """Shows how far triage is."""
        if self._began is not None:
            self._steps.append((message.step, message.reading))
            self.settle()

    def action_stop(self) -> None:
        """Ends the triage that is under way, after its present step; nothing is recorded."""
        if self._began is None:
            self.say("No triage is under way.")
            return
        if not self._end.comes_by("stop"):
            self.say("The verdict is reached already, and is recorded.")
            return
        self.workers.cancel_group(self, _TRIAGE)
        self._pending.discard(_TRIAGE)
        self._began = None
        self.say("Triage is ended; nothing was recorded.")
        self.settle()

    # Showing.

    def has_content(self) -> bool:
        """Whether there is a verdict, or one is being reached."""
        return self._began is not None or (
            self._standing is not None and self._standing.verdict is not None
        )

    def say_empty(self, notice: Notice) -> None:
        """No verdict: the key that reaches one."""
        notice.say_empty(
            f"No verdict on {shown(self.model)} is recorded.",
            (("T", "runs triage: what is wrong, and what to do about it"),),
        )

    def facts(self) -> HeaderFacts:
        """Where we are; the period is the verdict's own, in the title."""
        return HeaderFacts(
            crumbs=(model_crumb(self.session, self.model), "verdict"),
            age=self.age_of(self.model),
        )

    def fill(self) -> None:
        """Draws the verdict, or the steps on the way to one."""
        palette = palette_of(self.app)
        standing, width = self._standing, self.size.width - 1
        caption = self.query_one("#caption", Static)
        if standing is not None:
            caption.update(standing_line(standing, palette, self.session.glyphs.dot))
        if self._began is not None:
            self._fill_steps(width)
            return
        if standing is None or standing.verdict is None:
            return
        age = None
        if standing.made_at is not None:
            age = (self.session.desk.now() - standing.made_at).total_seconds()
        self.query_one("#title", Static).update(verdict_title(standing, palette, age))
        self.query_one("#summary", Static).update(Text(shown(standing.verdict.summary, 900)))
        is_new = self._steps != []
        self._steps = []
        self._lines = verdict_lines(standing.verdict)
        columns = verdict_columns(width)
        rows = verdict_rows(self._lines, columns, palette)
        # After the steps of triage the cursor begins at the top again.
        self.query_one(Records).show(columns, rows, at="0" if is_new else None)

    def _fill_steps(self, width: int) -> None:
        palette = palette_of(self.app)
        self._say_elapsed()
        self.query_one("#summary", Static).update("")
        self._lines = tuple(Line("step", step, said=said) for step, said in self._steps)
        columns = [Column("STEP", 22), Column("FOUND", max(width - 25, 20))]
        rows = [
            Row(str(place), (Cell(step, palette.strong), Cell(said)))
            for place, (step, said) in enumerate(self._steps)
        ]
        newest = str(len(rows) - 1) if rows else None
        self.query_one(Records).show(columns, rows, at=newest)
        if not rows:
            self.query_one("#about", Static).update("")

    def _say_elapsed(self) -> None:
        palette = palette_of(self.app)
        text = Text("Triage is under way", palette.strong, no_wrap=True)
        text.append(f"  {len(self._steps)} steps", palette.dim)
        if self._began is not None and not self.session.is_low_bandwidth:
            text.append(f", {int(time.monotonic() - self._began)} s", palette.dim)
        text.append("   x ends it", palette.dim)
        self.query_one("#title", Static).update(text)

    def _tick(self) -> None:
        super()._tick()
        if self._began is not None:
            self._say_elapsed()

    def on_resize(self) -> None:
        """Columns follow the width."""
        if self.is_mounted and self.has_content():
            self.fill()

    def on_data_table_row_highlighted(self, message: Records.RowHighlighted) -> None:
        """The strip follows the cursor."""
        place = int(message.row_key.value or 0)
        if place < len(self._lines):
            self.query_one("#about", Static).update(strip(self._lines[place]))

    # Going elsewhere.

    def action_retrain(self) -> None:
        """Asks whether to retrain."""
        self.prepare_retrain(self.model)

    def action_promote(self) -> None:
        """Asks whether the newest candidate is to be champion."""
        self.prepare_promotion(self.model)

    def action_rollback(self) -> None:
        """Asks whether to go back to the champion of before."""
        self.prepare_rollback(self.model)

    def action_flag(self) -> None:
        """Asks for the reason of a flag."""
        self.prepare_flag(self.model)

    def action_export(self) -> None:
        """Writes the report."""
        self.export(self.model)

    def action_model(self) -> None:
        """Goes to the model."""
        self.post_message(PlaceChosen("model", self.model))

    def action_drift(self) -> None:
        """Goes to the drift table."""
        self.post_message(PlaceChosen("drift", self.model))


class _End:
    """How a triage ends: by its verdict or by being stopped, whichever comes first."""

    def __init__(self) -> None:
        self._lock, self._how = threading.Lock(), ""

    def comes_by(self, how: str) -> bool:
        """Whether it ends this way; it does if nothing ended it before."""
        with self._lock:
            self._how = self._how or how
            return self._how == how


class _StoppedError(Exception):
    """The operator does not wait for triage any longer."""
