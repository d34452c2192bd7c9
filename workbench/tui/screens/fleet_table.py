"""What stands in the fleet's table? Its columns, a model's row, and the strip about one model."""

from __future__ import annotations

from rich.text import Text

from workbench.domain.names import shown
from workbench.domain.status import ModelStatus
from workbench.tui.glyphs import Glyphs, sparkline
from workbench.tui.palette import Palette
from workbench.tui.widgets.records import Cell, Column
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
_WIDE = 98
"""From here on the reason has a column."""
_WIDER = 138
"""From here on every bucket of the trend has a cell."""


def model_name(status: ModelStatus) -> str:
    """A model and its version, harmless."""
    return f"{shown(status.name)}@{shown(status.version)}" if status.version else shown(status.name)


def fleet_columns(width: int, longest: int) -> list[Column]:
    """The columns that fit; what is left of a wide line goes to the reason."""
    room = width - _FIXED
    trend = 8 if width < _WIDE else 12 if width < _WIDER else 24
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


def fleet_cells(
    status: ModelStatus, columns: list[Column], palette: Palette, glyphs: Glyphs
) -> tuple[Cell, ...]:
    """One model's row, as wide as the columns go."""
    style = palette.status(status.status)
    drifted = len(status.drifted_features)
    cells = (
        Cell(model_status_words(status), style),
        Cell(model_name(status), palette.strong),
        Cell(rate_with_interval(status.current_rate, status.low, status.high), style),
        Cell(count(status.period_labelled), palette.dim),
        Cell(percent(status.reference_rate), palette.dim),
        Cell(sparkline(status.trend, columns[5].width, glyphs, status.reference_rate), style),
        Cell(f"{drifted}/{status.features}", palette.warning if drifted else palette.dim),
        Cell(duration(status.age_seconds), palette.dim),
        Cell(f" {shown(status.reason or '')}", palette.dim),
    )
    return cells[: len(columns)]


def fleet_about(status: ModelStatus, palette: Palette, glyphs: Glyphs) -> Text:
    """Four lines about one model: which, why, since when, what moved."""
    dot = f" {glyphs.dot} "
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(model_name(status), palette.strong)
    window = f"window {period_days(status.period)}" if status.period else "no predictions stored"
    text.append("  ").append(model_status_words(status), palette.status(status.status))
    text.append(f"  {shown(status.task)}{dot}{window}\n", palette.dim)
    text.append(f"{shown(status.reason or 'nothing to report')}\n")
    since = f"since {status.since:%Y-%m-%d}{dot}" if status.since else ""
    labelled = f"{count(status.period_labelled)} of {count(status.period_rows)} rows labelled"
    reference = f"{dot}reference {percent(status.reference_rate)}"
    text.append(since, palette.status(status.status))
    text.append(
        f"{labelled}{reference if status.reference_rate is not None else ''}\n", palette.dim
    )
    drifted = ", ".join(shown(name, 32) for name in status.drifted_features)
    text.append(
        f"{len(status.drifted_features)} of {status.features} features drifted", palette.dim
    )
    text.append(f": {drifted}" if drifted else "", palette.warning)
    if status.data_faults:
        text.append(f"{dot}{status.data_faults} data faults", palette.warning)
    if status.flag is not None:
        text.append(f"{dot}flagged for redesign", palette.warning)
    return text
