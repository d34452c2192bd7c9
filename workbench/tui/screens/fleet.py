"""Is anything on fire? One row a model, the worst first, and why for the one in hand."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.binding import Binding
from textual.widget import Widget
from textual.widgets import Static

from workbench.domain.names import shown
from workbench.domain.status import ModelStatus
from workbench.tui.glyphs import Glyphs, sparkline
from workbench.tui.help_text import FLEET_HELP
from workbench.tui.palette import Palette, palette_of
from workbench.tui.screens.base import QueryScreen
from workbench.tui.session import PlaceChosen
from workbench.tui.widgets.header import HeaderFacts
from workbench.tui.widgets.notice import Notice
from workbench.tui.widgets.records import Cell, Column, Records, Row
from workbench.tui.wording import (
    count,
    duration,
    model_status_words,
    percent,
    period_days,
    rate_with_interval,
)

_FIXED = 9 + 17 + 7 + 5 + 5 + 4 + 8
"""Cells of all columns but the model's name, the trend and the reason, with their gaps."""
_WIDE = 100


class FleetScreen(QueryScreen):
    """Home: every model of the workspace."""

    BINDINGS = [
        Binding("enter", "open", "open", tooltip="the model under the cursor"),
        Binding("d,3", "drift", "drift", tooltip="the drift table of the model under the cursor"),
        Binding("2", "open", "model", show=False),
        # Esc is named in the line at the bottom only where it leads somewhere.
        Binding("escape,backspace", "app.back", "back", show=False),
        Binding("t", "period", "period", show=False, tooltip="on a model: 24h, 7d, 30d, all"),
    ]
    HELP_TEXT = FLEET_HELP

    def content(self) -> Iterable[Widget]:
        """The table, and a strip about the row under the cursor."""
        yield Records("fleet")
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
                ("workbench model add NAME --reference FILE", "describes a model from a labelled table"),
                ("workbench ingest FILES --model NAME", "reads its prediction logs and label files"),
                ("workbench demo DIR", "builds a workspace with three models from real flights"),
            ),
        )

    def facts(self) -> HeaderFacts:
        """The age is that of the newest data of all models."""
        ages = [s.age_seconds for s in self.session.statuses or () if s.age_seconds is not None]
        return HeaderFacts(age=duration(min(ages)) if ages else "")

    def fill(self) -> None:
        """Draws the table for the present width."""
        width, palette, glyphs = self.size.width - 2, palette_of(self.app), self.session.glyphs
        statuses = self.session.statuses or ()
        columns = _columns(width, max((len(_name(s)) for s in statuses), default=0))
        rows = [Row(s.name, _cells(s, columns, palette, glyphs)) for s in statuses]
        self.query_one(Records).show(columns, rows)

    def on_resize(self) -> None:
        """Columns follow the width."""
        if self.is_mounted and self.has_content():
            self.fill()

    def on_data_table_row_highlighted(self, message: Records.RowHighlighted) -> None:
        """The strip follows the cursor."""
        status = self.session.status_of(message.row_key.value or "")
        if status is not None:
            about = _about(status, palette_of(self.app), self.session.glyphs)
            self.query_one("#about", Static).update(about)

    def on_data_table_row_selected(self, _message: Records.RowSelected) -> None:
        """Enter, or a click on the row under the cursor."""
        self.action_open()

    def action_open(self) -> None:
        """Goes to the model under the cursor."""
        self._go("model")

    def action_drift(self) -> None:
        """Goes to the drift table of the model under the cursor."""
        self._go("drift")

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


def _name(status: ModelStatus) -> str:
    return f"{shown(status.name)}@{shown(status.version)}" if status.version else shown(status.name)


def _columns(width: int, longest: int) -> list[Column]:
    """The columns that fit; what is left of a wide line goes to the reason."""
    room = width - _FIXED
    trend = 8 if width < _WIDE else 12
    name = max(min(longest, room - trend if width < _WIDE else 28), 5)
    columns = [
        Column("STATUS", 9),
        Column("MODEL", name),
        Column("BAD RATE (95%)", 17),
        Column("N", 7, is_right=True),
        Column("REF", 5, is_right=True),
        Column("TREND", trend),
        Column("DRIFT", 5, is_right=True),
        Column("AGE", 4, is_right=True),
    ]
    reason = room - name - trend - 2
    return [*columns, Column(" WHY", reason)] if width >= _WIDE and reason > 8 else columns


def _cells(
    status: ModelStatus, columns: list[Column], palette: Palette, glyphs: Glyphs
) -> tuple[Cell, ...]:
    style = palette.status(status.status)
    drifted = len(status.drifted_features)
    cells = (
        Cell(model_status_words(status), style),
        Cell(_name(status), palette.strong),
        Cell(rate_with_interval(status.current_rate, status.low, status.high), style),
        Cell(count(status.period_labelled), palette.dim),
        Cell(percent(status.reference_rate), palette.dim),
        Cell(sparkline(status.trend, columns[5].width, glyphs, status.reference_rate), style),
        Cell(f"{drifted}/{status.features}", palette.warning if drifted else palette.dim),
        Cell(duration(status.age_seconds), palette.dim),
        Cell(f" {shown(status.reason or '')}", palette.dim),
    )
    return cells[: len(columns)]


def _about(status: ModelStatus, palette: Palette, glyphs: Glyphs) -> Text:
    """Four lines about one model: which, why, since when, what moved."""
    dot = f" {glyphs.dot} "
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(_name(status), palette.strong)
    window = f"window {period_days(status.period)}" if status.period else "no predictions stored"
    text.append(f"  {shown(status.task)}{dot}{window}\n", palette.dim)
    text.append(model_status_words(status), palette.status(status.status))
    text.append(f"  {shown(status.reason or 'nothing to report')}\n")
    since = f"since {status.since:%Y-%m-%d}{dot}" if status.since else ""
    labelled = f"{count(status.period_labelled)} of {count(status.period_rows)} rows labelled"
    reference = f"{dot}reference {percent(status.reference_rate)}"
    text.append(since, palette.status(status.status))
    text.append(f"{labelled}{reference if status.reference_rate is not None else ''}\n", palette.dim)
    drifted = ", ".join(shown(name, 32) for name in status.drifted_features)
    text.append(f"{len(status.drifted_features)} of {status.features} features drifted", palette.dim)
    text.append(f": {drifted}" if drifted else "", palette.warning)
    if status.data_faults:
        text.append(f"{dot}{status.data_faults} data faults", palette.warning)
    return text


