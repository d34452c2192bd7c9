"""In which stretch of time is it so? The run of buckets that speaks for it most clearly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST_TOLD = 5.0
"""Nats."""
_PART = 0.1
"""Of the rise of a rate, that a bucket in which it began, or ended, must have."""


def best_run(gains: NDArray[Any]) -> tuple[int, int] | None:
    """The run of buckets with the largest sum: (first, one past the last); None when none is positive.

    Kadane's algorithm on log-likelihood ratios gives the most likely stretch of a fault that
    begins once and ends at most once. A run is not widened by buckets that say nothing.
    """
    best, total, start = 0.0, 0.0, 0
    found: tuple[int, int] | None = None
    for place, gain in enumerate(gains):
        if total <= 0:
            total, start = 0.0, place
        total += float(gain)
        if total > best + 1e-9:
            best, found = total, (start, place + 1)
    return found


def run_of_rows(gains: NDArray[Any], at: NDArray[Any], buckets: int) -> tuple[int, int] | None:
    """The buckets of the run of rows with the largest sum: (first, one past the last); None without.

    What begins in the middle of a bucket is found there, though most of the bucket's rows speak
    against it. A first bucket whose own rows of the run say less than `_LEAST_TOLD` is left out, and it
    has ended only where the rows after it say as much.

    Args:
        gains: of each row, in order of time, how much likelier it is inside, in nats.
        at: each row's bucket, never falling.
        buckets: how many there are, with those that have none of the rows.
    """
    import numpy as np

    if not gains.size:
        return None
    sums = np.concatenate([[0.0], np.cumsum(gains)])
    lowest = np.minimum.accumulate(sums)
    end = int(np.argmax(sums - lowest))
    if sums[end] - lowest[end] <= 1e-9:
        return None
    start = int(np.argmin(sums[: end + 1]))
    inside, own = gains[start:end], at[start:end]
    told = np.bincount(own - own[0], weights=inside)
    first, last = int(own[0]), int(own[-1])
    while first < last and told[first - own[0]] < _LEAST_TOLD:
        first += 1
    if gains[end:].sum() > -_LEAST_TOLD:  # the rest does not deny it
        last = buckets - 1
    return first, last + 1


def binomial_gains(hits: NDArray[Any], rows: NDArray[Any], base: float, now: float) -> NDArray[Any]:
    """How much likelier a bucket's hits are at the rate `now` than at `base`, in nats."""
    import numpy as np

    low, high = min(max(base, 1e-4), 0.999), min(max(now, 2e-4), 0.9995)
    if high <= low:
        return np.zeros(len(rows))
    misses = rows - hits
    gains: NDArray[Any] = hits * np.log(high / low) + misses * np.log((1 - high) / (1 - low))
    return gains


def affected_run(
    hits: NDArray[Any], rows: NDArray[Any], base: float, least: float = 0.0
) -> tuple[int, int] | None:
    """The buckets in which a rate is up from `base`; None when nowhere.

    The rate of the faulty stretch is not known: it is first taken from the worst buckets, then
    from the stretch that was found, until that stays.

    Args:
        hits: affected rows of each bucket.
        rows: all rows of it.
        base: the usual rate.
        least: a rise that is smaller than this does not count.
    """
    import numpy as np

    total = rows.sum()
    if not total or not hits.sum():
        return None
    rates = np.divide(hits, rows, out=np.zeros(len(rows)), where=rows > 0)
    # A bucket of a few rows must not set the rate.
    weighty = rows >= min(0.2 * total / len(rows), 30)
    rate = float(rates[weighty].max()) if weighty.any() else float(rates.max())
    if rate - base < least:
        return None
    found: tuple[int, int] | None = None
    for _ in range(6):
        run = best_run(binomial_gains(hits, rows, base, rate))
        if run is None or run == found:
            break
        found = run
        inside = slice(*run)
        rate = float(hits[inside].sum() / max(rows[inside].sum(), 1))
        if rate - base < least:
            return None
    return None if found is None else _with_borders(found, hits, rows, base, least)


def _with_borders(
    run: tuple[int, int], hits: NDArray[Any], rows: NDArray[Any], base: float, least: float
) -> tuple[int, int]:
    """The run with the bucket before and after it, where a part of these is surely of it."""
    inside = slice(*run)
    rate = float(hits[inside].sum() / max(rows[inside].sum(), 1))

    def is_part(place: int) -> bool:
        if not 0 <= place < len(rows) or not rows[place]:
            return False
        own = float(hits[place] / rows[place])
        gain = binomial_gains(hits[place : place + 1], rows[place : place + 1], base, own)[0]
        return own - base >= max(least, _PART * (rate - base)) and gain >= _LEAST_TOLD

    return run[0] - is_part(run[0] - 1), run[1] + is_part(run[1])
