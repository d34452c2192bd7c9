"""What would the champion have said of the period's rows without their faults?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Fault
from workbench.triage.case import Case, Scorer
from workbench.triage.effects import LEAST_AFFECTED
from workbench.triage.rescoring import (
    Expectations,
    Rescored,
    badness_of,
    expectations,
    paired,
    rescored,
)
from workbench.triage.undoing import undone

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Mended:
    """Badness of the period's rows: as logged, with all undone, and each fault's part."""

    labelled: NDArray[Any]
    """(rows, 2 + 2 faults), by the labels: parts, then what is left of each if the others are mended;
    NaN without."""
    expected: NDArray[Any] | str
    """The same to be expected; or why there is none."""
    anew: Rescored


def mended_rows(
    case: Case, champion: Scorer, faults: Sequence[Fault], masks: Sequence[NDArray[Any]]
) -> Mended:
    """The period's rows with faults undone, together and one by one.

    Args:
        case: the rows.
        champion: says anew what it would have said of the rows that a fault touched.
        faults: with an inverse; at least one.
        masks: the rows of the period that each touched.
    """
    import numpy as np

    frame = case.current
    touched = np.logical_or.reduce(list(masks))
    count = np.sum(list(masks), axis=0)
    part = frame.filter(touched)
    inside = [mask[touched] for mask in masks]
    shared = count[touched] > 1

    def scored(rows: NDArray[Any], undo: Sequence[int]) -> Rescored:
        clean = part.filter(rows)
        for place in undo:
            clean = undone(clean, faults[place], case.reference, inside[place][rows])
        return rescored(case, champion, clean)

    all_rows = np.ones(part.height, dtype=bool)
    joint = scored(all_rows, range(len(faults)))
    found = expectations(case)
    usable = not isinstance(found, str) and set(found.columns) <= set(joint.scores.columns)
    reason = found if isinstance(found, str) else "the artifact gives no scores"
    logged = badness_of(case, frame, None)
    kinds: list[tuple[NDArray[Any], NDArray[Any]]] = [(logged[touched], joint.bad)]
    if usable and not isinstance(found, str):
        kinds.append((found.of(part["wb_prediction"], joint), found.of(joint.prediction, joint)))
    many = len(faults)
    parts = [np.zeros((part.height, 2 * many)) for _ in kinds]
    for place, mask in enumerate(inside):
        alone_rows = mask & ~shared
        for table, (before, after) in zip(parts, kinds, strict=True):
            table[alone_rows, place] = (before - after)[alone_rows]
            table[alone_rows, many + place] = (before - after)[alone_rows]
        both = mask & shared
        if not both.any():
            continue
        first = scored(both, [place])
        rest = scored(both, [i for i in range(len(faults)) if i != place])
        sides = [(first.bad, rest.bad)]
        if usable and not isinstance(found, str):
            sides.append(_expected_of(found, joint, both, first, rest))
        for table, (before, after), (one, other) in zip(parts, kinds, sides, strict=True):
            table[both, place] = ((before[both] - one) + (other - after[both])) / 2
            table[both, many + place] = other - after[both]
    labelled = _spread(frame.height, touched, logged, joint.bad, parts[0])
    expected: NDArray[Any] | str = reason
    if usable and not isinstance(found, str):
        expected = _expected_whole(case, champion, found, touched, kinds[1], parts[1])
    return Mended(labelled, expected, _whole_outputs(frame, touched, joint, labelled[:, 1]))


def _expected_of(
    found: Expectations, joint: Rescored, rows: NDArray[Any], first: Rescored, rest: Rescored
) -> tuple[NDArray[Any], NDArray[Any]]:
    import polars as pl

    scores = joint.scores.filter(rows) if joint.scores.width else joint.scores
    truth = Rescored(joint.prediction.filter(pl.Series(rows)), scores, joint.bad[rows])
    return found.of(first.prediction, truth), found.of(rest.prediction, truth)


def _expected_whole(
    case: Case,
    champion: Scorer,
    found: Expectations,
    touched: NDArray[Any],
    kind: tuple[NDArray[Any], NDArray[Any]],
    parts: NDArray[Any],
) -> NDArray[Any]:
    """The expected badness of all rows: those that no fault touched by what was logged of them."""
    import numpy as np

    rest = case.current.filter(~touched)
    own = np.full(case.current.height, np.nan)
    if rest.height:
        names = [c for c in found.columns if c in rest.columns]
        has_scores = names == list(found.columns) and all(
            rest[c].null_count() < rest.height for c in names
        )
        truth = (
            Rescored(rest["wb_prediction"], rest.select(names), np.zeros(rest.height))
            if has_scores
            else rescored(case, champion, rest)
        )
        own[~touched] = found.of(rest["wb_prediction"], truth)
    whole = _spread(case.current.height, touched, own, kind[1], parts)
    whole[touched, 0] = kind[0]
    return whole


def _spread(
    rows: int,
    touched: NDArray[Any],
    logged: NDArray[Any],
    after: NDArray[Any],
    parts: NDArray[Any],
) -> NDArray[Any]:
    """(rows, 2 + faults): a row that no fault touched keeps its badness."""
    import numpy as np

    found = np.zeros((rows, 2 + parts.shape[1]))
    found[:, 0] = found[:, 1] = logged
    found[touched, 1] = after
    found[touched, 2:] = parts
    return found


def _whole_outputs(
    frame: pl.DataFrame, touched: NDArray[Any], joint: Rescored, bad: NDArray[Any]
) -> Rescored:
    """The logged outputs, with those of the touched rows made anew."""
    import numpy as np
    import polars as pl

    at = np.flatnonzero(touched)

    def placed(logged: pl.Series, made: pl.Series) -> pl.Series:
        return logged.clone().scatter(at, made.cast(logged.dtype, strict=False))

    scores = {
        name: placed(frame[name], joint.scores[name])
        for name in joint.scores.columns
        if name in frame.columns
    }
    return Rescored(placed(frame["wb_prediction"], joint.prediction), pl.DataFrame(scores), bad)


def helpful(
    case: Case, champion: Scorer, faults: Sequence[Fault], masks: Sequence[NDArray[Any]]
) -> tuple[list[int], dict[int, NDArray[Any]]]:
    """Which faults it helps to undo, by the labels; and what undoing the others would take off.

    One after the other the fault is taken whose undoing, beside those already taken, takes most off
    the bad rate, as long as that is surely something. So a column that the world has moved is not
    "repaired" only because the repair of another one has spoilt what belongs together. Faults of fewer
    than `LEAST_AFFECTED` labelled rows cannot be tried, and are taken.

    Args:
        case: the rows.
        champion: says anew what it would have said.
        faults: with an inverse.
        masks: the rows of the period that each touched.

    Returns:
        The places of the faults taken; for each other one the fall of badness, row by row, beside
        them: (rows,), not a number without a label.
    """
    import numpy as np

    bad = badness_of(case, case.current, None)
    known = np.isfinite(bad)
    tried = [i for i, mask in enumerate(masks) if int((mask & known).sum()) >= LEAST_AFFECTED]
    taken = [i for i in range(len(faults)) if i not in tried]
    clean, left = case.current, dict.fromkeys(tried, bad * 0)
    for place in taken:
        clean = undone(clean, faults[place], case.reference, masks[place])
    while left:
        for place in left:
            rows = masks[place] & known
            part = undone(clean.filter(rows), faults[place], case.reference, masks[place][rows])
            fall = np.where(known, 0.0, np.nan)
            fall[rows] = bad[rows] - rescored(case, champion, part).bad
            left[place] = fall
        best = max(left, key=lambda i: (float(np.nanmean(left[i])), -i))
        gain = left[best]
        usable = np.isfinite(gain)
        _, drawn, _ = paired(case, gain[usable][:, None], case.current.filter(usable))
        if not float(np.quantile(drawn, 0.025)) > 0:
            break
        del left[best]
        taken.append(best)
        clean = undone(clean, faults[best], case.reference, masks[best])
        bad = bad - gain
    return sorted(taken), left
