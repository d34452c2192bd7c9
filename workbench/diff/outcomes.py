"""How many of the bad predictions do the added, removed and changed rows carry?

With N labelled rows of a side and r_A the rate of A, a kind of rows adds to the rate of B minus that
of A: n_B / N_B (r_B - r_A) - n_A / N_A (r_A' - r_A), where n and r are the labelled rows and the rate
of that kind on each side. The kinds' parts sum to the whole difference, and rows as bad as A was on the
whole add nothing, however many they are.
"""

from __future__ import annotations

from workbench.diff.matching import Matched
from workbench.diff.result import ADDED, CHANGED, REMOVED, UNCHANGED, OutcomeDifference, OutcomePart
from workbench.diff.rows import excess_rows
from workbench.diff.tables import Tables

_NONE = (0, 0.0)


def outcome_difference(tables: Tables, matched: Matched) -> OutcomeDifference:
    """Who carries the change of the bad-prediction rate; why not, where a side has no outcomes."""
    for side in tables.sides:
        if not side.bad:
            return OutcomeDifference(None, None, (), side.no_outcomes)
    whole = [_counts(tables, f"diff_{side}") for side in "ab"]
    if not whole[0][0] or not whole[1][0]:
        name = "A" if not whole[0][0] else "B"
        rates = [bad / n if n else None for n, bad in whole]
        return OutcomeDifference(rates[0], rates[1], (), f"{name} has no labelled predictions")
    removed = _one_sided(tables, matched, 0)
    added = _one_sided(tables, matched, 1)
    changed = [_changed(tables, matched, side) for side in (0, 1)]
    unchanged = [
        (
            whole[side][0] - (removed, added)[side][0] - changed[side][0],
            whole[side][1] - (removed, added)[side][1] - changed[side][1],
        )
        for side in (0, 1)
    ]
    counted = (
        (ADDED, _NONE, added),
        (REMOVED, removed, _NONE),
        (CHANGED, changed[0], changed[1]),
        (UNCHANGED, unchanged[0], unchanged[1]),
    )
    parts = tuple(_part(change, a, b, whole[0], whole[1]) for change, a, b in counted)
    return OutcomeDifference(whole[0][1] / whole[0][0], whole[1][1] / whole[1][0], parts)


def _part(
    change: str,
    a: tuple[int, float],
    b: tuple[int, float],
    whole_a: tuple[int, float],
    whole_b: tuple[int, float],
) -> OutcomePart:
    rate = whole_a[1] / whole_a[0]
    contribution = (b[1] - b[0] * rate) / whole_b[0] - (a[1] - a[0] * rate) / whole_a[0]
    return OutcomePart(
        change,
        a[0],
        a[1],
        b[0],
        b[1],
        a[1] / whole_a[1] if whole_a[1] else None,
        b[1] / whole_b[1] if whole_b[1] else None,
        contribution,
    )


def _counts(tables: Tables, rows: str) -> tuple[int, float]:
    n, bad = tables.connection.execute(
        f"SELECT count(bad), coalesce(sum(bad), 0)::DOUBLE FROM {rows}"
    ).fetchall()[0]
    return int(n), float(bad)


def _one_sided(tables: Tables, matched: Matched, side: int) -> tuple[int, float]:
    n, bad = 0, 0.0
    if tables.keys:
        change = (REMOVED, ADDED)[side]
        n, bad = _counts(
            tables,
            f"diff_{'ab'[side]} s WHERE EXISTS (SELECT 1 FROM diff_differing d "
            f"WHERE d.change = '{change}' AND {tables.matching('s', 'd')})",
        )
    if matched.is_multiset:
        more, more_bad = _counts(tables, f"{excess_rows(tables, side)} s")
        n, bad = n + more, bad + more_bad
    return n, bad


def _changed(tables: Tables, matched: Matched, side: int) -> tuple[int, float]:
    if not matched.changed:
        return _NONE
    return _counts(
        tables,
        f"diff_{'ab'[side]} s WHERE EXISTS (SELECT 1 FROM diff_changed d "
        f"WHERE {tables.matching('s', 'd')})",
    )
