"""Are there rows twice under other ids? More of the same inputs than chance and habit make."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.period import Period
from workbench.quality.findings import Finding, times_of
from workbench.quality.stretches import affected_run

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_RISE = 0.02


def duplicate_rows(
    starts: Sequence[datetime],
    rows: NDArray[Any],
    repeated: NDArray[Any],
    exactly: NDArray[Any],
    reference: pl.DataFrame,
    period: Period,
    bucket: timedelta,
) -> Finding | None:
    """The stretch in which far more rows have the inputs of another one than usual.

    Usual is the larger of what the other buckets have (their median) and what as many rows of
    the reference have. Rows whose time is the same too are looked at first: they are usual
    nowhere.

    Args:
        starts: the buckets.
        rows: rows of each.
        repeated: rows beyond the first with the same features, of each.
        exactly: the same, of those with the same timestamp.
        reference: its features.
        period: what was asked.
        bucket: the model's.
    """
    import numpy as np

    if not len(starts):
        return None
    asked = np.array([period.start <= start < period.end for start in starts])
    for hits, words in ((exactly, "inputs and time"), (repeated, "inputs")):
        rates = hits / np.maximum(rows, 1)
        outside = rates[~asked & (rows >= 20)] if (~asked).any() else rates[:0]
        habit = float(np.median(outside)) if outside.size >= 3 else 0.0
        alike = max(
            habit, 0.0 if words != "inputs" else _by_chance(reference, int(np.median(rows)))
        )
        top = float(np.quantile(outside, 0.95)) if outside.size >= 3 else alike
        usual = max(alike, top)
        run = affected_run(hits, rows, usual, LEAST_RISE)
        if run is None or not asked[slice(*run)].any():
            continue
        inside = np.zeros(len(rows), dtype=bool)
        inside[slice(*run)] = True
        rate = float(hits[inside].sum() / rows[inside].sum())
        # Where inputs repeat by nature, a change of the mix makes them do so more.
        if rate - usual < LEAST_RISE + 2 * usual:
            continue
        both = inside & asked
        since, until = times_of(starts, run, bucket)
        excess = max(float(hits[both].sum() - usual * rows[both].sum()), 0.0)
        return Finding(
            "", "duplicate_rows",
            f"{rate:.1%} of the rows have the {words} of another one; {usual:.1%} is usual", since, until,
            share=excess / max(float(rows[asked].sum()), 1.0),
            repair="keep the first of equal rows; the export was sent twice or retried",
        )  # fmt: skip
    return None


def _by_chance(reference: pl.DataFrame, rows: int) -> float:
    """The share of repeated rows among so many of the reference."""
    if not reference.height or rows < 2:
        return 0.0
    take = min(rows, reference.height)
    step = max(reference.height // take, 1)
    chosen = reference.gather_every(step).head(take)
    share = 1 - chosen.n_unique() / take
    # With more rows than the reference has, more of them meet.
    return min(share * max(rows / take, 1.0), 0.95)
