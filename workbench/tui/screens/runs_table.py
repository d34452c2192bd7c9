"""How is a retraining run told? A row of the table, its progress, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.style import Style
from rich.text import Text

from workbench.domain.names import shown
from workbench.domain.run import Run
from workbench.tui.confirmation import gain_words, harm_words
from workbench.tui.glyphs import Glyphs
from workbench.tui.palette import Palette
from workbench.tui.widgets.records import Cell, Column, Row
from workbench.tui.wording import NONE, count, duration, percent, without_midnight

_FIXED = 8 + 10 + 7 + 8 + 8 + 6 + 19
_BAR = 12


def runs_columns(width: int) -> list[Column]:
    """The columns that fit; the model takes what is left."""
    return [
        Column("RUN", 7),
        Column("MODEL", max(min(width - _FIXED - 2, 40), 10)),
        Column("STATE", 9),
        Column("FITS", 6, is_right=True),
        Column("CHAMP", 7, is_right=True),
        Column("NEW", 7, is_right=True),
        Column("TOOK", 5, is_right=True),
        Column(" ASKED", 18),
    ]


def runs_rows(runs: Sequence[Run], now: datetime, palette: Palette) -> list[Row]:
    """A row a run, by its name."""
    rows = []
    for one in runs:
        metrics = one.result.metrics if one.result else None
        took = one.seconds(now)
        rows.append(
            Row(
                one.id,
                (
                    Cell(one.id, palette.strong),
                    Cell(one.model),
                    Cell(one.state, state_style(one, palette)),
                    Cell(f"{one.done}/{len(one.fits)}"),
                    Cell(percent(metrics.champion_bad_rate) if metrics else NONE),
                    Cell(percent(metrics.challenger_bad_rate) if metrics else NONE),
                    Cell(duration(took), palette.dim),
                    Cell(f" {one.requested_at:%Y-%m-%d %H:%MZ}", palette.dim),
                ),
            )
        )
    return rows


def state_style(run: Run, palette: Palette) -> Style:
    """Trouble is loud, what goes on is accented; the word says it as well."""
    if run.state == "failed":
        return palette.critical
    return (
        palette.accent if run.is_open else palette.dim if run.state == "cancelled" else palette.ok
    )


def run_about(run: Run, now: datetime, palette: Palette, glyphs: Glyphs) -> Text:
    """A few lines about a run: how far it is, what it learns from, and what came of it."""
    text = Text(overflow="ellipsis")
    text.append(run.id, palette.strong).append("  ")
    text.append(run.state.upper(), state_style(run, palette))
    if run.phase and run.is_open:
        text.append(f"  {shown(run.phase, 60)}")
    text.append(f"   on {run.backend}, asked by {shown(run.author, 30)}\n", palette.dim)
    text.append_text(_progress(run, now, palette, glyphs)).append("\n")
    if run.window:
        rows = f": {count(run.train_rows)} rows, {count(run.holdout_rows)} judge"
        text.append(f"learns {shown(without_midnight(run.window), 100)}{rows}\n", palette.dim)
    if run.reason:
        text.append(f"{shown(run.reason, 400)}\n", palette.warning)
    result = run.result
    if result is not None:
        metrics = result.metrics
        text.append(f"version {shown(result.challenger, 30)}: ", palette.strong)
        text.append(
            f"{percent(metrics.challenger_bad_rate)} bad, champion "
            f"{shown(run.champion, 30)} {percent(metrics.champion_bad_rate)}; gain "
        )
        figures = {
            "gain": metrics.gain,
            "gain_low": metrics.gain_low,
            "gain_high": metrics.gain_high,
        }
        text.append(f"{gain_words(figures)}\n")
        style = palette.ok if result.recommend_promotion else palette.warning
        text.append(shown(result.reason, 300), style)
        if result.recommend_promotion:
            text.append("  P promotes it", palette.accent)
        text.append(f"\nsegments: {shown(harm_words(result), 200)}", palette.dim)
    return text


def _progress(run: Run, now: datetime, palette: Palette, glyphs: Glyphs) -> Text:
    planned = len(run.fits)
    if not planned:
        return Text("no fits are planned yet" if run.is_open else "no fits", palette.dim)
    filled = round(run.done / planned * _BAR)
    text = Text().append(glyphs.full * filled, palette.accent)
    text.append(glyphs.hint * (_BAR - filled), palette.dim)
    text.append(f"  {run.done} of {planned} fits done")
    best = run.best
    if best is not None:
        text.append(f", best so far {percent(best.bad_rate)} bad (fit {best.number})")
    left = run.seconds_left(now)
    if left is not None:
        text.append(f", {duration(left)} left")
    failed = sum(one.state == "failed" for one in run.fits)
    if failed:
        text.append(f", {failed} failed", palette.warning)
    return text


def log_tail(lines: Sequence[str], height: int) -> Text:
    """The last lines of a log, one a row, as many as fit."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for line in lines[-max(height, 1) :]:
        # The day stands in the table and in the whole log.
        is_dated = line[4:5] == "-" and line[10:11] == " "
        text.append(f"{shown(line[11:] if is_dated else line, 400)}\n")
    return text
