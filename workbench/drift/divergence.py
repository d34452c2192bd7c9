"""How differently are rows spread over the bins? PSI, Jensen-Shannon and Hellinger.

All three look at the same coarse bins, so that their figures can be compared with one
another and with those of other tools: the reference's deciles for numbers, its categories
otherwise. Missing values are left out; they have a test of their own. On these bins the
figures are exact: they equal the formula on the raw values.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence

from workbench.domain.bins import tested_edges
from workbench.domain.profile import ColumnProfile
from workbench.drift.shares import psi_of_shares

SMOOTHING = 0.5
"""Added to every count for PSI, so that an empty bin costs a finite amount."""


def coarse_counts(profile: ColumnProfile) -> tuple[int, ...]:
    """Rows in each of the bins that `psi` uses.

    Numbers: the fine bins put together at `psi_edges`; there is one bin more than edges.
    Categories: one bin each, then one for the reference's categories beyond the cap (only if
    it has such), then one for all unseen names together. The last is always there, empty or
    not, so that the figure does not jump when a first unseen row comes; only a reference with
    too many categories to list has none, since there nothing can be told to be unseen.
    """
    bins = profile.bins
    if bins.kind != "numeric":
        known = profile.counts[: len(bins.categories)]
        other, unseen = profile.counts[len(bins.categories) :]
        if bins.is_open:
            return (*known, other + unseen)
        return (*known, other, unseen) if bins.other else (*known, other + unseen)
    return _together(profile, bins.psi_edges)


def tested_counts(profile: ColumnProfile) -> tuple[int, ...]:
    """Rows in each of the bins on which the two samples are tested for homogeneity.

    Those of `coarse_counts`, and for numbers one more below and one above the range of the
    reference (`domain.bins.tested_edges`).
    """
    bins = profile.bins
    if bins.kind != "numeric" or not bins.edges:
        return coarse_counts(profile)
    return _together(profile, tested_edges(bins))


def psi(reference: Sequence[int], current: Sequence[int]) -> float | None:
    """Population stability index: sum of (q - p) ln(q / p) over the bins; at least 0.

    The shares p (reference) and q (current) are (count + 0.5) / (n + 0.5 bins). The usual
    reading, from credit scoring (Siddiqi, Credit Risk Scorecards, 2006): 0.1 is a moderate and
    0.25 a large change. Symmetric. None when either side has no rows.
    """
    if not sum(reference) or not sum(current):
        return None
    return psi_of_shares(_smoothed(reference), _smoothed(current))


def jensen_shannon(reference: Sequence[int], current: Sequence[int]) -> float | None:
    """Jensen-Shannon distance with base-2 logarithms: 0 for equal shares, 1 for disjoint ones.

    The square root of (KL(p || m) + KL(q || m)) / 2 with m = (p + q) / 2, on plain shares
    (Endres and Schindelin, 2003). None when either side has no rows.
    """
    if not sum(reference) or not sum(current):
        return None
    terms = []
    for p, q in zip(_plain(reference), _plain(current), strict=True):
        middle = (p + q) / 2
        terms += [share * math.log2(share / middle) for share in (p, q) if share > 0]
    return math.sqrt(min(max(math.fsum(terms) / 2, 0.0), 1.0))


def hellinger(reference: Sequence[int], current: Sequence[int]) -> float | None:
    """Hellinger distance: 0 for equal shares, 1 for disjoint ones.

    The square root of sum (sqrt(p) - sqrt(q))^2 / 2, on plain shares. None when either side
    has no rows.
    """
    if not sum(reference) or not sum(current):
        return None
    squares = (
        (math.sqrt(p) - math.sqrt(q)) ** 2
        for p, q in zip(_plain(reference), _plain(current), strict=True)
    )
    return math.sqrt(min(math.fsum(squares) / 2, 1.0))


def _together(profile: ColumnProfile, edges: Sequence[float]) -> tuple[int, ...]:
    """Rows between some of the profile's edges, ascending."""
    ends = [bisect_left(profile.bins.edges, edge) + 1 for edge in edges]
    return tuple(
        sum(profile.counts[start:end])
        for start, end in zip([0, *ends], [*ends, len(profile.counts)], strict=True)
    )


def _plain(counts: Sequence[int]) -> list[float]:
    rows = sum(counts)
    return [count / rows for count in counts]


def _smoothed(counts: Sequence[int]) -> list[float]:
    weight = sum(counts) + SMOOTHING * len(counts)
    return [(count + SMOOTHING) / weight for count in counts]
