"""How many standard errors make an interval? Quantiles of the normal and of Student's law.

Written on the standard library alone: loading scipy.special would cost a third of a second of
every `workbench status`.
"""

from __future__ import annotations

import math
from functools import lru_cache

_CLOSED_FORM_DEGREES = 200
"""Up to here the distribution function is summed and inverted, beyond it expanded."""


@lru_cache(maxsize=16)
def normal_quantile(probability: float) -> float:
    """The value that a standard normal variable is below with this probability.

    Raises:
        statistics.StatisticsError: the probability is not strictly between 0 and 1.
    """
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)


@lru_cache(maxsize=512)
def student_quantile(probability: float, degrees: int) -> float:
    """The value that Student's t with whole, positive degrees of freedom is below.

    Good to about 1e-9. Up to 200 degrees the distribution function (Abramowitz and Stegun,
    26.7.3 and 26.7.4) is inverted by bisection, above that the quantile is expanded around the
    normal one (26.7.5, error below degrees^-5 times a few units).

    Raises:
        statistics.StatisticsError: the probability is not strictly between 0 and 1.
        ValueError: less than one degree of freedom.
    """
    if degrees < 1:
        raise ValueError(f"Student's t needs a degree of freedom, not {degrees}")
    z = normal_quantile(probability)
    if probability < 0.5:
        return -student_quantile(1 - probability, degrees)
    if degrees > _CLOSED_FORM_DEGREES:
        return _expanded(z, degrees)
    low, high = z, 2 * z + 1
    while _student_between(high, degrees) < 2 * probability - 1:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _student_between(middle, degrees) < 2 * probability - 1:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _student_between(t: float, degrees: int) -> float:
    """Probability that Student's t is between -t and t."""
    angle = math.atan(t / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    term = cosine if degrees % 2 else 1.0
    total = 0.0
    for k in range(degrees % 2, degrees - 1, 2):
        total += term
        term *= cosine * cosine * (k + 1) / (k + 2)
    if degrees % 2:
        return 2 / math.pi * (angle + sine * total)
    return sine * total


def _expanded(z: float, degrees: int) -> float:
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    g4 = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + g1 / degrees + g2 / degrees**2 + g3 / degrees**3 + g4 / degrees**4
