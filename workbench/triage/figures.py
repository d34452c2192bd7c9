"""What is a measured figure, and between which ends does it lie?"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.intervals import LEVEL
from workbench.performance.quantiles import normal_quantile, student_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray


MOST_BLOCKS = 1_000
"""More than twice as many blocks are put together in so many groups."""


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval and what it would be if rows were drawn again."""

    value: float
    low: float
    high: float
    n: int
    """Rows that it rests on."""
    basis: str = "rows"
    """What was drawn again: `days`, `entities` or `rows`."""
    draws: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """(draws,), in the same order as those of every other figure of the same rows and seed."""

    def evidence(
        self,
        step: str,
        name: str,
        reading: str,
        threshold: float | None = None,
        supports: str | None = None,
        against: str | None = None,
    ) -> Evidence:
        """This figure as a piece of evidence."""
        return Evidence(
            step, name, self.value, reading, self.low, self.high, self.n, threshold, supports, against
        )  # fmt: skip


def figure(value: float, draws: NDArray[Any], n: int, basis: str = "rows") -> Figure:
    """A figure from its resamplings: the interval is their 2.5 and 97.5 % quantiles."""
    import numpy as np

    low, high = np.quantile(draws, (0.025, 0.975))
    return Figure(float(value), float(low), float(high), int(n), basis, draws)


def mean_figures(
    columns: list[NDArray[Any]], blocks: NDArray[Any], basis: str, seed: int
) -> list[Figure]:
    """The means of columns over the same rows, drawn together: their draws may be subtracted.

    Draws of few blocks lie too close to the mean: with k blocks they are spread by
    sqrt(k / (k - 1)), for the variance that k - 1 degrees of freedom miss, times the ratio of
    Student's quantile to the normal one. With 8 days that is 1.29. Very many blocks are drawn in
    `MOST_BLOCKS` groups, which vary as much and are drawn faster.

    Args:
        columns: (rows,) each, all of them numbers.
        blocks: the block of each row, from 0.
        basis: what the blocks are.
        seed: of the resampling.
    """
    import numpy as np

    from workbench.performance.blocks import resampled_sums

    n = len(blocks)
    table = np.column_stack([*columns, np.ones(n)])
    if n and int(blocks.max()) >= 2 * MOST_BLOCKS:
        blocks = blocks % MOST_BLOCKS
    sums = resampled_sums(table, blocks, seed)
    means = table[:, :-1].mean(axis=0)
    drawn = sums[:, :-1] / np.maximum(sums[:, -1:], 1.0)
    drawn = means + (drawn - means) * _spreading(int(blocks.max()) + 1 if n else 0)
    return [figure(mean, drawn[:, number], n, basis) for number, mean in enumerate(means)]


def _spreading(many: int) -> float:
    if many < 2:
        return 1.0
    student = student_quantile((1 + LEVEL) / 2, many - 1) / normal_quantile((1 + LEVEL) / 2)
    return math.sqrt(many / (many - 1)) * student


def ratio(above: Figure, below: Figure, why_not: str) -> tuple[Figure | None, str | None]:
    """The ratio of two figures of the same draws; none, with the reason, where `below` may be 0.

    Returns:
        The ratio and no reason, or no ratio and `why_not`.
    """
    import numpy as np

    if above.draws is None or below.draws is None or below.low <= 0:
        return None, why_not
    drawn = above.draws / np.maximum(below.draws, below.low / 2)
    return figure(above.value / below.value, drawn, above.n, above.basis), None
