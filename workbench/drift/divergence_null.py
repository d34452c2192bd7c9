"""How large are PSI, Jensen-Shannon, Hellinger and G when nothing changed?

All four are quadratic near 0, so with many rows in every bin each is c chi-square(B - 1):
c = 1/n + 1/m for PSI, (1/n + 1/m) / (8 ln 2) for the squared Jensen-Shannon distance with base-2
logarithms, (1/n + 1/m) / 8 for the squared Hellinger distance, 1 for G. With five rows expected
in a bin that law is off. Given the totals, the rows of one bin follow the hypergeometric law
whatever the true shares are, so the mean of such a sum over bins is exact, and its variance is
but for the covariances between bins, which the quadratic form gives. The p-value is that of the
gamma law of this mean and variance: chi-square's own where the bins are full.

Bins in which few rows are expected of the smaller sample must have been put together before
(`divergence_table`): where many are empty, two moments are not enough.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from workbench.drift.divergence import SMOOTHING
from workbench.drift.laws import gamma_survival
from workbench.drift.pooling import Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

STATISTICS = ("g", "psi", "js", "hellinger")

_FULL = 20.0
"""With more rows expected of the smaller sample, a bin's law is a normal one with its skewness."""

_NODES = 7
"""Points of the quadrature over such a law."""

_FAIR_COUNT = 10.0
"""Rows expected of the smaller sample in a bin; with half of that the Hellinger distance, for which
an empty bin is far away, rejects 2.5 % at 1000 rows against 50."""

_SCALES = {"psi": 1.0, "js": 1 / (8 * math.log(2)), "hellinger": 1 / 8}

_CELLS = 4_000_000
"""Cells worked on at once: about 100 MB."""


def divergence_table(table: Table) -> Table:
    """The bins over which the four are tested: fuller than Pearson's, where enough are left."""
    fuller = table.fair(_FAIR_COUNT)
    return fuller if len(fuller.pairs) > 1 else table.fair()


def divergence_p_values(reference: NDArray[Any], current: NDArray[Any]) -> dict[str, list[float]]:
    """P-values of the four statistics for many comparisons at once.

    Args:
        reference: rows in each bin, (comparisons, bins); bins that are empty on both sides do not
            count, so that comparisons of fewer bins can be filled up.
        current: likewise.

    Returns:
        For each of `STATISTICS` a p-value a comparison; 1 where fewer than two bins have rows.
    """
    import numpy as np

    a, b = (np.atleast_2d(np.asarray(x, dtype=np.float64)) for x in (reference, current))
    step = max(_CELLS // (a.shape[1] * 100), 1)
    found: dict[str, list[float]] = {name: [] for name in STATISTICS}
    for start in range(0, len(a), step):
        part = _p_values(a[start : start + step], b[start : start + step])
        for name, values in part.items():
            found[name] += values
    return found


def _p_values(a: NDArray[Any], b: NDArray[Any]) -> dict[str, list[float]]:
    import numpy as np

    total = a + b
    n, m = a.sum(axis=1, keepdims=True), b.sum(axis=1, keepdims=True)
    bins = (total > 0).sum(axis=1, keepdims=True)
    share = total / (n + m)
    unit = 1 / n[:, 0] + 1 / m[:, 0]
    within = 1 - (share * share).sum(axis=1)
    expected = share * np.minimum(n, m)
    means = {name: np.zeros(a.shape) for name in STATISTICS}
    spreads = {name: np.zeros(a.shape) for name in STATISTICS}
    for place, law_of in (
        ((total > 0) & (expected <= _FULL), _hypergeometric),
        (expected > _FULL, _nearly_normal),
    ):
        rows, columns = np.nonzero(place)
        if not rows.size:
            continue
        of_bin = total[rows, columns]
        law, smaller = law_of(of_bin, np.minimum(n, m)[rows, 0], (n + m)[rows, 0])
        larger = of_bin[:, None] - smaller
        is_first = (n <= m)[rows]
        first, second = np.where(is_first, smaller, larger), np.where(is_first, larger, smaller)
        for name in STATISTICS:
            terms = _terms(name, first, second, n[rows], m[rows], bins[rows])
            mean = (law * terms).sum(axis=1)
            off = terms - mean[:, None]
            means[name][rows, columns] = mean
            spreads[name][rows, columns] = (law * off * off).sum(axis=1)
    found = {}
    for name in STATISTICS:
        scale = unit * _SCALES[name] if name != "g" else np.ones(len(a))
        observed = np.where(total > 0, _terms(name, a, b, n, m, bins), 0.0).sum(axis=1)
        variance = spreads[name].sum(axis=1) + 2 * scale * scale * within
        found[name] = [
            1.0 if k < 2 else gamma_survival(value, mean, spread)
            for value, mean, spread, k in zip(
                observed.tolist(),
                means[name].sum(axis=1).tolist(),
                variance.tolist(),
                bins[:, 0].tolist(),
                strict=True,
            )
        ]
    return found


def _terms(
    name: str,
    a: NDArray[Any],
    b: NDArray[Any],
    n: NDArray[Any],
    m: NDArray[Any],
    bins: NDArray[Any],
) -> NDArray[Any]:
    """What one bin adds to a statistic; for `js` and `hellinger` to the square of the distance."""
    import numpy as np

    if name == "psi":
        p = (a + SMOOTHING) / (n + SMOOTHING * bins)
        q = (b + SMOOTHING) / (m + SMOOTHING * bins)
        return np.asarray((q - p) * np.log(q / p))
    p, q = a / n, b / m
    if name == "hellinger":
        return np.asarray((np.sqrt(p) - np.sqrt(q)) ** 2 / 2)
    weights = (n / (n + m), m / (n + m)) if name == "g" else (0.5, 0.5)
    middle = weights[0] * p + weights[1] * q
    middle = np.where(middle > 0, middle, 1.0)
    parts = weights[0] * _xlog(p, middle) + weights[1] * _xlog(q, middle)
    return np.asarray(2 * (n + m) * parts if name == "g" else parts / math.log(2))


def _xlog(p: NDArray[Any], middle: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.asarray(p * np.log(np.where(p > 0, p, 1.0) / middle))


def _hypergeometric(
    total: NDArray[Any], small: NDArray[Any], rows: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The law of how many of a bin's rows are in the smaller sample: probabilities and counts."""
    import numpy as np

    most = float((total * small / rows).max())
    grid = int(most + 8 * math.sqrt(most) + 12)
    k = np.arange(grid - 1, dtype=np.float64)
    # P(k + 1) / P(k) = (total - k)(small - k) / ((k + 1)(rows - total - small + k + 1))
    rest = (rows - total - small)[:, None] + k + 1
    upper = np.maximum(total[:, None] - k, 0) * np.maximum(small[:, None] - k, 0)
    possible = rest > 0
    with np.errstate(divide="ignore"):
        ratio = np.where(possible, np.log(upper) - np.log((k + 1) * np.where(possible, rest, 1)), 0)
    logs = np.concatenate([np.zeros((len(total), 1)), np.cumsum(ratio, axis=1)], axis=1)
    # Counts below total + small - rows cannot be.
    least = np.maximum(total + small - rows, 0)[:, None]
    counts = np.arange(grid, dtype=np.float64)
    logs = np.where(counts < least, -np.inf, logs)
    law = np.exp(logs - logs.max(axis=1, keepdims=True))
    # Where a count cannot be, its terms must still be figures.
    held = np.minimum(np.broadcast_to(counts, law.shape), np.minimum(total, small)[:, None])
    return law / law.sum(axis=1, keepdims=True), held


def _nearly_normal(
    total: NDArray[Any], small: NDArray[Any], rows: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The same where many are expected: Cornish and Fisher's z + skewness (z^2 - 1) / 6."""
    import numpy as np

    z, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    p = small / rows
    mean = total * p
    held = np.maximum(rows - 2, 1)
    variance = mean * (1 - p) * (rows - total) / (rows - 1)
    skewness = (1 - 2 * p) * (1 - 2 * total / rows) * rows / held / np.sqrt(np.maximum(variance, 1e-12))  # fmt: skip
    at = mean[:, None] + np.sqrt(variance)[:, None] * (z + skewness[:, None] * (z * z - 1) / 6)
    at = np.clip(at, 0, np.minimum(total, small)[:, None])
    return np.broadcast_to(weights / weights.sum(), at.shape), at
