"""Is one value suddenly everywhere? Numbers that mean nothing, and values that have frozen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Transform
from workbench.domain.names import shown
from workbench.quality.findings import Finding, times_of
from workbench.quality.groups import Group
from workbench.quality.sides import Sides, Values
from workbench.quality.stretches import affected_run

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SPECIAL = frozenset(
    [0.0, -1.0, 1e6, 1e9, *(s * float("9" * n) for n in (2, 3, 4, 5, 6) for s in (1, -1)),
     32767.0, -32768.0, 2147483647.0, -2147483648.0, -999.25, -9999.25, 65535.0, 255.0, 4294967295.0]
)  # fmt: skip
_STANDS_OUT = 3.0
_FROZEN = 0.98
_COMMON = 0.25
_MOSTLY = 0.8


def point_masses(
    sides: Sides, values: Values, least: float, bucket: timedelta, *, special: bool = False
) -> list[Finding]:
    """Single numbers that have become frequent and were rare: sentinels and defaults.

    max over v of p_now(v) - p_reference(v), for a v that the reference has at most a tenth as
    often. To tell it from a world that has moved to where v lies, it must stand out of the
    values around it: have three times as many rows as its neighbours have on average, or lie
    far from all others.

    Args:
        sides: both sides.
        values: a numeric column.
        least: the smallest share of the rows that matters.
        bucket: the model's.
        special: only numbers that are known to stand for nothing, and the reference's mean.
    """
    import numpy as np

    now = values.log[sides.asked & ~np.isnan(values.log)]
    reference = values.reference[~np.isnan(values.reference)]
    if now.size < 100 or reference.size < 100:
        return []
    distinct, counts = np.unique(now, return_counts=True)
    low, high = float(reference.min()), float(reference.max())
    if low == high:
        return []
    found = []
    for place in np.argsort(-counts, kind="stable")[:5]:
        v, share = float(distinct[place]), float(counts[place] / now.size)
        usual = float((reference == v).mean())
        if share - usual < least or usual > 0.1 * share:
            continue
        if not _stands_out(distinct, counts, int(place), v, high - low):
            continue
        is_special = v in _SPECIAL or _name_of(v, reference) is not None
        if special and not is_special:
            continue
        if not (is_special or v < low or v > high or _is_continuous(reference)):
            continue
        finding = _mass(sides, values, v, usual, reference, bucket)
        if finding is not None:
            found.append(finding)
    return found


def frozen_values(
    sides: Sides, values: Values, groups: Sequence[Group], bucket: timedelta
) -> list[Finding]:
    """Groups of rows in which a column has one value only, where it usually has many.

    A column that is constant within each bucket by nature (a season, a day of the week) is not
    frozen: the stretch must be longer than such ones have been.
    """
    found: list[Finding] = []
    for group in groups:
        if any(
            f.rows is not None and (f.rows & group.rows).sum() * 2 >= group.rows.sum()
            for f in found
        ):
            continue
        inside = group.rows & ~values.missing(values.log)
        top, share = _top(values.log[inside])
        if inside.sum() < 30 or share < _FROZEN:
            continue
        outside = group.others & ~values.missing(values.log)
        usual = values.log[outside]
        if usual.size < 100:
            own = group.reference & ~values.missing(values.reference)
            usual = values.reference[own]
            if _is_constant_by_day(values, sides, own, bucket):
                continue
        elif constant_buckets(values.log, sides.at, outside) > 0.1:
            continue
        # A value that is common anyhow becomes the only one where the mix of the rows changes.
        if usual.size < 30 or (usual == top).mean() > _COMMON or _top(usual)[1] > 0.5:
            continue
        hit = group.mask & (values.log == top)
        run = affected_run(sides.buckets(hit), sides.buckets(group.mask), 0.05) or group.run
        rows = hit & (sides.at >= run[0]) & (sides.at < run[1])
        since, until = times_of(sides.starts, run, bucket)
        said = f"{top:.6g}" if values.is_numeric else repr(shown(values.names[int(top)], 24))
        found.append(
            Finding(
                values.name, "stale_value", f"always {said} where it used to change", since, until,
                rows=rows, segment=group.segment,
                repair="take the newest value of the source, or treat it as missing",
                transform=Transform("to_missing", values=(_text(values, top),)),
            )
        )  # fmt: skip
    return found


def _mass(
    sides: Sides,
    values: Values,
    v: float,
    usual: float,
    reference: NDArray[Any],
    bucket: timedelta,
) -> Finding | None:
    import numpy as np

    hit = values.log == v
    present = ~np.isnan(values.log)
    run = affected_run(sides.buckets(hit), sides.buckets(present), max(usual, 0.001))
    if run is None or run[1] <= sides.first_asked:
        return None
    inside = (sides.at >= run[0]) & (sides.at < run[1])
    if hit[inside & present].mean() >= _FROZEN and (
        constant_buckets(values.log, sides.at, present & ~inside) > 0.1
        or _is_constant_by_day(values, sides, ~np.isnan(values.reference), bucket)
    ):
        return None  # a month, a season: one value a bucket by nature
    own = float(hit[inside & present].mean())
    if v not in _SPECIAL and own < 3 * _usual_top(values.log, sides.at, present & ~inside):
        return None  # one value or another is as frequent in other buckets too
    since, until = times_of(sides.starts, run, bucket)
    name = _name_of(v, reference)
    said = f"{v:.10g}" + (f" ({name})" if name else "")
    return Finding(
        values.name, "sentinel_value",
        f"{said} in {hit[inside].mean():.1%} of the rows, in the reference {usual:.1%}", since, until,
        rows=hit & inside, repair=f"treat {v:.10g} as missing", usual=usual,
        transform=Transform("to_missing", values=(f"{v!r}",)),
    )  # fmt: skip


def _stands_out(
    distinct: NDArray[Any], counts: NDArray[Any], place: int, v: float, span: float
) -> bool:
    near = [i for i in range(place - 4, place + 5) if 0 <= i < len(distinct) and i != place]
    if not near:
        return True
    gap = min(abs(float(distinct[i]) - v) for i in near)
    around = float(sum(counts[i] for i in near)) / len(near)
    return gap > 0.25 * span or float(counts[place]) >= _STANDS_OUT * around


def _is_continuous(reference: NDArray[Any]) -> bool:
    import numpy as np

    _, counts = np.unique(reference, return_counts=True)
    return float(counts.max() / reference.size) < 0.02


def _name_of(v: float, reference: NDArray[Any]) -> str | None:
    import numpy as np

    for name, value in (("mean", np.mean(reference)), ("median", np.median(reference))):
        if abs(v - float(value)) <= 0.01 * float(reference.std()) and _is_continuous(reference):
            return f"the reference's {name}"
    return "the beginning of 1970" if v == 0 and float(reference.min()) > 6e8 else None


def _top(values: NDArray[Any]) -> tuple[float, float]:
    import numpy as np

    if not values.size:
        return math.nan, 0.0
    distinct, counts = np.unique(values, return_counts=True)
    best = int(np.argmax(counts))
    return float(distinct[best]), float(counts[best] / values.size)


def constant_buckets(side: NDArray[Any], at: NDArray[Any], rows: NDArray[Any]) -> float:
    """The share of the rows that are in buckets in which the column has nearly one value only."""
    import numpy as np

    own, places = side[rows], at[rows]
    order = np.lexsort((own, places))
    own, places = own[order], places[order]
    # Runs of equal values, and the longest of each bucket.
    starts = np.flatnonzero(np.diff(own, prepend=np.nan) != 0)
    starts = np.union1d(starts, np.flatnonzero(np.diff(places, prepend=-1)))
    lengths = np.diff(np.append(starts, len(own)))
    size = int(places.max()) + 1 if places.size else 0
    longest = np.zeros(size)
    np.maximum.at(longest, places[starts], lengths)
    total = np.bincount(places, minlength=size)
    constant = longest >= _MOSTLY * np.maximum(total, 1)
    return float(total[constant].sum() / max(len(places), 1))


def _usual_top(side: NDArray[Any], at: NDArray[Any], rows: NDArray[Any]) -> float:
    """The share that the commonest value of a bucket has, in nine buckets of ten at most."""
    import numpy as np

    shares = []
    for place in np.unique(at[rows]):
        own = side[rows & (at == place)]
        if own.size >= 20:
            shares.append(_top(own)[1])
    return float(np.quantile(shares, 0.9)) if shares else 0.0


def _is_constant_by_day(values: Values, sides: Sides, own: NDArray[Any], bucket: timedelta) -> bool:
    import numpy as np

    timed = own & ~np.isnan(sides.reference_seconds)
    if timed.sum() < 100:
        return False
    at = np.floor(sides.reference_seconds[timed] / bucket.total_seconds()).astype(np.int64)
    return constant_buckets(values.reference[timed], at - at.min(), np.ones(len(at), bool)) > 0.1


def _text(values: Values, top: float) -> str:
    return repr(top) if values.is_numeric else values.names[int(top)]
