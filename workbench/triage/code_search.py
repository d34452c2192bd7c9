"""Do codes stand for one another, as only the labels tell? The champion asked about each row under every code.

Codes that changed places and are about as frequent as each other, in a column that goes with no other,
look as they always did. But the champion is worse on exactly these rows, and as good as it ever was
once they are renamed back: a world that changed leaves something behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Fault, Transform
from workbench.domain.names import shown
from workbench.errors import WorkbenchError
from workbench.triage.case import Case, Scorer
from workbench.triage.concurrent import labelled
from workbench.triage.refitting import thinned
from workbench.triage.rescoring import badness_of, ordered, rescored, rise_of

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_LABELS = 200
"""Of a group of rows, half of which chooses and half of which proves."""
MOST_ROWS = 6_000
MOST_CODES = 6
_MOST_COLUMNS = 4
_MOST_VALUES = 30
_SURE = 4.0
"""Standard errors that renaming must gain on rows that did not choose it: columns, groups and orders are many."""
_ALL = 0.75
"""Of the rise in the group: what renaming must take back, and chance must allow that it be all."""


@dataclass(frozen=True)
class _Order:
    """Codes in another order, in a group of rows."""

    column: str
    segment: tuple[str, str] | None
    mapping: tuple[tuple[str, str], ...]
    gain: float
    """In bad predictions, over the rows that chose it."""
    share: float
    """Of all rows."""


def with_renamed_codes(case: Case) -> Case:
    """The case with the fault of codes that changed places, where labels prove one; else the same.

    Half of the labelled rows choose the column, the group (all rows, or a value of a segment) and the
    order that takes away most bad predictions. The other half must show that it does, by four standard
    errors, that three quarters of the group's rise are gone, and that what is left may be chance.

    Args:
        case: with the champion; without a rise, or with a fault of the column already, nothing is
            looked for.
    """
    champion, rise = case.models.champion, rise_of(case)
    if champion is None or rise is None or rise.low <= 0 or rise.value < rise.floor:
        return case
    columns = [
        one.name for one in case.features
        if one.kind == "categorical" and one.name in case.current.columns
        and not any(f.column == one.name for f in case.faults)
    ]  # fmt: skip
    frame = labelled(case, ordered(case).current)
    if frame.height < LEAST_LABELS or not columns:
        return case
    frame = thinned(frame, MOST_ROWS)
    try:
        found = [
            order for name in columns[:_MOST_COLUMNS]
            for order in _orders(case, champion, frame, name)
        ]  # fmt: skip
    except WorkbenchError:
        return case  # what cannot be scored is told of by the replay
    best = max(found, key=lambda one: one.gain, default=None)
    return case if best is None else replace(case, faults=(*case.faults, _fault(case, best)))


def _orders(case: Case, champion: Scorer, frame: pl.DataFrame, name: str) -> Iterator[_Order]:
    """The proven orders of a column's codes, one a group at most."""
    import numpy as np
    import polars as pl

    known = case.reference[name].cast(pl.String).drop_nulls().value_counts(sort=True)
    codes = sorted(known[name].to_list())
    if not 2 <= len(codes) <= MOST_CODES:
        return
    of = frame[name].cast(pl.String)
    place = of.replace_strict(codes, list(range(len(codes))), default=-1, return_dtype=pl.Int64)
    at = place.to_numpy()
    logged = badness_of(case, frame, None)
    as_code = np.column_stack(
        [
            rescored(case, champion, frame.with_columns(pl.lit(c).cast(frame[name].dtype).alias(name))).bad
            for c in codes
        ]
    )  # fmt: skip
    chooses = np.arange(frame.height) % 2 == 0
    for segment, own in _groups(case, frame, name):
        rows = own & (at >= 0) & np.isfinite(logged) & np.isfinite(as_code).all(axis=1)
        if rows.sum() < LEAST_LABELS:
            continue
        order = _likeliest(as_code[rows & chooses], at[rows & chooses])
        if (order == np.arange(len(codes))).all():
            continue
        judged = rows & ~chooses
        renamed = as_code[judged, order[at[judged]]]
        usual = _usual(case, segment)
        if usual is None or not _is_proven(logged[judged], renamed, usual):
            continue
        mapping = tuple((codes[a], codes[int(b)]) for a, b in enumerate(order) if a != b)
        chosen = rows & chooses
        gain = float((logged[chosen] - as_code[chosen, order[at[chosen]]]).sum())
        yield _Order(name, segment, mapping, gain, float(rows.mean()))


def _likeliest(as_code: NDArray[Any], at: NDArray[Any]) -> NDArray[Any]:
    """The code that each logged one is, one-to-one, with the fewest bad predictions; its own on a tie."""
    import numpy as np

    many = as_code.shape[1]
    table = np.stack([as_code[at == a].sum(axis=0) for a in range(many)])
    places = np.array(list(permutations(range(many))))
    bad = table[np.arange(many), places].sum(axis=1)
    moved = (places != np.arange(many)).sum(axis=1)
    found: NDArray[Any] = places[np.lexsort((moved, np.round(bad, 6)))[0]]
    return found


def _is_proven(logged: NDArray[Any], renamed: NDArray[Any], usual: NDArray[Any]) -> bool:
    """Whether renaming surely helps, and brings back what was usual: all but chance."""
    import numpy as np

    fall = logged - renamed
    n = len(fall)
    if n < LEAST_LABELS // 2 or fall.mean() <= _SURE * fall.std() / np.sqrt(n):
        return False
    rise, left = logged.mean() - usual.mean(), renamed.mean() - usual.mean()
    error = np.sqrt(renamed.var() / n + usual.var() / len(usual))
    return bool(left <= (1 - _ALL) * rise and left <= 2 * error)


def _usual(case: Case, segment: tuple[str, str] | None) -> NDArray[Any] | None:
    """The badness of the same group's rows in the reference; None of too few."""
    import numpy as np
    import polars as pl

    rows = case.reference
    if segment is not None:
        if segment[0] not in rows.columns:
            return None
        rows = rows.filter(pl.col(segment[0]).cast(pl.String) == segment[1])
    bad = badness_of(case, rows, None)
    bad = bad[np.isfinite(bad)]
    return bad if len(bad) >= LEAST_LABELS // 2 else None


def _groups(
    case: Case, frame: pl.DataFrame, name: str
) -> Iterator[tuple[tuple[str, str] | None, NDArray[Any]]]:
    """All rows, then those of each value of each other segment."""
    import numpy as np
    import polars as pl

    yield None, np.ones(frame.height, dtype=bool)
    for column in case.segments:
        if column == name or column not in frame.columns:
            continue
        values = frame[column].cast(pl.String)
        counted = values.drop_nulls().value_counts(sort=True).head(_MOST_VALUES)
        for value in sorted(counted[column].to_list()):
            yield (column, value), (values == value).fill_null(value=False).to_numpy()


def _fault(case: Case, order: _Order) -> Fault:
    words = ", ".join(f"{shown(a, 24)} is {shown(b, 24)}" for a, b in order.mapping)
    return Fault(
        order.column, "renamed_category", "critical", case.onset, order.share,
        f"codes changed places, told by the labels: {words}",
        repair="rename " + ", ".join(f"{shown(a, 24)} to {shown(b, 24)}" for a, b in order.mapping),
        transform=Transform("recode", mapping=order.mapping), segment=order.segment,
    )  # fmt: skip
