"""What is looked at? The closed buckets of one model in a row, as arrays beside what is usual.

A look is one closed bucket. It sees the newest bucket, the newest two, the newest day where
buckets are shorter, and the card's window: a sharp change shows in the first, a small lasting
one in the last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from workbench.alerts.usual import Array, UsualShare, UsualSpread

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Looks:
    """Closed buckets without a gap, oldest first, and from which on each is a look."""

    starts: tuple[datetime, ...]
    bucket: timedelta
    window: timedelta
    first: int = 0
    """The place of the first look; the buckets before it only fill the first looks' spans."""

    @property
    def spans(self) -> tuple[int, ...]:
        """How many buckets back a look sees, one test each."""
        day = max(_DAY // self.bucket, 1)
        return tuple(sorted({1, 2, day, max(self.window // self.bucket, 1)}))

    @property
    def places(self) -> range:
        """The places of the looks."""
        return range(self.first, len(self.starts))

    def over(self, counts: Array, span: int) -> Array:
        """The counts of each look's newest `span` buckets, added: (looks, ...)."""
        zero = np.zeros((1, *counts.shape[1:]))
        sums = np.concatenate([zero, np.cumsum(counts, axis=0)])
        ends = np.arange(self.first, len(self.starts)) + 1
        found: Array = sums[ends] - sums[np.maximum(ends - span, 0)]
        return found


@dataclass(frozen=True)
class ShareHistory:
    """One share, a closed bucket each: of bad predictions, missed positives, or missing values."""

    kind: str
    """`bad_rate`, `miss_rate` or `missing_values`."""
    hits: Array
    rows: Array
    usual: UsualShare
    warning: float
    """The share from which a significant rise is a warning."""
    critical: float
    column: str | None = None
    """Whose values are missing."""


@dataclass(frozen=True)
class ColumnHistory:
    """One column's rows over its bins, a closed bucket each."""

    name: str
    role: str
    ordered: bool
    """Whether neighbouring bins may be merged: a number."""
    counts: Array
    """(buckets, bins)"""
    usual: UsualSpread
    psi_starts: tuple[int, ...] | None = None
    """Where each of the bins of `psi` starts among these; None: they are the same."""
    distance: Callable[[int, int], float | None] | None = None
    """The scaled Wasserstein distance of some buckets (first, end) to the reference."""


class Measured(NamedTuple):
    """What the looks say of one share or column, each (spans, looks)."""

    p_values: Array
    """1 where there is no effect; not a number where nothing can be tested."""
    sizes: Array
    """Of the effect: 0 none, 1 warning, 2 critical."""
    values: Array
    """The share, or the corrected PSI."""
    usuals: Array
    """The share that is usual for the phases of week and day; not a number for a column."""

    @classmethod
    def blank(cls, looks: Looks) -> Measured:
        """Nothing is tested and nothing known yet."""
        shape = (len(looks.spans), len(looks.places))
        unknown = [np.full(shape, np.nan) for _ in range(3)]
        return cls(unknown[0], np.zeros(shape), *unknown[1:])
