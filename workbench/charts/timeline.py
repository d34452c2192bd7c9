"""How many predictions were bad, and since when? The bad-rate timeline."""

from __future__ import annotations

from typing import Any

import altair as alt

from workbench.charts import look
from workbench.domain.names import shown
from workbench.domain.period import iso
from workbench.domain.rates import PerformanceReport, RateBucket


def bad_rate_timeline(
    report: PerformanceReport, *, width: int = look.WIDTH, height: int = 240
) -> alt.Chart | alt.LayerChart:
    """The realised bad-prediction rate over time, with its band, baseline and thresholds.

    A line with the 95 % interval of each bucket as a band, a mark a bucket whose shape and
    colour tell the status, and horizontal lines at the reference's rate and at the warning
    and critical rates. A bucket without labels breaks the line and is marked on the axis.
    Buckets of a break-down by segment are not drawn: they are no one line.

    Args:
        report: the figures; empty buckets give a chart that says so.
        width: pixels of the plotted area.
        height: likewise.
    """
    title = f"Bad predictions of {shown(report.model, look.NAME_LIMIT)}"
    rows = [_row(bucket) for bucket in report.buckets if bucket.segment is None]
    if not any(row["rows"] for row in rows):
        return look.message("no predictions in this period", title)
    top = _top(report, rows)
    x = alt.X(
        "middle:T",
        title="UTC",
        scale=alt.Scale(
            type="utc", domain=[iso(report.period.start), iso(report.period.end)], nice=False
        ),
        axis=alt.Axis(labelOverlap=True, grid=False),
    )
    base = alt.Chart(look.values(rows))
    y_scale = alt.Scale(domain=[0, top], nice=False)
    y_axis = alt.Axis(format="~%", tickCount=6)
    y = alt.Y("rate:Q", title="bad, share of labelled rows", scale=y_scale, axis=y_axis)
    band = base.mark_area(opacity=0.2, color=look.CURRENT_COLOUR, clip=True).encode(
        x=x, y=alt.Y("low:Q", scale=y_scale, axis=y_axis), y2="high:Q"
    )
    line = base.mark_line(color=look.CURRENT_COLOUR, clip=True).encode(x=x, y=y)
    marks = base.mark_point(filled=True, size=45, opacity=1).encode(
        x=x, y=y, color=_status_colour(), shape=_status_shape(), tooltip=_tooltips()
    )
    unlabelled = [row for row in rows if row["rate"] is None and row["rows"]]
    waiting = (
        alt.Chart(look.values(unlabelled))
        .mark_point(filled=True, size=45, opacity=1)
        .encode(
            x=x,
            y=alt.value(height),
            color=_status_colour(),
            shape=_status_shape(),
            tooltip=_tooltips(),
        )
    )
    layers = [band, *_rules(report), line, marks, *([waiting] if unlabelled else [])]
    chart: alt.LayerChart = alt.LayerChart(layer=layers).properties(
        width=width,
        height=height,
        title=alt.Title(title, subtitle=_subtitle(report)),
        description=f"{title}. {_subtitle(report)}",
        usermeta=look.LOCAL_MENU,
    )
    return chart


def _row(bucket: RateBucket) -> dict[str, Any]:
    middle = bucket.start + (bucket.end - bucket.start) / 2
    return {
        "middle": iso(middle),
        "rate": bucket.bad_rate,
        "low": bucket.low,
        "high": bucket.high,
        "rows": bucket.rows,
        "status": bucket.status,
        "when": f"{look.moment(bucket.start)} to {look.moment(bucket.end)} UTC",
        "rate_text": look.percent(bucket.bad_rate),
        "interval_text": f"{look.percent(bucket.low)} to {look.percent(bucket.high)}",
        "labelled_text": f"{look.count(bucket.labelled)} of {look.count(bucket.rows)}",
        "reason": shown(bucket.reason or "", 160),
    }


def _top(report: PerformanceReport, rows: list[dict[str, Any]]) -> float:
    """Upper end of the axis: over every rate, but not over every interval of a tiny bucket."""
    rates = [row["rate"] for row in rows]
    known = [r for r in (*rates, report.critical_rate, report.reference_high) if r is not None]
    return float(min(1.0, 1.15 * max(known, default=1.0)) or 1.0)


def _rules(report: PerformanceReport) -> list[alt.Chart]:
    """The horizontal lines; their legend carries the figures."""
    lines = [
        (text, rate, dash)
        for text, rate, dash in (
            ("reference", report.reference_rate, [1, 0]),
            ("warning from", report.warning_rate, [4, 4]),
            ("critical from", report.critical_rate, [10, 3]),
        )
        if rate is not None
    ]
    if not lines:
        return []
    rows = [{"line": f"{text} {look.percent(rate)}", "at": rate} for text, rate, _ in lines]
    names = [str(row["line"]) for row in rows]
    rule = (
        alt.Chart(look.values(rows))
        .mark_rule(color=look.REFERENCE_COLOUR, strokeWidth=1.5, clip=True)
        .encode(
            y=alt.Y("at:Q"),
            strokeDash=alt.StrokeDash(
                "line:N",
                title="lines",
                sort=names,
                scale=alt.Scale(domain=names, range=[dash for _, _, dash in lines]),
                legend=alt.Legend(symbolSize=700),
            ),
            tooltip=[alt.Tooltip("line:N", title="line")],
        )
    )
    return [rule]


def _status_colour() -> alt.Color:
    return alt.Color("status:N", title="status", scale=look.status_colour())


def _status_shape() -> alt.Shape:
    return alt.Shape("status:N", title="status", scale=look.status_shape())


def _tooltips() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("when:N", title="bucket"),
        alt.Tooltip("rate_text:N", title="bad rate"),
        alt.Tooltip("interval_text:N", title="95 % interval"),
        alt.Tooltip("labelled_text:N", title="labelled rows"),
        alt.Tooltip("status:N", title="status"),
        alt.Tooltip("reason:N", title="reason"),
    ]


def _subtitle(report: PerformanceReport) -> str:
    whole = report.whole
    period = f"{look.moment(report.period.start)} to {look.moment(report.period.end)} UTC"
    rows = f"{look.count(whole.labelled)} of {look.count(whole.rows)} rows labelled"
    return f"{period}, {rows}, {look.percent(whole.bad_rate)} bad; band: 95 % interval"
