"""In which slices of the rows are the bad predictions, more than before and beyond chance?

Rows are halved by a hash of their ids. Slices are searched for on one half (`slice_search`)
and measured on the other, so that what is said of them is not made better by having been
chosen. A slice is listed if there
- its bad rate is above the reference's of the same slice (Fisher's exact test, one-sided), and
- its rise is larger than that of all rows and of the slices that were found before it,
both after the false-discovery control over all slices that the search proposed, and
- it still adds something once all the other listed slices are known; of two that say the same
the weaker, and else the longer, goes.
A value that the reference has no rows of, or missing values that it has hardly any of, is a slice
by itself whose reference rate is not known: it is measured against the rate of all reference rows.
Only the significant ones are listed, so that the figures of those near the limit are a little
high. Rows are taken as independent: where days differ by themselves, a slice that lies in few
days (of a weekday, say) stands out with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.domain.many_tests import adjust_for_many
from workbench.domain.slices import Slice, SliceSearch
from workbench.performance.intervals import wilson
from workbench.performance.slice_columns import CodedColumn, coded_columns
from workbench.performance.slice_counts import Key, Rows, Sums, compared, conditions_of, members
from workbench.performance.slice_search import amounts, mean_variance, search_slices

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST = 50
"""Labelled rows that a slice must have in either half, of both periods."""
MOST = 12
"""How many slices the search proposes at most."""
LEVEL = 0.01
"""The expected share of false ones among the listed slices."""

_SURE = 1.959964


def find_slices(
    reference: pl.DataFrame,
    current: pl.DataFrame,
    names: Sequence[str],
    *,
    least: int = LEAST,
    most: int = MOST,
    level: float = LEVEL,
) -> SliceSearch:
    """The slices by up to three conditions that got worse by more than the rest.

    Where the reference has too few labels, slices are compared with the other rows of the
    period only, and have no reference rate.

    Args:
        reference: `wb_id`, `wb_bad` (0 to 1; null without a label) and the columns as Float64
            or String.
        current: likewise, of the period.
        names: the columns that conditions may be on.
        least: labelled rows that a slice must have in either half, of both periods.
        most: how many slices the search may propose.
        level: adjusted p-values below it are significant.
    """
    reference, current = reference.sort("wb_id"), current.sort("wb_id")
    columns = coded_columns(reference, current, names)
    before = _halves(reference, [column.reference for column in columns])
    after = _halves(current, [column.current for column in columns])
    is_compared = min(half.bad.size for half in before) >= least
    searched, measured = before if is_compared else (None, None)
    empty = SliceSearch(
        (), 0, after[0].bad.size, after[1].bad.size, before[0].bad.size, before[1].bad.size,
        _rate(after[1]), _rate(before[1]), level,
    )  # fmt: skip
    reason = None
    if min(half.bad.size for half in after) < 2 * least:
        reason = f"fewer than {4 * least} labelled rows"
    elif not columns:
        reason = "no column has values to break the rows down by"
    if reason:
        return replace(empty, reason=reason)
    found = search_slices(columns, searched, after[0], least=least, most=most)
    proved = _proved(columns, found.keys, measured, after[1], least=least, level=level)
    rise, rise_reason = _rise(measured, after[1])
    slices = [_slice(columns, one, measured, after[1], rise, least) for one in proved]
    usual = _rate(measured) if measured else None
    slices.sort(key=lambda s: (-_weight(s, usual), len(s.where), [c.text for c in s.where]))
    notes = []
    if found.is_narrowed:
        notes.append("too many columns to combine all: combined were those that stand out most")
    if not is_compared:
        notes.append("the reference has too few labels: compared with the period's other rows")
    return replace(
        empty, slices=tuple(slices), looked_at=found.looked_at, rise_reason=rise_reason,
        notes=tuple(notes),
    )  # fmt: skip


def in_first_half(ids: Sequence[str]) -> list[bool]:
    """Which half each row is in: a hash of its id, so that it is always the same."""
    from hashlib import blake2b

    return [
        blake2b(one.encode("utf-8", "surrogatepass"), digest_size=1, person=b"slice half").digest()[0] < 128
        for one in ids
    ]  # fmt: skip


def worse_p_value(bad: float, n: int, bad_before: float, n_before: int) -> float:
    """Probability of at least so many bad ones if both samples had one rate.

    Fisher's exact test, one-sided: the upper tail of the hypergeometric law, for whole counts.
    1 where the rate is no higher than before.
    """
    high, total = round(bad), round(bad + bad_before)
    rows = n + n_before
    last = min(total, n)
    if high <= max(0, total - n_before) or bad / n <= bad_before / n_before:
        return 1.0  # no worse than before: only the upper tail counts

    def chosen(of: int, k: int) -> float:
        return math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1)

    # The first term may be too small for a float while the tail is not: it is put back last.
    first = chosen(total, high) + chosen(rows - total, n - high) - chosen(rows, n)
    term, tail = 1.0, 0.0
    for k in range(high, last + 1):
        tail += term
        term *= (total - k) * (n - k) / ((k + 1) * (rows - total - n + k + 1))
        if term <= tail * 1e-17:
            break
    return min(math.exp(first + math.log(tail)), 1.0)


@dataclass(frozen=True)
class _Proved:
    key: Key
    p_value: float
    p_adjusted: float


def _halves(frame: pl.DataFrame, codes: Sequence[NDArray[Any]]) -> tuple[Rows, Rows]:
    import numpy as np

    labelled = frame["wb_bad"].is_not_null().to_numpy()
    first = np.array(in_first_half(frame["wb_id"].to_list()), dtype=bool)
    rows = Rows(tuple(codes), frame["wb_bad"].fill_null(0.0).to_numpy())
    return rows.part(labelled & first), rows.part(labelled & ~first)


def _proved(
    columns: Sequence[CodedColumn], keys: Sequence[Key], reference: Rows | None, current: Rows,
    *, least: int, level: float,
) -> list[_Proved]:  # fmt: skip
    """The proposed slices that hold on rows which they were not found on."""
    inside = [members(columns, key, current) for key in keys]
    before = (
        [compared(columns, key, reference, current, least)[0] for key in keys] if reference else []
    )
    enough = [
        place
        for place in range(len(keys))
        if inside[place].sum() >= least and (not reference or before[place].sum() >= least)
    ]
    p_values = []
    for at, place in enumerate(enough):
        sooner = enough[:at]
        beyond = _beyond(place, sooner, inside, before, reference, current)
        p_values.append(max(beyond, _worse(place, inside, before, reference, current)))
    adjusted = adjust_for_many(p_values)
    kept = [at for at in range(len(enough)) if adjusted[at] < level]
    while len(kept) > 1:
        added = {
            at: _beyond(
                enough[at], [enough[o] for o in kept if o != at], inside, before, reference, current
            )
            for at in kept
        }
        weakest = max(kept, key=lambda at: (added[at], len(keys[enough[at]]), at))
        if added[weakest] < level:
            break
        kept.remove(weakest)
    return [_Proved(keys[enough[at]], p_values[at], adjusted[at]) for at in kept]


def _beyond(
    place: int, others: Sequence[int], inside: Sequence[NDArray[Any]],
    before: Sequence[NDArray[Any]], reference: Rows | None, current: Rows,
) -> float:  # fmt: skip
    """One-sided p-value that a slice's rise is beyond that of all rows and of other slices."""
    parts = amounts(
        [inside[o] for o in others], [before[o] for o in others] if reference else [],
        reference, current,
    )  # fmt: skip
    own = inside[place]
    rise = float(current.bad[own].mean()) - float(parts[0])
    for amount, other in zip(parts[1:], others, strict=True):
        rise -= float(amount) * float(inside[other][own].mean())
    variance = _variance(current, own, [inside[o] for o in others])
    if reference is not None:
        rise -= float(reference.bad[before[place]].mean())
        variance += _variance(reference, before[place], [before[o] for o in others])
    if variance <= 0:
        return 1.0
    return 0.5 * math.erfc(rise / math.sqrt(variance) / math.sqrt(2))


def _variance(rows: Rows, own: NDArray[Any], others: Sequence[NDArray[Any]]) -> float:
    """Of a slice's mean, less what the fit to all rows and the others takes of it."""
    import numpy as np

    n = int(own.sum())
    design = np.column_stack([np.ones(own.size), *others]).astype(np.float64)
    shared = design[own].sum(axis=0)
    taken = float(shared @ np.linalg.lstsq(design.T @ design, shared, rcond=None)[0]) / n
    bad = rows.bad[own]
    sums = Sums(np.array([n]), np.array([bad.sum()]), np.array([(bad**2).sum()]))
    return float(mean_variance(sums, float(rows.bad.var()))[0]) * max(1 - taken, 0.0)


def _worse(
    place: int, inside: Sequence[NDArray[Any]], before: Sequence[NDArray[Any]],
    reference: Rows | None, current: Rows,
) -> float:  # fmt: skip
    """One-sided p-value that a slice's bad rate is above the reference's."""
    if reference is None:
        return 0.0
    bad, bad_before = current.bad[inside[place]], reference.bad[before[place]]
    if set(bad.tolist()) | set(bad_before.tolist()) <= {0.0, 1.0}:
        return worse_p_value(bad.sum(), bad.size, bad_before.sum(), bad_before.size)
    error = math.sqrt(max(bad.var() / bad.size + bad_before.var() / bad_before.size, 1e-300))
    return 0.5 * math.erfc(float(bad.mean() - bad_before.mean()) / error / math.sqrt(2))


def _rise(reference: Rows | None, current: Rows) -> tuple[float | None, str | None]:
    """The rise of the bad rate of all rows, or why its shares mean nothing."""
    if reference is None:
        return None, "the reference has too few labels"
    rise = float(current.bad.mean() - reference.bad.mean())
    error = math.sqrt(
        current.bad.var() / current.bad.size + reference.bad.var() / reference.bad.size
    )
    if rise <= _SURE * error:
        return None, "no rise of the bad rate as a whole that is sure"
    return rise, None


def _slice(
    columns: Sequence[CodedColumn], one: _Proved, reference: Rows | None, current: Rows,
    rise: float | None, least: int,
) -> Slice:  # fmt: skip
    own = members(columns, one.key, current)
    n, bad = int(own.sum()), float(current.bad[own].sum())
    n_before, bad_before, usual, is_new = 0, 0.0, 0.0, False
    if reference is not None:
        usual = float(reference.bad.mean())
        _, is_new = compared(columns, one.key, reference, current, least)
        before = members(columns, one.key, reference)
        n_before, bad_before = int(before.sum()), float(reference.bad[before].sum())
    all_bad = float(current.bad.sum())
    low, high = wilson(bad, n) or (0.0, 1.0)
    part = bad / current.bad.size - (bad_before / reference.bad.size if reference else 0.0)
    why = None if reference else "the reference has too few labels"
    if is_new:
        part = (bad - n * usual) / current.bad.size
        why = f"the reference has {f'only {n_before:,}' if n_before else 'no'} labelled rows of it"
    return Slice(
        where=conditions_of(columns, one.key), rows=n, share=n / current.bad.size,
        bad_rate=bad / n, low=low, high=high, reference_rows=n_before,
        reference_bad_rate=bad_before / n_before if n_before and why is None else None,
        reference_reason=why,
        lift=bad / n / (all_bad / current.bad.size) if all_bad else None,
        share_of_bad=bad / all_bad if all_bad else None,
        share_of_rise=part / rise if rise else None,
        p_value=one.p_value, p_adjusted=one.p_adjusted,
    )  # fmt: skip


def _weight(found: Slice, usual: float | None) -> float:
    """How much of the trouble a slice is: its rows times what is wrong with them.

    `usual` is the reference's rate of all rows, where there is one.
    """
    excess = found.bad_rate - (usual or 0.0) if found.excess is None else found.excess
    return found.share * excess


def _rate(rows: Rows) -> float | None:
    return float(rows.bad.mean()) if rows.bad.size else None
