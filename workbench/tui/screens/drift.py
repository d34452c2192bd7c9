"""Which columns moved? Every column of a model against its reference, the worst first."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static

from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.domain.names import shown
from workbench.tui.glyphs import Glyphs
from workbench.tui.help_text import DRIFT_HELP
from workbench.tui.messages import DriftLoaded
from workbench.tui.palette import Palette, palette_of
from workbench.tui.screens.base import QueryScreen
from workbench.tui.screens.model import model_crumb, period_label, say_no_rows
from workbench.tui.session import PlaceChosen, Session
from workbench.tui.suspects import distances, mean_shift, unseen_words
from workbench.tui.widgets.header import HeaderFacts
from workbench.tui.widgets.notice import Notice
from workbench.tui.widgets.records import Cell, Column, Records, Row
from workbench.tui.wording import NONE, count, figure, p_value, percent, period_days, status_words

_FIXED = 9 + 5 + 4 + 5 + 5 + 5 + 13 + 6 + 5 + 10
"""Cells of all columns but the name and the reason, with their gaps."""
_WIDE = 100


class DriftScreen(QueryScreen):
    """The drift table of one model."""

    BINDINGS = [
        Binding("t", "period", "period", tooltip="the card's window, 24h, 7d, 30d, all"),
        Binding("2", "model", "model", tooltip="the rate over time and the suspects"),
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

    def has_content(self) -> bool:
        """Whether there are columns."""
        return self._drift is not None and bool(self._drift.columns)

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
            _title(self._drift, palette, self.session.glyphs.dot)
        )
        columns = _columns(self.size.width - 2, self._drift)
        rows = [
            Row(c.name, _cells(c, columns, palette, self.session.glyphs))
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
        column = next(
            (c for c in (self._drift.columns if self._drift else ()) if c.name == message.row_key.value),
            None,
        )
        if column is not None:
            about = _about(column, palette_of(self.app), self.session.glyphs)
            self.query_one("#about", Static).update(about)

    def action_fleet(self) -> None:
        """Goes home."""
        self.post_message(PlaceChosen("fleet"))

    def action_model(self) -> None:
        """Goes to the model."""
        self.post_message(PlaceChosen("model", self.model))

    def action_period(self) -> None:
        """The next period."""
        self.session.next_period()
        self.action_reload()


def _title(report: DriftReport, palette: Palette, dot: str) -> Text:
    moved = sum(c.status in ("critical", "warning") for c in report.columns)
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{moved} of {len(report.columns)} moved", palette.strong)
    text.append("  ").append(status_words(report.status), palette.status(report.status))
    text.append(
        f"   {period_days(report.current)} n={count(report.current_rows)}"
        f" against {shown(report.against)} n={count(report.reference_rows)}",
        palette.dim,
    )
    for note in report.notes:
        text.append(f" {dot} {shown(note)}", palette.dim)
    return text


def _columns(width: int, report: DriftReport) -> list[Column]:
    longest = max((len(shown(c.name)) for c in report.columns), default=6)
    name = max(min(longest, width - _FIXED if width < _WIDE else 28), 6)
    columns = [
        Column("COLUMN", name),
        Column("STATUS", 9),
        Column("ROLE", 5),
        Column("KIND", 4),
        Column("PSI", 5, is_right=True),
        Column("WASS", 5, is_right=True),
        Column("KS", 5, is_right=True),
        Column("MISSING %", 13, is_right=True),
        Column("UNSEEN", 6, is_right=True),
        Column("P ADJ", 5, is_right=True),
    ]
    reason = width - _FIXED - name - 2
    return [*columns, Column(" REASON", reason)] if width >= _WIDE and reason > 8 else columns


_ROLES = {"feature": "feat", "prediction": "pred"}
_KINDS = {"numeric": "num", "categorical": "cat"}


def _cells(
    column: ColumnDrift, columns: list[Column], palette: Palette, glyphs: Glyphs
) -> tuple[Cell, ...]:
    style = palette.status(column.status)
    is_loud = column.status in ("critical", "warning")
    plain = style if is_loud else palette.dim
    missing = NONE
    if column.missing_reference is not None or column.missing_current is not None:
        missing = f"{percent(column.missing_reference)}{glyphs.arrow}{percent(column.missing_current)}"
        missing = missing.replace("%", "")
    cells = (
        Cell(column.name, palette.strong),
        Cell(status_words(column.status), style),
        Cell(_ROLES.get(column.role, column.role), palette.dim),
        Cell(_KINDS.get(column.kind, column.kind), palette.dim),
        Cell(figure(column.psi), plain),
        Cell(figure(column.wasserstein), plain),
        Cell(figure(column.ks), palette.dim),
        Cell(missing, palette.dim),
        Cell(str(len(column.unseen)) if column.unseen else NONE, palette.dim),
        Cell(p_value(column.p_adjusted), palette.dim),
        Cell(f" {shown(column.reason or '')}", palette.dim),
    )
    return cells[: len(columns)]


def _about(column: ColumnDrift, palette: Palette, glyphs: Glyphs) -> Text:
    """Four lines about one column: which, why, its distances, what is new or missing."""
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(shown(column.name), palette.strong)
    text.append(f"  {shown(column.role)}, {shown(column.kind)}  ", palette.dim)
    text.append(status_words(column.status), palette.status(column.status))
    text.append(f"\n{shown(column.reason or 'agrees with the reference')}\n")
    text.append(distances(column) or "no distance could be measured", palette.dim)
    facts = [mean_shift(column, glyphs.arrow), unseen_words(column) if column.unseen else ""]
    if column.missing_current is not None:
        before = percent(column.missing_reference)
        facts.append(f"missing {before} {glyphs.arrow} {percent(column.missing_current)}")
    text.append("\n" + f" {glyphs.dot} ".join(f for f in facts if f), palette.dim)
    return text
