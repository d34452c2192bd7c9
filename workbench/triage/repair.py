"""Does undoing the faults give the good predictions back? The proof that a fault is the cause.

Every fault with an inverse is undone in the rows that it touched, and the champion says anew what
it would have said. What that takes off the bad rate, pair by pair, is what the faults add to it.
All are undone together. In rows that several touched, each is given the mean of what it takes off
alone and what it takes off last (for two faults that is Shapley's share, and adds up).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Fault
from workbench.domain.verdict import Cause, Evidence
from workbench.errors import WorkbenchError
from workbench.triage.blocks import Resampled
from workbench.triage.case import Case, Scorer
from workbench.triage.effects import (
    LEAST_AFFECTED,
    Effect,
    affected_now,
    cause_of,
    compared_with_others,
    evidence_of,
    is_input,
)
from workbench.triage.rescoring import (
    Expectations,
    Rescored,
    badness_of,
    expectations,
    floor_of,
    ordered,
    paired,
    reference_rate,
    rescored,
    rise_of,
    sampled,
)
from workbench.triage.undoing import in_scope, is_invertible, undone

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

MOST_FAULTS = 8
"""No more are undone; the worst come first."""
LEAST_LABELS = 100
_STEP = "repair"


@dataclass(frozen=True)
class Repair:
    """One fault, undone."""

    fault: Fault
    share: float
    """Of the period's rows that it touched."""
    effect: Effect | None
    """What it adds to the bad rate; None where that could not be measured."""
    why: str = ""
    """The reason then."""
    is_input: bool = True
    """Whether the model reads the column."""
    rows: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """Which rows of the period it touched."""
    last: Effect | None = None
    """What it would still add if all the others were mended."""

    @property
    def is_harmful(self) -> bool | None:
        """Whether it does harm that matters, beside the others or without them; None: not known."""
        if not self.is_input:
            return False
        if self.effect is None:
            return None
        found = {
            self.effect.is_harmful,
            self.effect.is_harmful if self.last is None else self.last.is_harmful,
        }
        return True if True in found else None if None in found else False

    @property
    def is_proven(self) -> bool:
        """Whether undoing it showed the harm; comparing rows alone makes it suspected."""
        return (
            bool(self.is_harmful) and self.effect is not None and self.effect.basis != "comparison"
        )


@dataclass(frozen=True)
class Repairs:
    """All faults with an inverse, undone."""

    skipped: str | None = None
    repairs: tuple[Repair, ...] = ()
    together: Effect | None = None
    """What all of them add to the bad rate."""
    words: tuple[Evidence, ...] = ()
    named: tuple[Cause, ...] = ()
    badness: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """(rows of the period, 2): logged, and with all faults undone; not a number without a label."""
    anew: Rescored | None = field(default=None, repr=False, compare=False)
    """The champion's outputs for the period's rows with all faults undone; the logged ones where
    nothing was undone."""

    @property
    def harmful(self) -> tuple[Repair, ...]:
        """The faults that do harm, proven or suspected."""
        return tuple(r for r in self.repairs if r.is_harmful)

    @property
    def unclear(self) -> tuple[Repair, ...]:
        """The faults whose harm cannot be told."""
        return tuple(r for r in self.repairs if r.is_harmful is None)

    @property
    def decides(self) -> bool:
        """Whether a harmful fault stands, so that no later step may set the verdict."""
        return bool(self.harmful)

    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in an operator's words."""
        return self.words

    def causes(self) -> tuple[Cause, ...]:
        """The harmful faults, as causes."""
        return self.named


def measure_repairs(case: Case) -> Repairs:
    """What the faults that have an inverse add to the bad rate.

    By the labels of the period; where these are too few or do not decide, by the badness that the
    calibrated score of the repaired rows (numbers: the reference's residuals around the repaired
    prediction) lets expect; without an artifact by comparing affected rows with others.
    """
    case = ordered(case)
    copies = [f for f in case.faults if f.kind == "duplicate_rows"]
    doubled = [r for f in copies if (r := _by_dropping(case, f)) is not None]
    faults = [f for f in case.faults if is_invertible(f)]
    masks = {f: affected_now(case, f) for f in faults}
    faults = [f for f in faults if masks[f].any()]
    read = [f for f in faults if is_input(case, f)][:MOST_FAULTS]
    unread = [
        Repair(f, float(masks[f].mean()), None, "", False, masks[f])
        for f in faults
        if not is_input(case, f)
    ]
    if not faults and not doubled:
        return Repairs(skipped="no fault with an inverse touches the period")
    champion = case.models.champion
    why, made = case.models.why_not("champion"), None
    if champion is not None and read:
        try:
            made = _rescored_all(case, champion, read, [masks[f] for f in read])
        except WorkbenchError as error:
            why = error.message
    repairs: list[Repair] = []
    together = None
    if made is not None:
        repairs, together = _by_rescoring(case, made, read, masks)
    elif read:
        repairs = [_by_comparison(case, f, masks[f], why) for f in read]
    repairs += doubled
    every = (*repairs, *unread)
    words = [evidence_of(case, _STEP, r.fault, r.effect, r.why) for r in repairs]
    words += [
        Evidence(_STEP, f"{r.fault.kind}:{r.fault.column}", 0.0, "No input of the model: it does no harm.")
        for r in unread
    ]  # fmt: skip
    named = tuple(cause_of(case, r.fault, r.effect) for r in repairs if r.is_harmful)
    return Repairs(
        None, tuple(every), together, tuple(words), named,
        None if made is None else made.labelled[:, :2], None if made is None else made.anew,
    )  # fmt: skip


@dataclass(frozen=True)
class _Made:
    """Badness of the period's rows: as logged, with all undone, and each fault's part."""

    labelled: NDArray[Any]
    """(rows, 2 + 2 faults), by the labels: parts, then what is left of each if the others are mended;
    NaN without."""
    expected: NDArray[Any] | str
    """The same to be expected; or why there is none."""
    anew: Rescored


def _rescored_all(
    case: Case, champion: Scorer, faults: Sequence[Fault], masks: Sequence[NDArray[Any]]
) -> _Made:
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
    return _Made(labelled, expected, _whole_outputs(frame, touched, joint, labelled[:, 1]))


def _expected_of(
    found: Expectations, joint: Rescored, rows: NDArray[Any], first: Rescored, rest: Rescored
) -> tuple[NDArray[Any], NDArray[Any]]:
    truth = Rescored(joint.prediction.filter(rows), joint.scores.filter(rows), joint.bad[rows])
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


def _by_rescoring(
    case: Case, made: _Made, faults: Sequence[Fault], masks: dict[Fault, NDArray[Any]]
) -> tuple[list[Repair], Effect | None]:
    import numpy as np

    known = np.isfinite(made.labelled).all(axis=1)
    by_labels = (
        _effects(case, made.labelled, known, "labels") if known.sum() >= LEAST_LABELS else None
    )
    by_score = None
    why = ""
    if isinstance(made.expected, str):
        why = made.expected
    else:
        usable = np.isfinite(made.expected).all(axis=1)
        by_score = _effects(case, made.expected, usable, "estimate") if usable.any() else None
    repairs = []
    for place, fault in enumerate(faults):
        rows = masks[fault]
        few = int((rows & known).sum()) < LEAST_AFFECTED
        effect, last = (
            _chosen(
                None if by_labels is None or few else by_labels[column],
                None if by_score is None else by_score[column],
            )
            for column in (1 + place, 1 + len(faults) + place)
        )
        reason = "" if effect is not None else f"too few labels, and {why or 'no estimate'}"
        repairs.append(Repair(fault, float(rows.mean()), effect, reason, True, rows, last))
    return repairs, _chosen(
        None if by_labels is None else by_labels[0], None if by_score is None else by_score[0]
    )


def _chosen(by_labels: Effect | None, by_score: Effect | None) -> Effect | None:
    """What the labels say if they decide; else what the score lets expect."""
    if by_labels is not None and (by_labels.is_harmful is not None or by_score is None):
        return by_labels
    return by_score


def _effects(case: Case, table: NDArray[Any], known: NDArray[Any], basis: str) -> list[Effect]:
    """All faults' effect, then each one's part, then each one's last; from rows as `_Made` has them."""
    import numpy as np

    part = table[known]
    values = np.column_stack([part[:, 0], part[:, 0] - part[:, 1], part[:, 2:]])
    means, drawn, what = paired(case, values, case.current.filter(known))
    rate, floor = reference_rate(case), floor_of(case)
    rise = rise_draws = None
    if rate is not None:
        usual = sampled(case, badness_of(case, case.reference, None), case.reference)
        rise = float(means[0]) - rate
        # What is expected is no sample of the reference's rows: its rate is taken as it is.
        rise_draws = drawn[:, 0] - (np.roll(usual.draws, 1) if basis == "labels" else rate)
    return [
        Effect(
            Resampled(float(means[i]), drawn[:, i], len(part), what), basis, floor, rise_draws, rise
        )
        for i in range(1, values.shape[1])
    ]


def _by_dropping(case: Case, fault: Fault) -> Repair | None:
    """Rows that stand in the log twice, under other ids: what the copies add to the rate."""
    import numpy as np
    import polars as pl

    names = [
        n for n in (*case.feature_names, "wb_prediction", "wb_score") if n in case.current.columns
    ]
    rows = in_scope(case.current, fault)
    first = case.current.select(pl.struct(names).is_first_distinct()).to_series().to_numpy()
    again = rows & ~first
    bad = badness_of(case, case.current, None)
    known = np.isfinite(bad)
    if not again.any():
        return None
    share = float(again.mean())
    if int((again & known).sum()) < LEAST_AFFECTED or int((~again & known).sum()) < LEAST_AFFECTED:
        return Repair(fault, share, None, "too few labelled copies", True, again)
    part = case.current.filter(known)
    single = (~again[known]).astype(float)
    means, drawn, basis = paired(
        case, np.stack([bad[known], bad[known] * single, single], axis=1), part
    )
    amount = Resampled(
        float(means[0] - means[1] / means[2]), drawn[:, 0] - drawn[:, 1] / drawn[:, 2], len(single), basis
    )  # fmt: skip
    rise = rise_of(case)
    effect = Effect(
        amount, "copies", floor_of(case), None if rise is None else rise.draws,
        None if rise is None else rise.value,
    )  # fmt: skip
    return Repair(fault, share, effect, "", True, again)


def _by_comparison(case: Case, fault: Fault, rows: NDArray[Any], why: str) -> Repair:
    amount = compared_with_others(case, fault, rows)
    share = float(rows.mean())
    if amount is None:
        reason = f"{why}, and too few labelled rows to compare affected ones with others"
        return Repair(fault, share, None, reason, True, rows)
    rise = rise_of(case)
    effect = Effect(
        amount, "comparison", floor_of(case), None if rise is None else rise.draws,
        None if rise is None else rise.value,
    )  # fmt: skip
    return Repair(fault, share, effect, why, True, rows)
