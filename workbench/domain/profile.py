"""What did a column look like in some period? Bins of the reference, and counts over them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

CATEGORY_CAP = 200
"""How many of the reference's categories have a count of their own; the rest is `other`."""

UNSEEN_CAP = 50
"""How many unseen names are kept a bucket and column; their rows are counted all the same."""


@dataclass(frozen=True)
class ColumnBins:
    """How one column is counted, made once from the reference.

    Numbers: `edges` are the upper, inclusive ends of all bins but the last, ascending; bin i
    holds edges[i-1] < x <= edges[i], the first and the last bin are open. Categories: bin i
    is `categories[i]`, then one bin `other` (the reference's categories beyond the cap) and
    one `unseen` (not in the reference at all).
    """

    name: str
    role: str
    """`feature`, `prediction`, `score` or `label`."""
    kind: str
    """`numeric` or `categorical`."""
    edges: tuple[float, ...] = ()
    psi_edges: tuple[float, ...] = ()
    """The reference's deciles, ties merged: a subset of `edges`."""
    categories: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    """Names of the reference's categories beyond the cap, so that they are not called unseen."""
    is_open: bool = False
    """The reference has too many categories to list: what has no bin is `other`, never unseen."""
    center: float = 0.0
    """Subtracted before summing, so that moments keep their digits."""
    is_discrete: bool = False
    """Every distinct value of the reference is an edge: counts over bins lose nothing."""

    @property
    def size(self) -> int:
        """How many bins there are."""
        return len(self.edges) + 1 if self.kind == "numeric" else len(self.categories) + 2


@dataclass(frozen=True)
class ColumnProfile:
    """Counts of one column over its bins in one period; profiles of the same bins add up."""

    bins: ColumnBins
    counts: tuple[int, ...]
    """Rows in each bin; missing values are in none."""
    missing: int = 0
    parse_failures: int = 0
    """Rows whose value could not be read; they are among the missing."""
    total: float = 0.0
    """Sum of (x - center) over the finite values."""
    total_squares: float = 0.0
    """Sum of (x - center)^2 over the finite values."""
    minimum: float | None = None
    """Smallest finite value; None without one, or for categories."""
    maximum: float | None = None
    unseen: tuple[tuple[str, int], ...] = ()
    """Names that the reference does not have, with their rows, most first; capped."""

    @property
    def present(self) -> int:
        """Rows that have a value."""
        return sum(self.counts)

    @property
    def rows(self) -> int:
        """All rows."""
        return self.present + self.missing

    @property
    def missing_share(self) -> float | None:
        """Share of rows without a value; None without rows."""
        return self.missing / self.rows if self.rows else None

    @property
    def mean(self) -> float | None:
        """Mean of the finite values; None without one, or for categories."""
        if self.bins.kind != "numeric" or self.present == 0 or self.minimum is None:
            return None
        return self.bins.center + self.total / self.present

    @property
    def deviation(self) -> float | None:
        """Standard deviation (population form) of the finite values; None without one."""
        if self.bins.kind != "numeric" or self.present == 0 or self.minimum is None:
            return None
        mean = self.total / self.present
        return math.sqrt(max(self.total_squares / self.present - mean * mean, 0.0))


def without_values(profile: ColumnProfile) -> ColumnProfile:
    """The same counts with no value of the column left: edges and names are numbered.

    For sensitive columns, so that whatever draws the profile cannot tell a value.
    """
    bins = profile.bins
    places = {edge: float(place) for place, edge in enumerate(bins.edges)}
    masked = replace(
        bins,
        edges=tuple(places.values()),
        psi_edges=tuple(places[edge] for edge in bins.psi_edges),
        categories=tuple(f"value {place}" for place, _ in enumerate(bins.categories, 1)),
        other=tuple(f"other {place}" for place, _ in enumerate(bins.other, 1)),
        center=0.0,
    )
    return replace(
        profile, bins=masked, total=0.0, total_squares=0.0, minimum=None, maximum=None, unseen=()
    )
