"""Which name was which? Categories told by the rest of their rows.

The reference says how often each value of every other column (and of the label) goes with each
category. A code of the log is most like the category under which its rows' other values are
likeliest. Two codes that changed places are found so even when every category is still there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Transform
from workbench.domain.names import shown
from workbench.quality.distances import total_variation, tv_by_chance
from workbench.quality.findings import Finding, times_of
from workbench.quality.groups import Group, coarse_codes, whole_group
from workbench.quality.sides import Sides, Values
from workbench.quality.stretches import run_of_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_CODES = 40
_LEAST_ROWS = 30
_LEAST_EVIDENCE = 20.0
"""Nats that the rows of a code must be able to give for the right category."""
_FEW_ROWS = 5
_MOST_GROUPS = 10
_LEAST_ODDS = 6.0
"""Nats by which a permutation must be likelier than a drift, where the rest of the rows is silent."""
_STEADY = 1000.0
"""Shares vary from day to day as those of so many rows do (a share of 0.3 by 0.014)."""
_DRIFTS = (4.0, 15.0, 60.0, 250.0)
"""As so many rows: how far a drift may go."""

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
    """How well each code of some log rows goes with each category.

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
        # A category of few rows is drawn to what all rows have.
        chance = np.log((table + 20 * marginal) / (table.sum(axis=1, keepdims=True) + 20))
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
    return float(2 * terms.sum()) > freedom + 5 * math.sqrt(2 * freedom)


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
    best: tuple[float, int, Group, NDArray[Any], Likeness] | None = None
    for place, group in enumerate([*groups[:_MOST_GROUPS], whole_group(sides)]):
        found = _permutation(values, group, rest)
        if found is None:
            continue
        places, left, like = found
        # A group that holds a part of the rows fits worse than the one that they are.
        if best is None or (round(left, 1), place) < best[:2]:
            best = round(left, 1), place, group, places, like
    if best is None:
        return None
    _, _, group, places, own = best
    moved = np.flatnonzero(places != np.arange(values.known))
    scope = group.mask
    run = _run(sides, values, group, places, own, rest) or group.run
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


def _permutation(
    values: Values, group: Group, rest: Coded
) -> tuple[NDArray[Any], float, Likeness] | None:
    """(the category of each code, the part of the shares' distance that is left, the likeness).

    The likeliest assignment of codes to categories: the likelihood of their shares and that of the
    rest of the rows are both sums over codes.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    known = values.known
    now = np.bincount(values.log[group.rows & (values.log >= 0)], minlength=known)[:known]
    usual = _usual_counts(values, group)
    judged = np.flatnonzero((now >= _FEW_ROWS) & (usual >= _LEAST_ROWS))
    if judged.size < 2 or now.sum() < 2 * _LEAST_ROWS:
        return None
    like = likeness(values, group.rows, rest)
    share = np.log((usual + 0.5) / (usual.sum() + 0.5 * known))
    weight = 1 / (1 + now.sum() / _STEADY)
    score = like.now[np.ix_(judged, judged)] + weight * share[judged][None, :]
    _, found = linear_sum_assignment(-score * now[judged][:, None])
    places = np.arange(known)
    places[judged] = judged[found]
    moved = np.flatnonzero(places != np.arange(known))
    if not moved.size:
        return None
    back = np.zeros(known, dtype=np.int64)
    back[places] = now
    before, after = total_variation(now, usual), total_variation(back, usual)
    if before >= max(0.1, tv_by_chance(now, usual)):
        if after > 0.35 * before + tv_by_chance(back, usual):
            return None
        told = float(np.sum(now[moved] * (like.now[moved, places[moved]] - like.now[moved, moved])))
        evidence = _odds_of_shares(values, now, places, usual, judged) + min(told, _LEAST_EVIDENCE)
        is_told = _speaks(like, now, places, moved, 0.5)
        is_shown = evidence >= _LEAST_ODDS and _speaks(like, now, places, moved, 0.5, may_be_silent=True)
        return (places, after / before, like) if is_told or is_shown else None
    if after >= max(0.1, tv_by_chance(back, usual)):
        return None
    if group.others.sum() < 10 * _LEAST_ROWS or not _speaks(like, now, places, moved, 0.8):
        return None
    older = likeness(values, group.others, rest)
    was_right = older.now[moved, moved] > older.now[moved, places[moved]]
    return (places, 1.0, like) if bool(was_right.all()) else None


def _usual_counts(values: Values, group: Group) -> NDArray[Any]:
    """How often each category is met usually: in the log's other rows where these are enough."""
    import numpy as np

    known = values.known
    older = np.bincount(values.log[group.others & (values.log >= 0)], minlength=known)[:known]
    of_reference = values.reference[group.reference & (values.reference >= 0)]
    counted: NDArray[Any] = np.bincount(of_reference, minlength=known)
    return older if older.sum() >= 10 * _LEAST_ROWS else counted


def _odds_of_shares(
    values: Values, now: NDArray[Any], places: NDArray[Any], usual: NDArray[Any], judged: NDArray[Any]
) -> float:
    """How much likelier shares are as a permutation than as a drift: a logarithm, in nats.

    A permutation leaves the usual shares, up to what they vary by anyhow; half of all are simple
    (the sorted names moved round, or two of them exchanged), the others in any order. A drift takes
    shares somewhere around where they were, near or far. Both are laws of Dirichlet and
    multinomial, with the usual shares for the mean; of the drifts the likeliest counts.
    """
    import numpy as np

    shares = (usual[judged] + 0.5) / (usual[judged].sum() + 0.5 * judged.size)
    many = judged.size
    orders = math.lgamma(many + 1) + math.log(2)
    if _is_simple([values.names[i] for i in judged], [values.names[places[i]] for i in judged]):
        orders = min(orders, math.log(2 * (many - 1 + many * (many - 1) / 2)))
    back = np.zeros(len(places))
    back[places] = now[: len(places)]
    steady = _dirichlet(back[judged], _STEADY * shares) - orders
    return steady - max(_dirichlet(now[judged], size * shares) for size in _DRIFTS)


def _is_simple(logged: Sequence[str], meant: Sequence[str]) -> bool:
    """Whether the sorted names were moved round by some places, or just two of them exchanged."""
    if sum(a != b for a, b in zip(logged, meant, strict=True)) == 2:
        return True
    place = {name: number for number, name in enumerate(sorted(logged))}
    steps = {(place[b] - place[a]) % len(place) for a, b in zip(logged, meant, strict=True)}
    return len(steps) == 1


def _dirichlet(counts: NDArray[Any], alpha: NDArray[Any]) -> float:
    """The log-likelihood of counts, in an order, under a Dirichlet and multinomial law."""
    from scipy.special import gammaln

    whole = gammaln(alpha.sum()) - gammaln(alpha.sum() + counts.sum())
    return float(whole + (gammaln(alpha + counts) - gammaln(alpha)).sum())


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
) -> tuple[int, int] | None:
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
    return run_of_rows(np.clip(gains, -10, 10), sides.at[use], len(sides.starts))
