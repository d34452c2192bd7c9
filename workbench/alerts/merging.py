"""Which bins have too few rows for Pearson's law, and what are they merged with?"""

from __future__ import annotations

from collections.abc import Sequence

Pair = tuple[int, int]

FAIR_COUNT = 5.0
"""The least expected count in a cell at which the law is trusted (Cochran, 1954)."""


def pooled_counts(reference: Sequence[int], current: Sequence[int], *, ordered: bool) -> list[Pair]:
    """The rows of both samples in each bin, after bins of too few rows are merged.

    Only the sums over both samples decide, so that merging cannot favour a difference. Empty
    when either side has no rows; a single bin says nothing.

    Args:
        reference: rows in each bin.
        current: rows in each of the same bins.
        ordered: merge neighbours (numbers) rather than the rarest bins together (categories).
    """
    pairs = [(a, b) for a, b in zip(reference, current, strict=True) if a + b]
    n, m = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    if not n or not m:
        return []
    least = FAIR_COUNT * (n + m) / min(n, m)
    if not ordered:
        pairs.sort(key=sum)
    merged: list[Pair] = []
    a = b = 0
    for x, y in pairs:
        a, b = a + x, b + y
        if a + b >= least:
            merged.append((a, b))
            a = b = 0
    if a + b:
        last = merged.pop() if merged else (0, 0)
        merged.append((last[0] + a, last[1] + b))
    return merged
