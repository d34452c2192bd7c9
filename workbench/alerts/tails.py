"""How improbable is a count or a statistic as large as this, when the truth varies too?

Written on `math` alone, one value at a time: few of the figures of a look are large enough to
be tested at all.
"""

from __future__ import annotations

import math
from functools import lru_cache

_MANY = 50_000
_MUCH = 10_000
"""Rows, and the variance of a count of so many, beyond which the normal law stands in for the sum.
Of a rare share many rows are still few hits, whose law is lopsided."""
_PRACTICALLY_FIXED = 1e8
"""A beta law this narrow adds nothing to the binomial one."""


@lru_cache(maxsize=100_000)
def share_survival(hits: int, n: int, share: float, variance: float) -> float:
    """Probability of at least `hits` in `n` rows, when the true share varies around `share`.

    The beta-binomial law whose beta has this mean and variance (binomial for a variance of 0);
    beyond 50,000 rows, and a binomial variance of 10,000, the normal law with the same mean and
    variance. Made for rises: 1 for a count that is not above its expectation.

    Args:
        hits: rows that have the property.
        n: all rows.
        share: the mean of the true share, strictly between 0 and 1.
        variance: of the true share from one bucket to the next.
    """
    if hits <= n * share:
        return 1.0
    room = share * (1 - share)
    if n > _MANY and n * room > _MUCH:
        z = (hits - 0.5 - n * share) / math.sqrt(n * room + n * n * variance)
        return math.erfc(z / math.sqrt(2)) / 2
    concentration = room / variance - 1 if variance > 0 else math.inf
    if concentration > _PRACTICALLY_FIXED:
        return _binomial(hits, n, share)
    concentration = max(concentration, 0.05)
    a, b = share * concentration, (1 - share) * concentration
    term = math.exp(
        _log_choose(n, hits) + _log_beta(hits + a, n - hits + b) - _log_beta(a, b)
    )  # fmt: skip
    if term == 0:
        return 0.0
    total = 0.0
    for k in range(hits, n + 1):
        total += term
        if term < total * 1e-12:
            break
        if k < n:
            term *= (n - k) * (k + a) / ((k + 1) * (n - k - 1 + b))
    return min(total, 1.0)


def gamma_survival(statistic: float, mean: float, variance: float) -> float:
    """Probability that a gamma variable of this mean and variance exceeds the statistic.

    The law of a sum of chi-squares, by its first two moments (Satterthwaite, 1946). Q(a, x) by
    its series below a + 1 and by its continued fraction above (Abramowitz and Stegun, 6.5.29
    and 6.5.31).
    """
    a, x = mean * mean / variance, statistic * mean / variance
    if x <= 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for k in range(1, 10_000):
            term *= x / (a + k)
            total += term
            if term < total * 1e-14:
                break
        return max(1 - scale * total, 0.0)
    return scale * _fraction(a, x)


def _fraction(a: float, x: float) -> float:
    """Lentz's evaluation of the continued fraction of Q."""
    b = x + 1 - a
    c, d = 1e300, 1 / b
    found = d
    for k in range(1, 10_000):
        step = -k * (k - a)
        b += 2
        d = 1 / (step * d + b)
        c = b + step / c
        found *= c * d
        if abs(c * d - 1) < 1e-13:
            break
    return found


def _binomial(hits: int, n: int, share: float) -> float:
    odds = share / (1 - share)
    term = math.exp(_log_choose(n, hits) + hits * math.log(share) + (n - hits) * math.log1p(-share))
    if term == 0:
        return 0.0
    total = 0.0
    for k in range(hits, n + 1):
        total += term
        if term < total * 1e-12:
            break
        term *= (n - k) / (k + 1) * odds
    return min(total, 1.0)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
