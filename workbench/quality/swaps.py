"""Did two columns change places? Each looks like the other, and not like itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Transform
from workbench.quality.codes import Coded, as_codes, likeness
from workbench.quality.distances import ks, thinned, total_variation
from workbench.quality.findings import Finding, times_of
from workbench.quality.groups import Group
from workbench.quality.sides import Sides, Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST = 0.15
_SAVED = 0.3
_MOST_TRIED = 200
_MOST_GROUPS = 4
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
    moved = [name for name, listed in groups.items() if listed]
    shared: list[tuple[int, str, str, Group]] = []
    for one, other in combinations(moved, 2):
        if sides.columns[one].is_numeric != sides.columns[other].is_numeric:
            continue
        second = {(g.segment, g.run) for g in groups[other]}
        both = [g for g in groups[one] if (g.segment, g.run) in second]
        shared += [(-int(g.rows.sum()), one, other, g) for g in both[:_MOST_GROUPS]]
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


def _finding(sides: Sides, one: str, other: str, group: Group, bucket: timedelta) -> Finding:
    since, until = times_of(sides.starts, group.run, bucket)
    return Finding(
        one, "swapped_columns", f"its values look like those of {other}, and the reverse", since,
        until, rows=group.rows, repair=f"exchange with {other}",
        transform=Transform("swap", other=other), segment=group.segment, also=(other,),
    )  # fmt: skip


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
    is_beside = group.others.sum() >= 100
    sides = [
        (v.log[group.rows], v.log[group.others] if is_beside else v.reference[group.reference])
        for v in (a, b)
    ]
    (a_now, a_usual), (b_now, b_usual) = sides
    own = (_distance(a, a_now, a, a_usual), _distance(b, b_now, b, b_usual))
    if min(own) < _LEAST:
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
        return ks(thinned(now), thinned(usual))
    place = {name: number for number, name in enumerate(dict.fromkeys([*left.names, *right.names]))}

    def counts(codes: NDArray[Any], names: Sequence[str]) -> NDArray[Any]:
        table = np.array([place[name] for name in names])
        return np.bincount(table[codes], minlength=len(place))

    return total_variation(counts(now, left.names), counts(usual, right.names))
