"""Which columns moved most? The ranking of a drift report."""

from __future__ import annotations

from typing import Any

import altair as alt

from workbench.charts import look
from workbench.domain.drift import ColumnDrift, DriftReport
from workbench.domain.names import shown

_BAR = 18
"""Pixels of a row."""


def drift_ranking(
    report: DriftReport, *, limit: int = 20, width: int = look.WIDTH
) -> alt.Chart | alt.HConcatChart:
    """Bars of the columns, in the report's order: PSI, and beside it the scaled distance.

    A status is the worse of the two effects, so both are drawn; the word of the status
    stands at the end of the bar. A column without a figure keeps its row, and its tooltip
    says why.

    Args:
        report: the figures; without columns the chart says so.
        limit: how many columns are drawn; the title says how many there are.
        width: pixels of both panels together.
    """
    title = f"Drift of {shown(report.model, look.NAME_LIMIT)}"
    if not report.columns:
        return look.message("no columns to compare", title)
    drawn = report.columns[:limit]
    labels = look.distinct([column.name for column in drawn])
    rows = [
        _row(rank, label, column)
        for rank, (label, column) in enumerate(zip(labels, drawn, strict=True))
    ]
    has_distance = any(column.wasserstein is not None for column in drawn)
    panel = width // 2 if has_distance else width
    base = alt.Chart(look.values(rows)).properties(width=panel, height=_BAR * len(rows))
    y = alt.Y("label:N", title=None, sort=labels, axis=alt.Axis(labelLimit=260, grid=False))
    psi = _panel(base, y, "psi", "PSI (share per bin)", "status")
    panels = [psi]
    if has_distance:
        quiet = alt.Y("label:N", title=None, sort=labels, axis=None)
        panels.append(_panel(base, quiet, "distance", "scaled distance (numbers)", "distance_text"))
    return alt.hconcat(*panels, spacing=16).properties(
        title=alt.Title(title, subtitle=_subtitle(report, len(drawn)), anchor="start"),
        description=f"{title}. {_subtitle(report, len(drawn))}",
        usermeta=look.LOCAL_MENU,
    )


def _panel(base: alt.Chart, y: alt.Y, field: str, title: str, text: str) -> alt.LayerChart:
    x = alt.X(f"{field}:Q", title=title, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5))
    colour = alt.Color("status:N", title="status", scale=look.status_colour(), legend=None)
    bars = base.mark_bar().encode(x=x, y=y, color=colour, tooltip=_tooltips())
    # A row without a figure has no bar: its word stands where the bar would begin.
    words = base.mark_text(align="left", dx=4, fontSize=10).encode(
        x=alt.X(f"{field}_end:Q"), y=y, text=alt.Text(f"{text}:N"), tooltip=_tooltips()
    )
    return alt.LayerChart(layer=[bars, words])


def _row(rank: int, label: str, column: ColumnDrift) -> dict[str, Any]:
    numeric = column.kind == "numeric"
    before, now = look.percent(column.missing_reference), look.percent(column.missing_current)
    return {
        "rank": rank,
        "label": label,
        "role": column.role,
        "status": column.status,
        "psi": column.psi,
        "psi_end": column.psi or 0.0,
        "psi_text": look.figure(column.psi),
        "distance": column.wasserstein,
        "distance_end": column.wasserstein or 0.0,
        "distance_text": look.figure(column.wasserstein) if numeric else "none: categories",
        "p_text": look.figure(column.p_adjusted),
        "missing": f"{before} to {now}",
        "unseen": len(column.unseen),
        "n": f"{_rows(column.reference)} and {_rows(column.current)}",
        "reason": shown(column.reason or "", 160),
    }


def _rows(profile: Any) -> str:
    return "not known" if profile is None else look.count(profile.rows)


def _tooltips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("label:N", title="column"),
        alt.Tooltip("role:N", title="role"),
        alt.Tooltip("status:N", title="status"),
        alt.Tooltip("psi_text:N", title="PSI"),
        alt.Tooltip("distance_text:N", title="scaled distance"),
        alt.Tooltip("p_text:N", title="adjusted p-value"),
        alt.Tooltip("missing:N", title="missing, before to now"),
        alt.Tooltip("unseen:Q", title="categories never seen before"),
        alt.Tooltip("n:N", title="rows, reference and current"),
        alt.Tooltip("reason:N", title="reason"),
    ]


def _subtitle(report: DriftReport, drawn: int) -> str:
    columns = (
        f"{drawn} of {len(report.columns)} columns"
        if drawn < len(report.columns)
        else f"{drawn} columns"
    )
    period = f"{look.moment(report.current.start)} to {look.moment(report.current.end)} UTC"
    return (
        f"{columns}, worst first; {period}, {look.count(report.current_rows)} rows "
        f"against {look.count(report.reference_rows)}"
    )
