"""Which models are being trained anew, how far is it, and what came of it? Read from the store."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static

from workbench.domain.names import shown
from workbench.domain.run import Run
from workbench.tui.help_text import RUNS_HELP
from workbench.tui.messages import LogLoaded, RunsLoaded
from workbench.tui.palette import palette_of
from workbench.tui.screens.deciding import DecidingScreen
from workbench.tui.screens.help import HelpScreen
from workbench.tui.screens.model import model_crumb
from workbench.tui.screens.runs_table import log_tail, run_about, runs_columns, runs_rows
from workbench.tui.session import PlaceChosen, Session
from workbench.tui.widgets.header import HeaderFacts
from workbench.tui.widgets.notice import Notice
from workbench.tui.widgets.records import Records

_EVERY = 2.0
"""Seconds between two looks at the runs while one is under way."""


class RunsScreen(DecidingScreen):
    """The retraining runs of a model, or of all: progress, log, cancel, promote."""

    BINDINGS = [
        Binding("enter", "log", "log", tooltip="the whole log of the run"),
        Binding("x", "cancel", "cancel", tooltip="end the run under the cursor; asks first"),
        Binding("P", "promote", "promote", tooltip="the run's candidate to champion; asks first"),
        Binding("B", "rollback", "roll back", tooltip="the champion of before again; asks first"),
        Binding("v,6", "verdict", "verdict", tooltip="the verdict on the run's model"),
        Binding("1", "fleet", "fleet", show=False, tooltip="all models"),
    ]
    HELP_TEXT = RUNS_HELP
    QUIET = frozenset({"log", "again"})

    def __init__(self, session: Session, model: str | None = None) -> None:
        """The runs of a model; of all when None."""
        super().__init__(session)
        self.model = model
        self._runs: RunsLoaded | None = None
        self._log: LogLoaded | None = None

    def content(self) -> Iterable[Widget]:
        """The table, what is known of the run under the cursor, and the end of its log."""
        yield Records("runs")
        yield Static(id="about", markup=False)
        yield LogTail(id="log")

    def on_mount(self) -> None:
        """Looks again by itself while a run is under way, where the line allows it."""
        if not self.session.is_low_bandwidth:
            self.set_interval(_EVERY, self._look_again)

    def reload(self) -> None:
        """Asks for the runs and, for the header, the fleet."""
        self._ask_runs("runs")
        self._ask_log()
        self.ask_fleet()

    def _ask_runs(self, query: str) -> None:
        desk, model = self.session.desk, self.model
        self.ask(query, lambda: RunsLoaded(desk.runs(model), desk.now()))

    def _look_again(self) -> None:
        runs = self._runs.runs if self._runs is not None else ()
        if self.is_current and any(one.is_open for one in runs) and not self.is_pending("again"):
            self._ask_runs("again")
            self._ask_log()

    def _ask_log(self) -> None:
        run, desk = self._current(), self.session.desk
        if run is not None:
            name = run.id
            self.ask("log", lambda: LogLoaded(name, desk.log(name)))

    def on_runs_loaded(self, message: RunsLoaded) -> None:
        """Keeps the runs."""
        self._runs = message
        for query in ("runs", "again"):
            self._answered(query)

    def on_log_loaded(self, message: LogLoaded) -> None:
        """Keeps the log, if it is still that of the run under the cursor."""
        self._answered("log")
        current = self._current()
        if current is not None and current.id == message.run:
            self._log = message

    def has_content(self) -> bool:
        """Whether there are runs."""
        return self._runs is not None and bool(self._runs.runs)

    def say_empty(self, notice: Notice) -> None:
        """No runs: how one is started."""
        whose = f" of {shown(self.model)}" if self.model else ""
        notice.say_empty(
            f"No retraining runs{whose}.",
            (("v, then R", "on a model's screen: the verdict, and a retraining"),),
        )

    def facts(self) -> HeaderFacts:
        """Whose runs these are."""
        crumbs = (model_crumb(self.session, self.model),) if self.model else ()
        return HeaderFacts(crumbs=(*crumbs, "runs"))

    def fill(self) -> None:
        """Draws the table and what is known of one run."""
        if self._runs is None:
            return
        palette = palette_of(self.app)
        columns = runs_columns(self.size.width - 1)
        rows = runs_rows(self._runs.runs, self._runs.now, palette)
        self.query_one(Records).show(columns, rows)
        self._fill_run()

    def _fill_run(self) -> None:
        run = self._current()
        if run is None or self._runs is None:
            return
        palette = palette_of(self.app)
        about = run_about(run, self._runs.now, palette, self.session.glyphs)
        self.query_one("#about", Static).update(about)
        is_known = self._log is not None and self._log.run == run.id
        lines = self._log.lines if self._log is not None and is_known else ()
        self.query_one(LogTail).show(lines)

    def _current(self) -> Run | None:
        key = self.query_one(Records).current_key
        runs = self._runs.runs if self._runs is not None else ()
        return next((one for one in runs if one.id == key), runs[0] if runs else None)

    def on_resize(self) -> None:
        """Columns follow the width."""
        if self.is_mounted and self.has_content():
            self.fill()

    def on_data_table_row_highlighted(self, _message: Records.RowHighlighted) -> None:
        """What is below follows the cursor."""
        run = self._current()
        if run is not None and (self._log is None or self._log.run != run.id):
            self._ask_log()
        self._fill_run()

    def on_data_table_row_selected(self, _message: Records.RowSelected) -> None:
        """Enter, or a click on the row under the cursor."""
        self.action_log()

    def action_log(self) -> None:
        """Shows the whole log."""
        run = self._current()
        if run is not None and self._log is not None and self._log.run == run.id:
            self.app.push_screen(LogScreen(run.id, self._log.lines))

    def action_cancel(self) -> None:
        """Asks whether the run is to be ended."""
        run = self._current()
        if run is not None:
            self.prepare_cancel(run)

    def action_promote(self) -> None:
        """Asks whether the run's candidate is to be champion."""
        run = self._current()
        if run is not None:
            self.prepare_promotion(run.model, run)

    def action_rollback(self) -> None:
        """Asks whether to go back to the champion of before."""
        run = self._current()
        if run is not None:
            self.prepare_rollback(run.model)

    def action_verdict(self) -> None:
        """Goes to the verdict on the run's model."""
        run = self._current()
        if run is not None or self.model:
            model = run.model if run is not None else str(self.model)
            self.post_message(PlaceChosen("verdict", model))


class LogTail(Widget):
    """The end of a log, as much as there is room for."""

    _lines: tuple[str, ...] = ()

    def show(self, lines: tuple[str, ...]) -> None:
        """Shows another log."""
        self._lines = lines
        self.refresh()

    def render(self) -> Text:
        """The last lines, for the present height."""
        if not self._lines:
            return Text("no log yet", palette_of(self.app).dim)
        return log_tail(self._lines, self.size.height)


class LogScreen(HelpScreen):
    """The whole log of a run; scrolls when it is long."""

    TITLE_OF_PAGE = "Log"

    def __init__(self, run: str, lines: tuple[str, ...]) -> None:
        """The log of a run."""
        super().__init__((), "")
        self._run, self._lines = run, lines

    def on_mount(self) -> None:
        """The newest line is what is asked for; the class above gives the page the keys."""
        self.call_after_refresh(self.query_one("#help").scroll_end, animate=False)

    def _page(self) -> Text:
        palette = palette_of(self.app)
        text = Text(f"{self._run}\n", palette.strong)
        for line in self._lines:
            text.append(f"{shown(line, 1000)}\n")
        return text
