"""Would another model make things worse for some? Its paired gain in each segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.card import Privacy
from workbench.domain.many_tests import adjust_for_many

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_ROWS = 50
"""Judged rows that a segment must have."""
LEVEL = 0.05
_Z = 1.959963984540054


@dataclass(frozen=True)
class SegmentGain:
    """What a challenger gains in one segment."""

    column: str
    value: str | None
    """None: missing, or a value of a sensitive column."""
    n: int
    gain: float
    """Bad rate of the champion minus the challenger's."""
    low: float
    high: float
    p_adjusted: float
    """That there is no loss here, after all segments looked at (Benjamini and Hochberg)."""
    smallest: float = 0.0
    """The smallest loss that matters."""

    @property
    def is_harmed(self) -> bool:
        """Whether the challenger is surely worse here, and by as much as matters."""
        return self.gain < -self.smallest and self.p_adjusted < LEVEL


def gains_by_segment(
    segments: Sequence[str],
    privacy: Privacy,
    judged: pl.DataFrame,
    gain: NDArray[Any],
    smallest: float = 0.0,
) -> tuple[SegmentGain, ...]:
    """The gain in every segment with `LEAST_ROWS` judged rows, the worst first.

    The interval is the normal one of the paired mean; the p-value one-sided, that of a gain as
    low or lower where there is none. A value of a sensitive column is not named.

    Args:
        segments: the columns to break down by; those that the rows lack are left out.
        privacy: which of them must not be named.
        judged: the rows.
        gain: one a row, champion's badness minus challenger's.
        smallest: the smallest loss that matters.
    """
    import math
    from statistics import NormalDist

    import polars as pl

    found: list[tuple[str, str | None, int, float, float]] = []
    for column in sorted(set(segments) & set(judged.columns)):
        is_secret = privacy.is_sensitive(column)
        keyed = pl.DataFrame({"value": judged[column].cast(pl.String), "gain": gain})
        table = keyed.group_by("value").agg(
            pl.len(), pl.col("gain").mean().alias("mean"), pl.col("gain").std().alias("sd")
        )
        for value, n, mean, sd in table.sort("value", nulls_last=True).iter_rows():
            if n >= LEAST_ROWS:
                error = max(float(sd or 0.0), 1 / n) / math.sqrt(n)
                found.append((column, None if is_secret else value, n, float(mean), error))
    p = adjust_for_many([NormalDist().cdf(mean / error) for *_, mean, error in found])
    gains = [
        SegmentGain(column, value, n, mean, mean - _Z * error, mean + _Z * error, q, smallest)
        for (column, value, n, mean, error), q in zip(found, p, strict=True)
    ]
    return tuple(sorted(gains, key=lambda s: (not s.is_harmed, s.gain, s.column, s.value or "")))
