"""Do the reference's main directions still describe the rows? Reconstruction error.

Numbers are standardised and categories made to one column each of the frequent ones; the
directions that hold most of the variance are found on one half of the reference, and what is
left of a row beside them is compared between the other half and the current rows. A change of
how columns hang together shows here although no column changed by itself. A rough second beside
the domain classifier: directions are straight, and one error stands for the whole row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.drift import ReconstructionDrift
from workbench.drift.encoding import Encoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEPT_VARIANCE = 0.65
"""Share of the variance that the kept directions hold at least (as NannyML's default)."""
CATEGORIES = 10
"""How many categories of a column have one of their own."""
FARTHEST = 10.0
"""Standard deviations at which a number is cut off, so that no single row decides."""

_LEAST_DAYS = 5
_LEAST_ROWS = 20
"""A day with fewer rows has no mean of its own."""


def reconstruction_drift(sides: Encoded, *, seed: int = 0) -> ReconstructionDrift:
    """The rise of the mean reconstruction error, and its p-value.

    With mean m and standard deviation s of the errors (Euclidean lengths) of held-out reference
    rows, the effect is (mean of the current errors - m) / s. The p-value is Welch's two-sided
    t test on the means of the days, where both sides have `_LEAST_DAYS` of them; else on the
    rows, taken as independent. It does not know how far the directions themselves are chance,
    which the held-out half of the reference shares with the current rows.

    Args:
        sides: the two samples.
        seed: of the choice of the half.
    """
    import numpy as np

    if sides.reference.shape[0] < 2 * _LEAST_ROWS or sides.current.shape[0] < _LEAST_ROWS:
        return _without("too few rows")
    order = np.random.default_rng(seed).permutation(sides.reference.shape[0])
    fitted, held = order[: order.size // 2], order[order.size // 2 :]
    plane = _Plane.of(sides.reference[fitted], sides.is_category)
    if plane is None:
        return _without("fewer than two columns vary in the reference")
    before, after = plane.errors(sides.reference[held]), plane.errors(sides.current)
    spread = float(before.std())
    if spread <= 1e-9:
        return _without("the reference lies in its main directions altogether")
    effect = float(after.mean() - before.mean()) / spread
    days = [
        _day_means(errors, days)
        for errors, days in ((before, sides.reference_days[held]), (after, sides.current_days))
    ]
    if min(means.size for means in days) >= _LEAST_DAYS:
        return ReconstructionDrift(effect, _welch(*days), "days", plane.directions.shape[0])
    return ReconstructionDrift(effect, _welch(before, after), "rows", plane.directions.shape[0])


@dataclass(frozen=True)
class _Plane:
    """Where the rows of a sample lie, nearly: a centre and some directions."""

    is_category: tuple[bool, ...]
    levels: tuple[NDArray[Any], ...]
    """The codes that have a column of their own, a categorical column each."""
    centre: NDArray[Any]
    scale: NDArray[Any]
    directions: NDArray[Any]
    """Directions x columns, of length 1 and at right angles."""

    @classmethod
    def of(cls, rows: NDArray[Any], is_category: tuple[bool, ...]) -> _Plane | None:
        """The directions of some rows that hold `KEPT_VARIANCE`; None without a plane to miss."""
        import numpy as np

        levels = tuple(
            _frequent(column) if category else np.empty(0)
            for column, category in zip(rows.T, is_category, strict=True)
        )
        centre, scale = np.empty(0), np.empty(0)
        for column, category, own in zip(rows.T, is_category, levels, strict=True):
            block = _block(column, category, own)
            middle = np.array([_mean(part) for part in block.T])
            around = np.where(np.isfinite(block), block - middle, 0.0)
            # All columns of one category together weigh as much as one number.
            width = np.sqrt(np.square(around).mean(axis=0).sum())
            centre = np.append(centre, middle)
            scale = np.append(scale, np.full(block.shape[1], width if width > 0 else np.inf))
        empty = cls(is_category, levels, centre, scale, np.empty((0, centre.size)))
        standard = empty.standardised(rows)
        _, singular, turned = np.linalg.svd(standard, full_matrices=False)
        variance = singular**2
        if not variance.sum():
            return None
        rank = int((variance > variance[0] * 1e-12).sum())
        kept = int(np.searchsorted(variance.cumsum() / variance.sum(), KEPT_VARIANCE)) + 1
        if rank < 2:
            return None
        return cls(is_category, levels, centre, scale, turned[: min(kept, rank - 1)])

    def standardised(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Rows around the centre, in standard deviations; missing values lie at the centre."""
        import numpy as np

        blocks = [
            _block(column, category, own)
            for column, category, own in zip(rows.T, self.is_category, self.levels, strict=True)
        ]
        wide = (np.column_stack(blocks) - self.centre) / self.scale
        return np.asarray(np.clip(np.nan_to_num(wide, nan=0.0), -FARTHEST, FARTHEST))

    def errors(self, rows: NDArray[Any]) -> NDArray[Any]:
        """How far each row lies from the directions."""
        import numpy as np

        standard = self.standardised(rows)
        left = standard - (standard @ self.directions.T) @ self.directions
        return np.asarray(np.sqrt(np.square(left).sum(axis=1)))


def _block(column: NDArray[Any], is_category: bool, levels: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    if not is_category:
        return column[:, None]
    # The last column is of all the other categories; a missing value is in none.
    own = column[:, None] == levels[None, :]
    rest = ~own.any(axis=1) & ~np.isnan(column)
    return np.column_stack([own, rest]).astype(np.float64)


def _frequent(column: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    values, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    return np.sort(values[np.lexsort((values, -counts))[:CATEGORIES]])


def _mean(column: NDArray[Any]) -> float:
    import numpy as np

    present = column[np.isfinite(column)]
    return float(present.mean()) if present.size else 0.0


def _day_means(errors: NDArray[Any], days: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    known = days >= 0
    _, place, counts = np.unique(days[known], return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=errors[known], minlength=counts.size)
    enough = counts >= _LEAST_ROWS
    return np.asarray(sums[enough] / counts[enough])


def _welch(some: NDArray[Any], others: NDArray[Any]) -> float:
    from scipy import stats

    found = float(stats.ttest_ind(some, others, equal_var=False).pvalue)
    # No p-value where neither side varies.
    return 1.0 if math.isnan(found) else found


def _without(reason: str) -> ReconstructionDrift:
    return ReconstructionDrift(None, None, "rows", 0, reason)
