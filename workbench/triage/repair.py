"""Does undoing the faults give the good predictions back? The proof that a fault is the cause.

Every fault with an inverse is undone in the rows that it touched, and the champion says anew what
it would have said. What that takes off the bad rate, pair by pair, is what the faults add to it.
All that it helps to undo are undone together. In rows that several touched, each is given the mean of what it takes off
alone and what it takes off last (for two faults that is Shapley's share, and adds up).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.fault import Fault
from workbench.domain.verdict import Cause, Evidence
from workbench.errors import WorkbenchError
from workbench.performance.blocks import Resampled
from workbench.triage.case import Case, Scorer
from workbench.triage.effects import (
    LEAST_AFFECTED,
    Effect,
    affected_now,
    cause_of,
    compared_with_others,
    evidence_of,
    floor_since,
    harmful,
    is_input,
    rows_since,
    unclear,
)
from workbench.triage.mending import Mended, helpful, mended_rows
from workbench.triage.rescoring import (
    Rescored,
    badness_of,
    floor_of,
    ordered,
    paired,
    reference_rate,
    rise_of,
    sampled,
)
from workbench.triage.undoing import in_scope, is_invertible

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_FAULTS = 8
"""No more are undone; the worst come first."""
LEAST_LABELS = 100
_STEP = "repair"
_MOST_OF_IT = 0.5
_NEAR_ONE = 2.6
"""A factor, or one over it, up to which a change of units cannot be told from a drift by its size."""


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
        if self.fault.status == "critical" and self.effect.is_part:
            return True  # what comes next must not learn from its rows
        # A fault that the checks let pass is none on the word of an estimate alone.
        if self.effect.basis == "estimate" and self.fault.status == "ok" and True in found:
            return None
        return True if True in found else None if None in found else False

    @property
    def may_be_drift(self) -> bool:
        """Whether values only are some times as large, as the world makes them too, and undoing is no help."""
        transform, effect = self.fault.transform, self.effect
        if transform is None or transform.kind != "affine" or effect is None:
            return False
        is_near_one = 1 / _NEAR_ONE < transform.factor < _NEAR_ONE
        return is_near_one and effect.basis == "labels" and effect.amount.low <= 0

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
        return harmful(self.repairs)

    @property
    def unclear(self) -> tuple[Repair, ...]:
        """The faults whose harm cannot be told, and that may make half of the rise or more."""
        return unclear(self.repairs)

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
    why = case.models.why_not("champion")
    made: Mended | None = None
    repairs: list[Repair] = []
    together = None
    if champion is not None and read:
        try:
            repairs, together, made = _by_rescoring(case, champion, read, masks)
        except WorkbenchError as error:
            why = error.message
    if read and not repairs:
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


def _by_rescoring(
    case: Case, champion: Scorer, faults: Sequence[Fault], masks: dict[Fault, NDArray[Any]]
) -> tuple[list[Repair], Effect | None, Mended | None]:
    """Each fault's repair, in order; what all those do that it helps to undo; and their rows."""
    import numpy as np

    listed = [masks[f] for f in faults]
    labels = int(np.isfinite(badness_of(case, case.current, None)).sum())
    taken, left = list(range(len(faults))), dict[int, "NDArray[Any]"]()
    if len(faults) > 1 and labels >= LEAST_LABELS:
        taken, left = helpful(case, champion, faults, listed)
    found: dict[int, Repair] = {}
    for place, fall in left.items():
        usable = np.isfinite(fall)
        table = np.stack([badness_of(case, case.current, None), np.zeros(len(fall)), fall], axis=1)
        table[:, 1] = table[:, 0] - fall
        rows = listed[place]
        effect = _effects(case, table, usable, "labels", [None, _Of.of(case, faults[place], rows)])[
            1
        ]
        found[place] = Repair(faults[place], float(rows.mean()), effect, "", True, rows)
    if not taken:
        return [found[i] for i in sorted(found)], None, None
    made = mended_rows(case, champion, [faults[i] for i in taken], [listed[i] for i in taken])
    repairs, together = _of_mended(case, made, [faults[i] for i in taken], masks)
    found |= dict(zip(taken, repairs, strict=True))
    return [found[i] for i in sorted(found)], together, made


def _of_mended(
    case: Case, made: Mended, faults: Sequence[Fault], masks: dict[Fault, NDArray[Any]]
) -> tuple[list[Repair], Effect | None]:
    import numpy as np

    known = np.isfinite(made.labelled).all(axis=1)
    own = [_Of.of(case, fault, masks[fault]) for fault in faults]
    parts = [None, *own, *own]
    by_labels = (
        _effects(case, made.labelled, known, "labels", parts)
        if known.sum() >= LEAST_LABELS
        else None
    )
    by_score = None
    why = ""
    if isinstance(made.expected, str):
        why = made.expected
    else:
        usable = np.isfinite(made.expected).all(axis=1)
        if usable.any():
            by_score = _effects(case, made.expected, usable, "estimate", parts)
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
    """What the labels say, unless they are so few that what the score lets expect may be true too.

    The estimate takes the repaired inputs for the true ones: where the world has moved as a change
    of units would move it, it is wrong, and labels that can tell must not be overruled.
    """
    if by_labels is None or by_score is None:
        return by_labels or by_score
    if by_labels.is_harmful is not None:
        return by_labels
    amount, wide = by_labels.amount, 2 * (by_labels.floor or 0.0)
    is_open = amount.low <= by_score.amount.value <= amount.high and amount.high - amount.low > wide
    return by_score if is_open else by_labels


@dataclass(frozen=True)
class _Of:
    """What an effect is judged by."""

    floor: float | None
    since: NDArray[Any]
    """The rows since the fault began."""

    @classmethod
    def of(cls, case: Case, fault: Fault, rows: NDArray[Any]) -> _Of:
        """Of a fault and the rows that it touched."""
        return cls(floor_since(case, fault, rows), rows_since(case, fault, rows))


def _effects(
    case: Case, table: NDArray[Any], known: NDArray[Any], basis: str, faults: Sequence[_Of | None]
) -> list[Effect]:
    """All faults' effect, then each one's part, then each one's last; from rows as `Mended` has them.

    Args:
        case: the rows.
        table: of all rows.
        known: which of them are used.
        basis: how it was measured.
        faults: what each effect is judged by; None for all of them together.
    """
    import numpy as np

    part = table[known]
    values = np.column_stack([part[:, 0], part[:, 0] - part[:, 1], part[:, 2:]])
    frame = case.current.filter(known)
    means, drawn, what = paired(case, values, frame)
    rate = reference_rate(case)
    rise = rise_draws = None
    if rate is not None:
        usual = sampled(case, badness_of(case, case.reference, None), case.reference)
        rise = float(means[0]) - rate
        # What is expected is no sample of the reference's rows: its rate is taken as it is.
        rise_draws = drawn[:, 0] - (np.roll(usual.draws, 1) if basis == "labels" else rate)
    found = []
    for place, of in enumerate(faults, start=1):
        amount = Resampled(float(means[place]), drawn[:, place], len(part), what)
        inside = np.ones(len(part), dtype=bool) if of is None else of.since[known]
        if 0 < inside.mean() < _MOST_OF_IT:
            # Days drawn from all of the period may be without any since it began.
            own = sampled(case, values[inside, place], frame.filter(inside))
            share = float(inside.mean())
            amount = Resampled(share * own.value, share * own.draws, own.n, own.basis)
        floor = floor_of(case) if of is None else of.floor
        found.append(Effect(amount, basis, floor, rise_draws, rise))
    return found


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
        amount, "comparison", floor_since(case, fault, rows), None if rise is None else rise.draws,
        None if rise is None else rise.value,
    )  # fmt: skip
    return Repair(fault, share, effect, why, True, rows)
