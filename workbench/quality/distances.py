"""How far apart are two samples of raw values? Plain distances, and what chance would make of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST = 4000
"""Values a side that a distance is taken of: its error is then below 0.03."""


def thinned(values: NDArray[Any], most: int = _MOST) -> NDArray[Any]:
    """At most so many of the values, evenly spaced over their order."""
    import numpy as np

    if values.size <= most:
        return values
    return values[np.linspace(0, values.size - 1, most).astype(np.int64)]


def ks(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Kolmogorov and Smirnov's distance: the largest gap of the two distribution functions.

    Both without NaN and not empty; neither need be sorted.
    """
    import numpy as np

    a, b = np.sort(left), np.sort(right)
    every = np.concatenate([a, b])
    first = np.searchsorted(a, every, side="right") / a.size
    second = np.searchsorted(b, every, side="right") / b.size
    return float(np.abs(first - second).max())


def ks_by_chance(n: int, m: int) -> float:
    """The distance that two samples of one distribution exceed once in a thousand (Smirnov)."""
    return 1.95 * math.sqrt((n + m) / (n * m))


def total_variation(left: NDArray[Any], right: NDArray[Any]) -> float:
    """Half the sum of the differences of two lists of counts, as shares: 0 to 1."""
    import numpy as np

    n, m = left.sum(), right.sum()
    if not n or not m:
        return 0.0
    return float(np.abs(left / n - right / m).sum() / 2)


def tv_by_chance(left: NDArray[Any], right: NDArray[Any]) -> float:
    """About the largest `total_variation` of two samples of one distribution.

    The mean of |p - q| is sqrt(2 v / pi) with v = p (1 - p) (1/n + 1/m); half their sum, and
    half as much again.
    """
    import numpy as np

    n, m = float(left.sum()), float(right.sum())
    if not n or not m:
        return 1.0
    share = (left + right) / (n + m)
    spread = np.sqrt(2 / math.pi * share * (1 - share) * (1 / n + 1 / m))
    return float(min(0.75 * spread.sum(), 1.0))
