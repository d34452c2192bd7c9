"""Is a fault confined to the rows of one producer, version or region? And is it worse there?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.quality.sides import Sides

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEARLY_ALL = 0.95
_ENOUGH = 30
_FEW = 8
_BY_LUCK = math.log(1e-5)
_SURE = 2.58
"""Standard errors: 99 % either way."""


def confined_to(
    sides: Sides,
    affected: NDArray[Any],
    scope: NDArray[Any],
    usual: float = 0.0,
    but: tuple[str, ...] = (),
) -> tuple[str, str] | None:
    """The segment value that nearly all affected rows have, and no smaller group has; None without.

    Args:
        sides: both sides.
        affected: which rows of the log are affected.
        scope: the rows of the stretch of time that the fault is in.
        usual: share of rows that look affected where nothing is wrong.
        but: the affected columns, whose own values confine nothing.
    """
    import numpy as np

    hits = affected & scope
    total, rows = int(hits.sum()), int(scope.sum())
    if total < _FEW or not rows:
        return None
    best: tuple[int, str, str] | None = None
    for name, values in sides.segments.items():
        if name in but:
            continue
        inside = scope & (values.log >= 0)
        size = len(values.names)
        counted = np.bincount(values.log[inside], minlength=size)
        hit = np.bincount(values.log[inside & affected], minlength=size)
        excess = hit - usual * counted
        whole = float(total - usual * rows)
        if whole <= 0:
            continue
        for code in np.flatnonzero(excess >= _NEARLY_ALL * whole):
            # A value that nearly all rows have confines nothing.
            if counted[code] > 0.9 * rows:
                continue
            # Few rows may all be of one value by luck.
            if whole * math.log(counted[code] / rows) > _BY_LUCK:
                continue
            candidate = (int(counted[code]), name, values.names[code])
            if best is None or candidate < best:
                best = candidate
    return None if best is None else (best[1], best[2])


@dataclass(frozen=True)
class Harm:
    """Whether affected rows are predicted worse than others."""

    is_harmful: bool | None
    """None where it cannot be told."""
    words: str


def harm_of(sides: Sides, affected: NDArray[Any], worth: float) -> Harm:
    """Whether the affected rows' bad rate is above that of the other rows, or of the reference.

    Two means are compared (Welch, normal quantile at 99 %): surely higher is harm; surely less
    than `worth` higher is none; all else is not known.

    Args:
        sides: both sides.
        affected: which rows of the log.
        worth: the rise of the bad rate that matters, a fraction.
    """
    import numpy as np

    own = sides.bad[affected & ~np.isnan(sides.bad)]
    if own.size < _ENOUGH:
        return Harm(None, "too few labels to tell harm")
    rest = sides.bad[~affected & ~np.isnan(sides.bad)]
    where = "other rows"
    if rest.size < 2 * _ENOUGH:
        rest, where = sides.reference_bad[~np.isnan(sides.reference_bad)], "the reference"
    if rest.size < 2 * _ENOUGH:
        return Harm(None, "nothing labelled to compare the harm with")
    rise = float(own.mean() - rest.mean())
    error = math.sqrt(_variance(own) / own.size + _variance(rest) / rest.size)
    words = f"{own.mean():.1%} of affected rows are predicted badly, {rest.mean():.1%} of {where}"
    if rise - _SURE * error > 0:
        return Harm(True, words)
    if rise + _SURE * error < worth:
        return Harm(False, words)
    return Harm(None, words)


def _variance(values: NDArray[Any]) -> float:
    # One row added either way, so that a sample without a bad row is not taken as certain.
    share = (float(values.sum()) + 1) / (values.size + 2)
    return max(float(values.var()), share * (1 - share))
