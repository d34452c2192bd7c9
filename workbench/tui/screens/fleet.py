"""Is anything on fire? One row a model, the worst first, and why for the one in hand."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from workbench.domain.rates import PerformanceReport
from workbench.domain.status import ModelStatus
from workbench.tui.help_text import FLEET_HELP
from workbench.tui.messages import FleetLoaded, PerformanceLoaded
from workbench.tui.palette import palette_of
from workbench.tui.screens.base import QueryScreen
from workbench.tui.screens.fleet_table import fleet_about, fleet_cells, fleet_columns, model_name
from workbench.tui.session import PlaceChosen, Session
from workbench.tui.widgets.header import HeaderFacts
from workbench.tui.widgets.notice import Notice
from workbench.tui.widgets.records import Records, Row
from workbench.tui.widgets.timeline import Timeline
from workbench.tui.wording import duration

_DEBOUNCE = 0.15
"""Seconds the cursor rests on a model before its chart is asked for."""


class FleetScreen(QueryScreen):
    """Home: every model of the workspace."""

    BINDINGS = [
        Binding("enter", "open", "open", tooltip="the model under the cursor"),
        Binding("d,3", "drift", "drift", tooltip="the drift table of the model under the cursor"),
        Binding("v,6", "verdict", "verdict", tooltip="what to do about the model under the cursor"),
        Binding("2", "open", "model", show=False),
        # Esc is named in the line at the bottom only where it leads somewhere.
        Binding("escape,backspace", "app.back", "back", show=False),
        Binding("t", "period", "period", show=False, tooltip="on a model: 24h, 7d, 30d, all"),
    ]
    HELP_TEXT = FLEET_HELP
    QUIET = frozenset({"chart"})

    def __init__(self, session: Session) -> None:
        """The fleet, not asked for yet."""
        super().__init__(session)
        self._charts: dict[str, PerformanceReport] = {}
        self._asked_charts: set[str] = set()
        """Models whose chart was asked for since the last refresh; a failure is not asked again."""
        self._rest: Timer | None = None

    def content(self) -> Iterable[Widget]:
        """The table; about the row under the cursor a chart, where there is room, and a strip."""
        yield Records("fleet")
        yield Timeline(self.session.glyphs)
        yield Static(id="about", markup=False)

    def reload(self) -> None:
        """Asks for every model's state."""
        self.ask_fleet()

    def has_content(self) -> bool:
        """Whether there is a model."""
        return bool(self.session.statuses)

    def say_empty(self, notice: Notice) -> None:
        """No model yet: the two commands that change that."""
        notice.say_empty(
            "No models in this workspace yet.",
            (
                (
                    "workbench model add NAME --reference FILE",
                    "describes a model from a labelled table",
                ),
                (
                    "workbench ingest FILES --model NAME",
                    "reads its prediction logs and label files",
                ),
                ("workbench demo DIR", "builds a workspace with three models from real flights"),
            ),
        )

    def facts(self) -> HeaderFacts:
        """The age is that of the newest data of all models."""
        ages = [s.age_seconds for s in self.session.statuses or () if s.age_seconds is not None]
        return HeaderFacts(age=duration(min(ages)) if ages else "")

    def fill(self) -> None:
        """Draws the table for the present width."""
        width, palette, glyphs = self.size.width - 1, palette_of(self.app), self.session.glyphs
        statuses = self.session.statuses or ()
        columns = fleet_columns(width, max((len(model_name(s)) for s in statuses), default=0))
        rows = [Row(s.name, fleet_cells(s, columns, palette, glyphs)) for s in statuses]
        self.query_one(Records).show(columns, rows)

    def on_resize(self) -> None:
        """Columns follow the width."""
        if self.is_mounted and self.has_content():
            self.fill()

    def on_data_table_row_highlighted(self, message: Records.RowHighlighted) -> None:
        """The strip follows the cursor."""
        status = self.session.status_of(message.row_key.value or "")
        if status is not None:
            about = fleet_about(status, palette_of(self.app), self.session.glyphs)
            self.query_one("#about", Static).update(about)
            self._show_chart(status)

    def on_fleet_loaded(self, _message: FleetLoaded) -> None:
        """Charts from before stay in view, and are asked for again."""
        self._asked_charts.clear()

    def on_performance_loaded(self, message: PerformanceLoaded) -> None:
        """Keeps the chart, and shows it when the cursor is still there."""
        self._charts[message.report.model] = message.report
        self._answered("chart")
        status = self.session.status_of(message.report.model)
        if status is not None and self.query_one(Records).current_key == status.name:
            self._show_chart(status)

    def _show_chart(self, status: ModelStatus) -> None:
        chart = self.query_one(Timeline)
        known = self._charts.get(status.name)
        chart.show(known, status.since)
        if self._rest is not None:
            self._rest.stop()
        is_due = status.name not in self._asked_charts and status.period_rows > 0
        if is_due and self.has_class("-tall"):
            self._rest = self.set_timer(_DEBOUNCE, lambda: self._ask_chart(status.name))

    def _ask_chart(self, model: str) -> None:
        source = self.session.source
        self._asked_charts.add(model)
        self.ask("chart", lambda: PerformanceLoaded(source.performance_report(model, None)))

    def on_data_table_row_selected(self, _message: Records.RowSelected) -> None:
        """Enter, or a click on the row under the cursor."""
        self.action_open()

    def action_open(self) -> None:
        """Goes to the model under the cursor."""
        self._go("model")

    def action_drift(self) -> None:
        """Goes to the drift table of the model under the cursor."""
        self._go("drift")

    def action_verdict(self) -> None:
        """Goes to the verdict on the model under the cursor."""
        self._go("verdict")

    def action_period(self) -> None:
        """Says why there is no other period here."""
        self.notify(
            "Each model is judged over the window of its card here. Open one to change the period.",
            markup=False,
        )

    def _go(self, place: str) -> None:
        name = self.query_one(Records).current_key
        if name is not None and self.has_content():
            self.post_message(PlaceChosen(place, name))
