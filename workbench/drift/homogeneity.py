"""Would chance alone spread two samples over the bins as differently as this?

Two-sample tests, at the actual sizes of both: one that takes the reference as if it were
exactly known alarms on data in which nothing changed. Rows are taken as independent; where
rows of one day are alike, the p-values are too small.

Written on `math` alone: the closed forms below cost nothing to import, whereas loading
scipy.special would cost a third of a second of every `workbench status`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from workbench.domain.many_tests import adjust_for_many

__all__ = [
    "ENOUGH_EXCEEDING", "FAIR_COUNT", "adjust_for_many", "chi_square_survival", "fisher_p_value",
    "homogeneity_p_value", "two_proportions_p_value",
]  # fmt: skip

FAIR_COUNT = 5.0
"""The least expected count in a cell at which Pearson's law is trusted (Cochran, 1954)."""

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
    `FAIR_COUNT` on the smaller side are merged. Where fewer than two bins would be left (few
    rows, or nearly all of them in one bin), the test is exact for two bins (Fisher) and a
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
    pairs = [(a, b) for a, b in zip(reference, current, strict=True) if a + b]
    n, m = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    if not n or not m:
        return None
    if len(pairs) == 1:
        return 1.0
    least = FAIR_COUNT * (n + m) / min(n, m)
    pooled = _merge_neighbours(pairs, least) if ordered else _merge_rarest(pairs, least)
    if len(pooled) > 1:
        return chi_square_survival(_pearson(pooled, n, m), len(pooled) - 1)
    if len(pairs) == 2:
        return fisher_p_value(*pairs[0], *pairs[1])
    return _permutation_p_value(pairs, n, m, seed)


def two_proportions_p_value(hits_a: int, n_a: int, hits_b: int, n_b: int) -> float | None:
    """Probability of two shares at least this unlike if both samples have one true share.

    Pearson's chi-square test with one degree of freedom (the pooled z test, squared), exact
    (Fisher) where an expected count is below `FAIR_COUNT`. Two-sided. None when either
    sample is empty.
    """
    return homogeneity_p_value((hits_a, n_a - hits_a), (hits_b, n_b - hits_b), ordered=True)


def chi_square_survival(statistic: float, degrees: int) -> float:
    """Probability that a chi-square variable exceeds the statistic; `degrees` at least 1.

    With h = statistic / 2, for whole degrees: exp(-h) sum of h^j / j! over j < degrees / 2 when
    even; erfc(sqrt(h)) + exp(-h) sum of h^(j - 1/2) / Gamma(j + 1/2) over 1 <= j <=
    (degrees - 1) / 2 when odd (Abramowitz and Stegun, 26.4.4 and 26.4.5).
    """
    half = statistic / 2
    if half <= 0:
        return 1.0
    if degrees % 2:
        first, powers = math.erfc(math.sqrt(half)), [j - 0.5 for j in range(1, degrees // 2 + 1)]
    else:
        first, powers = 0.0, [float(j) for j in range(degrees // 2)]
    log_half = math.log(half)
    terms = (math.exp(power * log_half - half - math.lgamma(power + 1)) for power in powers)
    return min(first + math.fsum(terms), 1.0)


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


def _merge_neighbours(pairs: list[tuple[int, int]], least: float) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
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


def _merge_rarest(pairs: list[tuple[int, int]], least: float) -> list[tuple[int, int]]:
    # Only the sums over both samples decide, so that pooling cannot favour a difference.
    ranked = sorted(pairs, key=sum)
    a = b = taken = 0
    for x, y in ranked:
        if x + y >= least and (a + b == 0 or a + b >= least):
            break
        a, b, taken = a + x, b + y, taken + 1
    return ([(a, b)] if taken else []) + ranked[taken:]


def _pearson(pairs: Sequence[tuple[int, int]], n: int, m: int) -> float:
    # For two samples, sum of (O - E)^2 / E over both is this one sum over the bins.
    return math.fsum((a * m - b * n) ** 2 / (a + b) for a, b in pairs) / (n * m)


def _permutation_p_value(pairs: list[tuple[int, int]], n: int, m: int, seed: int) -> float:
    import numpy as np

    both = np.array([a + b for a, b in pairs], dtype=np.int64)
    rows, small = n + m, min(n, m)
    random = np.random.default_rng(seed)
    expected = both * (small / rows)
    observed = np.array([pair[0 if n <= m else 1] for pair in pairs])
    # The allowance lets draws count as equally unlike in spite of rounding.
    limit = ((observed - expected) ** 2 / expected).sum() * (1 - 1e-9)
    exceeding = drawn = 0
    most = min(_MOST_DRAWS, _MOST_CELLS // len(pairs))
    while drawn < most and exceeding < ENOUGH_EXCEEDING:
        if rows < _POPULATION_LIMIT:
            draws = random.multivariate_hypergeometric(both, small, _BATCH, method="marginals")
        else:
            # From so many rows, drawing with or without replacement makes no difference.
            draws = random.multinomial(small, both / rows, size=_BATCH)
        statistics = ((draws - expected) ** 2 / expected).sum(axis=1)
        exceeding += int((statistics >= limit).sum())
        drawn += _BATCH
    return (exceeding + 1) / (drawn + 1)
