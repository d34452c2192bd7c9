"""Did two columns change places? Each looks like the other, and not like itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Transform
from workbench.quality.codes import Coded, as_codes, likeness
from workbench.quality.distances import ks, thinned, total_variation
from workbench.quality.findings import Finding, times_of
from workbench.quality.groups import Group, run_of_group
from workbench.quality.sides import Sides, Values
from workbench.quality.units import log_density

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST = 0.15
_SAVED = 0.3
_MOST_TRIED = 200
_MOST_LARGE = 4
_MOST_CLEAR = 2
_LEAST_USUAL = 100
_MOST = 4000
_SURE = 1.75
"""Of `sqrt((n + m) / (n m))`: what a distance without its chance part exceeds once in a thousand."""
_LEAST_TOLD = 20.0
"""Nats by which the rest of the rows must speak for a swap of columns of two values."""


def swapped_columns(
    sides: Sides,
    groups: Mapping[str, Sequence[Group]],
    bucket: timedelta,
    rest: Coded | None = None,
) -> list[Finding]:
    """The pairs of columns that changed places, in some group of rows; each column once.

    A pair is a swap when the distance of each to the other's usual values, together, is at
    most 0.3 of the distances to their own. Two columns of yes and no look alike whenever their
    shares do: where one of the two has no more than two values, the rest of the rows must be
    likelier beside the other's values than beside its own, too.

    Args:
        sides: both sides.
        groups: the groups in which each column jumps.
        bucket: the model's.
        rest: every column in few bins (`code_rest`); None: columns of two values are left out.
    """
    found: list[tuple[tuple[int, float], Finding]] = []
    shared: list[tuple[int, str, str, Group]] = []
    clearest = {name: _clearest(sides.columns[name], own) for name, own in groups.items()}
    for one, other in combinations(groups, 2):
        if sides.columns[one].is_numeric != sides.columns[other].is_numeric:
            continue
        # In few rows one of the two may have moved too little to stand out by itself.
        both = sorted((*groups[one], *groups[other]), key=lambda g: -int(g.rows.sum()))
        # The largest groups may be mixtures, with that in them in which the columns were exchanged.
        both = [*both[:_MOST_LARGE], *clearest[one], *clearest[other]]
        both = [g for place, g in enumerate(both) if not any(_is_same(g, h) for h in both[:place])]
        shared += [(-int(g.rows.sum()), one, other, g) for g in both]
    shared.sort(key=lambda item: item[:3])
    for size, one, other, group in shared[:_MOST_TRIED]:
        pair = sides.columns[one], sides.columns[other]
        saving = _saving(*pair, group)
        is_told = all(map(_has_many, pair)) or (
            saving is not None and rest is not None and _is_told(*pair, group, rest)
        )
        if saving is not None and is_told:
            found.append(((size, saving), _finding(sides, one, other, group, bucket)))
    taken: set[str] = set()
    kept = []
    for _, finding in sorted(found, key=lambda item: (item[0], item[1].column)):
        names = {finding.column, *finding.also}
        segment = {finding.segment[0]} if finding.segment else set()
        if not (names | segment) & taken:
            taken |= names
            kept.append(finding)
    return kept


def _clearest(values: Values, groups: Sequence[Group]) -> list[Group]:
    """The groups in which a column is farthest from its usual values."""
    far = []
    for place, group in enumerate(groups):
        now, usual = _now_and_usual(values, group)
        far.append((_distance(values, now, values, usual), -place))
    return [groups[-place] for _, place in sorted(far, reverse=True)[:_MOST_CLEAR]]


def _now_and_usual(values: Values, group: Group) -> tuple[NDArray[Any], NDArray[Any]]:
    """A column's values in a group, and what they are compared with."""
    is_beside = group.others.sum() >= _LEAST_USUAL
    usual = values.log[group.others] if is_beside else values.reference[group.reference]
    return values.log[group.rows], usual


def _finding(sides: Sides, one: str, other: str, group: Group, bucket: timedelta) -> Finding:
    run = _run(sides, sides.columns[one], sides.columns[other], group)
    since, until = times_of(sides.starts, run, bucket)
    rows = group.mask & (sides.at >= run[0]) & (sides.at < run[1])
    return Finding(
        one, "swapped_columns", f"its values look like those of {other}, and the reverse", since,
        until, rows=rows, repair=f"exchange with {other}",
        transform=Transform("swap", other=other), segment=group.segment, also=(other,),
    )  # fmt: skip


def _run(sides: Sides, a: Values, b: Values, group: Group) -> tuple[int, int]:
    """The buckets in which the rows of two numbers are likelier exchanged than as they are."""
    import numpy as np

    usual = [v.log[group.others & ~v.missing(v.log)] for v in (a, b)]
    if not (a.is_numeric and b.is_numeric) or min(len(values) for values in usual) < _LEAST_USUAL:
        return group.run
    scope = group.mask & ~np.isnan(a.log) & ~np.isnan(b.log)
    gains = np.zeros(int(scope.sum()))
    for sample, own, other in ((usual[0], a, b), (usual[1], b, a)):
        gains += log_density(sample, other.log[scope]) - log_density(sample, own.log[scope])
    return run_of_group(sides, group, scope, gains)


def _is_same(one: Group, other: Group) -> bool:
    """Whether two groups are of the same segment and time."""
    return (one.segment, one.run) == (other.segment, other.run)


def _has_many(values: Values) -> bool:
    import numpy as np

    return np.unique(values.reference[~values.missing(values.reference)]).size > 2


def _is_told(a: Values, b: Values, group: Group, rest: Coded) -> bool:
    """Whether the rest of the rows goes with each column's values as it used to with the other's."""
    import numpy as np

    one, two = as_codes(a), as_codes(b)
    if one is None or two is None:
        return False
    further = {name: of for name, of in rest.items() if name not in (a.name, b.name)}
    told = 0.0
    for own, other in ((one, two), (two, one)):
        places = np.array([other.names.index(n) if n in other.names else -1 for n in own.names])
        crossed = replace(other, log=np.where(own.log < 0, -1, places[own.log]))
        met = group.rows & (own.log >= 0) & (own.log < own.known)
        met &= (crossed.log >= 0) & (crossed.log < other.known)
        gain = _fit(crossed, met, further) - _fit(own, met, further)
        if gain < 0:
            return False
        told += gain
    return told >= _LEAST_TOLD


def _fit(values: Values, rows: NDArray[Any], rest: Coded) -> float:
    """The log-likelihood of the rest of the rows, given the values of the column."""
    import numpy as np

    met = np.bincount(values.log[rows], minlength=values.known)[: values.known]
    return float(met @ np.diagonal(likeness(values, rows, rest).now)[: values.known])


def _saving(a: Values, b: Values, group: Group) -> float | None:
    """The remaining share of the distance once they change places; None when that is no swap."""
    (a_now, a_usual), (b_now, b_usual) = (_now_and_usual(v, group) for v in (a, b))
    own = (_distance(a, a_now, a, a_usual), _distance(b, b_now, b, b_usual))
    rows, beside = a_now.size, a_usual.size
    if min(own) < max(_LEAST, _SURE * math.sqrt((rows + beside) / max(rows * beside, 1))):
        return None
    crossed = (_distance(a, a_now, b, b_usual), _distance(b, b_now, a, a_usual))
    saving = sum(crossed) / sum(own)
    return saving if saving <= _SAVED and max(crossed) <= 0.25 else None


def _distance(left: Values, now: NDArray[Any], right: Values, usual: NDArray[Any]) -> float:
    import numpy as np

    now, usual = now[~left.missing(now)], usual[~right.missing(usual)]
    if now.size < 30 or usual.size < 30:
        return 0.0
    if left.is_numeric:
        n, m = min(now.size, _MOST), min(usual.size, _MOST)
        # Of one law they are so far apart in the mean (Kolmogorov's law), the more the fewer.
        chance = 0.87 * math.sqrt((n + m) / (n * m))
        return math.sqrt(max(ks(thinned(now, _MOST), thinned(usual, _MOST)) ** 2 - chance**2, 0.0))
    place = {name: number for number, name in enumerate(dict.fromkeys([*left.names, *right.names]))}

    def counts(codes: NDArray[Any], names: Sequence[str]) -> NDArray[Any]:
        table = np.array([place[name] for name in names])
        return np.bincount(table[codes], minlength=len(place))

    return total_variation(counts(now, left.names), counts(usual, right.names))
