"""Is the rise one of shares or of rates? The rise split over the values of each segment, exactly.

It needs no model of the domain and no overlap, so that it stands beside the decomposition even where
that is refused: what moved between known segments (mix) may be no fault of the model, what got
worse inside them (rate) is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.domain.names import shown
from workbench.domain.slices import SegmentPart, SegmentTable
from workbench.domain.verdict import Evidence
from workbench.performance.segment_table import Outcome, segment_table

if TYPE_CHECKING:
    import polars as pl

    from workbench.triage.case import Case

STEP = "segment_rise"
_LONGEST = 40


@dataclass(frozen=True)
class SegmentRise:
    """A table a segment column; `mix` and `rate` of each add up to the rise."""

    skipped: str | None = None
    tables: tuple[SegmentTable, ...] = ()
    """Those first in which one value contributes most."""
    sensitive: tuple[str, ...] = ()
    """Columns whose values are not to be named."""

    def evidence(self) -> tuple[Evidence, ...]:
        """A line a column: what of the rise is mix, what is rate, and where most of it is."""
        if self.skipped:
            return (Evidence(STEP, "mix", None, self.skipped),)
        return tuple(self._line(table) for table in self.tables)

    def _line(self, table: SegmentTable) -> Evidence:
        name = f"mix of {shown(table.column)}"
        if table.mix is None or table.rate is None or table.rise is None:
            return Evidence(STEP, name, None, table.reason or "not measured")
        reading = (
            f"of {_points(table.rise)} more that are bad, {_points(table.mix)} are other shares of its "
            f"values and {_points(table.rate)} other rates within them; most is in {self._most(table)}"
        )
        n = sum(part.labelled for part in table.parts)
        return Evidence(STEP, name, table.mix, reading, n=round(n), threshold=0.0)

    def _most(self, table: SegmentTable) -> str:
        part: SegmentPart = table.parts[0]
        value = "missing values" if part.value is None else shown(part.value, _LONGEST)
        if table.column in self.sensitive:
            value = "one value"
        return f"{value} ({_points(part.contribution)}, {part.share:.0%} of the rows)"


def measure_segment_rise(case: Case) -> SegmentRise:
    """The rise from the reference to the period over the values of every segment column.

    For a value with share s and bad rate L, in the reference P and the period Q: mix is
    (s_Q - s_P) (L_P + L_Q) / 2, rate (L_Q - L_P) (s_P + s_Q) / 2.

    Args:
        case: its reference, current rows and segments.

    Returns:
        Nothing, with the reason, where there are no segments or a side has no labels.
    """
    columns = [
        name
        for name in case.segments
        if name in case.reference.columns and name in case.current.columns
    ]
    if not columns:
        return SegmentRise("the card has no segments that both the reference and the log know")
    tables = [
        segment_table(name, _outcomes(case.reference, name), _outcomes(case.current, name))
        for name in columns
    ]
    if all(table.reason for table in tables):
        return SegmentRise(tables[0].reason)
    tables.sort(key=lambda t: (-max((p.contribution for p in t.parts), default=0.0), t.column))
    hidden = tuple(name for name in columns if case.card.privacy.is_sensitive(name))
    return SegmentRise(None, tuple(tables), hidden)


def _outcomes(rows: pl.DataFrame, column: str) -> dict[str | None, Outcome]:
    """Labelled rows and bad ones by value, in the order of the values."""
    import polars as pl

    if "wb_bad" not in rows.columns:
        return {}
    found = (
        rows.filter(pl.col("wb_bad").is_not_null())
        .group_by(pl.col(column).cast(pl.String).alias("value"))
        .agg(pl.len().alias("n"), pl.col("wb_bad").sum().alias("bad"))
        .sort("value", nulls_last=True)
    )
    return {value: (float(n), float(bad)) for value, n, bad in found.iter_rows()}


def _points(share: float) -> str:
    return f"{100 * share:+.1f} points"
