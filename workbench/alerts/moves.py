"""Has the distribution of a column moved?

The effect is the PSI of the span less what so few rows give by chance, (bins - 1) (1/n + 1/m),
or for numbers the scaled Wasserstein distance less sqrt(1/n + 1/m). The test is Pearson's for two
samples, rare bins pooled, against the reference's rows of the same phase of week and day. Its
statistic is compared with a law that allows for buckets that differ: degrees of freedom + c on
average, with a variance of 2 degrees + 4 c + 2 c^2, where c is the usual excess of so many rows.
That is a chi-square whose non-centrality is c Z^2 for a normal Z, as when one thing (a mean, say)
goes up and down from day to day; its tail is taken from the gamma law with these moments. Where
few rows are in a bin Pearson's statistic is too often very large, and the likelihood ratio's is
not: the smaller of the two is taken.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from workbench.alerts.history import ColumnHistory, Looks, Measured
from workbench.alerts.merging import pooled_counts
from workbench.alerts.tails import gamma_survival
from workbench.alerts.usual import Array

Limits = tuple[float, float]


def measure_move(
    history: ColumnHistory, looks: Looks, effect: Limits, distance: Limits, most: Array
) -> Measured:
    """How far a column moved at every look.

    Args:
        history: the column.
        looks: which buckets are looks, and what they see.
        effect: the corrected PSI of a warning, and of a critical move.
        distance: likewise the corrected Wasserstein distance.
        most: (spans,) the p-value from which on nothing is significant: its distance, which costs a
            read, is not asked for.

    Returns:
        The values are the PSI less what chance gives.
    """
    found = Measured.blank(looks)
    p_values, sizes, values, _ = found
    known = float(history.usual.whole.sum())
    if not known:
        return found
    for number, span in enumerate(looks.spans):
        counts = looks.over(history.counts, span)
        rows = counts.sum(axis=1)
        has = rows > 0
        moved = _psi(history, counts) - _by_chance(history, rows, known)
        values[number] = np.where(has, moved, np.nan)
        p_values[number, has] = 1.0
        sizes[number] = np.where(has, np.where(moved >= effect[1], 2, moved >= effect[0]), 0)
        far = has if history.distance is not None else has & (moved >= effect[0])
        for look in np.flatnonzero(far):
            end = looks.first + int(look) + 1
            p = _p_value(history, looks, counts[look], span, end - 1)
            if p is None:
                p_values[number, look] = np.nan
                continue
            if history.distance is not None and p < most[number]:
                margin = (1 / rows[look] + 1 / known) ** 0.5
                size = _size(history.distance(max(end - span, 0), end), margin, distance)
                sizes[number, look] = max(sizes[number, look], size)
            p_values[number, look] = p if sizes[number, look] else 1.0
    return found


def _p_value(
    history: ColumnHistory, looks: Looks, counts: Array, span: int, newest: int
) -> float | None:
    reference, a_row = history.usual.beside(looks.starts[newest], span)
    pairs = pooled_counts(reference, [round(n) for n in counts], ordered=history.ordered)
    if len(pairs) < 2:
        return None
    statistic, degrees = _statistic(pairs), len(pairs) - 1
    excess = a_row * float(counts.sum())
    return gamma_survival(
        statistic, degrees + excess, 2 * degrees + 4 * excess + 2 * excess * excess
    )


def _statistic(pairs: Sequence[tuple[int, int]]) -> float:
    """The smaller of Pearson's statistic and the likelihood ratio's."""
    n, m = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    pearson = math.fsum((a * m - b * n) ** 2 / (a + b) for a, b in pairs) / (n * m)
    ratio = math.fsum(
        count * math.log(count * (n + m) / ((a + b) * rows))
        for a, b in pairs
        for count, rows in ((a, n), (b, m))
        if count
    )
    return min(pearson, 2 * ratio)


def _psi(history: ColumnHistory, counts: Array) -> Array:
    p, q = _shares(history, history.usual.whole[None, :]), _shares(history, counts)
    found: Array = ((q - p) * np.log(q / p)).sum(axis=1)
    return found


def _shares(history: ColumnHistory, counts: Array) -> Array:
    """Smoothed shares on the bins of `psi`; see `drift.divergence.psi`."""
    if history.psi_starts is not None:
        counts = np.add.reduceat(counts, history.psi_starts, axis=1)
    smoothed = counts + 0.5
    found: Array = smoothed / smoothed.sum(axis=1, keepdims=True)
    return found


def _by_chance(history: ColumnHistory, rows: Array, known: float) -> Array:
    bins = len(history.psi_starts or history.usual.whole)
    return (bins - 1) * (1 / np.maximum(rows, 1) + 1 / known)


def _size(value: float | None, margin: float, limits: Limits) -> int:
    if value is None:
        return 0
    return sum(value - margin >= limit for limit in limits)
