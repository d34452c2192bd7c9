"""How sure is a rate? Intervals for independent rows, and for days that are alike within.

An interval for independent rows answers for this sample only. Rows of one day share weather,
campaigns and faults: with a day effect of 0.02 on a rate of 0.20 and 600 rows a day, a week's
95 % Wilson interval covers the long-run rate in 78 % of cases. What may raise an alarm
therefore takes the days, not the rows, as the independent units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from workbench.performance.quantiles import normal_quantile, student_quantile

LEVEL = 0.95
LEAST_CLUSTERS = 3
"""With fewer, the variance between clusters says next to nothing."""

Interval = tuple[float, float]


def wilson(bad: float, n: float, level: float = LEVEL) -> Interval | None:
    """Wilson's score interval of a share (1927): (low, high) within 0..1; None without rows.

    The centre is (p + z^2 / 2n) / (1 + z^2 / n), the half width z sqrt(p (1 - p) / n +
    z^2 / 4n^2) / (1 + z^2 / n), z the normal quantile at (1 + level) / 2.

    Args:
        bad: how many of the rows; the mean of values between 0 and 1 times n may stand for it,
            and the interval is then too wide if anything.
        n: rows.
        level: how often intervals like this cover the true share.
    """
    if n <= 0:
        return None
    z = normal_quantile((1 + level) / 2)
    share = min(max(bad / n, 0.0), 1.0)
    scale = 1 + z * z / n
    center = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    # At 0 and n the end is the share itself, which rounding would miss.
    return (
        0.0 if share == 0 else max(center - half, 0.0),
        1.0 if share == 1 else min(center + half, 1.0),
    )


def mean_interval(total: float, squares: float, n: float, level: float = LEVEL) -> Interval | None:
    """Student's interval of the mean of values between 0 and 1, clipped to 0..1; None without rows.

    mean +- t s / sqrt(n), s^2 = (squares - n mean^2) / (n - 1). Values that do not differ at all
    (or a single one) say nothing about s; Wilson's interval, which is too wide if anything,
    stands in for them.

    Args:
        total: sum of the values.
        squares: sum of their squares.
        n: how many.
        level: how often intervals like this cover the true mean.
    """
    if n <= 0:
        return None
    mean = total / n
    spread = squares - n * mean * mean
    if n < 2 or spread <= 1e-12 * max(squares, 1e-300):
        return wilson(total, n, level)
    t = student_quantile((1 + level) / 2, round(n) - 1)
    half = t * math.sqrt(spread / (n - 1) / n)
    return max(mean - half, 0.0), min(mean + half, 1.0)


def clustered_interval(
    bad: Sequence[float],
    n: Sequence[float],
    level: float = LEVEL,
    within: Interval | None = None,
) -> Interval | None:
    """An interval of a rate over clusters (days, entities) whose rows are alike; None without rows.

    The rate is the ratio r = sum bad / sum n; its variance, with D clusters that have rows, is
    D / (D - 1) sum (bad_d - r n_d)^2 / (sum n)^2 (the ratio estimator of cluster sampling,
    Cochran, Sampling Techniques, 1977, chapter 6), its quantile Student's with D - 1 degrees of
    freedom. It is clipped to 0..1 and never narrower than `within`, which alone is returned
    for fewer than `LEAST_CLUSTERS` clusters. Clusters are taken as independent of one another.

    Args:
        bad: bad rows of each cluster.
        n: rows of each cluster.
        level: how often intervals like this cover the long-run rate.
        within: the interval for independent rows; Wilson's by default.
    """
    pairs = [(b, rows) for b, rows in zip(bad, n, strict=True) if rows > 0]
    total = math.fsum(rows for _, rows in pairs)
    if not pairs:
        return None
    hits = math.fsum(b for b, _ in pairs)
    least = within or wilson(hits, total, level)
    if len(pairs) < LEAST_CLUSTERS or least is None:
        return least
    rate, count = hits / total, len(pairs)
    squares = math.fsum((b - rate * rows) ** 2 for b, rows in pairs)
    half = student_quantile((1 + level) / 2, count - 1) * math.sqrt(
        squares * count / (count - 1)
    ) / total  # fmt: skip
    return min(max(rate - half, 0.0), least[0]), max(min(rate + half, 1.0), least[1])


def spread_between(
    bad: Sequence[float], n: Sequence[float], variance: float | None = None
) -> float | None:
    """The standard deviation of the true rates of clusters, beyond what chance within them makes.

    The moment estimator of one-way analysis of variance: (sum n_d (r_d - r)^2 - (D - 1) s^2) /
    (N - sum n_d^2 / N), at least 0, with s^2 the variance within. None for fewer than
    `LEAST_CLUSTERS` clusters.

    Args:
        bad: bad rows of each cluster.
        n: rows of each cluster.
        variance: of one row around the rate; r (1 - r) by default.
    """
    pairs = [(b, rows) for b, rows in zip(bad, n, strict=True) if rows > 0]
    if len(pairs) < LEAST_CLUSTERS:
        return None
    total = math.fsum(rows for _, rows in pairs)
    rate = math.fsum(b for b, _ in pairs) / total
    within = rate * (1 - rate) if variance is None else variance
    between = math.fsum(rows * (b / rows - rate) ** 2 for b, rows in pairs)
    weight = total - math.fsum(rows * rows for _, rows in pairs) / total
    return math.sqrt(max(between - (len(pairs) - 1) * within, 0.0) / weight)
