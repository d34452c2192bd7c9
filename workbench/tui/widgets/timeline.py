"""How did the bad-prediction rate go? A line over time, with the threshold and the onset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from workbench.domain.rates import PerformanceReport
from workbench.tui.glyphs import Glyphs
from workbench.tui.palette import Palette, palette_of
from workbench.tui.plot import Bucket, Raster, dot_height, nice_scale, rasterise
from workbench.tui.pooling import Point, pooled
from workbench.tui.timescale import date_labels
from workbench.tui.wording import duration, percent

_GUTTER = 8
_FOOT = 2
"""Rows below the plot: the axis and its dates."""


@dataclass(frozen=True)
class _Chart:
    """What is drawn, row by row, for one size and theme."""

    width: int
    height: int
    theme: str
    rows: tuple[tuple[tuple[str, Style], ...], ...]


class Timeline(Widget):
    """A chart of bad-prediction rates; the threshold lies under the data, never over it."""

    def __init__(self, glyphs: Glyphs) -> None:
        """Starts empty; `show` fills it."""
        super().__init__()
        self._glyphs = glyphs
        self._report: PerformanceReport | None = None
        self._since: datetime | None = None
        self._chart: _Chart | None = None

    def show(self, report: PerformanceReport | None, since: datetime | None = None) -> None:
        """Draws another report.

        Args:
            report: None for an empty chart.
            since: marked on the axis when it lies in the report's period.
        """
        self._report, self._since, self._chart = report, since, None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row of the chart, drawn anew after a change of size, theme or data."""
        width, height = self.size
        chart = self._chart
        if chart is None or (chart.width, chart.height, chart.theme) != (
            width, height, self.app.theme,
        ):  # fmt: skip
            palette = palette_of(self.app)
            chart = self._chart = _Chart(
                width, height, self.app.theme, self._drawn(width, height, palette)
            )
        base = self.rich_style
        if y >= len(chart.rows):
            return Strip.blank(width, base)
        strip = Strip([Segment(text, base + style) for text, style in chart.rows[y]])
        return strip.adjust_cell_length(width, base)

    def _drawn(
        self, width: int, height: int, palette: Palette
    ) -> tuple[tuple[tuple[str, Style], ...], ...]:
        report = self._report
        plot_width, plot_height = width - _GUTTER - 1, height - _FOOT
        if report is None or plot_width < 8 or plot_height < 2:
            return ()
        if not any(b.labelled for b in report.buckets):
            why = "no labels in this period yet" if report.whole.rows else "no rows in this period"
            blank = ((" ", palette.dim),)
            return (*[blank] * (height // 2), ((f"{why:^{width}}", palette.dim),))
        # Two cells a point keep a line that can be followed.
        points, length = pooled(report.buckets, max(plot_width // 2, 1))
        known = [p.rate for p in points if p.rate is not None]
        start, end = points[0].start, points[-1].end
        limits = [r for r in (report.warning_rate, report.critical_rate) if r is not None]
        top, ticks = nice_scale(max(*known, *limits, 0.001), plot_height)
        raster = rasterise(
            [_placed(p, start, end) for p in points],
            top, plot_width, plot_height, self._glyphs.has_braille,
        )  # fmt: skip
        labels = self._labels(report, top, ticks, raster, palette)
        rows = []
        for y in range(plot_height):
            label, style = labels.get(y, ("", palette.dim))
            line = self._line(y, report, top, raster, palette)
            rows.append(((f"{label:>{_GUTTER - 1}} ", style), *line))
        is_pooled = length > max(b.end - b.start for b in report.buckets)
        grain = f"one point: {duration(length.total_seconds())}" if is_pooled else ""
        return (*rows, *self._axis(start, end, length, plot_width, palette, grain))

    def _labels(
        self, report: PerformanceReport, top: float, ticks: tuple[float, ...],
        raster: Raster, palette: Palette,
    ) -> dict[int, tuple[str, Style]]:  # fmt: skip
        """What stands at the left of each row: thresholds before ticks."""
        labels: dict[int, tuple[str, Style]] = {}
        for rate, style in (
            (report.critical_rate, palette.critical), (report.warning_rate, palette.warning),
        ):  # fmt: skip
            if rate is not None:
                labels.setdefault(_row(rate, top, raster), (percent(rate), style))
        taken = set(labels)
        digits = 0 if all(abs(t * 100 - round(t * 100)) < 1e-6 for t in ticks) else 2
        for tick in ticks:
            row = _row(tick, top, raster)
            if row not in taken:
                labels.setdefault(row, (f"{tick * 100:.{digits}f}%", palette.dim))
        return labels

    def _line(
        self, y: int, report: PerformanceReport, top: float, raster: Raster, palette: Palette
    ) -> list[tuple[str, Style]]:
        """The plotted part of a row: data where there is some, else the threshold."""
        rows = raster.height * raster.dots_high
        behind, behind_style = " ", palette.dim
        for rate, glyph, style in (
            (report.warning_rate, self._glyphs.hint, palette.warning),
            (report.critical_rate, self._glyphs.limit, palette.critical),
        ):
            if rate is not None and _row(rate, top, raster) == y:
                behind, behind_style = glyph, Style(color=style.color)
        heights = [
            (dot_height(rate, top, rows), style)
            for rate, style in (
                (report.warning_rate, palette.warning), (report.critical_rate, palette.critical),
            )
            if rate is not None
        ]  # fmt: skip
        parts: list[tuple[str, Style]] = []
        for x in range(raster.width):
            text, style = raster.text(y, x), palette.ok
            if text == " ":
                text, style = behind, behind_style
            else:
                for limit, above in heights:
                    if raster.peaks[y][x] > limit:
                        style = above
            if parts and parts[-1][1] == style:
                parts[-1] = (parts[-1][0] + text, style)
            else:
                parts.append((text, style))
        return parts

    def _axis(
        self, start: datetime, end: datetime, step: timedelta, width: int, palette: Palette,
        grain: str,
    ) -> list[tuple[tuple[str, Style], ...]]:  # fmt: skip
        """The axis with its ticks and the onset; under it the dates, and how long a point is."""
        dates = date_labels(start, end, step, width, width - len(grain) - 2 if grain else width)
        line = [self._glyphs.floor] * width
        below = [" "] * width
        for cell, text in dates:
            if cell:  # the corner marks the first one
                line[cell] = self._glyphs.tick
            below[cell : cell + len(text)] = text
        below[width - len(grain) :] = grain
        axis: list[tuple[str, Style]] = [
            (" " * (_GUTTER - 1) + self._glyphs.corner, palette.dim),
            ("".join(line), palette.dim),
        ]
        if self._since is not None and start <= self._since < end:
            cell = min(int((self._since - start) / (end - start) * width), width - 1)
            axis[1:] = [
                ("".join(line[:cell]), palette.dim),
                (self._glyphs.onset, palette.critical),
                ("".join(line[cell + 1 :]), palette.dim),
            ]
        return [tuple(axis), ((" " * _GUTTER + "".join(below), palette.dim),)]


def _placed(point: Point, start: datetime, end: datetime) -> Bucket:
    length = end - start
    return Bucket((point.start - start) / length, (point.end - start) / length, point.rate)


def _row(rate: float, top: float, raster: Raster) -> int:
    rows = raster.height * raster.dots_high
    return (rows - 1 - dot_height(rate, top, rows)) // raster.dots_high
