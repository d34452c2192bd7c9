"""Would chance alone spread two samples over the bins as differently as this?

Two-sample tests, at the actual sizes of both: one that takes the reference as if it were
exactly known alarms on data in which nothing changed. Rows are taken as independent; where
rows of one day are alike, the p-values are too small, and `day_null` widens them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from workbench.drift.laws import chi_square_survival
from workbench.drift.pooling import Pair, Table, plain_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Statistic: TypeAlias = Callable[[NDArray[Any], NDArray[Any], int], NDArray[Any]]

ENOUGH_EXCEEDING = 20
"""A permutation test stops once so many draws are as unlike as the samples (Besag and Clifford,
Sequential Monte Carlo p-values, 1991): more draws would only sharpen a p-value that is large."""

_BATCH = 1_000
_MOST_DRAWS = 100_000
_MOST_CELLS = 2_000_000
"""Draws times bins: what a test may cost, about a third of a second."""

_POPULATION_LIMIT = 10**9
"""numpy draws without replacement only from fewer rows than this."""


def homogeneity_p_value(
    reference: Sequence[int], current: Sequence[int], *, ordered: bool, seed: int = 0
) -> float | None:
    """Probability of two samples at least this unlike if both came from one distribution.

    Pearson's chi-square test of a 2 x k table, after bins whose expected count is below
    `pooling.FAIR_COUNT` on the smaller side are merged. Where fewer than two bins would be left
    (few rows, or nearly all of them in one bin), the test is exact for two bins (Fisher) and a
    permutation test on Pearson's statistic for more. That draws until it is clear (1,000 to
    100,000 times, fewer with many bins), so that its p-value is never below 1e-5.

    Args:
        reference: rows in each bin.
        current: rows in each of the same bins.
        ordered: merge neighbours (numbers) rather than the rarest bins together (categories).
        seed: of the permutation test; the same seed gives the same answer.

    Returns:
        None when either side has no rows; 1 when all rows are in one bin.
    """
    if not sum(reference) or not sum(current):
        return None
    return table_p_value(plain_table(reference, current, is_ordered=ordered), seed=seed)


def table_p_value(table: Table, *, seed: int = 0) -> float:
    """As `homogeneity_p_value`, of a table both of whose samples have rows."""
    if len(table.pairs) == 1:
        return 1.0
    fair = table.fair()
    if len(fair.pairs) > 1:
        return chi_square_survival(pearson(fair.pairs), len(fair.pairs) - 1)
    if len(table.pairs) == 2:
        return fisher_p_value(*table.pairs[0], *table.pairs[1])
    return permutation_p_value(table, pearson_of_draws, seed=seed)


def two_proportions_p_value(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float | None:
    """Probability of two shares at least this unlike if both samples have one true share.

    Pearson's chi-square test with one degree of freedom (the pooled z test, squared), exact
    (Fisher) where an expected count is below `pooling.FAIR_COUNT`. Two-sided. None when either
    sample is empty.
    """
    return homogeneity_p_value((hits_a, n_a - hits_a), (hits_b, n_b - hits_b), ordered=True)


def fisher_p_value(a: int, b: int, c: int, d: int) -> float:
    """Fisher's exact test of the table ((a, b), (c, d)), two-sided.

    The sum of the probabilities, given the margins, of all tables that are at most as probable
    as this one. Meant for tables that have a small expected count: the work grows with it.
    """
    # Turn the table so that the cell of smallest expectation comes first and its least value is 0.
    if a + b > c + d:
        a, b, c, d = c, d, a, b
    if a + c > b + d:
        a, b, c, d = b, a, d, c
    row, column, rest = a + b, a + c, d - a
    weights = [1.0]
    for k in range(min(row, column)):
        weights.append(weights[-1] * (row - k) * (column - k) / ((k + 1) * (rest + k + 1)))
        if weights[-1] == 0.0:
            break
    if a >= len(weights):
        return 0.0
    # The allowance lets tables count as equally probable in spite of rounding.
    limit = weights[a] * (1 + 1e-7)
    return min(math.fsum(w for w in weights if w <= limit) / math.fsum(weights), 1.0)


def pearson(pairs: Sequence[Pair]) -> float:
    """Pearson's statistic of two samples over the same bins, none of them empty.

    The sum of (observed - expected)^2 / expected over both samples, which for two is the sum of
    (a m - b n)^2 / ((a + b) n m) over the bins.
    """
    n, m = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    return math.fsum((a * m - b * n) ** 2 / (a + b) for a, b in pairs) / (n * m)


def permutation_p_value(table: Table, statistic: Statistic, *, seed: int = 0) -> float:
    """Probability of a statistic at least this large over all ways of dealing the rows out.

    Draws until it is clear: (exceeding + 1) / (draws + 1), from 1,000 to 100,000 draws.

    Args:
        table: the two samples.
        statistic: of many draws at once: (draws, bins) rows of the smaller sample in each bin,
            the rows of both in each bin, and the smaller sample's size, to one figure a draw.
        seed: the same seed gives the same answer.
    """
    import numpy as np

    pairs, (n, m) = table.pairs, table.sizes
    both = np.array([a + b for a, b in pairs], dtype=np.int64)
    rows, small = n + m, min(n, m)
    random = np.random.default_rng(seed)
    observed = np.array([[pair[0 if n <= m else 1] for pair in pairs]])
    # The allowance lets draws count as equally unlike in spite of rounding.
    limit = float(statistic(observed, both, small)[0]) * (1 - 1e-9)
    exceeding = drawn = 0
    most = max(min(_MOST_DRAWS, _MOST_CELLS // len(pairs)), _BATCH)
    while drawn < most and exceeding < ENOUGH_EXCEEDING:
        if rows < _POPULATION_LIMIT:
            draws = random.multivariate_hypergeometric(both, small, _BATCH, method="marginals")
        else:
            # From so many rows, drawing with or without replacement makes no difference.
            draws = random.multinomial(small, both / rows, size=_BATCH)
        exceeding += int((statistic(draws, both, small) >= limit).sum())
        drawn += _BATCH
    return (exceeding + 1) / (drawn + 1)


def pearson_of_draws(draws: NDArray[Any], both: NDArray[Any], small: int) -> NDArray[Any]:
    """The smaller sample's part of Pearson's statistic, which fixes the whole: a figure a draw."""
    import numpy as np

    expected = both * (small / both.sum())
    return np.asarray(((draws - expected) ** 2 / expected).sum(axis=1))
