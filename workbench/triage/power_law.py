"""Where does a learning curve end? The fit of a + b n^-c."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLOWEST, FASTEST, _STEPS = 0.4, 1.0, 13
"""Bounds of c: a flatter curve could end anywhere, and would be told from none by no data."""


@dataclass(frozen=True)
class PowerLaws:
    """Fitted curves, one a draw: (draws,) each."""

    a: NDArray[Any]
    b: NDArray[Any]
    c: NDArray[Any]

    def rows_to(self, target: float) -> NDArray[Any]:
        """[(target - a) / b]^(-1/c): rows at which each curve reaches the target; infinite if never."""
        import numpy as np

        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rows = ((target - self.a) / self.b) ** (-1 / self.c)
        rows = np.where(self.b <= 0, 1.0, rows)
        return np.where(target > self.a, rows, np.inf)


def fit_power_laws(n: NDArray[Any], losses: NDArray[Any], weights: NDArray[Any]) -> PowerLaws:
    """The least-squares curve a + b n^-c of each draw, a, b >= 0, `SLOWEST` <= c <= `FASTEST`.

    For each c of a grid a and b follow in closed form; a bound that they break is held and the
    other fitted alone. The c with the least weighted sum of squares wins.

    Args:
        n: (points,) rows trained on.
        losses: (draws, points).
        weights: (points,), 1 / variance up to a factor.
    """
    import numpy as np

    y, w = losses, weights / weights.sum()
    best = np.full(len(y), np.inf)
    a, b, c = np.zeros(len(y)), np.zeros(len(y)), np.full(len(y), FASTEST)
    mean_y = y @ w
    for rate in np.linspace(SLOWEST, FASTEST, _STEPS):
        x = (n / n.max()) ** -rate
        mean_x = x @ w
        spread = w @ (x - mean_x) ** 2
        slope = ((y - mean_y[:, None]) * (x - mean_x)) @ w / max(spread, 1e-12)
        slope = np.maximum(slope, 0.0)
        floor = mean_y - slope * mean_x
        through_zero = (y * x) @ w / (w @ x**2)
        slope = np.where(floor < 0, through_zero, slope)
        floor = np.maximum(floor, 0.0)
        error = (y - floor[:, None] - slope[:, None] * x) ** 2 @ w
        better = error < best
        best = np.where(better, error, best)
        a, b = np.where(better, floor, a), np.where(better, slope * n.max() ** rate, b)
        c = np.where(better, rate, c)
    return PowerLaws(a, b, c)
