"""How are values in memory counted over bins? The plain form of what the store does in SQL."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from workbench.domain.profile import UNSEEN_CAP, ColumnBins, ColumnProfile


def profile_values(bins: ColumnBins, values: Iterable[Any]) -> ColumnProfile:
    """The counts of values over bins.

    None and NaN are missing. Numbers: infinite values are counted in the first or last bin and
    are left out of sums, minimum and maximum. Categories: values are taken as text; those
    without a bin are `unseen` (or `other`, when the bins are open), and the names of the
    unseen are kept, most frequent first, `UNSEEN_CAP` of them.

    Raises:
        ValueError: a numeric column holds something that is not a number.
    """
    if bins.kind == "numeric":
        return _profile_numbers(bins, values)
    return _profile_categories(bins, values)


def _profile_numbers(bins: ColumnBins, values: Iterable[Any]) -> ColumnProfile:
    import numpy as np

    listed = [np.nan if value is None else value for value in values]
    numbers = np.asarray(listed, dtype=np.float64)
    present = numbers[~np.isnan(numbers)]
    # side="left" makes the edges upper, inclusive ends.
    places = np.searchsorted(np.asarray(bins.edges, dtype=np.float64), present, side="left")
    counts = np.bincount(places, minlength=bins.size)
    finite = present[np.isfinite(present)]
    with np.errstate(over="ignore"):  # a sum that is too large is infinite, and then no figure
        moved = finite - bins.center
        total, squares = float(moved.sum()), float((moved * moved).sum())
    return ColumnProfile(
        bins,
        counts=tuple(int(count) for count in counts),
        missing=int(numbers.size - present.size),
        total=total,
        total_squares=squares,
        minimum=float(finite.min()) if finite.size else None,
        maximum=float(finite.max()) if finite.size else None,
    )


def _profile_categories(bins: ColumnBins, values: Iterable[Any]) -> ColumnProfile:
    place = {category: index for index, category in enumerate(bins.categories)}
    other = len(bins.categories)
    place.update(dict.fromkeys(bins.other, other))
    counts = [0] * bins.size
    unseen: Counter[str] = Counter()
    missing = 0
    for value in values:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            missing += 1
            continue
        name = str(value)
        index = place.get(name)
        if index is None and not bins.is_open:
            unseen[name] += 1
        counts[index if index is not None else other + (not bins.is_open)] += 1
    ranked = sorted(unseen.items(), key=lambda item: (-item[1], item[0]))
    return ColumnProfile(bins, tuple(counts), missing=missing, unseen=tuple(ranked[:UNSEEN_CAP]))
