"""Which combinations of conditions got worse by more than the rest did? A search, one at a time.

Matching pursuit over all combinations with enough rows: the one that stands out most is taken,
what it explains is taken off the rows inside it, and the search goes on. So a slice that only
overlaps a worse one does not stand out any more, and a second, smaller one does.

What is found here stands out by chance too, being the best of many thousands. It says nothing
until it is measured on other rows (`slices`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from workbench.performance.slice_columns import CodedColumn
from workbench.performance.slice_counts import (
    Candidates,
    Key,
    Rows,
    Sums,
    column_sets,
    compared,
    count_candidates,
    members,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_Z = 3.0
"""Below so many standard errors nothing is taken: among so many combinations it is chance."""
PAIRED_COLUMNS = 60
"""How many columns pairs are made of: those that single conditions stand out most in."""
TRIPLED_COLUMNS = 24
"""How many columns triples are made of: those that pairs stand out most in."""

_ALMOST_ALL = 0.95
"""A slice of more of the rows is no slice."""
_SAME = 0.8
"""A simpler slice that stands out by this part of the best one takes its place, unless"""
_BETTER = 2.5
"""the best one stands out from the rest of the simpler one by so many standard errors."""
_FEW = 10


@dataclass(frozen=True)
class Found:
    """What a search came to."""

    keys: tuple[Key, ...]
    """In the order in which they were taken."""
    looked_at: int
    """Combinations with enough rows."""
    is_narrowed: bool
    """Whether there were too many columns to combine them all."""


def search_slices(
    columns: Sequence[CodedColumn], reference: Rows | None, current: Rows, *, least: int, most: int
) -> Found:
    """The combinations of up to three conditions that stand out, one after another.

    The score of slice T, with e_T = mean badness now (less what is explained) - that of the
    reference: e_T / sqrt(v_Q / n_Q (1 - s_Q) + v_P / n_P (1 - s_P)), n its rows, s its share
    of the rows, v the variance within it. A single condition that the reference has no rows of
    (`slice_counts.is_new`) is compared with all of its rows. What is explained is the rise of all rows and of the
    slices taken so far, fitted so that no such e is left.

    Args:
        columns: the columns that conditions are on.
        reference: None where rates can be compared with the other rows of the period only.
        current: the rows to search on.
        least: rows that a slice must have on both sides.
        most: how many slices to take.
    """
    places = list(range(len(columns)))
    counts = count_candidates(columns, reference, current, column_sets(places, (1,)), least=least)
    paired = _telling(counts, current, reference, places, PAIRED_COLUMNS)
    counts = _joined(
        counts,
        count_candidates(columns, reference, current, column_sets(paired, (2,)), least=least),
    )
    tripled = _telling(counts, current, reference, paired, TRIPLED_COLUMNS)
    counts = _joined(
        counts,
        count_candidates(columns, reference, current, column_sets(tripled, (3,)), least=least),
    )
    keys = _pursue(counts, reference, current, least, most)
    return Found(tuple(keys), counts.size, len(tripled) < len(places))


def amounts(
    taken: Sequence[NDArray[Any]],
    taken_before: Sequence[NDArray[Any]],
    reference: Rows | None,
    current: Rows,
) -> NDArray[Any]:
    """What all rows, and the rows of each slice taken, have of the rise.

    One amount for all rows and one for each slice that a row is in, such that over all rows and
    over each slice the mean badness less these equals the reference's.

    Args:
        taken: of each slice, which current rows are in it.
        taken_before: likewise, of the reference's rows.
        reference: None: its badness counts as 0.
        current: the rows of the period.
    """
    import numpy as np

    inside = np.column_stack([np.ones(current.bad.size), *taken]).astype(np.float64)
    target = inside.T @ current.bad
    if reference is not None:
        before = np.column_stack([np.ones(reference.bad.size), *taken_before]).astype(np.float64)
        rates = before.T @ reference.bad / np.maximum(before.sum(axis=0), 1)
        target = target - rates * inside.sum(axis=0)
    return np.asarray(np.linalg.lstsq(inside.T @ inside, target, rcond=None)[0])


def mean_variance(sums: Sums, spread: float) -> NDArray[Any]:
    """The variance of the mean badness of each entry, drawn a little (two rows) to `spread`.

    (squares - bad^2 / n + 2 spread) / (n + 2) / n: a few rows without a bad one have some
    variance too.
    """
    import numpy as np

    n = np.maximum(sums.n, 1)
    within = np.maximum(sums.squares - sums.bad**2 / n, 0) + 2 * spread
    return np.asarray(within / (n + 2) / n)


@dataclass(frozen=True)
class _Scores:
    """How each combination stands out."""

    z: NDArray[Any]
    left: Sums
    """Of the current rows: what is not explained of their badness."""
    reference_rate: NDArray[Any]
    variances: tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class _Taken:
    """A slice that is among those proposed."""

    key: Key
    inside: NDArray[Any]
    """Which current rows are in it."""
    before: NDArray[Any]
    """Which reference rows are."""
    shared: NDArray[Any]
    """How many of its current rows each combination has."""


def _pursue(
    counts: Candidates, reference: Rows | None, current: Rows, least: int, most: int
) -> list[Key]:
    import numpy as np

    taken: list[_Taken] = []
    blocked: list[int] = []
    if not counts.size:
        return []
    for _ in range(2 * most):
        scores = _score(counts, reference, current, taken)
        scores.z[blocked] = -np.inf
        best = int(np.argmax(scores.z))
        if scores.z[best] < LEAST_Z or len(taken) == most:
            break
        key = _simplest(counts, scores, best)
        blocked += [best, *counts.entries([key])]
        if key not in [one.key for one in taken]:
            inside = members(counts.columns, key, current)
            before = np.empty(0)
            if reference:
                before, _ = compared(counts.columns, key, reference, current, least)
            taken.append(_Taken(key, inside, before, counts.shared(current.part(inside))))
    return [one.key for one in taken]


def _score(
    counts: Candidates, reference: Rows | None, current: Rows, taken: Sequence[_Taken]
) -> _Scores:
    import numpy as np

    parts = amounts(
        [one.inside for one in taken], [one.before for one in taken], reference, current
    )
    left = counts.current.bad - parts[0] * counts.current.n
    for amount, one in zip(parts[1:], taken, strict=True):
        left = left - amount * one.shared
    sums = replace(counts.current, bad=left)
    rate = counts.reference.bad / np.maximum(counts.reference.n, 1)
    spreads = float(current.bad.var()), float(reference.bad.var()) if reference else 0.0
    variances = (
        mean_variance(counts.current, spreads[0]),
        mean_variance(counts.reference, spreads[1]),
    )
    share = counts.current.n / max(current.bad.size, 1)
    share_before = counts.reference.n / reference.bad.size if reference else np.zeros(counts.size)
    error = np.sqrt(variances[0] * (1 - share) + variances[1] * (1 - share_before))
    z = np.full(counts.size, -np.inf)
    possible = (share <= _ALMOST_ALL) & (error > 0)
    z[possible] = (sums.bad / counts.current.n - rate)[possible] / error[possible]
    return _Scores(z, sums, rate, variances)


def _simplest(counts: Candidates, scores: _Scores, best: int) -> Key:
    """The best combination, or a part of its conditions that does as well."""
    key = counts.key(best)
    for size in range(1, len(key)):
        parts = counts.entries(combinations(key, size))
        for part in sorted(parts, key=lambda entry: (-scores.z[entry], entry)):
            if scores.z[part] >= _SAME * scores.z[best] and not _stands_out(
                counts, scores, best, part
            ):
                return counts.key(part)
    return key


def _stands_out(counts: Candidates, scores: _Scores, inner: int, outer: int) -> bool:
    """Whether a slice is worse than the rest of a simpler one that it is a part of."""
    import numpy as np

    sides = []
    for sums in (scores.left, counts.reference):
        n, rest = sums.n[inner], sums.n[outer] - sums.n[inner]
        rates = sums.bad[inner] / max(n, 1), (sums.bad[outer] - sums.bad[inner]) / max(rest, 1)
        sides.append((n, rest, rates[0] - rates[1]))
    (n, rest, now), (n_before, rest_before, then) = sides
    if rest < _FEW or (n_before and rest_before < _FEW):
        return False
    # The rest's variance is not kept; as the whole outer slice's, it is near enough.
    variance = sum(
        own[inner] + own[outer] * total / left
        for own, total, left in zip(
            scores.variances,
            (counts.current.n[outer], counts.reference.n[outer]),
            (rest, max(rest_before, 1)),
            strict=True,
        )
    )
    return bool((now - then) >= _BETTER * np.sqrt(variance))


def _telling(
    counts: Candidates, current: Rows, reference: Rows | None, places: Sequence[int], most: int
) -> list[int]:
    """The columns of the combinations that stand out most."""
    import numpy as np

    if len(places) <= most or not counts.size:
        return list(places)
    scores = _score(counts, reference, current, [])
    ends = [*counts.starts[1:].tolist(), counts.size]
    best = dict.fromkeys(places, -np.inf)
    for table, start, end in zip(counts.tables, counts.starts.tolist(), ends, strict=True):
        for column in table.columns:
            if column in best:
                best[column] = max(best[column], float(scores.z[start:end].max()))
    return sorted(sorted(places, key=lambda place: (-best[place], place))[:most])


def _joined(some: Candidates, others: Candidates) -> Candidates:
    import numpy as np

    def both(a: Sums, b: Sums) -> Sums:
        return Sums(
            np.concatenate([a.n, b.n]),
            np.concatenate([a.bad, b.bad]),
            np.concatenate([a.squares, b.squares]),
        )

    return Candidates(
        some.columns,
        (*some.tables, *others.tables),
        np.concatenate([some.starts, others.starts + some.size]).astype(np.int64),
        both(some.reference, others.reference),
        both(some.current, others.current),
    )
