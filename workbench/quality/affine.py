"""Which conversion of units would make one sample of numbers look like another?

The candidates are conversions that people forget: powers of ten, lengths, weights, times,
temperatures, sizes of memory, normalisation by range or by mean and deviation, and logarithms;
and one fitted to the quantiles. One of them is accepted only if it removes most of the distance
between the samples. A drift of the world does not do that by a constant that has a name, nor
does it move values off the lattice (whole years, hundredths) that the reference's values lie on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.quality.distances import ks, ks_by_chance, thinned

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_DISTANCE = 0.12
_SCALES = {
    2.54: "inches to centimetres", 0.3048: "feet to metres", 0.45359237: "pounds to kilograms",
    1.609344: "miles to kilometres", 60.0: "60", 3600.0: "3600", 24.0: "24", 12.0: "12",
    7.0: "7", 86400.0: "86400", 1024.0: "1024", 1048576.0: "1024 squared", 3.785411784: "gallons to litres",
    28.349523125: "ounces to grams", 1440.0: "1440", 365.25: "365.25", 52.0: "52",
}  # fmt: skip
_POWERS = (-6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 9)
_TEMPERATURES = ((1.8, 32.0), (1 / 1.8, -32 / 1.8), (1.0, 273.15), (1.0, -273.15))
_LEVELS = 49
_DISCRETE = 250
_GRAINED = 0.95
_LEAST_DISTINCT = 20
_NEAR_ONE = 0.95
"""Logarithm of a factor (2.6) that the world makes too: it must fit all but perfectly."""


@dataclass(frozen=True)
class Conversion:
    """The logged value is `offset + factor * x`, or the logarithm of `x + offset`."""

    factor: float
    offset: float
    kind: str = "affine"
    """`affine`, or `unlog` with `factor` for the base."""
    is_named: bool = True
    """Whether it is a conversion that people know, and not one that was fitted."""
    is_exact: bool = False
    """Whether it was read off the lattice of the values, which a drift does not leave."""
    before: float = 1.0
    """Distance (KS) as logged."""
    after: float = 0.0
    """Distance once it is undone."""

    def undone(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values as they were before the conversion."""
        import numpy as np

        if self.kind == "unlog":
            with np.errstate(over="ignore"):
                raised: NDArray[Any] = np.power(self.factor, np.minimum(values, 300)) - self.offset
            return raised
        plain: NDArray[Any] = (values - self.offset) / self.factor
        return plain


def find_conversion(
    logged: NDArray[Any], beside: NDArray[Any], reference: NDArray[Any]
) -> Conversion | None:
    """The conversion that the logged values went through; None when none explains them.

    Args:
        logged: the affected values, without NaN.
        beside: values of the same column from just before (or after); may be empty.
        reference: the reference's.
    """
    import numpy as np

    usual = beside if beside.size >= 30 else reference
    if logged.size < 30 or usual.size < 30 or reference.size < 30:
        return None
    x, b, r = thinned(logged), thinned(usual), thinned(reference)
    raw, far = ks(x, b), ks(x, r)
    if raw < max(LEAST_DISTANCE, ks_by_chance(x.size, b.size)) or far < LEAST_DISTANCE / 2:
        return None
    lattice = np.unique(reference)
    is_discrete = lattice.size <= _DISCRETE and reference.size > 3 * lattice.size
    known = np.unique(np.concatenate([lattice, np.unique(usual)])) if is_discrete else lattice
    on_raw = _on(x, known)
    grain = _grain(r)
    best: Conversion | None = None
    best_rank: tuple[bool, float, int, float] | None = None
    for candidate in _candidates(x, b, r, known if is_discrete else None):
        undone = candidate.undone(x)
        after = ks(undone, b)
        if not _is_convincing(candidate, raw, after, x.size, b.size, far, beside.size >= 30):
            continue
        if after > 0.6 * raw or ks(undone, r) > far + 0.02:
            continue
        if is_discrete and candidate.kind == "affine":
            on = _on(undone, known)
            if (on < 0.9 or on_raw > on - 0.05) and (candidate.is_exact or on_raw > 0.5):
                continue
        if not (candidate.is_named or candidate.is_exact) and _misfit(undone, b) > 0.05:
            continue
        made = replace(candidate, before=raw, after=after)
        # Whole minutes times 60 are whole again over 60, and not over 52.
        is_off = grain > 0 and _on_grain(undone, grain) < _GRAINED
        rank = (is_off, *_rank(made))
        if best_rank is None or rank < best_rank:
            best, best_rank = made, rank
    return best


def _grain(values: NDArray[Any]) -> float:
    """The coarsest of 1, 0.1, 0.01 and 0.001 that nearly all values are multiples of; 0 without."""
    import numpy as np

    if np.unique(values).size <= _LEAST_DISTINCT:
        return 0.0
    return next((g for g in (1.0, 0.1, 0.01, 0.001) if _on_grain(values, g) >= _GRAINED), 0.0)


def _on_grain(values: NDArray[Any], grain: float) -> float:
    import numpy as np

    places = values / grain
    return float((np.abs(places - np.round(places)) < 0.01).mean())


def _is_convincing(
    candidate: Conversion, raw: float, after: float, n: int, m: int, far: float, has_beside: bool
) -> bool:
    chance = ks_by_chance(n, m)
    if candidate.is_exact:
        return raw >= 0.5
    if not candidate.is_named:
        return raw >= 0.3 and after <= max(chance, 0.12 if raw > 0.9 else 0.05)
    if after > max(0.25 * raw, chance) + 0.05:
        return False
    is_near_one = abs(math.log(abs(candidate.factor))) < _NEAR_ONE and abs(candidate.offset) < 30
    if candidate.kind == "affine" and is_near_one and after > max(min(chance, 0.1), 0.06):
        return False  # a cold week does as much
    # Without rows from before the only witness is the reference, which may be of another season.
    size = abs(math.log(abs(candidate.factor))) if candidate.factor else 0.0
    is_large = candidate.kind != "affine" or size > math.log(2) or abs(candidate.offset) > 200
    return has_beside or (far >= 0.3 and (is_large or after <= max(chance, 0.04)))


def _rank(found: Conversion) -> tuple[float, int, float]:
    """Smaller is better: a known conversion may fit a little worse than a fitted one."""
    if found.is_exact:
        # That it lies on the lattice is surer than how near the season comes; no offset is likelier.
        return (0.0 if not found.offset else 0.005, 3, found.after)
    return (
        round(found.after + (0.0 if found.is_named else 0.04), 2),
        int(not found.is_named) + (found.kind != "affine"),
        abs(math.log(abs(found.factor))) + abs(found.offset) * 1e-9,
    )


def _candidates(
    x: NDArray[Any], b: NDArray[Any], r: NDArray[Any], lattice: NDArray[Any] | None
) -> Iterator[Conversion]:
    import numpy as np

    levels = np.linspace(0.02, 0.98, _LEVELS)
    q, p = np.quantile(x, levels), np.quantile(b, levels)
    spread = max(float(p[-1] - p[0]), 1e-300)
    ratio = float(q[-1] - q[0]) / spread
    # A few rows of the one kind among the others reach far, and leave the middle as it is.
    first, last = _LEVELS // 4, _LEVELS - 1 - _LEVELS // 4
    middle = float(q[last] - q[first]) / max(float(p[last] - p[first]), 1e-300)
    for factor, offset in _known(r, is_lattice=lattice is not None):
        if any(near > 0 and 0.4 < abs(factor) / near < 2.5 for near in (ratio, middle)):
            yield Conversion(factor, offset)
    slope, at = np.polyfit(p, q, 1) if np.ptp(p) > 0 else (0.0, 0.0)
    fits = np.corrcoef(p, q)[0, 1] ** 2 if np.ptp(p) > 0 and np.ptp(q) > 0 else 0.0
    # A spread that grows or shrinks to a third is still a drift: any bell fits any other.
    if slope > 0 and not 0.3 < slope < 3.3 and fits > 0.98:
        # Through the origin where that is as good: a scale is likelier than a scale and a shift.
        through = float((p * q).sum() / max((p * p).sum(), 1e-300))
        is_scale = abs(at) < 0.02 * max(abs(q).max(), 1e-300)
        yield Conversion(
            through if is_scale else float(slope), 0.0 if is_scale else float(at), is_named=False
        )
    if lattice is not None and lattice.size > 3:
        step = _step(x) / _step(lattice)
        if step > 0 and not 0.5 < step < 2 and 0.3 < step / max(ratio, 1e-300) < 3:
            # The factor as many digits as people write.
            for factor in dict.fromkeys((float(f"{step:.2g}"), float(f"{step:.3g}"), step)):
                yield Conversion(factor, 0.0, is_named=False, is_exact=True)
                yield Conversion(
                    factor, _offset(x, b, lattice, factor), is_named=False, is_exact=True
                )
    low = float(r.min())
    if low >= 0 and float(r.max()) > 20:
        for base in (math.e, 10.0, 2.0):
            if low > 0:
                yield Conversion(base, 0.0, "unlog")
            yield Conversion(base, 1.0, "unlog")


def _known(r: NDArray[Any], *, is_lattice: bool) -> list[tuple[float, float]]:
    """(factor, offset) of the conversions that people know, of a column with this reference."""
    known = [(10.0**k, 0.0) for k in _POWERS] + [(s, 0.0) for s in _SCALES]
    known += [(1 / s, 0.0) for s in _SCALES] + list(_TEMPERATURES) + [(-1.0, 0.0)]
    low, high = float(r.min()), float(r.max())
    mean, deviation = float(r.mean()), float(r.std())
    if high > low:
        known += [(1 / (high - low), -low / (high - low))]
    if high > low and high > 0:
        known += [(1 / high, 0.0)]
    if deviation > 0:
        known += [(1 / deviation, -mean / deviation)]
    known = [pair for pair in known if pair[0] < 0 or abs(math.log(pair[0])) > 0.4 or pair[0] == 1]
    if is_lattice:
        known += [(1.0, 1.0), (1.0, -1.0)]  # counted from one instead of nought, or the reverse
    return known


def _offset(x: NDArray[Any], b: NDArray[Any], lattice: NDArray[Any], factor: float) -> float:
    """The offset that puts values on the lattice, of those near the likeliest one the roundest."""
    import numpy as np

    moved = float(np.median(x) - factor * np.median(b))
    undone = (x - moved) / factor
    place = np.clip(np.searchsorted(lattice, undone), 1, lattice.size - 1)
    below, above = undone - lattice[place - 1], lattice[place] - undone
    phase = float(np.median(np.where(below < above, below, -above)))
    step = factor * _step(lattice)
    offsets = moved + factor * phase + step * np.arange(-8, 9)
    uneven = abs(offsets - np.round(offsets)) > 0.02 * abs(step)
    best = np.lexsort((abs(offsets - moved), uneven))[0]
    return float(offsets[best] if uneven[best] else np.round(offsets[best]))


def _step(values: NDArray[Any]) -> float:
    """The distance of neighbouring values, where most gaps are one step or a few."""
    import numpy as np

    distinct = np.unique(values)
    if distinct.size < 3:
        return 1.0
    gaps = np.diff(distinct)
    gaps = gaps[gaps > 1e-9 * max(abs(distinct).max(), 1e-300)]
    rough = float(np.median(gaps))
    steps = np.round(gaps / rough)
    use = steps >= 1
    # Rounded values lie on a lattice only on average.
    return float(gaps[use].sum() / steps[use].sum())


def _on(values: NDArray[Any], lattice: NDArray[Any]) -> float:
    """Share of the values that are among the lattice's, but for rounding."""
    import numpy as np

    place = np.clip(np.searchsorted(lattice, values), 1, max(lattice.size - 1, 1))
    if lattice.size < 2:
        return float(np.isclose(values, lattice[0]).mean())
    near = np.minimum(abs(values - lattice[place - 1]), abs(lattice[place] - values))
    return float((near <= 0.02 * _step(lattice)).mean())


def _misfit(left: NDArray[Any], right: NDArray[Any]) -> float:
    """One minus R^2 of the two samples' quantiles."""
    import numpy as np

    levels = np.linspace(0.02, 0.98, _LEVELS)
    p, q = np.quantile(left, levels), np.quantile(right, levels)
    spread = float(((q - q.mean()) ** 2).sum())
    return float(((p - q) ** 2).sum()) / spread if spread else 1.0
