"""How far apart do the distribution functions of two samples come when nothing changed?

Given the pooled values, the difference of the two distribution functions after each of them is a
random walk that ends at 0. `ks_exact` follows it row by row and needs the raw values.

From bins the difference is known at their ends only. Scaled by sqrt(n m / (n + m)) it is a
Brownian bridge (Kolmogorov, 1933; Smirnov, 1939) looked at in the moments t, the pooled shares
up to each end; looked at in a few moments only, it leaves a band less often, so that the plain
Kolmogorov law is deaf for discrete columns. `bridge_survival` follows the bridge from moment to
moment. Where moments are so dense that this would be slow, some are left out, and the band is
widened by what that is worth: a walk looked at every h instead of ever overshoots by
0.5826 sqrt(h) on average (Siegmund, 1985, chapter X).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.drift.laws import kolmogorov_survival

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_OVERSHOOT = 0.5826
"""-zeta(1/2) / sqrt(2 pi)."""

_STRETCHES = 32
"""Moments that a bridge is followed over at most; denser ones are thinned out."""

_CLOSE = 0.6 / _STRETCHES
"""Moments closer than this to one another, or half of it to an end, are left out: the bridge hardly
moves between them, and the quadrature would not see that it does."""

_NODES = 64
"""Points of the quadrature over a band."""

_CERTAIN = 2.2
"""Half-widths of the band from which Kolmogorov's law is taken: it is below 1.3e-4 there."""

_MOST_WORK = 2_000_000_000
"""Rows times rows that are followed exactly unless a caller says less: some seconds."""

_DENSE = 5_000
"""From so many different values on nothing is lost by taking the distribution for continuous."""


@dataclass(frozen=True)
class KsTest:
    """The largest difference of two distribution functions, and its p-value."""

    distance: float
    p_value: float
    is_exact: bool
    """Whether the p-value is the permutation law's, not the limit's."""


def ks_exact(a: ArrayLike, b: ArrayLike, *, most_work: int = _MOST_WORK) -> KsTest | None:
    """The two-sample Kolmogorov-Smirnov test of raw values, exact with ties.

    The p-value is the probability, over all ways of dealing the pooled values out to two samples
    of these sizes, of a difference at least as large, looked at where the pooled values change
    (without ties that is the law of `scipy.stats.ks_2samp`). Work and memory grow with the sizes:
    n m up to about 5e7 takes under a second. Beyond `most_work` the limit law is given instead,
    looked at in the same places, and `is_exact` is False.

    Args:
        a: one sample; NaN is left out.
        b: the other.
        most_work: (n + m) min(n, m) that is followed exactly.

    Returns:
        None when either sample is empty.
    """
    import numpy as np

    x, y = (np.sort(v[~np.isnan(v)]) for v in (np.asarray(a, float), np.asarray(b, float)))
    n, m = len(x), len(y)
    if not n or not m:
        return None
    pooled = np.sort(np.concatenate([x, y]))
    ends = np.flatnonzero(np.append(pooled[1:] != pooled[:-1], True))
    values = pooled[ends]
    # In whole numbers, so that equal distances are equal.
    apart = np.searchsorted(x, values, "right") * m - np.searchsorted(y, values, "right") * n
    limit = int(np.abs(apart).max())
    distance = limit / (n * m)
    if (n + m) * min(n, m) > most_work:
        scaled = distance * math.sqrt(n * m / (n + m))
        moments = ((ends + 1) / (n + m))[None, :-1]
        law = bridge_survival(moments, np.array([scaled])) if len(ends) < _DENSE else None
        p_value = kolmogorov_survival(scaled) if law is None else float(law[0])
        return KsTest(distance, p_value, is_exact=False)
    looked = np.zeros(n + m, dtype=bool)
    looked[ends] = True
    return KsTest(distance, _walk(n, m, limit, looked), is_exact=True)


def _walk(n: int, m: int, limit: int, looked: NDArray[Any]) -> float:
    """Probability that |i m - j n| reaches the limit at a row that is looked at."""
    import numpy as np

    if limit == 0:
        return 1.0
    small, large = min(n, m), max(n, m)
    rows = n + m
    k = np.arange(small + 1, dtype=np.int64)
    law = np.zeros(small + 1)
    law[0] = 1.0
    left = 0.0
    low, high = 0, 0
    for done in range(rows):
        # Of the rows that are left, small - k are of the smaller sample.
        window = slice(low, high + 1)
        forward = law[window] * ((small - k[window]) / (rows - done))
        law[window] -= forward
        if high < small:
            law[low + 1 : high + 2] += forward
            high += 1
        else:
            law[low + 1 : high + 1] += forward[:-1]
        if looked[done]:
            window = slice(low, high + 1)
            out = np.abs(k[window] * rows - (done + 1) * small) >= limit
            if out.any():
                left += float(law[window][out].sum())
                law[window][out] = 0.0
                inside = np.flatnonzero(~out)
                if not inside.size:
                    return min(left, 1.0)
                low, high = low + int(inside[0]), low + int(inside[-1])
        low = max(low, done + 1 - large)
    return min(left, 1.0)


def ks_p_value(reference: Sequence[int], current: Sequence[int]) -> float:
    """The p-value of the largest difference at the ends of the bins, by the limit law.

    Args:
        reference: rows in each of the ascending bins; some.
        current: likewise.
    """
    return float(ks_p_values([reference], [current])[0])


def ks_p_values(reference: ArrayLike, current: ArrayLike) -> NDArray[Any]:
    """As `ks_p_value`, for many comparisons at once: (comparisons, bins) each."""
    import numpy as np

    f, g = (np.cumsum(np.asarray(x, dtype=np.float64), axis=1) for x in (reference, current))
    n, m = f[:, -1:], g[:, -1:]
    distance = np.abs(f / n - g / m).max(axis=1)
    moments = (f + g) / (n + m)
    return bridge_survival(moments[:, :-1], distance * np.sqrt(n * m / (n + m))[:, 0])


def bridge_survival(moments: NDArray[Any], bands: NDArray[Any]) -> NDArray[Any]:
    """Probability that a Brownian bridge is outside a band at one of some moments.

    Args:
        moments: (bridges, moments), ascending from 0 to 1; equal ones count once.
        bands: the half-width of each bridge's band.

    Returns:
        A probability a bridge; 1 for a band of no width.
    """
    import numpy as np

    t, shift = _thinned(moments)
    found = np.ones(len(bands))
    wide = bands >= _CERTAIN
    found[wide] = [kolmogorov_survival(float(x)) for x in bands[wide]]
    rest = np.flatnonzero(~wide & (bands > 0))
    for start in range(0, len(rest), 256):
        part = rest[start : start + 256]
        found[part] = _followed(t[part], shift[part], bands[part])
    return found


def _thinned(moments: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """At most `_STRETCHES` moments of each bridge, and how much wider the band is at each.

    Filled up with 1, where a bridge is 0. The widening makes up for the moments left out before.
    """
    import numpy as np

    kept = np.full((len(moments), _STRETCHES + 1), 1.0)
    shift = np.zeros_like(kept)
    for row, line in enumerate(np.asarray(moments, dtype=np.float64)):
        inner = line[(line > 0) & (line < 1)]
        inner = inner[np.diff(inner, prepend=0.0) > 0]
        if not inner.size:
            continue
        # The middle moment in each of equal stretches of time, unless it is close to the last.
        stretch = np.floor(inner * _STRETCHES)
        ends = np.flatnonzero(np.append(stretch[1:] != stretch[:-1], True))
        starts = np.append(0, ends[:-1] + 1)
        skipped = ends - starts
        extent = inner[ends] - inner[starts]
        spacing = extent / np.maximum(skipped, 1)
        middle = inner[(starts + ends) // 2]
        apart = [0]
        for place in range(1, len(middle)):
            if middle[place] - middle[apart[-1]] >= _CLOSE:
                apart.append(place)
        chosen = [place for place in apart if _CLOSE / 2 <= middle[place] <= 1 - _CLOSE / 2]
        kept[row, : len(chosen)] = middle[chosen]
        shift[row, : len(chosen)] = np.where(
            skipped > 0, _OVERSHOOT * (np.sqrt(spacing) - np.sqrt(extent + spacing)), 0.0
        )[chosen]
    used = int((kept < 1).sum(axis=1).max(initial=0))
    return kept[:, : used + 1], shift[:, : used + 1]


def _followed(t: NDArray[Any], shift: NDArray[Any], bands: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.maximum(bands[:, None] + shift, bands[:, None] * 0.2)
    density = np.zeros((len(bands), _NODES))
    inside = np.ones(len(bands))
    before = np.zeros(len(bands))
    places = np.zeros((len(bands), _NODES))
    for step in range(t.shape[1]):
        now = t[:, step]
        active = (now < 1) & (now > before)
        if not active.any():
            break
        s, u = before[active], now[active]
        # From x at s, the bridge is at u normal about x (1 - u) / (1 - s).
        pull, variance = (1 - u) / (1 - s), (u - s) * (1 - u) / (1 - s)
        target = half[active, step][:, None] * nodes
        if step == 0:
            made = np.exp(-(target**2) / (2 * variance[:, None]))
        else:
            away = target[:, :, None] - (places[active] * pull[:, None])[:, None, :]
            kernel = np.exp(-(away**2) / (2 * variance[:, None, None]))
            made = np.einsum("rij,rj->ri", kernel, density[active])
        made /= np.sqrt(2 * math.pi * variance)[:, None]
        weighted = made * weights * half[active, step][:, None]
        density[active] = weighted
        places[active] = target
        inside[active] = weighted.sum(axis=1)
        before[active] = u
    return np.clip(1 - inside, 0.0, 1.0)
