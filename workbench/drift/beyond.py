"""Do more current values lie beyond the reference's range than chance would put there?

Two rows in a thousand at 999 move no decile. Given the pooled values, the k largest are all of the
current sample, m of N rows, with probability m (m - 1) ... / (N (N - 1) ...), k factors each:
exact, and small as soon as k is. Likewise for the smallest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.profile import ColumnProfile
from workbench.drift.pooling import Pair

LEAST_P = 1e-12
"""No p-value of an exact tail is below this: nobody needs to know."""

_MOST_TOLD = 300
"""Rows one by one; a level that needs more is never looked at."""


@dataclass(frozen=True)
class BeyondTest:
    """The current rows beyond one end of the reference's range."""

    rows: int
    p_value: float
    """1 when there are none."""
    reached: tuple[int, ...]
    """How many rows there can be beyond the end, ascending, as ties allow; 0 left out."""
    sizes: Pair

    def attained(self, level: float) -> float:
        """How often the p-value is at most this under no change; at most `level` itself."""
        for rows in self.reached:
            p_value = all_current(rows, *self.sizes)
            if p_value <= level:
                return p_value
        return 0.0


def beyond_tests(
    reference: ColumnProfile, current: ColumnProfile
) -> tuple[BeyondTest, BeyondTest] | None:
    """The tests below and above the range; None for categories and without values or edges."""
    if reference.bins.kind != "numeric" or not reference.bins.edges:
        return None
    if not reference.present or not current.present:
        return None
    pairs = list(zip(reference.counts, current.counts, strict=True))
    is_tied = reference.bins.is_discrete
    sizes = reference.present, current.present
    return _tested(pairs, sizes, is_tied), _tested(pairs[::-1], sizes, is_tied)


def all_current(rows: int, n: int, m: int) -> float:
    """Probability that these rows, out of n + m, are all among the m.

    Beyond 64 rows as if drawn with replacement, which is more probable.
    """
    if rows > m:
        return 0.0
    if rows > 64:
        return math.exp(rows * math.log(m / (n + m)))
    return math.exp(math.fsum(math.log((m - i) / (n + m - i)) for i in range(rows)))


def _tested(pairs: Sequence[Pair], sizes: Pair, is_tied: bool) -> BeyondTest:
    """The test at the end at which the bins begin."""
    rows = total = 0
    is_beyond = True
    reached: list[int] = []
    for a, b in pairs:
        is_beyond = is_beyond and not a
        rows += b if is_beyond else 0
        if is_beyond or not is_tied:
            # Nothing is known of ties: every row may be a value of its own.
            reached += range(total + 1, total + min(a + b, _MOST_TOLD) + 1)
        elif a + b:
            reached.append(total + a + b)
        total += a + b
        if not is_beyond and total >= _MOST_TOLD:
            break
    p_value = max(all_current(rows, *sizes), LEAST_P) if rows else 1.0
    return BeyondTest(rows, p_value, tuple(reached), sizes)
