"""Are there numbers that cannot be? Values far outside of what the reference has."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench.quality.findings import Finding, times_of
from workbench.quality.points import constant_buckets
from workbench.quality.sides import Sides, Values
from workbench.quality.stretches import affected_run

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARGIN = 0.5
"""Of the reference's range: what lies further out than this is not what a drift does."""
_SIGN_MARGIN = 0.02
_CALENDAR = 0.9


def values_out_of_range(
    sides: Sides, values: Values, least: float, bucket: timedelta
) -> Finding | None:
    """The rows whose number lies outside the reference's range; None when there are few.

    Beyond `MARGIN` of the range, or negative where the reference never is, they are a fault.
    Nearer ones are listed with a note: seasons do that.

    Args:
        sides: both sides.
        values: a numeric column.
        least: the smallest share of the period's rows that is listed.
        bucket: the model's.
    """
    import numpy as np

    reference = values.reference[~np.isnan(values.reference)]
    if reference.size < 100:
        return None
    low, high = float(reference.min()), float(reference.max())
    span = high - low
    outside = (values.log < low) | (values.log > high)
    if not (outside & sides.asked).sum() >= max(least * sides.asked.sum(), 5):
        return None
    far = (values.log < low - MARGIN * span) | (values.log > high + MARGIN * span)
    if low >= 0:
        far |= values.log < -_SIGN_MARGIN * span
    by_calendar = constant_buckets(values.log, sides.at, ~np.isnan(values.log)) > _CALENDAR
    is_fault = (
        span > 0 and not by_calendar and (far & sides.asked).sum() >= least * sides.asked.sum()
    )
    rows = far if is_fault else outside
    run = affected_run(sides.buckets(rows), sides.buckets(~np.isnan(values.log)), 0.002)
    if run is None or run[1] <= sides.first_asked:
        return None
    inside = (sides.at >= run[0]) & (sides.at < run[1])
    since, until = times_of(sides.starts, run, bucket)
    note = None
    if not is_fault:
        note = "near the reference's range: a drift may do that"
        if by_calendar:
            note = "one value a bucket, as of a calendar: the reference did not reach so far"
        elif span == 0:
            note = "the reference has one value only"
    return Finding(
        values.name, "out_of_range", _detail(values.log[rows & inside], low, high), since, until,
        rows=rows & inside, status=None if is_fault else "ok", note=note,
    )  # fmt: skip


def _detail(strange: NDArray[Any], low: float, high: float) -> str:
    import numpy as np

    if not strange.size:
        return f"outside {low:.4g} to {high:.4g}"
    return (
        f"from {np.min(strange):.4g} to {np.max(strange):.4g}, outside {low:.4g} to {high:.4g} of "
        "the reference"
    )
