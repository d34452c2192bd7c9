"""What did one column look like then and now? Shares per bin, side by side."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt

from workbench.charts import look
from workbench.domain.drift import ColumnDrift
from workbench.domain.names import shown
from workbench.domain.profile import ColumnBins, ColumnProfile
from workbench.drift.divergence import coarse_counts

REFERENCE, CURRENT = "reference", "current"
_STEP = 26
"""Pixels of one bin, which holds two bars."""


@dataclass(frozen=True)
class _Bin:
    label: str
    reference: int
    current: int


def share_per_bin(
    column: ColumnDrift, *, hide_values: bool = False, limit: int = 12, width: int = look.WIDTH
) -> alt.Chart:
    """The share of rows in each bin of a column, reference against current.

    Numbers: the bins of the PSI, the reference's deciles with ties merged. Categories: the
    `limit` most frequent ones, then the rest together, then those never seen before. Shares
    are of the rows that have a value; the share of missing ones is in the subtitle.

    Args:
        column: the column, with the profiles of both periods; without them the chart says so.
        hide_values: for sensitive columns: bins are numbered, not named.
        limit: how many categories have bars of their own.
        width: pixels of the plotted area.
    """
    title = f"{shown(column.name, look.NAME_LIMIT)}: share of rows per bin"
    if column.reference is None or column.current is None:
        return look.message(shown(column.reason or "the rows of a period are not known"), title)
    if not column.reference.present and not column.current.present:
        return look.message("no row of either period has a value", title)
    bins = pooled_bins(column.reference, column.current, limit)
    names = [f"bin {i + 1}" for i in range(len(bins))] if hide_values else [b.label for b in bins]
    labels = look.distinct(names)
    rows = [
        row
        for label, pooled in zip(labels, bins, strict=True)
        for row in (
            _row(label, REFERENCE, pooled.reference, column.reference.present),
            _row(label, CURRENT, pooled.current, column.current.present),
        )
    ]
    order = [REFERENCE, CURRENT]
    chart: alt.Chart = (
        alt.Chart(look.values(rows))
        .mark_bar()
        .encode(
            x=alt.X(
                "share:Q",
                title="share of rows with a value",
                axis=alt.Axis(format="~%", tickCount=8),
            ),
            y=alt.Y("label:N", title=None, sort=labels, axis=alt.Axis(labelLimit=260)),
            yOffset=alt.YOffset("period:N", sort=order),
            color=alt.Color(
                "period:N",
                title=None,
                sort=order,
                scale=alt.Scale(domain=order, range=[look.REFERENCE_COLOUR, look.CURRENT_COLOUR]),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip("label:N", title="bin"),
                alt.Tooltip("period:N", title="period"),
                alt.Tooltip("share_text:N", title="share"),
                alt.Tooltip("rows_text:N", title="rows"),
            ],
        )
        .properties(
            width=width,
            height=_STEP * len(bins),
            title=alt.Title(title, subtitle=_subtitle(column)),
            description=f"{title}. {_subtitle(column)}",
            usermeta=look.LOCAL_MENU,
        )
    )
    return chart


def pooled_bins(reference: ColumnProfile, current: ColumnProfile, limit: int) -> tuple[_Bin, ...]:
    """The counts of two profiles over the same bins, pooled as they are drawn."""
    if reference.bins.kind == "numeric":
        return _numeric(reference, current)
    return _categorical(reference, current, limit)


def _numeric(reference: ColumnProfile, current: ColumnProfile) -> tuple[_Bin, ...]:
    pooled = zip(
        _ranges(reference.bins), coarse_counts(reference), coarse_counts(current), strict=True
    )
    return tuple(_Bin(*one) for one in pooled)


def _ranges(bins: ColumnBins) -> list[str]:
    ends = _written(bins.psi_edges)
    if not ends:
        return ["all values"]
    between = [f"{low} to {high}" for low, high in pairwise(ends)]
    return [f"up to {ends[0]}", *between, f"above {ends[-1]}"]


def _written(edges: tuple[float, ...]) -> list[str]:
    """Edges in as few digits as tell them apart."""
    for digits in range(4, 17):
        written = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(written)) == len(edges):
            return written
    return [repr(edge) for edge in edges]


def _categorical(reference: ColumnProfile, current: ColumnProfile, limit: int) -> tuple[_Bin, ...]:
    names = reference.bins.categories
    pairs = [_Bin(name, reference.counts[i], current.counts[i]) for i, name in enumerate(names)]
    n, m = max(reference.present, 1), max(current.present, 1)
    pairs.sort(key=lambda b: -max(b.reference / n, b.current / m))
    kept, rest = pairs[:limit], pairs[limit:]
    other, unseen = len(names), len(names) + 1
    rest_reference = sum(b.reference for b in rest) + reference.counts[other]
    rest_current = sum(b.current for b in rest) + current.counts[other]
    if rest_reference or rest_current:
        kept.append(_Bin(f"all {_other(reference.bins, len(rest))}", rest_reference, rest_current))
    if reference.counts[unseen] or current.counts[unseen]:
        kept.append(_Bin("never seen before", reference.counts[unseen], current.counts[unseen]))
    return tuple(kept)


def _other(bins: ColumnBins, pooled: int) -> str:
    return "others" if bins.is_open else f"{pooled + len(bins.other)} others"


def _row(label: str, period: str, rows: int, present: int) -> dict[str, Any]:
    share = rows / present if present else None
    return {
        "label": label,
        "period": period,
        "share": share,
        "share_text": look.percent(share),
        "rows_text": f"{look.count(rows)} of {look.count(present)}",
    }


def _subtitle(column: ColumnDrift) -> str:
    before, now = look.percent(column.missing_reference), look.percent(column.missing_current)
    parts = [
        column.status,
        f"PSI {look.figure(column.psi)}",
        f"missing {before} to {now}",
    ]
    if column.kind == "numeric":
        parts.insert(2, f"scaled distance {look.figure(column.wasserstein)}")
    if column.unseen:
        share = "" if column.unseen_share is None else f" ({look.percent(column.unseen_share)})"
        noun = "category" if len(column.unseen) == 1 else "categories"
        parts.append(f"{len(column.unseen)} {noun} never seen before{share}")
    return ", ".join(parts)
