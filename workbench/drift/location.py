"""Did the values of a numeric column move up or down as a whole? A rank test with one degree.

The rank-sum statistic (Wilcoxon, 1945; Mann and Whitney, 1947) over the fine bins, each a tie at
its middle rank, with the variance that ties leave. A shift of the mean that is spread over twelve
bins of Pearson's test is here in one figure: at 0.05 standard deviations and 20,000 rows a side
it is 4.9 standard errors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from workbench.drift.pooling import Pair


def rank_z(pairs: Sequence[Pair]) -> float:
    """How many standard errors the current ranks lie above what no change would give.

    Args:
        pairs: rows of the reference and of the current sample in ascending bins.

    Returns:
        z = (S - m (N + 1) / 2) / sqrt(n m / (N (N - 1)) sum of t (s - (N + 1) / 2)^2), where S is
        the sum of the middle ranks s of the m current rows, t the rows of a bin over both
        samples, and N = n + m. 0 when all rows are in one bin, or one side has none.
    """
    n, m = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    rows = n + m
    if not n or not m:
        return 0.0
    total = squares = 0.0
    below = 0
    for a, b in pairs:
        both = a + b
        score = (below + both / 2) / rows - 0.5
        below += both
        total += b * score
        squares += both * score * score
    if squares <= 0 or rows < 2:
        return 0.0
    return total / math.sqrt(n * m / (rows * (rows - 1)) * squares)


def rank_scores(totals: Sequence[int]) -> list[float]:
    """The middle ranks of ascending bins, as a share of all rows less a half: their mean is 0."""
    rows, below = sum(totals), 0
    scores = []
    for total in totals:
        scores.append((below + total / 2) / rows - 0.5)
        below += total
    return scores


def superiority(pairs: Sequence[Pair]) -> float | None:
    """The share of pairs of a reference and a current row in which the current one is larger.

    Ties count half; 0.5 is no shift. None when a side has no rows.
    """
    n, m = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    if not n or not m:
        return None
    below = 0
    won = 0.0
    for a, b in pairs:
        won += b * (below + a / 2)
        below += a
    return won / (n * m)
