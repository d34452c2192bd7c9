"""Did a clock change its zone? Hours that run round the day by a whole number of them.

Two witnesses: the hour's own distribution over the day, turned; and, where that is flat, its
difference to the hour of the row's timestamp, which is one number as long as nobody touches it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Transform
from workbench.quality.distances import total_variation, tv_by_chance
from workbench.quality.findings import Finding, times_of
from workbench.quality.groups import Group, jumping_groups, run_of_group
from workbench.quality.sides import Sides, Values
from workbench.quality.stretches import affected_run, best_run

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY = 24
_LEAST_HOURS = 16
_USUAL = 0.8
_LEAST_LIKELIER = 10.0
"""Nats that the hours must be likelier turned."""
_LEAST_TURN = 2
"""Hours: that a day begins an hour earlier is a new timetable, or daylight saving."""


def clock_shifts(
    sides: Sides, values: Values, groups: Sequence[Group], bucket: timedelta
) -> list[Finding]:
    """The clock shifts of a column of hours, or of timestamps; none for other columns."""
    import numpy as np

    hours = as_hours(values)
    if hours is not None:
        log, reference = hours
        gap = (log - np.floor(sides.hours)) % DAY
        usual = (reference - np.floor(sides.reference_hours)) % DAY
        found = _by_difference(sides, values, gap, usual, bucket, modulus=DAY)
        return found or _by_turning(sides, values, log, reference, groups, bucket)
    if values.is_numeric and _is_time(values.reference):
        gap = (values.log - sides.seconds) / 3600
        usual = (values.reference - sides.reference_seconds) / 3600
        return _by_difference(sides, values, gap, usual, bucket, modulus=None)
    return []


def as_hours(values: Values) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Both sides as hours of the day, NaN for none; None when the column is not of hours."""
    import numpy as np

    log, reference = values.log, values.reference
    if not values.is_numeric:
        try:
            table = np.array(
                [float(name) if name.strip().isdigit() else np.nan for name in values.names]
            )
        except ValueError:
            return None
        if not table.size:
            return None
        log = np.where(log >= 0, table[log], np.nan)
        reference = np.where(reference >= 0, table[reference], np.nan)
    present = reference[~np.isnan(reference)]
    if present.size < 100 or present.min() < 0 or present.max() > DAY - 1:
        return None
    distinct = np.unique(present)
    if distinct.size < _LEAST_HOURS or (distinct != np.floor(distinct)).any() or distinct[-1] < 20:
        return None
    return log, reference


def _is_time(reference: NDArray[Any]) -> bool:
    import numpy as np

    present = reference[~np.isnan(reference)]
    # Seconds between 1990 and 2100.
    return present.size > 0 and bool((present > 6.3e8).all() and (present < 4.1e9).all())


def _by_difference(
    sides: Sides,
    values: Values,
    gap: NDArray[Any],
    usual: NDArray[Any],
    bucket: timedelta,
    modulus: float | None,
) -> list[Finding]:
    """Shifts against the row's own timestamp."""
    import numpy as np

    whole = np.round(gap)
    steady = usual[~np.isnan(usual)] if (~np.isnan(usual)).sum() >= 100 else None
    pseudo = Values(
        values.name, "numeric", whole, np.round(steady) if steady is not None else whole
    )
    if steady is None:
        before = whole[~np.isnan(whole) & ~sides.asked]
        steady = before if before.size >= 100 else whole[~np.isnan(whole)]
    mode, share = _mode(np.round(steady))
    if share < _USUAL:
        return []
    if pseudo.reference.size != sides.reference_bad.size:
        pseudo = replace(pseudo, reference=np.full(sides.reference_bad.size, mode))
    found: list[Finding] = []
    for group in jumping_groups(sides, pseudo):
        inside = whole[group.rows]
        inside = inside[~np.isnan(inside)]
        if inside.size < 30:
            continue
        now, sure = _mode(inside)
        shift = _signed(now - mode, modulus)
        if sure < _USUAL or not shift or any(_shares(group.rows, f) for f in found):
            continue
        scope = group.mask
        hit = scope & (whole == now)
        run = affected_run(sides.buckets(hit), sides.buckets(scope), 0.02) or group.run
        rows = hit & (sides.at >= run[0]) & (sides.at < run[1])
        found.append(
            _finding(sides, values, rows, run, shift, modulus, group, bucket, "its timestamp")
        )
    return found


def _by_turning(
    sides: Sides,
    values: Values,
    log: NDArray[Any],
    reference: NDArray[Any],
    groups: Sequence[Group],
    bucket: timedelta,
    *,
    by_bucket: bool = False,
) -> list[Finding]:
    """Shifts of the distribution over the day; its begin to the bucket, or within one by the rows."""
    import numpy as np

    def day(side: NDArray[Any], mask: NDArray[Any]) -> NDArray[Any]:
        chosen = side[mask]
        chosen = chosen[~np.isnan(chosen)]
        chosen = chosen[(chosen >= 0) & (chosen < DAY)]
        return np.bincount(chosen.astype(np.int64), minlength=DAY)

    fits: list[tuple[float, int, Group, float, tuple[int, int]]] = []
    for group in groups:
        now, usual = day(log, group.rows), day(log, group.others)
        if usual.sum() < 100:
            usual = day(reference, group.reference)
        if now.sum() < 50 or usual.sum() < 100:
            continue
        distances = [total_variation(np.roll(now, -k), usual) for k in range(DAY)]
        chance = np.log((usual + 0.5) / (usual.sum() + 0.5 * DAY))
        likely = [float(np.roll(now, -k) @ chance) for k in range(DAY)]
        best = int(np.argmax(likely))
        rest = [k for k in range(DAY) if min((k - best) % DAY, (best - k) % DAY) > 1]
        most = tv_by_chance(now, usual)
        least = max(0.35 * distances[0], most)
        shift = _signed(float(best), DAY)
        if abs(shift) < _LEAST_TURN or likely[best] - likely[0] < _LEAST_LIKELIER:
            continue
        # Few rows are always some way from usual: what counts is how much further they are.
        mean = most / 1.5
        further = [math.sqrt(max(distances[k] ** 2 - mean**2, 0.0)) for k in (best, *rest)]
        if distances[best] > least or further[0] > 0.5 * min(further[1:]):
            continue
        run = _turned_run(sides, log, group, chance, best, by_bucket=by_bucket)
        left = round(distances[best] / distances[0], 2)
        fits.append((left, -int(group.rows.sum()), group, shift, run))
    found: list[Finding] = []
    # A group that holds a part of the shifted rows fits worse than the one that they are.
    for _, _, group, shift, run in sorted(fits, key=lambda fit: fit[:2]):
        if not any(_touches(group.rows, f) for f in found):
            rows = group.mask & (sides.at >= run[0]) & (sides.at < run[1])
            found.append(_finding(sides, values, rows, run, shift, DAY, group, bucket, "the day"))
    return found


def _turned_run(
    sides: Sides,
    log: NDArray[Any],
    group: Group,
    chance: NDArray[Any],
    shift: int,
    *,
    by_bucket: bool,
) -> tuple[int, int]:
    """The buckets in which a group's hours are likelier turned than as they are.

    By the rows where their order within a day is none of the hours themselves: the evenings of any
    day, taken alone, look turned.
    """
    import numpy as np

    scope = group.mask & (log >= 0) & (log < DAY)
    hours = log[scope].astype(np.int64)
    gains = chance[(hours - shift) % DAY] - chance[hours]
    if by_bucket:
        told = np.bincount(sides.at[scope], weights=gains, minlength=len(sides.starts))
        return best_run(told) or group.run
    return run_of_group(sides, group, scope, gains)


def _finding(
    sides: Sides,
    values: Values,
    rows: NDArray[Any],
    run: tuple[int, int],
    shift: float,
    modulus: float | None,
    group: Group,
    bucket: timedelta,
    against: str,
) -> Finding:
    since, until = times_of(sides.starts, run, bucket)
    by_season = abs(shift) == 1 and since is not None and _is_clock_change(since)
    return Finding(
        values.name, "clock_shift", f"{shift:+g} hours against {against}", since, until, rows=rows,
        status="ok" if by_season else None, note="as daylight saving does" if by_season else None,
        repair=f"subtract {shift:g} hours" if shift > 0 else f"add {-shift:g} hours",
        transform=Transform("shift_hours", hours=shift, modulus=modulus), segment=group.segment,
    )  # fmt: skip


def _is_clock_change(since: datetime) -> bool:
    """Whether a bucket is at a Sunday on which some country begins or ends daylight saving."""
    for day in (since + timedelta(days=n) for n in (-1, 0, 1)):
        if day.weekday() != 6:
            continue
        week = (day.day - 1) // 7 + 1
        is_last = (day + timedelta(days=7)).month != day.month
        if (day.month == 3 and (week == 2 or is_last)) or (day.month == 11 and week == 1):
            return True
        if (day.month == 10 and (week == 1 or is_last)) or (
            day.month in (4, 9) and (week == 1 or is_last)
        ):
            return True
    return False


def _mode(values: NDArray[Any]) -> tuple[float, float]:
    import numpy as np

    distinct, counts = np.unique(values, return_counts=True)
    best = int(np.argmax(counts))
    return float(distinct[best]), float(counts[best] / counts.sum())


def _signed(shift: float, modulus: float | None) -> float:
    """A shift round the day the shorter way; beyond a day and a half it is none of a clock."""
    if modulus is None:
        return shift if abs(shift) <= 36 else 0.0
    turned = shift % modulus
    return turned - modulus if turned > modulus / 2 else turned


def _touches(rows: NDArray[Any], finding: Finding) -> bool:
    """Whether some of the rows are explained already."""
    return finding.rows is not None and int((rows & finding.rows).sum()) >= 0.2 * int(rows.sum())


def _shares(rows: NDArray[Any], finding: Finding) -> bool:
    return finding.rows is not None and int((rows & finding.rows).sum()) >= 0.5 * int(rows.sum())


def turned_clocks(sides: Sides, name: str, bucket: timedelta) -> list[Finding]:
    """Timestamps of some rows (one producer's, or since some bucket) that are of another zone.

    Args:
        sides: both sides.
        name: what the timestamp column is called.
        bucket: the model's; the day must fit it, or a shift would move rows between buckets.
    """
    import numpy as np

    log, reference = np.floor(sides.hours), np.floor(sides.reference_hours)
    values = Values(name, "numeric", log, reference)
    groups = [g for g in jumping_groups(sides, values) if g.rows.sum() >= 200]
    return _by_turning(sides, values, log, reference, groups, bucket, by_bucket=True)
