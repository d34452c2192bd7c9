"""What changed, and when? A model's bad-prediction rate over time, and its suspects."""

from __future__ import annotations

from collections.abc import Iterable
from shlex import quote

from rich.text import Text
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static

from workbench.domain.drift import DriftReport
from workbench.domain.names import shown
from workbench.domain.rates import PerformanceReport
from workbench.domain.status import ModelStatus
from workbench.tui.help_text import MODEL_HELP
from workbench.tui.messages import DriftLoaded, PerformanceLoaded
from workbench.tui.palette import Palette, palette_of
from workbench.tui.screens.deciding import DecidingScreen
from workbench.tui.session import PlaceChosen, Session
from workbench.tui.suspects import suspects
from workbench.tui.widgets.header import HeaderFacts
from workbench.tui.widgets.notice import Notice
from workbench.tui.widgets.records import Cell, Column, Records, Row
from workbench.tui.widgets.timeline import Timeline
from workbench.tui.wording import (
    against_threshold,
    count,
    interval,
    percent,
    period_days,
    period_name,
    status_words,
)


class ModelScreen(DecidingScreen):
    """One model: its rate over time above, the columns that could be behind it below."""

    BINDINGS = [
        Binding(
            "enter", "open", "suspect", tooltip="the suspect under the cursor, in the drift table"
        ),
        Binding("d,3", "drift", "drift", tooltip="the drift table"),
        Binding("v,6", "verdict", "verdict", tooltip="what to do about it: evidence, decisions"),
        Binding("J", "app.runs", "runs", tooltip="its retraining runs"),
        Binding("e", "export", "report", tooltip="write the incident report into reports/"),
        Binding("t", "period", "period", tooltip="the card's window, 24h, 7d, 30d, all"),
        Binding("1", "fleet", "fleet", show=False, tooltip="all models"),
    ]
    HELP_TEXT = MODEL_HELP

    def __init__(self, session: Session, model: str) -> None:
        """The screen of the model with this name."""
        super().__init__(session)
        self.model = model
        self._performance: PerformanceReport | None = None
        self._drift: DriftReport | None = None

    def content(self) -> Iterable[Widget]:
        """Two lines of words, the chart, and the suspects."""
        yield Static(id="title", markup=False)
        yield Static(id="caption", markup=False)
        yield Timeline(self.session.glyphs)
        yield Static(id="heading", markup=False)
        yield Records("suspects", has_header=False)

    def reload(self) -> None:
        """Asks for the rates, the drift and, for the header, the fleet."""
        source, model, period = self.session.source, self.model, self.session.period
        self.ask("performance", lambda: PerformanceLoaded(source.performance_report(model, period)))
        self.ask("drift", lambda: DriftLoaded(source.drift(model, period)))
        self.ask_fleet()

    def on_performance_loaded(self, message: PerformanceLoaded) -> None:
        """Keeps the rates."""
        self._performance = message.report
        self._answered("performance")

    def on_drift_loaded(self, message: DriftLoaded) -> None:
        """Keeps the drift."""
        self._drift = message.report
        self._answered("drift")

    def has_content(self) -> bool:
        """Whether rates or drift are known."""
        return self._performance is not None or self._drift is not None

    def say_empty(self, notice: Notice) -> None:
        """No rows: the command that reads some."""
        say_no_rows(notice, self.model)

    def facts(self) -> HeaderFacts:
        """The period is that of the rates shown."""
        report = self._performance
        return HeaderFacts(
            crumbs=(model_crumb(self.session, self.model),),
            period=period_label(self.session.period, report),
            age=self.age_of(self.model),
        )

    def fill(self) -> None:
        """Draws what is known of both halves."""
        palette = palette_of(self.app)
        status = self.session.status_of(self.model)
        self.query_one("#title", Static).update(_title(self._performance, palette))
        self.query_one("#caption", Static).update(
            _caption(self._performance, status, palette, self.session.glyphs.dot)
        )
        self.query_one(Timeline).show(self._performance, status.since if status else None)
        self._fill_suspects(palette)

    def _fill_suspects(self, palette: Palette) -> None:
        heading = Text(no_wrap=True, overflow="ellipsis").append("Suspects", palette.strong)
        rows: list[Row] = []
        width = self.size.width - 1
        name = 20 if width < 100 else 28
        if self._drift is not None:
            found = suspects(self._drift, self.session.glyphs.arrow)
            moved = sum(s.status in ("critical", "warning") for s in found)
            heading.append(
                f"  {moved} of {len(self._drift.columns)} columns moved against"
                f" the {shown(self._drift.against)}",
                palette.dim,
            )
            if not found:
                heading.append(
                    "\nNo column moved: look at segments, labels and events.", palette.dim
                )
            rows = [
                Row(
                    s.column,
                    (
                        Cell(
                            status_words(s.status) if s.status != "ok" else "",
                            palette.status(s.status),
                        ),
                        Cell(
                            s.column
                            if s.role in ("feature", s.column)
                            else f"{s.column} ({s.role})",
                            palette.strong,
                        ),
                        Cell(s.why),
                    ),
                )
                for s in found
            ]
        elif self.is_pending("drift"):
            heading.append("  comparing columns ...", palette.dim)
        columns = [Column("", 9), Column("", name), Column("", max(width - name - 12, 10))]
        self.query_one("#heading", Static).update(heading)
        table = self.query_one(Records)
        table.display = bool(rows)
        table.show(columns, rows)
        # A hidden table must not hold the focus: it would swallow Enter.
        self.set_focus(table if rows else None)

    def on_resize(self) -> None:
        """The suspects' columns follow the width."""
        if self.is_mounted and self.has_content():
            self._fill_suspects(palette_of(self.app))

    def on_data_table_row_selected(self, _message: Records.RowSelected) -> None:
        """Enter, or a click on the row under the cursor."""
        self.action_open()

    def action_open(self) -> None:
        """Goes to the suspect under the cursor."""
        table = self.query_one(Records)
        column = table.current_key if table.display else None
        self.post_message(PlaceChosen("drift", self.model, column))

    def action_drift(self) -> None:
        """Goes to the drift table."""
        self.post_message(PlaceChosen("drift", self.model))

    def action_verdict(self) -> None:
        """Goes to the verdict."""
        self.post_message(PlaceChosen("verdict", self.model))

    def action_export(self) -> None:
        """Writes the report."""
        self.export(self.model)

    def action_period(self) -> None:
        """The next period."""
        self.session.next_period()
        self.action_reload()


def say_no_rows(notice: Notice, model: str) -> None:
    """Tells that nothing is stored for a model, and the command that changes it."""
    notice.say_empty(
        f"No predictions are stored for {shown(model)}.",
        ((f"workbench ingest FILES --model {shown(quote(model))}", "reads its prediction logs"),),
    )


def model_crumb(session: Session, model: str) -> str:
    """The model and its version, as far as it is known."""
    status = session.status_of(model)
    return f"{model}@{status.version}" if status is not None and status.version else model


def period_label(asked: str | None, report: PerformanceReport | DriftReport | None) -> str:
    """The period for the header; a card's own window says so."""
    period = None
    if isinstance(report, PerformanceReport):
        period = report.period
    elif report is not None:
        period = report.current
    name = period_name(asked, period)
    return f"card {name}" if asked is None and period is not None else name if asked else ""


def _title(report: PerformanceReport | None, palette: Palette) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis").append("Bad predictions", palette.strong)
    if report is None:
        return text.append("  counting ...", palette.dim)
    whole = report.whole
    words = against_threshold(whole, report.warning_rate, report.critical_rate)
    text.append("  ").append(words, palette.status(whole.status))
    if whole.bad_rate is not None:
        text.append(f"   {interval(whole.low, whole.high)} n={count(whole.labelled)}")
        text.append(f"   ref {percent(report.reference_rate)}", palette.dim)
    return text


def _caption(
    report: PerformanceReport | None, status: ModelStatus | None, palette: Palette, dot: str
) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    if report is None:
        return text
    if status is not None and status.since is not None:
        text.append(f"since {status.since:%Y-%m-%d}", palette.status(status.status))
        text.append(f" {dot} ", palette.dim)
    whole = report.whole
    parts = [period_days(report.period), f"by {report.by}"]
    # The version at the top of the screen is not repeated here.
    if report.versions and status is not None and report.versions != (status.version,):
        parts.append("version " + ", ".join(shown(v) for v in report.versions))
    share = percent(whole.labelled / whole.rows) if whole.rows else "none"
    parts.append(f"{share} of {count(whole.rows)} labelled")
    # The reason of a raised status is what the line above says already.
    reason = whole.reason if whole.status in ("ok", "unknown") else None
    parts += [shown(note) for note in (reason, *report.notes) if note]
    return text.append(f" {dot} ".join(parts), palette.dim)
