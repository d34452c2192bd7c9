"""Are there more rows of categories that the reference lacks than chance would leave it without?

A reference of n rows lacks rare categories by chance alone (Good, 1953: of the next rows about
the share of categories met once is new), so that rows of unseen names are no news by themselves.
Given the rows t of every category over both samples, the current one, m rows, holds all t with
probability P = m (m - 1) ... / ((n + m)(n + m - 1) ...), t factors each. The rows of unseen names
are the sum of t over such categories: a sum of independent terms but for the fixed sizes, which
only make it vary less.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from workbench.domain.profile import ColumnProfile
from workbench.drift.beyond import LEAST_P, all_current
from workbench.drift.laws import normal_tails

_MOST_ROWS = 300
"""More unseen rows are taken as so many: their p-value is that of fewer, which is larger."""

_NEGLIGIBLE = LEAST_P / 1000
"""Categories this unlikely to be all current are left out."""


@dataclass(frozen=True)
class UnseenTest:
    """The rows of names that the reference lacks, and their law under no change."""

    rows: int
    p_value: float
    """Probability of at least so many; 1 when there are none."""
    tail: tuple[float, ...] | None
    """Probability of at least 0, 1, 2 ... such rows; None when the law is nearly continuous."""

    def attained(self, level: float) -> float:
        """How often the p-value is at most this under no change; at most `level` itself.

        With no rare category it can be nearly never, and a test that looks at this one too need
        not pay for it.
        """
        if self.tail is None:
            return level
        return next((p for p in self.tail if p <= level), 0.0)


def unseen_test(reference: ColumnProfile, current: ColumnProfile) -> UnseenTest | None:
    """The test of one categorical column; None for numbers and where unseen cannot be told.

    Names beyond the stored ones count as one row each, and the reference's categories beyond
    the cap are taken as met as unevenly as they can have been: both make more unseen rows likely.
    """
    bins = reference.bins
    n, m = reference.present, current.present
    if bins.kind == "numeric" or bins.is_open or not n or not m:
        return None
    listed = len(bins.categories)
    pairs = list(zip(reference.counts[:listed], current.counts[:listed], strict=True))
    names = dict(reference.unseen).keys() | dict(current.unseen).keys()
    before, after = dict(reference.unseen), dict(current.unseen)
    pairs += [(before.get(name, 0), after.get(name, 0)) for name in names]
    unnamed = max(current.counts[-1] - sum(after.values()), 0)
    rows = sum(b for a, b in pairs if not a) + unnamed
    totals: Counter[int] = Counter(a + b for a, b in pairs if a + b)
    totals[1] += unnamed + max(reference.counts[-1] - sum(before.values()), 0)
    if bins.other and reference.counts[listed]:
        totals[1] += _most_met_once(
            len(bins.other), reference.counts[listed], min(reference.counts[:listed], default=1)
        )
    return _tested(rows, totals, n, m)


def _most_met_once(names: int, rows: int, most: int) -> int:
    """How many of some categories can have one row, if they have so many rows, none over `most`."""
    if most <= 1:
        return names
    return min(max((names * most - rows) // (most - 1), 0), names)


def _tested(rows: int, totals: Counter[int], n: int, m: int) -> UnseenTest:
    terms = []
    for total, count in totals.items():
        p = all_current(total, n, m)
        if p > _NEGLIGIBLE:
            terms.append((total, count, p))
    mean = sum(t * k * p for t, k, p in terms)
    deviation = math.sqrt(sum(t * t * k * p * (1 - p) for t, k, p in terms))
    if mean > _MOST_ROWS / 5:
        z = (rows - mean) / deviation if deviation else math.copysign(math.inf, rows - mean)
        upper = normal_tails(z) / 2
        return UnseenTest(rows, upper if z > 0 else 1 - upper, None)
    size = min(max(rows, int(mean + 10 * deviation) + 10), _MOST_ROWS)
    tail = _tail(terms, size)
    p_value = max(tail[min(rows, size)], LEAST_P) if rows else 1.0
    return UnseenTest(rows, p_value, tuple(tail))


def _tail(terms: list[tuple[int, int, float]], size: int) -> list[float]:
    """Probabilities of a sum of at least 0 .. `size` rows."""
    law = [1.0] + [0.0] * size
    for total, count, p in terms:
        odds = p / (1 - p)
        chances = []
        chance = (1 - p) ** count
        for j in range(min(count, size // total) + 1):
            chances.append(chance)
            chance *= (count - j) / (j + 1) * odds
        made = [0.0] * (size + 1)
        for j, chance in enumerate(chances):
            if chance < 1e-18 and j > count * p:
                break
            for i in range(size + 1 - j * total):
                made[i + j * total] += law[i] * chance
        law = made
    missed = max(1 - math.fsum(law), 0.0)
    tail, above = [], missed
    for chance in reversed(law):
        above += chance
        tail.append(min(above, 1.0))
    return tail[::-1]
