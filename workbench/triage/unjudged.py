"""Did anything move in the newest rows, whose labels are not in yet? Then no rate speaks for them.

Late labels are usual: as long as nothing moved, those that are in speak for the rows whose labels
are still to come. They do not where a fault or an event of that time is known, where inputs or
outputs are spread otherwise than in any stretch before, or where fewer labels came than usual.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.domain.fault import OF_LABELS
from workbench.domain.names import shown
from workbench.drift.divergence import psi
from workbench.triage.rescoring import score_columns
from workbench.triage.since import NO_CHANGES

if TYPE_CHECKING:
    import polars as pl

    from workbench.triage.case import Case

LEAST_ROWS = 100
"""Rows without labels, below which their spread says nothing."""
LEAST_JUDGED = 500
"""Rows since the onset whose labels are in, from which they speak for what the onset moved."""
_STRETCHES = 12
_LEAST_STRETCHES = 3
_BEYOND = 2.0
"""How much farther than any stretch before the newest must be from the rest."""
_BINS = 10
_MOST_VALUES = 30
_CHANCE = 4.0
"""Times what chance alone makes of a PSI, where there are too few stretches to compare with."""


@dataclass(frozen=True)
class Unjudged:
    """What moved in the rows whose labels are not in."""

    start: datetime
    """From here on labels are still to come."""
    signs: tuple[str, ...]
    """What moved, in words; none: nothing did."""


def measure_unjudged(case: Case) -> Unjudged | None:
    """What moved since the labels end; None where all labels of the period are in.

    Looked at are what people changed (events other than holidays and campaigns), faults of inputs
    and outputs that began then, buckets with fewer labels than are usual at their age, and the PSI of
    every input and output between these rows and those before (since the onset, where it is known and
    left enough of them). It must reach the card's warning
    for drift, and twice the largest PSI of any stretch of the same length before.
    """
    start = case.ripe_end
    if start is None or start >= case.period.end:
        return None
    since = start - case.bucket
    signs = [
        f"{e.kind}: {shown(e.text, 60)}" for e in case.events
        if e.kind not in NO_CHANGES and since <= e.at < case.period.end
    ]  # fmt: skip
    inputs = set(case.feature_names)
    signs += [
        f"{f.kind.replace('_', ' ')} of {shown(f.column, 40)}" if f.column else f.kind.replace("_", " ")
        for f in case.faults
        if f.kind not in OF_LABELS and f.status != "ok" and f.since is not None
        and f.since >= since and (f.column in inputs or not f.column)
    ]  # fmt: skip
    if case.overdue:
        rows = sum(b.counts.rows for b in case.overdue)
        labelled = sum(b.counts.labelled for b in case.overdue)
        signs.append(f"{labelled:,.0f} of {rows:,.0f} rows labelled, fewer than usual at their age")
    signs += [f"{shown(name, 40)} (PSI {value:.2f})" for name, value in _moved(case, start)]
    return Unjudged(start, tuple(signs))


def _moved(case: Case, start: datetime) -> list[tuple[str, float]]:
    """Inputs and outputs that are spread otherwise than before, the farthest first."""
    import polars as pl

    if "wb_timestamp" not in case.current.columns:
        return []
    time = pl.col("wb_timestamp")
    new = case.current.filter(time >= start)
    judged = case.current.filter(time < start)
    # What moved at the onset has labels since then, where there are enough: those speak for the rest.
    begun = start if case.onset is None else case.onset + case.bucket
    since = judged.filter(time >= begun)
    is_enough = since.height >= LEAST_JUDGED
    known = [f for f in ([since] if is_enough else [case.before, judged]) if f.height]
    if new.height < LEAST_ROWS or not known:
        return []
    old = pl.concat(known, how="diagonal_relaxed")
    length = case.period.end - start
    stretches = _stretches(old, start, length)
    found = []
    for name in dict.fromkeys([*_outputs(case, old), *case.feature_names]):
        if name not in old.columns or name not in new.columns:
            continue
        value = _farther(old, new, stretches, name, case.card.thresholds.drift_effect[0])
        if value is not None:
            found.append((name.removeprefix("wb_"), value))
    return sorted(found, key=lambda pair: -pair[1])


def _outputs(case: Case, frame: pl.DataFrame) -> list[str]:
    scores = [column for _, column in score_columns(case, frame) if frame[column].count()]
    return scores or ["wb_prediction"]


def _stretches(old: pl.DataFrame, start: datetime, length: timedelta) -> list[pl.DataFrame]:
    """Earlier stretches of the same length, the newest first, those with enough rows."""
    import polars as pl

    found = []
    for back in range(1, _STRETCHES + 1):
        begin = start - back * length
        part = old.filter(pl.col("wb_timestamp").is_between(begin, begin + length, closed="left"))
        if part.height >= LEAST_ROWS:
            found.append(part)
    return found


def _farther(
    old: pl.DataFrame, new: pl.DataFrame, stretches: list[pl.DataFrame], name: str, least: float
) -> float | None:
    """The PSI of the new rows, if it is beyond what any stretch before had; else None."""
    codes = _coded(old, [new, *stretches], name)
    if codes is None:
        return None
    usual, now, *earlier = codes
    value = psi(usual, now)
    if value is None or value < least:
        return None
    if len(earlier) >= _LEAST_STRETCHES:
        limit = _BEYOND * max(psi(usual, part) or 0.0 for part in earlier)
    else:
        limit = _CHANCE * (len(usual) - 1) * (1 / sum(usual) + 1 / sum(now))
    return value if value > limit else None


def _coded(old: pl.DataFrame, parts: list[pl.DataFrame], name: str) -> list[list[int]] | None:
    """Counts of the bins of a column, first of the old rows; None where it does not vary there."""
    import numpy as np
    import polars as pl

    frames = [old, *parts]
    if old.schema[name].is_numeric():
        known = old[name].cast(pl.Float64).drop_nulls().drop_nans().to_numpy()
        if not known.size:
            return None
        edges = np.unique(np.quantile(known, np.arange(1, _BINS) / _BINS))
        counts = []
        for frame in frames:
            values = frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy().astype(float)
            place = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values))
            counts.append(np.bincount(place, minlength=len(edges) + 2).tolist())
        return counts
    texts = [frame[name].cast(pl.String) for frame in frames]
    listed = texts[0].drop_nulls().value_counts(sort=True)[name].to_list()[:_MOST_VALUES]
    if not listed:
        return None
    codes = {value: place for place, value in enumerate(listed)}
    return [
        np.bincount(
            t.replace_strict(codes, default=len(codes), return_dtype=pl.Int64)
            .fill_null(len(codes)).to_numpy(), minlength=len(codes) + 1,
        ).tolist()
        for t in texts
    ]  # fmt: skip
