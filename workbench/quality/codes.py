"""Which name was which? Categories told by the rest of their rows.

The reference says how often each value of every other column (and of the label) goes with each
category. A code of the log is most like the category under which its rows' other values are
likeliest. Two codes that changed places are found so even when every category is still there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Transform
from workbench.domain.names import shown
from workbench.quality.distances import total_variation, tv_by_chance
from workbench.quality.findings import Finding, times_of
from workbench.quality.groups import Group, coarse_codes, run_of_group, whole_group
from workbench.quality.permutations import STEADY, odds_of_shares, simple_orders
from workbench.quality.sides import Sides, Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CODES = 40
_LEAST_ROWS = 30
_LEAST_EVIDENCE = 20.0
"""Nats that the rows of a code must be able to give for the right category."""
_FEW_ROWS = 5
_MOST_GROUPS = 10
_LEAST_ODDS = 4.5
"""Nats by which a permutation must be likelier than a drift, where the rest of the rows is silent.
Of drifts as large as a permutation, drawn at random, less than 1 in 200 looks so."""

Coded = dict[str, tuple["NDArray[Any]", "NDArray[Any]", int]]


@dataclass(frozen=True)
class Likeness:
    """How well the rest of the rows of each code goes with each of the reference's categories."""

    now: NDArray[Any]
    """Codes of the log x categories: mean log-likelihood of a row, in nats."""
    usual: NDArray[Any]
    """Categories x categories: the same of the reference's own rows."""
    tables: tuple[tuple[str, NDArray[Any]], ...]
    """For each other column the log-probabilities, categories x bins."""


def code_rest(sides: Sides) -> Coded:
    """Every feature, and the label, in few bins: (log, reference, bins)."""
    coded = {name: coarse_codes(values) for name, values in sides.columns.items()}
    if sides.label is not None:
        coded["\0label"] = coarse_codes(sides.label)
    return coded


def as_codes(values: Values) -> Values | None:
    """A column as categories: itself, or a number of few whole values; None for others."""
    import numpy as np

    if not values.is_numeric:
        return values if values.known >= 2 else None
    present = values.reference[~np.isnan(values.reference)]
    distinct, counts = np.unique(present, return_counts=True)
    if not 2 <= distinct.size <= 30 or (distinct != np.floor(distinct)).any():
        return None
    own = distinct[np.argsort(-counts, kind="stable")]
    more = np.setdiff1d(np.unique(values.log[~np.isnan(values.log)]), own)
    if more.size > 200:
        return None
    every = np.concatenate([own, more])
    order = np.argsort(every)

    def codes(side: NDArray[Any]) -> NDArray[Any]:
        place = np.clip(np.searchsorted(every[order], side), 0, every.size - 1)
        found: NDArray[Any] = np.where(np.isnan(side), -1, order[place])
        return found

    names = tuple(f"{value:g}" for value in every)
    return Values(
        values.name, "categorical", codes(values.log), codes(values.reference), names, own.size
    )


def likeness(
    values: Values, rows: NDArray[Any], rest: Coded, reference_rows: NDArray[Any] | None = None
) -> Likeness:
    """How well each code of some log rows goes with each category, in nats over what all rows say.

    Args:
        values: the column, as categories.
        rows: which of the log.
        rest: the other columns, coded; the column itself is passed over.
        reference_rows: which rows of the reference teach it; all by default.
    """
    import numpy as np

    codes, known = len(values.names), values.known
    now, usual = np.zeros((codes, known)), np.zeros((known, known))
    tables = []
    use = rows & (values.log >= 0)
    own = values.reference >= 0
    if reference_rows is not None:
        own &= reference_rows
    for name, (log, reference, bins) in rest.items():
        if name == values.name:
            continue
        table = np.bincount(values.reference[own] * bins + reference[own], minlength=known * bins)
        table = table.reshape(known, bins).astype(float)
        marginal = (table.sum(axis=0) + 0.5) / (table.sum() + 0.5 * bins)
        # A category of few rows is drawn to what all rows have, which itself says nothing.
        chance = np.log((table + 20 * marginal) / (table.sum(axis=1, keepdims=True) + 20))
        chance -= np.log(marginal)
        met = np.bincount(values.log[use] * bins + log[use], minlength=codes * bins)
        met = met.reshape(codes, bins).astype(float)
        if not _goes_with(table):
            continue
        # What the reference never has says nothing about which category it is.
        strange = table.sum(axis=0) == 0
        met[:, strange] = 0
        now += met @ chance.T
        # A label that is still to come says nothing, and is not to be missed.
        usual += table @ chance.T * (met.sum() / max(int(use.sum()), 1))
        tables.append((name, chance))
    n = np.bincount(values.log[use], minlength=codes)[:codes, None]
    m = np.bincount(values.reference[own], minlength=known)[:, None]
    return Likeness(now / np.maximum(n, 1), usual / np.maximum(m, 1), tuple(tables))


def _goes_with(table: NDArray[Any]) -> bool:
    """Whether two columns depend on one another by more than chance (G test, far in its tail)."""
    import numpy as np

    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    if freedom < 1:
        return False
    usual = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(table > 0, table * np.log(table / usual), 0.0)
    return bool(2 * terms.sum() > freedom + 5 * math.sqrt(2 * freedom))


def exchanged_codes(
    sides: Sides, values: Values, groups: Sequence[Group], rest: Coded, bucket: timedelta
) -> Finding | None:
    """Codes that changed places among themselves; None when each is like its own category.

    Two witnesses: the shares of the categories, which must fit much better once the codes are put
    back; and the rest of the rows of each code, which must speak for the other category by at
    least half of what it usually speaks for the right one. Where the rest of the rows knows little
    of the category, the shares alone must be far likelier as a permutation than as a drift. Where
    shares cannot tell (two codes as frequent as each other) the rest must say nearly all that it
    can, and rows before that must not.
    """
    import numpy as np

    if values.known > MOST_CODES:
        return None
    found = [
        (g, _permutation(values, g, rest)) for g in [*groups[:_MOST_GROUPS], whole_group(sides)]
    ]
    orders = [(group, order) for group, order in found if order is not None]
    if not orders:
        return None
    # A group that holds a part of the rows fits worse than the one that they are.
    group, best = min(orders, key=lambda one: round(one[1].left, 1))
    places, own = best.places, best.like
    moved = np.flatnonzero(places != np.arange(values.known))
    scope = group.mask
    run = _run(sides, values, group, places, own, rest)
    rows = scope & np.isin(values.log, moved) & (sides.at >= run[0]) & (sides.at < run[1])
    since, until = times_of(sides.starts, run, bucket)
    mapping = tuple((values.names[a], values.names[places[a]]) for a in moved)
    words = ", ".join(f"{shown(a, 24)} is {shown(b, 24)}" for a, b in mapping)
    return Finding(
        values.name, "renamed_category",
        f"codes changed places, told by their shares and the other columns: {words}", since, until,
        rows=rows, repair="rename " + ", ".join(f"{shown(a, 24)} to {shown(b, 24)}" for a, b in mapping),
        transform=Transform("recode", mapping=mapping), segment=group.segment,
    )  # fmt: skip


@dataclass(frozen=True)
class _Order:
    """Codes as the categories that they may be."""

    places: NDArray[Any]
    """The category of each code."""
    odds: float
    """How much likelier the shares, and the rest of the rows, are so; in nats."""
    left: float
    """The part of the shares' distance that is left."""
    like: Likeness


def _permutation(values: Values, group: Group, rest: Coded) -> _Order | None:
    """The likeliest order of the codes, if it is surely another than that of the names."""
    import numpy as np

    known = values.known
    now = np.bincount(values.log[group.rows & (values.log >= 0)], minlength=known)[:known]
    usual = _usual_counts(values, group)
    order = _likeliest(values, group, rest, now, usual)
    if order is None:
        return None
    places, like = order.places, order.like
    moved = np.flatnonzero(places != np.arange(known))
    back = np.zeros(known, dtype=np.int64)
    back[places] = now
    before, after = total_variation(now, usual), total_variation(back, usual)
    is_moved = before >= max(0.1, tv_by_chance(now, usual))
    if after > (0.35 * before if is_moved else 0.1) + tv_by_chance(back, usual):
        return None
    if is_moved:
        is_shown = order.odds >= _LEAST_ODDS
        if not _speaks(like, now, places, moved, 0.5, may_be_silent=is_shown):
            return None
        return replace(order, left=after / before)
    if group.others.sum() < 10 * _LEAST_ROWS or not _speaks(like, now, places, moved, 0.8):
        return None
    older = likeness(values, group.others, rest)
    was_right = older.now[moved, moved] > older.now[moved, places[moved]]
    return order if bool(was_right.all()) else None


def _likeliest(
    values: Values, group: Group, rest: Coded, now: NDArray[Any], usual: NDArray[Any]
) -> _Order | None:
    """The likeliest order of the codes that have rows enough; None where it is that of the names.

    The likelihood of the shares and that of the rest of the rows are sums over codes, so that the
    best of all orders is an assignment; a simple order that is nearly as good is likelier.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    judged = np.flatnonzero((now >= _FEW_ROWS) & (usual >= _LEAST_ROWS))
    if judged.size < 2 or now.sum() < 2 * _LEAST_ROWS:
        return None
    like = likeness(values, group.rows, rest)
    share = np.log((usual + 0.5) / (usual.sum() + 0.5 * values.known))[judged]
    own = like.now[np.ix_(judged, judged)] * now[judged][:, None]
    steady = now[judged] / (1 + now.sum() / STEADY)
    _, first = linear_sum_assignment(-(own + steady[:, None] * share[None, :]))
    names = np.arange(judged.size)
    if (first == names).all():
        return None
    simple = simple_orders([values.names[i] for i in judged])
    best: tuple[float, NDArray[Any]] | None = None
    for order in (first, *simple):
        back = np.zeros(judged.size)
        back[order] = now[judged]
        is_simple = any((order == one).all() for one in simple)
        odds = odds_of_shares(now[judged], back, usual[judged], len(simple) if is_simple else None)
        odds += float((own[names, order] - own[names, names]).sum())
        if best is None or odds > best[0]:
            best = odds, order
    if best is None:
        return None
    places = np.arange(values.known)
    places[judged] = judged[best[1]]
    return _Order(places, best[0], 1.0, like)


def _usual_counts(values: Values, group: Group) -> NDArray[Any]:
    """How often each category is met usually: in the log's other rows where these are enough."""
    import numpy as np

    known = values.known
    older = np.bincount(values.log[group.others & (values.log >= 0)], minlength=known)[:known]
    of_reference = values.reference[group.reference & (values.reference >= 0)]
    counted: NDArray[Any] = np.bincount(of_reference, minlength=known)
    return older if older.sum() >= 10 * _LEAST_ROWS else counted


def _speaks(
    like: Likeness,
    rows: NDArray[Any],
    places: NDArray[Any],
    moved: NDArray[Any],
    part: float,
    *,
    may_be_silent: bool = False,
) -> bool:
    """Whether each moved code's rows speak for its new category with a part of the usual force.

    Codes whose rows have too little to say are let pass if they `may_be_silent`.
    """
    for a in moved:
        b = places[a]
        right = like.usual[b, b] - like.usual[b, a]
        if right * rows[a] < _LEAST_EVIDENCE:
            if not may_be_silent:
                return False
        elif like.now[a, b] - like.now[a, a] < part * right:
            return False
    return True


def _run(
    sides: Sides,
    values: Values,
    group: Group,
    places: NDArray[Any],
    own: Likeness,
    rest: Coded,
) -> tuple[int, int]:
    """The buckets in which the rows are likelier with the codes put back."""
    import numpy as np

    use = group.mask & (values.log >= 0) & (values.log < values.known)
    codes = values.log[use]
    usual = _usual_counts(values, group)
    share = np.log((usual + 0.5) / (usual.sum() + 0.5 * values.known))
    gains = share[places[codes]] - share[codes]
    for name, chance in own.tables:
        bins = rest[name][0][use]
        gains += chance[places[codes], bins] - chance[codes, bins]
    return run_of_group(sides, group, use, gains)
