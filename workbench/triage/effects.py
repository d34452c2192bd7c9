"""How much of the rise does a fault make, and is that harm? One answer for all ways to measure it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from workbench.domain.fault import Fault
from workbench.domain.names import shown
from workbench.domain.verdict import Cause, Evidence
from workbench.performance.blocks import Resampled, blocks_of, resampled_sums
from workbench.triage.case import Case
from workbench.triage.confined import is_hidden
from workbench.triage.rescoring import badness_of, floor_of
from workbench.triage.undoing import affected, in_scope

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_AFFECTED = 30
"""Labelled rows without which nothing is said of affected (or other) rows."""
_LEAST_USUAL = 200
_PART = 0.1
"""Of the rise."""
_BASES = {
    "labels": "by the labels",
    "estimate": "by the calibrated score, without labels",
    "injection": "by putting it into clean rows",
    "copies": "by leaving the copies out",
    "comparison": "by comparing affected rows with others of the same time",
}


@dataclass(frozen=True)
class Effect:
    """What a fault adds to the period's bad rate."""

    amount: Resampled
    """A fraction of all rows of the period; > 0: the fault does harm."""
    basis: str
    """`labels`, `estimate`, `injection`, `copies` or `comparison`."""
    floor: float | None
    rise_draws: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """Of the rise seen, paired with the amount's where both are of the same rows."""
    rise: float | None = None

    @property
    def is_harmful(self) -> bool | None:
        """Surely above 0 and perhaps above the floor; surely below it: False; None otherwise."""
        if self.floor is not None and self.amount.high < self.floor:
            return False
        return True if self.amount.low > 0 else None

    @property
    def sees_no_rise(self) -> bool:
        """Whether the labels surely show no rise that matters, so that nothing can have made one."""
        import numpy as np

        if self.rise_draws is None or self.floor is None:
            return False
        return float(np.quantile(self.rise_draws, 0.975)) < self.floor

    @property
    def exceeds_rise(self) -> bool:
        """Whether the fault would surely make more than the rise that is seen, by the floor."""
        import numpy as np

        if self.rise_draws is None or self.floor is None:
            return False
        return self.amount.low > float(np.quantile(self.rise_draws, 0.975)) + self.floor

    @property
    def is_minor(self) -> bool:
        """Whether it surely makes less than half of a rise that is sure: not what is looked for."""
        import numpy as np

        if self.rise is None or self.rise_draws is None:
            return False
        is_sure = float(np.quantile(self.rise_draws, 0.025)) > 0
        return is_sure and self.amount.high < 0.5 * self.rise

    @property
    def is_part(self) -> bool:
        """Whether it surely makes a part of a sure rise that is worth mending, though less than the floor."""
        share = self.share
        return (
            self.basis == "labels"
            and self.amount.low > 0
            and share is not None
            and share[0] >= _PART
        )

    @property
    def share(self) -> tuple[float, float, float] | None:
        """Of the rise: the amount over it, and its 95 % interval; None without a sure rise."""
        import numpy as np

        if self.rise is None or self.rise_draws is None or self.rise <= 0:
            return None
        if float(np.quantile(self.rise_draws, 0.025)) <= 0:
            return None
        fair = self.rise_draws > 0
        ratios = self.amount.draws[fair] / self.rise_draws[fair]
        low, high = np.quantile(ratios, [0.025, 0.975])
        return self.amount.value / self.rise, float(low), float(high)


def evidence_of(
    case: Case, step: str, fault: Fault, effect: Effect | None, why: str, unseen: bool = False
) -> Evidence:
    """What was measured of a fault, in an operator's words.

    Args:
        case: for what must not be seen.
        step: the module that measured it.
        fault: which.
        effect: None where it could not be measured.
        why: the reason then, or why it was measured no better.
        unseen: the harm that it would do is not seen in the period's labels.
    """
    name = f"{fault.kind}:{fault.column}" if fault.column else fault.kind
    subject = called(case, fault)
    if effect is None:
        return Evidence(step, name, None, f"{subject}: its harm is not known, {why}.")
    amount = effect.amount
    points, basis = f"{100 * amount.value:.1f} points", _BASES[effect.basis]
    if why:
        basis = f"{basis} ({why})"
    share = effect.share
    part = f", {min(share[0], 1.0):.0%} of the rise" if share is not None else ""
    harmful = effect.is_harmful
    if unseen and harmful:
        reading = f"{subject}: it would make {points}, {basis}, but labels do not show them."
        harmful = None
    elif harmful:
        sure = "perhaps " if effect.basis == "comparison" else ""
        reading = f"{subject}: {sure}{points} of the bad rate come from it{part}, {basis}."
    elif harmful is False:
        reading = f"{subject}: no difference that matters ({points}), {basis}."
    else:
        reading = f"{subject}: not sure whether it does harm ({points}{part}), {basis}."
    return Evidence(
        step, name, amount.value, reading, amount.low, amount.high, amount.n, effect.floor,
        supports="fix_upstream" if harmful else None,
        against="fix_upstream" if harmful is False else None,
    )  # fmt: skip


class Tried(Protocol):
    """A fault of which it was tried what it does."""

    @property
    def effect(self) -> Effect | None:
        """What it adds to the bad rate; None where that could not be measured."""

    @property
    def is_harmful(self) -> bool | None:
        """Whether it does harm that matters; None where that cannot be told."""


T = TypeVar("T", bound=Tried)


def harmful(every: Sequence[T]) -> tuple[T, ...]:
    """The faults that do harm, proven or suspected."""
    return tuple(one for one in every if one.is_harmful)


def unclear(every: Sequence[T]) -> tuple[T, ...]:
    """The faults whose harm cannot be told, and that may make half of the rise or more."""
    return tuple(
        one
        for one in every
        if one.is_harmful is None and not (one.effect is not None and one.effect.is_minor)
    )


def cause_of(case: Case, fault: Fault, effect: Effect | None, where: str = "feature") -> Cause:
    """A fault as the cause of a verdict; nothing in it is a value of a sensitive column."""
    share = effect.share if effect is not None else None
    segment = fault.segment
    return Cause(
        fault.kind,
        where,
        fault.column,
        None if segment is not None and is_hidden(case, segment[0]) else segment,
        fault.since,
        fault.until,
        None if share is None else min(max(share[0], 0.0), 1.0),
        None if is_hidden(case, fault.column) else fault.repair,
    )


def called(case: Case, fault: Fault) -> str:
    """A fault in a few words: what, of which column, where."""
    words = fault.kind.replace("_", " ")
    if fault.column:
        words += f" of {shown(fault.column, 40)}"
    if fault.segment is not None:
        column, value = fault.segment
        hidden = is_hidden(case, column)
        words += f" where {shown(column, 40)} is " + ("one value" if hidden else shown(value, 40))
    return words[0].upper() + words[1:]


def usual_rows(case: Case, fault: Fault) -> pl.DataFrame:
    """Rows without the fault: those before it where they are enough, else the reference."""
    if fault.since is not None and case.before.height:
        clean = case.before.filter(~in_scope(case.before, fault))
        if clean.height >= _LEAST_USUAL:
            return clean
    return case.reference


def affected_now(case: Case, fault: Fault, bucket: timedelta | None = None) -> NDArray[Any]:
    """The rows of the period that a fault spoilt: (rows,) of bool."""
    return affected(case.current, fault, usual_rows(case, fault), bucket or case.bucket)


def rows_since(case: Case, fault: Fault, rows: NDArray[Any]) -> NDArray[Any]:
    """The rows of the period since a fault began, if it lasts; else all: (rows,) of bool.

    Args:
        case: the rows.
        fault: which.
        rows: those of the period that it touched: (rows,) of bool.
    """
    import numpy as np

    if fault.until is not None or not rows.any():
        return np.ones(case.current.height, dtype=bool)
    times = case.current["wb_timestamp"]
    found: NDArray[Any] = (times >= times.filter(rows).min()).to_numpy()
    return found


def floor_since(case: Case, fault: Fault, rows: NDArray[Any]) -> float | None:
    """The smallest part of the period's bad rate that matters of a fault; None without a reference rate.

    What makes the rate higher by the floor since it began, and lasts, does so from now on, however
    long the time before it is in which all was well.

    Args:
        case: the rows.
        fault: which.
        rows: those of the period that it touched: (rows,) of bool.
    """
    floor = floor_of(case)
    return None if floor is None else floor * float(rows_since(case, fault, rows).mean())


def is_input(case: Case, fault: Fault) -> bool:
    """Whether the model reads any of the columns that a fault spoilt."""
    other = fault.transform.other if fault.transform is not None else None
    return bool({fault.column, *fault.also, other} & set(case.feature_names))


def compared_with_others(case: Case, fault: Fault, rows: NDArray[Any]) -> Resampled | None:
    """What affected rows add to the bad rate, going by unaffected ones of the same time.

    share x [(A - U) - (a - u)]: A and U the bad rates of affected and other rows of the period, the
    latter in the buckets of the former; a and u those of the same segment and of other rows
    without the fault, 0 where the fault has no segment. None with fewer than `LEAST_AFFECTED`
    labelled rows in any of them.

    Args:
        case: the rows.
        fault: which.
        rows: the affected rows of the period.
    """
    import numpy as np

    bad = badness_of(case, case.current, None)
    known = np.isfinite(bad)
    own, others = rows & known, ~rows & known
    if min(own.sum(), others.sum()) < LEAST_AFFECTED:
        return None
    part = case.current.filter(known)
    weights = _like(case, part, rows[known])
    if weights is None:
        return None
    own = rows[known]
    value, drawn, n, basis = _contrast(case, part, bad[known], own, weights)
    share = float(rows.mean())
    if fault.segment is not None:
        clean = usual_rows(case, fault)
        usual_bad = badness_of(case, clean, None)
        usual_known = np.isfinite(usual_bad)
        segment = _of_segment(clean, fault) & usual_known
        rest = usual_known & ~segment
        if min(segment.sum(), rest.sum()) < LEAST_AFFECTED:
            return None
        plain = np.where(rest, 1.0, 0.0)[usual_known]
        before = _contrast(
            case, clean.filter(usual_known), usual_bad[usual_known], segment[usual_known], plain
        )  # fmt: skip
        value, drawn = value - before[0], drawn - np.roll(before[1], 1)
    return Resampled(share * value, share * drawn, n, basis)


def _of_segment(frame: pl.DataFrame, fault: Fault) -> NDArray[Any]:
    from dataclasses import replace

    return in_scope(frame, replace(fault, since=None, until=None))


def _like(case: Case, part: pl.DataFrame, own: NDArray[Any]) -> NDArray[Any] | None:
    """Weights that spread the other rows over buckets as the affected ones are; None without any."""
    import numpy as np

    seconds = part["wb_timestamp"].dt.epoch("us").to_numpy() / 1e6
    _, at = np.unique(np.floor(seconds / case.bucket.total_seconds()), return_inverse=True)
    mine, theirs = (
        np.bincount(at[own], minlength=at.max() + 1),
        np.bincount(at[~own], minlength=at.max() + 1),
    )
    ratio = np.where(theirs > 0, mine / np.maximum(theirs, 1), 0.0)
    weights = np.where(own, 0.0, ratio[at])
    return weights if weights.sum() > 0 else None


def _contrast(
    case: Case, part: pl.DataFrame, bad: NDArray[Any], own: NDArray[Any], weights: NDArray[Any]
) -> tuple[float, NDArray[Any], int, str]:
    """(rate of own rows minus weighted rate of others, its draws, rows, what was drawn)."""
    import numpy as np

    blocks, basis = blocks_of(part, case.card.columns.entity)
    table = np.stack([own * bad, own, weights * bad, weights], axis=1).astype(float)
    total = table.sum(axis=0)
    sums = resampled_sums(table, blocks, case.seed)
    value = float(total[0] / total[1] - total[2] / total[3])
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = sums[:, 0] / sums[:, 1] - sums[:, 2] / sums[:, 3]
    return value, np.where(np.isfinite(drawn), drawn, value), part.height, basis
