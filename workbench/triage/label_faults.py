"""Are the labels what they were? Another definition, another unit, other rows', or only some of them.

Harm that labels show is no harm of the model's where the labels are wrong. Two faults of labels can
be proven by undoing them: exchanged classes and another unit; a third by moving them (`label_join`).
A definition that changed looks like a world that changed in one direction: it is told apart only as
far as scores stayed as they were, no group of them moved the other way, and of rows that scored
alike none moved more than others for their inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workbench.domain.fault import Fault
from workbench.domain.names import shown
from workbench.domain.verdict import Cause, Evidence
from workbench.performance.badness import badness
from workbench.performance.blocks import Resampled
from workbench.triage.case import Case
from workbench.triage.confined import is_hidden
from workbench.triage.effects import Effect, called, cause_of
from workbench.triage.label_alike import (
    OPEN,
    UNALIKE,
    chance_of_alike,
    is_calm,
    is_one_sided,
)
from workbench.triage.label_classes import other_names, since_exchanged
from workbench.triage.label_expected import is_as_expected
from workbench.triage.label_join import JoinShift, label_join
from workbench.triage.label_mirror import mirror_point
from workbench.triage.ranking import ranking_of
from workbench.triage.rescoring import (
    badness_of,
    floor_of,
    ordered,
    reference_rate,
    rise_of,
    sampled,
)
from workbench.triage.undoing import in_scope

if TYPE_CHECKING:
    import polars as pl

KINDS = ("label_definition", "label_coverage", "label_delay_change")
_LEAST_LABELS = 100
_MOST_NAMED = 6
_STEP = "label_faults"


@dataclass(frozen=True)
class LabelFault:
    """One fault of the labels."""

    fault: Fault
    how: str
    """`exchanged`, `unit`, `join`, `definition`, `coverage` or `delay`."""
    effect: Effect | None = None
    """What it adds to the bad rate as it is measured."""
    is_proven: bool = False
    """Undoing it gives the reference's rate back."""
    is_one_sided: bool | None = None
    """No group of scores moved against the rest; None where that cannot be told."""
    is_calm: bool | None = None
    """Scores are spread as in the reference, though labels are not."""
    alike: float | None = None
    """The chance that labels moved for all inputs alike; None where that cannot be told."""
    words: Evidence | None = None

    @property
    def is_harmful(self) -> bool | None:
        """Whether the measured rate is up by it; None where that cannot be told."""
        return None if self.effect is None else self.effect.is_harmful

    @property
    def decides(self) -> bool:
        """Whether the labels must be mended before the model is judged by them."""
        if self.how in ("coverage", "delay") or self.is_harmful is False:
            return False
        if self.is_proven:
            return True
        return self._is_like_a_definition and (self.alike is None or self.alike >= OPEN)

    @property
    def is_open(self) -> bool:
        """Whether it may be another definition, or a world that changed for some inputs."""
        return (
            self._is_like_a_definition and self.alike is not None and UNALIKE <= self.alike < OPEN
        )

    @property
    def _is_like_a_definition(self) -> bool:
        sure = self.is_one_sided is not False and self.is_calm is True
        return self.how == "definition" and sure and bool(self.is_harmful)


@dataclass(frozen=True)
class LabelFaults:
    """All faults of the labels."""

    skipped: str | None = None
    faults: tuple[LabelFault, ...] = ()
    join: JoinShift | None = None
    named: tuple[Cause, ...] = ()

    @property
    def decides(self) -> bool:
        """Whether no step that rests on labels may set the verdict."""
        return any(f.decides for f in self.faults)

    @property
    def is_open(self) -> bool:
        """Whether it cannot be told from a changed world that the labels mean something else."""
        return not self.decides and any(f.is_open for f in self.faults)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the labelled rows may not stand for all, in words."""
        return tuple(
            f.fault.detail for f in self.faults if f.how in ("coverage", "delay") and f.fault.status != "ok"
        )  # fmt: skip

    @property
    def cannot_distinguish(self) -> tuple[str, ...]:
        """What has the same law as a fault that was found, in words."""
        if any(f.how == "definition" and f.decides for f in self.faults):
            return (
                "another definition of the label, and an outcome that became more (or less) frequent for all alike",
            )
        if self.is_open:
            return ("another definition of the label, and a meaning that changed for some inputs",)
        if any(f.how == "exchanged" for f in self.faults):
            return ("exchanged labels, and a concept that turned round",)
        return ()

    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in an operator's words."""
        if self.skipped is not None:
            return (
                Evidence(
                    _STEP, "label_faults", None, f"Labels were not looked at: {self.skipped}."
                ),
            )
        return tuple(f.words for f in self.faults if f.words is not None)

    def causes(self) -> tuple[Cause, ...]:
        """The faults that decide, as causes."""
        return self.named


def measure_label_faults(case: Case) -> LabelFaults:
    """The faults of the labels, with what they add to the bad rate where that can be measured."""
    case = ordered(case)
    listed = [f for f in case.faults if f.kind in KINDS]
    labelled = (
        int(case.current["wb_label"].is_not_null().sum())
        if "wb_label" in case.current.columns
        else 0
    )
    found = [_looked_at(case, fault) for fault in listed]
    join = label_join(case) if labelled >= _LEAST_LABELS else None
    if join is not None:
        # Labels of other rows look like another definition, or like exchanged ones.
        found = [f for f in found if f.how in ("coverage", "delay")]
        found.insert(0, _of_join(case, join))
    renamed = None
    if join is None and labelled >= _LEAST_LABELS:
        renamed = _renamed(case) if case.rules.is_classification else _mirrored(case)
    found = [renamed, *found] if renamed is not None else found
    if not found and labelled < _LEAST_LABELS:
        return LabelFaults(skipped=f"fewer than {_LEAST_LABELS} labels")
    named = tuple(cause_of(case, f.fault, f.effect, "label") for f in found if f.decides)
    return LabelFaults(None, tuple(found), join, named)


def _looked_at(case: Case, fault: Fault) -> LabelFault:
    if fault.kind != "label_definition":
        how = "coverage" if fault.kind == "label_coverage" else "delay"
        words = Evidence(
            _STEP, fault.kind, fault.share,
            f"{called(case, fault)}: {fault.detail}; labelled rows may not stand for all.",
            supports="wait" if fault.status != "ok" else None,
        )  # fmt: skip
        return LabelFault(fault, how, words=words)
    if fault.transform is not None and not case.rules.is_classification:
        return _of_unit(case, fault)
    exchanged = _exchanged(case, fault)
    if exchanged is not None:
        return exchanged
    found = _of_definition(case, fault)
    # Where the decision keeps labels from coming, rows of one side alone have them: that none moved
    # the other way says nothing.
    return (
        replace(found, is_one_sided=None, is_calm=None) if case.card.labels.censored_by else found
    )


def _of_unit(case: Case, fault: Fault) -> LabelFault:
    """The label in another unit: undone, and the badness taken anew."""
    import numpy as np
    import polars as pl

    from workbench.triage.undoing import undone

    rows = in_scope(case.current, fault) & case.current["wb_label"].is_not_null().to_numpy()
    as_column = replace(fault, column="wb_label")
    clean = undone(
        case.current.with_columns(pl.col("wb_label").cast(pl.Float64)),
        as_column,
        case.reference,
        rows,
    )
    rows = since_exchanged(case.current, clean["wb_label"], rows)
    mended = case.current["wb_label"].cast(pl.Float64).zip_with(pl.Series(~rows), clean["wb_label"])
    change = badness_of(case, case.current, None) - badness(
        case.rules, clean["wb_prediction"], mended
    )
    if not np.isfinite(change).any():
        return LabelFault(
            fault, "unit", words=_words(case, fault, None, "there are no labels", None)
        )
    effect = _effect(case, sampled(case, change, case.current))
    reading = f"in the old unit the bad rate falls by {100 * effect.amount.value:.1f} points"
    return LabelFault(
        fault, "unit", effect, bool(effect.is_harmful), words=_words(case, fault, effect, reading, "fix_upstream")
    )  # fmt: skip


def _exchanged(case: Case, fault: Fault) -> LabelFault | None:
    """Exchanged classes: the ranking is turned round, and exchanging them back gives the reference's rate."""
    import polars as pl

    if case.rules.task != "binary":
        return None
    rows = in_scope(case.current, fault)
    now, usual = ranking_of(case, case.current.filter(rows)), ranking_of(case, case.reference)
    if now is None or usual is None or now.high >= 0 or usual.low <= 0:
        return None
    positive, negative = case.rules.positive_class, case.rules.negative_class
    label = case.current["wb_label"].cast(pl.String)
    return _of_exchange(case, fault, label.replace([positive, negative], [negative, positive]))


def _renamed(case: Case) -> LabelFault | None:
    """Three or more classes under one another's names; None unless naming them back proves it."""
    import polars as pl

    if case.rules.task != "multiclass" or "wb_label" not in case.current.columns:
        return None
    names = other_names(case)
    if names is None:
        return None
    moved = [f"{shown(a, 20)} is {shown(b, 20)}" for a, b in names.items() if a != b]
    is_told = len(moved) <= _MOST_NAMED and not is_hidden(case, case.card.columns.label)
    fault = Fault(
        "", "label_definition", "critical", case.onset, 1.0, "classes under one another's names",
        repair="give the labels their own names" + (f": {', '.join(moved)}" if is_told else ""),
    )  # fmt: skip
    label = case.current["wb_label"].cast(pl.String)
    found = _of_exchange(case, fault, label.replace(list(names), list(names.values())))
    return found if found.is_proven else None


def _mirrored(case: Case) -> LabelFault | None:
    """Numbers that run the other way round; None unless turning them back proves it."""
    import polars as pl

    point = mirror_point(case)
    if point is None:
        return None
    fault = Fault(
        "", "label_definition", "critical", case.onset, 1.0, "high where they used to be low",
        repair=f"turn the labels back: {point:.4g} less the label",
    )  # fmt: skip
    found = _of_exchange(case, fault, point - case.current["wb_label"].cast(pl.Float64))
    return found if found.is_proven else None


def _of_exchange(case: Case, fault: Fault, turned: pl.Series) -> LabelFault:
    """Labels that are exchanged, and the proof: with these ones all is as in the reference.

    The image must be exact: a concept that turned round leaves something.
    """
    import numpy as np
    import polars as pl

    rows = since_exchanged(case.current, turned, in_scope(case.current, fault))
    label = case.current["wb_label"].cast(turned.dtype)
    mended = label.zip_with(pl.Series(~rows), turned)
    before = badness_of(case, case.current, None)
    after = badness(case.rules, case.current["wb_prediction"], mended)
    effect = _effect(case, sampled(case, before - after, case.current))
    left = sampled(case, np.where(rows, after, np.nan), case.current)
    usual_bad = sampled(case, badness_of(case, case.reference, None), case.reference)
    part = case.current.with_columns(mended.alias("wb_label")).filter(pl.Series(rows))
    now, usual = ranking_of(case, part), ranking_of(case, case.reference)
    is_exact = now is not None and usual is not None and _is_near(now, usual)
    is_exact = is_exact and _is_near(left, usual_bad)
    is_exact = is_exact and is_as_expected(case, mended, rows) is not False
    reading = (
        f"outputs run against the labels; with these turned back {left.value:.1%} are bad, "
        f"in the reference {reference_rate(case) or 0.0:.1%}"
    )
    words = _words(
        case, fault, effect, reading, "fix_upstream" if is_exact and effect.is_harmful else None
    )
    return LabelFault(fault, "exchanged", effect, is_exact and bool(effect.is_harmful), words=words)


def _of_definition(case: Case, fault: Fault) -> LabelFault:
    """Another definition: the rise as it is, and whether scores are calm and all groups moved one way."""
    rise = rise_of(case)
    effect = None
    if rise is not None:
        effect = _effect(case, Resampled(rise.value, rise.draws, rise.n, "rows"))
    rows = in_scope(case.current, fault)
    one_sided, calm = is_one_sided(case, rows), is_calm(case)
    alike = chance_of_alike(case, rows)
    parts = [fault.detail]
    if one_sided is False:
        parts.append(
            "some scores gained what others lost, as a changed world does, not a definition"
        )
    if calm is False:
        parts.append("the scores moved as well, as they do when the world changes")
    if alike is not None and alike < OPEN:
        sure = "moved" if alike < UNALIKE else "may have moved"
        parts.append(
            f"labels {sure} for some inputs and not for others that scored alike, as a changed world does"
        )
    found = LabelFault(fault, "definition", effect, False, one_sided, calm, alike)
    words = _words(case, fault, effect, "; ".join(parts), "fix_upstream" if found.decides else None)
    return replace(found, words=words)


def _of_join(case: Case, join: JoinShift) -> LabelFault:
    where = {"time": "of time", "id": "of ids", "entity": "of time within each entity"}[join.order]
    rows = "1 row" if abs(join.rows) == 1 else f"{abs(join.rows)} rows"
    side = "further on" if join.rows > 0 else "further back"
    fault = Fault(
        "", "label_definition", "critical", join.since or case.onset, 1.0,
        f"each row has the label of another: its own stands {rows} {side} in the order {where}",
        repair=f"join the labels anew; they are off by {rows}",
    )  # fmt: skip
    effect = _effect(case, join.fall)
    proven = join.is_restored and effect.is_harmful is not False
    reading = (
        f"{fault.detail}; outputs and labels correlate by {join.agreement:.2f}, moved by {join.restored:.2f}, "
        f"in the reference by {join.reference:.2f}"
    )
    words = _words(case, fault, effect, reading, "fix_upstream" if proven else None)
    return LabelFault(fault, "join", effect, proven, words=words)


def _effect(case: Case, amount: Resampled) -> Effect:
    rise = rise_of(case)
    return Effect(
        amount, "labels", floor_of(case), None if rise is None else rise.draws, None if rise is None else rise.value
    )  # fmt: skip


def _words(
    case: Case, fault: Fault, effect: Effect | None, reading: str, supports: str | None
) -> Evidence:
    text = f"{called(case, fault)}: {reading}."
    if effect is None:
        return Evidence(_STEP, fault.kind, None, text)
    amount = effect.amount
    return Evidence(
        _STEP, fault.kind, amount.value, text, amount.low, amount.high, amount.n, effect.floor,
        supports=supports, against="retrain" if supports is not None else None,
    )  # fmt: skip


def _is_near(one: Resampled, other: Resampled) -> bool:
    """Whether two figures differ by no more than chance, 99 %."""
    import numpy as np

    error = float(np.hypot(np.std(one.draws), np.std(other.draws)))
    return abs(one.value - other.value) <= 2.6 * error
