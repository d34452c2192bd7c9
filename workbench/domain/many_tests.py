"""What is a p-value worth after many were looked at?"""

from __future__ import annotations

from collections.abc import Sequence


def adjust_for_many(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for having looked at all of them, in the same order.

    Benjamini and Hochberg (1995): the i-th smallest of m becomes the least of p(j) m / j over
    j >= i, at most 1. Calling those below `level` significant keeps the expected share of
    false ones among them at or below `level`.
    """
    count = len(p_values)
    adjusted = [1.0] * count
    least = 1.0
    downward = sorted(range(count), key=lambda index: p_values[index], reverse=True)
    for rank, index in zip(range(count, 0, -1), downward, strict=True):
        least = min(least, p_values[index] * count / rank)
        adjusted[index] = least
    return adjusted
