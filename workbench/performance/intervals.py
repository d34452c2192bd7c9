"""How sure is a rate? Intervals for a sample, and for days that are alike."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from scipy.special import ndtri, stdtrit

LEVEL = 0.95
FEWEST_CLUSTERS = 3
"""Below this many clusters their variance cannot be told, and the sample's interval is given."""

Interval = tuple[float, float]


def wilson(bad: float, n: float, level: float = LEVEL) -> Interval | None:
    """Wilson's score interval of a proportion.

    (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n), Wilson 1927.

    Args:
        bad: rows that count.
        n: all rows; None is returned for 0.
        level: the coverage.
    """
    if n <= 0:
        return None
    z = float(ndtri(0.5 + level / 2))
    share = min(max(bad / n, 0.0), 1.0)
    centre = share + z * z / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max((centre - half) / scale, 0.0), min((centre + half) / scale, 1.0)


def mean_interval(total: float, squares: float, n: float, level: float = LEVEL) -> Interval | None:
    """Student's interval of a mean of values between 0 and 1, held within 0 and 1.

    For badness that is a cost and so not 0 or 1. One row, or no spread, gives Wilson's
    interval of the mean, which is never empty.

    Args:
        total: sum of the values.
        squares: sum of their squares.
        n: how many; None is returned for 0.
        level: the coverage.
    """
    if n <= 0:
        return None
    mean = total / n
    variance = max(squares / n - mean * mean, 0.0) * n / (n - 1) if n > 1 else 0.0
    if variance <= 0.0:
        return wilson(total, n, level)
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * sqrt(variance / n)
    return max(mean - half, 0.0), min(mean + half, 1.0)


def clustered_interval(
    bad: Sequence[float], n: Sequence[float], level: float = LEVEL
) -> Interval | None:
    """The interval of a pooled rate whose rows are alike within a cluster (a day, an entity).

    The ratio estimator's linearised variance: with r = sum b / sum n over D clusters,
    var(r) = D / (D - 1) * sum (b_d - r n_d)² / (sum n)², and Student's quantile with D - 1
    degrees of freedom (Cochran, Sampling Techniques, 3rd ed., section 6.3). It is never narrower than
    Wilson's; with fewer than `FEWEST_CLUSTERS` clusters it is Wilson's.

    Args:
        bad: rows that count, a cluster each.
        n: all rows, a cluster each; clusters without rows are left out. None for no rows.
        level: the coverage.
    """
    kept = [(b, m) for b, m in zip(bad, n, strict=True) if m > 0]
    rows = sum(m for _, m in kept)
    counted = sum(b for b, _ in kept)
    plain = wilson(counted, rows, level)
    if plain is None or len(kept) < FEWEST_CLUSTERS:
        return plain
    rate = counted / rows
    clusters = len(kept)
    variance = clusters / (clusters - 1) * sum((b - rate * m) ** 2 for b, m in kept) / rows**2
    half = float(stdtrit(clusters - 1, 0.5 + level / 2)) * sqrt(variance)
    return max(min(plain[0], rate - half), 0.0), min(max(plain[1], rate + half), 1.0)
