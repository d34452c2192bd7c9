"""Which columns moved? Every column of a model against its reference, the worst first."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static

from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.tui.help_text import DRIFT_HELP
from workbench.tui.messages import DriftLoaded
from workbench.tui.palette import palette_of
from workbench.tui.screens.base import QueryScreen
from workbench.tui.screens.drift_table import drift_about, drift_cells, drift_columns, drift_title
from workbench.tui.screens.model import model_crumb, period_label, say_no_rows
from workbench.tui.session import PlaceChosen, Session
from workbench.tui.widgets.header import HeaderFacts
from workbench.tui.widgets.histogram import PairedHistogram
from workbench.tui.widgets.notice import Notice
from workbench.tui.widgets.records import Records, Row


class DriftScreen(QueryScreen):
    """The drift table of one model."""

    BINDINGS = [
        Binding("t", "period", "period", tooltip="the card's window, 24h, 7d, 30d, all"),
        Binding("2", "model", "model", tooltip="the rate over time and the suspects"),
        Binding("v,6", "verdict", "verdict", tooltip="what to do about it: evidence, decisions"),
        Binding("1", "fleet", "fleet", show=False, tooltip="all models"),
    ]
    HELP_TEXT = DRIFT_HELP

    def __init__(self, session: Session, model: str, column: str | None = None) -> None:
        """The drift table of a model, the cursor on a column if it is there."""
        super().__init__(session)
        self.model = model
        self._at = column
        self._drift: DriftReport | None = None

    def content(self) -> Iterable[Widget]:
        """What is compared, the table, and a strip about the row under the cursor."""
        yield Static(id="title", markup=False)
        yield Records("columns")
        yield PairedHistogram(self.session.glyphs)
        yield Static(id="about", markup=False)

    def reload(self) -> None:
        """Asks for the drift and, for the header, the fleet."""
        source, model, period = self.session.source, self.model, self.session.period
        self.ask("drift", lambda: DriftLoaded(source.drift(model, period)))
        self.ask_fleet()

    def on_drift_loaded(self, message: DriftLoaded) -> None:
        """Keeps the drift."""
        self._drift = message.report
        self._answered("drift")

    def _columns(self) -> tuple[ColumnDrift, ...]:
        return self._drift.columns if self._drift is not None else ()

    def has_content(self) -> bool:
        """Whether there are columns."""
        return bool(self._columns())

    def say_empty(self, notice: Notice) -> None:
        """No rows: the command that reads some."""
        say_no_rows(notice, self.model)

    def facts(self) -> HeaderFacts:
        """The period is that of the drift shown."""
        return HeaderFacts(
            crumbs=(model_crumb(self.session, self.model), "drift"),
            period=period_label(self.session.period, self._drift),
            age=self.age_of(self.model),
        )

    def stand_on(self, column: str | None) -> None:
        """Puts the cursor on a column, now or when it is there."""
        self._at = column
        if self.has_content():
            self.fill()

    def fill(self) -> None:
        """Draws the table for the present width."""
        if self._drift is None:
            return
        palette = palette_of(self.app)
        self.query_one("#title", Static).update(
            drift_title(self._drift, palette, self.session.glyphs.dot)
        )
        columns = drift_columns(self.size.width - 1, self._drift)
        rows = [
            Row(c.name, drift_cells(c, columns, palette, self.session.glyphs))
            for c in self._drift.columns
        ]
        self.query_one(Records).show(columns, rows, at=self._at)
        self._at = None

    def on_resize(self) -> None:
        """Columns follow the width."""
        if self.is_mounted and self.has_content():
            self.fill()

    def on_data_table_row_highlighted(self, message: Records.RowHighlighted) -> None:
        """The strip follows the cursor."""
        known = {c.name: c for c in self._columns()}
        column = known.get(message.row_key.value or "")
        if column is not None:
            self.query_one(PairedHistogram).show(column)
            about = drift_about(column, palette_of(self.app), self.session.glyphs)
            self.query_one("#about", Static).update(about)

    def action_model(self) -> None:
        """Goes to the model."""
        self.post_message(PlaceChosen("model", self.model))

    def action_verdict(self) -> None:
        """Goes to the verdict."""
        self.post_message(PlaceChosen("verdict", self.model))

    def action_period(self) -> None:
        """The next period."""
        self.session.next_period()
        self.action_reload()
