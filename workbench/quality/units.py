"""Did somebody change the unit of a number? Everywhere, for one producer, or since this morning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Transform
from workbench.quality.affine import Conversion, find_conversion
from workbench.quality.distances import ks, ks_by_chance, thinned
from workbench.quality.findings import Finding, times_of
from workbench.quality.groups import Group, run_of_group
from workbench.quality.sides import Sides, Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEAR = 3
"""Buckets on each side of the border that are compared when the whole stretches differ by season."""
_LEAST_USUAL = 30
"""Values of the log's other rows that say what is usual; with fewer the reference does."""


def unit_changes(
    sides: Sides, values: Values, groups: Sequence[Group], bucket: timedelta
) -> list[Finding]:
    """The unit changes of a numeric column, largest group first; a group inside one is left out."""
    found: list[Finding] = []
    for group in groups:
        if any(_is_inside(group.rows, other) for other in found):
            continue
        conversion = _conversion(sides, values, group)
        if conversion is None:
            continue
        run = _refined(sides, values, group, conversion)
        since, until = times_of(sides.starts, run, bucket)
        rows = _rows(sides, group, run)
        if any(_is_inside(rows, other) for other in found):
            continue
        found.append(
            Finding(
                values.name, "unit_change", _detail(conversion, values, rows, group), since, until,
                rows=rows & ~values.missing(values.log), repair=repair_words(conversion),
                transform=Transform(conversion.kind, conversion.factor, conversion.offset),
                segment=group.segment,
            )
        )  # fmt: skip
    return found


def repair_words(conversion: Conversion) -> str:
    """What would undo a conversion, in words: `divide by 100`."""
    if conversion.kind == "unlog":
        base = "e" if math.isclose(conversion.factor, math.e) else f"{conversion.factor:g}"
        return f"raise {base} to it" + (
            f", subtract {conversion.offset:g}" if conversion.offset else ""
        )
    factor, offset = conversion.factor, conversion.offset
    parts = []
    if offset:
        parts.append(f"subtract {offset:.6g}" if offset > 0 else f"add {-offset:.6g}")
    if factor == -1:
        parts.append("change the sign")
    elif factor != 1:
        parts.append(
            f"divide by {factor:.7g}" if abs(factor) > 1 else f"multiply by {1 / factor:.7g}"
        )
    return ", then ".join(parts)


def _conversion(sides: Sides, values: Values, group: Group) -> Conversion | None:
    import numpy as np

    def present(side: NDArray[Any], mask: NDArray[Any]) -> NDArray[Any]:
        chosen = side[mask]
        found: NDArray[Any] = chosen[~np.isnan(chosen)]
        return found

    logged, beside = present(values.log, group.rows), present(values.log, group.others)
    reference = present(values.reference, group.reference)
    near = _near(sides, group)
    if near is not None:
        # Season is the same on both sides of the border; the whole stretches may not be.
        found = find_conversion(
            present(values.log, near[0]), present(values.log, near[1]), reference
        )
        if found is not None:
            whole = find_conversion(logged, beside, reference)
            return whole if whole is not None and whole.is_named else found
    else:
        found = find_conversion(logged, beside, reference)
    control = _control(sides, values, group)
    if found is None and control is not None:
        return find_conversion(logged, present(values.log, control), reference)
    return found


def _control(sides: Sides, values: Values, group: Group) -> NDArray[Any] | None:
    """The rows of the same time with other segment values, if they are alike when all is well."""
    import numpy as np

    if group.segment is None or group.others.sum() < 100:
        return None
    older = ~group.mask & (sides.at < group.run[0])
    rows = ~group.mask & (sides.at >= group.run[0]) & (sides.at < group.run[1])
    if min(rows.sum(), older.sum()) < 100:
        return None
    a, b = values.log[group.others], values.log[older]
    a, b = thinned(a[~np.isnan(a)]), thinned(b[~np.isnan(b)])
    if min(a.size, b.size) < 100 or ks(a, b) > max(0.06, ks_by_chance(a.size, b.size)):
        return None
    return rows


def _near(sides: Sides, group: Group) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """The rows of the group and of the others that are next to its border; None with too few."""
    import numpy as np

    if not group.others.any():
        return None
    first, last = group.run
    is_older = bool(sides.at[group.others].max() < first)
    own = np.unique(sides.at[group.rows])
    other = np.unique(sides.at[group.others])
    other = other[other < first][::-1] if is_older else other[other >= last]
    own = own if is_older else own[::-1]
    if not other.size:
        return None
    width = _NEAR
    while True:
        inside = group.rows & np.isin(sides.at, own[:width])
        outside = group.others & np.isin(sides.at, other[:width])
        if min(inside.sum(), outside.sum()) >= 120 or width >= max(own.size, other.size):
            break
        width *= 2
    return (inside, outside) if min(inside.sum(), outside.sum()) >= 30 else None


def _refined(sides: Sides, values: Values, group: Group, conversion: Conversion) -> tuple[int, int]:
    """The run of buckets in which the rows of the segment are likelier converted than not."""
    import numpy as np

    scope = group.mask & ~np.isnan(values.log)
    usual = values.log[group.others]
    usual = usual[~np.isnan(usual)]
    if usual.size < _LEAST_USUAL:
        # The column may have been all missing before.
        usual = values.reference[group.reference]
        usual = usual[~np.isnan(usual)]
    if not usual.size:
        return group.run
    logged = values.log[scope]
    gains = log_density(usual, conversion.undone(logged)) - log_density(usual, logged)
    if conversion.kind == "affine":
        gains -= math.log(abs(conversion.factor))
    run = run_of_group(sides, group, scope, gains)
    # Buckets without rows of the segment on either side do not end or begin anything.
    seen = np.flatnonzero(np.bincount(sides.at[scope], minlength=len(sides.starts)))
    first = 0 if not (seen < run[0]).any() else run[0]
    last = len(sides.starts) if not (seen >= run[1]).any() else run[1]
    return first, last


def log_density(sample: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """The logarithm of a sample's density at some values, by bins of equal share.

    Args:
        sample: numbers, at least one.
        values: where it is asked for; beyond the sample it falls the further out they lie.
    """
    import numpy as np

    edges = np.unique(np.quantile(sample, np.linspace(0, 1, 31)))
    if edges.size < 2:
        spread = max(abs(float(edges[0])), 1.0)
        edges = np.array([edges[0] - spread * 1e-6, edges[0] + spread * 1e-6])
    edges[-1] = np.nextafter(edges[-1], np.inf)
    counts, _ = np.histogram(sample, edges)
    widths = np.diff(edges)
    inside = np.log((counts + 0.5) / (sample.size + 1) / widths)
    floor = math.log(0.5 / (sample.size + 1) / max(float(widths.sum()), 1e-300))
    place = np.searchsorted(edges, values, side="right") - 1
    beyond = (place < 0) | (place >= counts.size)
    # The further out, the less likely: a summer lies nearer to the spring than degrees to shares.
    span = max(float(edges[-1] - edges[0]), 1e-300)
    far = np.maximum(np.maximum(edges[0] - values, values - edges[-1]), 0.0) / span
    floors = floor - 6 * np.minimum(far, 10)
    result: NDArray[Any] = np.where(beyond, floors, inside[np.clip(place, 0, counts.size - 1)])
    return result


def _rows(sides: Sides, group: Group, run: tuple[int, int]) -> NDArray[Any]:
    rows: NDArray[Any] = group.mask & (sides.at >= run[0]) & (sides.at < run[1])
    return rows


def _is_inside(rows: NDArray[Any], finding: Finding) -> bool:
    own = finding.rows
    return own is not None and int((rows & own).sum()) >= 0.5 * int(rows.sum())


def _detail(conversion: Conversion, values: Values, rows: NDArray[Any], group: Group) -> str:
    import numpy as np

    chosen = values.log[rows]
    middle = float(np.nanmedian(chosen)) if chosen.size else math.nan
    usual = float(np.nanmedian(values.reference[group.reference]))
    return (
        f"median {middle:.4g} where the reference has {usual:.4g}; undone, the distance (KS) falls "
        f"from {conversion.before:.2f} to {conversion.after:.2f}"
    )
