"""How probable is a figure at least this large, if it follows a known law?

Written on `math` alone: the forms below cost nothing to import, whereas loading scipy.special
would cost a third of a second of every `workbench status`.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_CLOSE = 1e-14
_STEPS = 10_000


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


def gamma_survival(value: float, mean: float, variance: float) -> float:
    """Probability that a gamma variable of this mean and variance exceeds the value.

    A chi-square law of any scale and of degrees that need not be whole is one of these. The
    regularised incomplete gamma function, by its series below the mean and by Lentz's form of
    its continued fraction above (Abramowitz and Stegun, 6.5.29 and 6.5.31). A law without
    variance is its mean: 1 up to there, 0 beyond.
    """
    if value <= 0:
        return 1.0
    if variance <= 0 or mean <= 0:
        return 1.0 if value <= mean else 0.0
    shape, x = mean * mean / variance, value * mean / variance
    log_front = shape * math.log(x) - x - math.lgamma(shape)
    if x < shape + 1:
        term = total = 1 / shape
        for step in range(1, _STEPS):
            term *= x / (shape + step)
            total += term
            if term < total * _CLOSE:
                break
        return min(max(1 - total * math.exp(log_front), 0.0), 1.0)
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / b
    fraction = d
    for step in range(1, _STEPS):
        factor = -step * (step - shape)
        b += 2
        d = 1 / _away(factor * d + b)
        c = _away(b + factor / c)
        fraction *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return min(math.exp(log_front) * fraction, 1.0)


def f_survival(ratio: float, degrees: float, other: float) -> float:
    """Probability that an F variable exceeds the ratio.

    Args:
        ratio: one mean square over another.
        degrees: of the upper one; above 0, not necessarily whole.
        other: of the lower one, likewise.

    Returns:
        The regularised incomplete beta function of (other / 2, degrees / 2) at other / (other +
        degrees ratio) (Abramowitz and Stegun, 26.6.2 and 26.5.8).
    """
    if ratio <= 0:
        return 1.0
    x = other / (other + degrees * ratio)
    a, b = other / 2, degrees / 2
    rest = degrees * ratio / (other + degrees * ratio)
    log_front = (
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(max(x, _TINY))
        + b * math.log(max(rest, _TINY))
    )
    if x < (a + 1) / (a + b + 2):
        return min(math.exp(log_front) * _beta_fraction(a, b, x) / a, 1.0)
    return min(max(1 - math.exp(log_front) * _beta_fraction(b, a, rest) / b, 0.0), 1.0)


def normal_tails(z: float) -> float:
    """Probability that a standard normal variable is at least this far from 0, either way."""
    return math.erfc(abs(z) / math.sqrt(2))


def kolmogorov_survival(statistic: float) -> float:
    """Probability that a Brownian bridge leaves the band of this half-width.

    2 sum of (-1)^(j - 1) exp(-2 j^2 x^2) (Smirnov, 1948); for small x the complement by the
    other form of the theta function, which then converges faster.
    """
    if statistic < 0.1:
        return 1.0
    if statistic < 1:
        inside = math.fsum(
            math.exp(-((2 * j - 1) ** 2) * math.pi**2 / (8 * statistic**2)) for j in range(1, 6)
        )
        return min(max(1 - math.sqrt(2 * math.pi) / statistic * inside, 0.0), 1.0)
    terms = ((-1) ** (j - 1) * math.exp(-2 * j * j * statistic**2) for j in range(1, 11))
    return min(2 * math.fsum(terms), 1.0)


def _beta_fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    fraction = d
    for step in range(1, _STEPS):
        for factor in (
            step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step)),
            -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1)),
        ):
            d = 1 / _away(1 + factor * d)
            c = _away(1 + factor / c)
            fraction *= d * c
        if abs(d * c - 1) < _CLOSE:
            break
    return fraction


def _away(value: float) -> float:
    """The value, kept away from 0."""
    return value if abs(value) > _TINY else _TINY
