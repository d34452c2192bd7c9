"""Are shares those of other categories, or did a mix drift? Bayes' odds, from the counts alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEADY = 1000.0
"""Shares vary from day to day as those of so many rows do (a share of 0.3 by 0.014)."""
_DRIFTS = (4.0, 15.0, 60.0, 250.0)
"""As so many rows: how far a drift may go."""
_MOST_SIMPLE = 12


def simple_orders(names: Sequence[str]) -> list[NDArray[Any]]:
    """The simple permutations of some names, as places: sorted names moved round, or two exchanged.

    None for more than 12 names.
    """
    import numpy as np

    many = len(names)
    if many > _MOST_SIMPLE:
        return []
    order = np.argsort(np.array(names, dtype=object), kind="stable")
    found = []
    for step in range(1, many):
        places = np.empty(many, dtype=np.int64)
        places[order] = np.roll(order, -step)
        found.append(places)
    for one, other in combinations(range(many), 2):
        places = np.arange(many)
        places[[one, other]] = other, one
        if not any((places == seen).all() for seen in found):
            found.append(places)
    return found


def odds_of_shares(
    now: NDArray[Any], back: NDArray[Any], usual: NDArray[Any], orders: int | None
) -> float:
    """How much likelier counts are as a permutation than as a drift: a logarithm, in nats.

    A permutation leaves the usual shares, up to what they vary by anyhow; half of all are simple,
    the others in any order. A drift takes shares somewhere around where they were, near or far.
    Both are laws of Dirichlet and multinomial with the usual shares for the mean; of the drifts the
    likeliest counts.

    Args:
        now: how often each category is met.
        back: the same once the codes are put back.
        usual: the same usually.
        orders: how many simple permutations there are, if this is one of them; else None.
    """
    shares = (usual + 0.5) / (usual.sum() + 0.5 * usual.size)
    prior = math.log(2) + (math.log(orders) if orders else math.lgamma(usual.size + 1))
    steady = _dirichlet(back, STEADY * shares) - prior
    return steady - max(_dirichlet(now, size * shares) for size in _DRIFTS)


def _dirichlet(counts: NDArray[Any], alpha: NDArray[Any]) -> float:
    """The log-likelihood of counts, in an order, under a Dirichlet and multinomial law."""
    from scipy.special import gammaln

    whole = gammaln(alpha.sum()) - gammaln(alpha.sum() + counts.sum())
    return float(whole + (gammaln(alpha + counts) - gammaln(alpha)).sum())
