"""Into which bins is a column counted? Made once, from the reference's values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from workbench.domain.profile import CATEGORY_CAP, ColumnBins

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINE_BINS = 250
"""Quantile bins of a continuous column; a multiple of ten, so that deciles are among them."""


FEW_CATEGORIES = 20
"""How many of the most frequent categories are told apart in each bucket of the reference."""


def make_numeric_bins(name: str, role: str, values: NDArray[Any]) -> ColumnBins:
    """Bins of a numeric column.

    With at most `FINE_BINS` distinct values each is an edge, and counts lose nothing
    (`is_discrete`). Otherwise the edges are the quantiles i / FINE_BINS (ties merged) and the
    maximum. One edge just below the minimum gives values below the reference's range a bin
    of their own, as the last, open bin does for values above it.

    The edges for PSI are the deciles (ties merged), without the maximum, above which the
    reference has nothing; a constant column has the edges below and at its value, so that any
    change shows. Quantiles are the inverted distribution function: values that occur.

    Args:
        name: the column.
        role: `feature`, `prediction`, `score` or `label`.
        values: the reference's values; those that are not finite are left out. Without any,
            there are no edges, and one bin.
    """
    import numpy as np

    finite = np.sort(np.asarray(values, dtype=np.float64)[np.isfinite(values)]) + 0.0
    if finite.size == 0:
        return ColumnBins(name, role, "numeric")
    distinct = np.unique(finite)
    is_discrete = distinct.size <= FINE_BINS
    below = np.nextafter(distinct[0], -np.inf)
    inner = distinct if is_discrete else np.append(_quantiles(finite, FINE_BINS), distinct[-1])
    deciles = np.unique(_quantiles(finite, 10))
    kept = deciles[deciles < distinct[-1]]
    if kept.size == 0:
        # Nine rows in ten are at the maximum: what lies below it is the other bin.
        kept = np.array([below, distinct[-1]]) if distinct.size == 1 else distinct[-2:-1]
    edges = np.unique(np.concatenate([[below], inner, kept]))
    return ColumnBins(
        name,
        role,
        "numeric",
        edges=tuple(edges.tolist()),
        psi_edges=tuple(kept.tolist()),
        center=float(_quantiles(finite, 2)[0]),
        is_discrete=bool(is_discrete),
    )


def make_category_bins(name: str, role: str, counts: Mapping[str, int]) -> ColumnBins:
    """Bins of a categorical column: the most frequent categories (ties by name), then the rest.

    Args:
        name: the column.
        role: `feature`, `prediction` or `label`.
        counts: the reference's categories with their rows.
    """
    ranked = sorted(counts, key=lambda category: (-counts[category], category))
    return ColumnBins(
        name,
        role,
        "categorical",
        categories=tuple(ranked[:CATEGORY_CAP]),
        other=tuple(ranked[CATEGORY_CAP:]),
    )


def tested_edges(bins: ColumnBins) -> tuple[float, ...]:
    """The edges of a numeric column between which a change is tested: a subset of its edges.

    Those for PSI and the ends of the reference's range, beyond which two rows in a hundred at 999
    are seen that would be lost in the last decile.
    """
    if not bins.edges:
        return ()
    return tuple(sorted({bins.edges[0], *bins.psi_edges, bins.edges[-1]}))


def coarser(bins: ColumnBins) -> ColumnBins:
    """The same column over fewer bins: how a bucket of the reference is told from the others.

    Numbers: `tested_edges`. Categories: the `FEW_CATEGORIES` most frequent, the rest is other.
    """
    if bins.kind == "numeric":
        return replace(bins, edges=tested_edges(bins))
    few = bins.categories[:FEW_CATEGORIES]
    return replace(bins, categories=few, other=bins.categories[len(few) :] + bins.other)


def _quantiles(ordered: NDArray[Any], parts: int) -> NDArray[Any]:
    """The values at i / parts, i from 1 to parts - 1, by the inverted distribution function."""
    import numpy as np

    # ceil(n i / parts) in whole numbers: floats would put exact borders one value too far.
    places = [-(-ordered.size * i // parts) - 1 for i in range(1, parts)]
    return ordered[np.maximum(places, 0)]
