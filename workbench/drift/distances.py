"""How far apart do two samples of numbers lie? KS and Wasserstein, from counts over fine bins.

Raw values are gone; what is left of them, n rows a sample, is the count of every bin, the
smallest and largest value, and the mean. Each figure therefore comes with a bound on how far
it can be from the one on the raw values. Writing F and G for the two distribution functions,
with F(e) known at every edge e:

KS, the largest |F - G|. At the edges it is exact, so the figure never exceeds the true one.
Strictly between two edges a < b both functions only rise, so |F(x) - G(x)| there is at most
the larger of F(b) - G(a) and G(b) - F(a); the largest of these over the bins bounds the true
figure. Below the first and above the last edge one can do no better and need not, for a
reference that has nothing there: F is 0 or 1, and |F - G| is largest at the edge itself. Where
all values are known to lie on edges, F(x) is F(a) all through the bin, and if that holds for
both, the figure is exact. It is known for a sample of a discrete column by its mean: every
value is at most the upper end of its bin, so the mean reaches the mean of the upper ends only
if every value is one.

Wasserstein, the integral of |F - G|. With a guess F' for F, and G' for G, the integral of
|F' - G'| is off by at most the integral of |F - F'| plus that of |G - G'|. In a bin of mass m
and width w:

- if F' rises evenly, the integral of |F - F'| is at most m w / 2: it is convex in F, so worst
  for a single step, where it is (t^2 + (1 - t)^2) m w / 2 with 0 <= t <= 1;
- if F' jumps at the upper end (discrete columns), it is (b - mean of the values in it) m, and
  the sum over the bins follows from the mean of all;
- in the open bin above the last edge e, only the excess A = integral of 1 - F matters while the
  other sample has nothing there. Likewise B = integral of F below the first. Their difference
  follows from the mean up to what is unknown about the inner bins; 0 <= A <= mass x (maximum -
  e), and so for B. F' jumps at the middle of what is possible. If both samples have mass in the
  same open bin, m w / 2 is added, which a jump at the mean of a bin's values can be off by.

The distance between the means is a lower bound of Wasserstein's, so the figure is never less.

Infinite values are counted in the end bins, but have no place: for Wasserstein they lie where
the finite ones of their bin do, and the bound does not cover them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from workbench.domain.profile import ColumnProfile

_ROUNDING = 1e-9
"""A mean this close to what it would be on the edges, relative to the largest edge, is on them."""


@dataclass(frozen=True)
class Distance:
    """A distance between two samples, with how far it can be from the one on raw values."""

    value: float
    bound: float


def kolmogorov_smirnov(reference: ColumnProfile, current: ColumnProfile) -> Distance | None:
    """The largest difference of the two distribution functions at the edges; 0 to 1.

    The exact one lies between `value` and `value + bound`. None when either side has no rows
    or the column has no edges.

    Raises:
        ValueError: the profiles are counted over different bins.
    """
    if not _is_comparable(reference, current):
        return None
    edges = reference.bins.edges
    f = [count / reference.present for count in accumulate(reference.counts)]
    g = [count / current.present for count in accumulate(current.counts)]
    value = max(abs(p - q) for p, q in zip(f, g, strict=True))
    f_known, g_known = _is_on_edges(reference), _is_on_edges(current)
    limit = value
    for i in range(1, len(edges)):
        if math.nextafter(edges[i], -math.inf) <= edges[i - 1]:
            continue  # no number lies strictly between the two
        limit = max(limit, f[i - f_known] - g[i - 1], g[i - g_known] - f[i - 1])
    if reference.counts[0] and current.counts[0]:
        limit = max(limit, f[0], g[0])
    if reference.counts[-1] and current.counts[-1]:
        limit = max(limit, 1 - f[-2], 1 - g[-2])
    return Distance(value, limit - value)


def wasserstein(reference: ColumnProfile, current: ColumnProfile) -> Distance | None:
    """The average distance that values have moved, in standard deviations of the reference.

    The integral of |F - G|, divided by the reference's standard deviation (population form);
    the exact one lies within `bound` of `value`. None when either side has no finite value,
    the reference is constant, or the figure is beyond what a float holds.

    Raises:
        ValueError: the profiles are counted over different bins.
    """
    if not _is_comparable(reference, current):
        return None
    if reference.minimum is None or current.minimum is None:
        return None
    deviation = reference.deviation
    if not deviation or reference.minimum == reference.maximum:
        return None
    f, f_error = _guess(reference, current)
    g, g_error = _guess(current, reference)
    means = abs(reference.total / reference.present - current.total / current.present)
    value = max(_area_between(f, g), means) / deviation
    bound = (f_error + g_error) / deviation
    if not (math.isfinite(value) and math.isfinite(bound)):
        return None
    return Distance(value, bound)


def _is_comparable(reference: ColumnProfile, current: ColumnProfile) -> bool:
    if reference.bins.edges != current.bins.edges:
        raise ValueError(f"{reference.bins.name}: counted over different bins")
    return bool(reference.bins.edges and reference.present and current.present)


def _is_on_edges(profile: ColumnProfile) -> bool:
    """Whether every value is known to be an edge (or, above the last one, the maximum)."""
    if not profile.bins.is_discrete or profile.counts[0] or profile.maximum is None:
        return False
    if not profile.counts[-1] and profile.maximum not in profile.bins.edges:
        return False  # the highest bin is closed by a maximum that is no edge
    inner = _inner(profile)
    last = inner.last * (inner.highest - inner.top)
    return inner.mean_if_on_edges + last - inner.mean <= _ROUNDING * inner.scale


@dataclass(frozen=True)
class _Inner:
    """What is known of one sample, in distances from the bins' centre and in shares of its rows."""

    pieces: tuple[tuple[float, float, int], ...]
    """(from, to, rows) of every inner bin that has rows, closed by the extremes."""
    first: float
    last: float
    """Shares of rows in the two open bins."""
    bottom: float
    top: float
    """The first and the last edge."""
    lowest: float
    highest: float
    mean: float
    mean_if_on_edges: float
    """The mean, if all values were the upper ends of inner bins, and end bins ended at edges."""
    slack: float
    """Share x width, summed over the inner bins: how far the mean can be below that."""
    scale: float


def _inner(profile: ColumnProfile) -> _Inner:
    center, rows = profile.bins.center, profile.present
    edges = [edge - center for edge in profile.bins.edges]
    bottom, top = edges[0], edges[-1]
    lowest = profile.minimum - center if profile.minimum is not None else bottom
    highest = profile.maximum - center if profile.maximum is not None else top
    pieces = []
    for i in range(1, len(edges)):
        if profile.counts[i]:
            low = min(max(edges[i - 1], lowest), edges[i])
            pieces.append((low, max(min(edges[i], highest), low), profile.counts[i]))
    first, last = profile.counts[0] / rows, profile.counts[-1] / rows
    ends = [high * count / rows for _, high, count in pieces]
    return _Inner(
        pieces=tuple(pieces),
        first=first,
        last=last,
        bottom=bottom,
        top=top,
        lowest=min(lowest, bottom),
        highest=max(highest, top),
        mean=profile.total / rows,
        mean_if_on_edges=math.fsum([*ends, first * bottom, last * top]),
        slack=math.fsum((high - low) * count / rows for low, high, count in pieces),
        scale=max(abs(bottom), abs(top), abs(lowest), abs(highest)),
    )


def _guess(
    profile: ColumnProfile, other: ColumnProfile
) -> tuple[list[tuple[float, float, float]], float]:
    """A distribution that the profile could have come from, and how far that can be wrong.

    Returns:
        Pieces (from, to, share), ascending, rising evenly or (from == to) a jump; and the
        bound of the integral of the difference to the true distribution function.
    """
    k = _inner(profile)
    most_above = k.last * (k.highest - k.top)
    most_below = k.first * (k.bottom - k.lowest)
    # above - below, were all inner values on their upper ends; in truth up to `slack` more.
    difference = k.mean - k.mean_if_on_edges
    least_shortfall = -most_below - difference
    most_shortfall = max(min(k.slack, most_above - difference), 0.0)
    is_stepped = profile.bins.is_discrete and (
        least_shortfall <= _ROUNDING * k.scale or most_shortfall <= k.slack / 2
    )
    error = most_shortfall if is_stepped else k.slack / 2
    likely = difference if is_stepped else difference + k.slack / 2
    above, above_error = _excess(likely, difference, k.slack, most_above, most_below)
    below, below_error = _excess(-likely, -difference - k.slack, k.slack, most_below, most_above)
    if other.counts[-1]:
        above_error = min(above_error + most_above / 2, most_above)
    if other.counts[0]:
        below_error = min(below_error + most_below / 2, most_below)
    pieces: list[tuple[float, float, float]] = []
    if k.first:
        place = k.bottom - below / k.first
        pieces.append((place, place, k.first))
    for low, high, count in k.pieces:
        pieces.append((high if is_stepped else low, high, count / profile.present))
    if k.last:
        place = k.top + above / k.last
        pieces.append((place, place, k.last))
    return pieces, error + above_error + below_error


def _excess(
    likely: float, least: float, slack: float, most: float, most_opposite: float
) -> tuple[float, float]:
    """The excess of one open bin, from what is known of its difference to the opposite one.

    Args:
        likely: the difference, if the guess for the inner bins is right.
        least: the least that the difference can be; the most is `slack` more.
        slack: see there.
        most: the most that this excess can be.
        most_opposite: the most that the other one can be.

    Returns:
        The middle of what is possible, and how far the true one can be from it.
    """

    def held(value: float) -> float:
        return min(max(value, 0.0), most)

    guess = (held(likely) + held(likely + most_opposite)) / 2
    return guess, max(held(least + slack + most_opposite) - guess, guess - held(least), 0.0)


def _area_between(
    f: Sequence[tuple[float, float, float]], g: Sequence[tuple[float, float, float]]
) -> float:
    """The integral of the absolute difference of two distribution functions, given as pieces."""
    places = sorted({place for low, high, _ in (*f, *g) for place in (low, high)})
    f_left, f_right = _limits(f, places)
    g_left, g_right = _limits(g, places)
    area = []
    for i in range(len(places) - 1):
        start, end = f_right[i] - g_right[i], f_left[i + 1] - g_left[i + 1]
        width = places[i + 1] - places[i]
        if start * end >= 0:
            area.append((abs(start) + abs(end)) / 2 * width)
        else:  # crosses zero inside: two triangles
            area.append((start * start + end * end) / (2 * abs(end - start)) * width)
    return math.fsum(area)


def _limits(
    pieces: Sequence[tuple[float, float, float]], places: Sequence[float]
) -> tuple[list[float], list[float]]:
    """The distribution function just left and just right of ascending places."""
    left, right = [], []
    done, at = 0.0, 0
    for place in places:
        while at < len(pieces) and pieces[at][1] <= place and pieces[at][0] < place:
            done += pieces[at][2]
            at += 1
        partial = 0.0
        if at < len(pieces) and pieces[at][0] < place:
            low, high, share = pieces[at]
            partial = share * (place - low) / (high - low)
        left.append(done + partial)
        while at < len(pieces) and pieces[at][0] == pieces[at][1] == place:
            done += pieces[at][2]
            at += 1
        right.append(done + partial)
    return left, right
