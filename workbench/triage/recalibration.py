"""Would moving the threshold, the priors or an offset do, instead of training anew?

Fitted to the older labels of the incident, chosen on labels in between, judged once on the newest:
the same rows that judge a retraining, drawn again in the same way, so that the two gains may be
subtracted draw by draw.

It only counts once faults are mended: a moved threshold alone "restores" 80 % of the harm of a
unit fault (measured), and is wrong as soon as the unit is put right.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.badness import badness
from workbench.performance.blocks import blocks_of
from workbench.triage.case import Case
from workbench.triage.figures import Figure, figure, mean_figures, ratio
from workbench.triage.label_shift import LabelShift, measure_label_shift
from workbench.triage.no_harm import SegmentGain, segment_gains
from workbench.triage.refitting import labelled_rows
from workbench.triage.remedies import remedies
from workbench.triage.remedy import Lessons
from workbench.triage.tolerated import Tolerated, tolerated
from workbench.triage.windows import TRAINED, Windows, split_windows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.attainable import Attainable

LEAST_CONTROL = 200
"""Labelled rows of the time before that a control needs."""
_CONTROL_TRAINED = 0.6


@dataclass(frozen=True)
class Tried:
    """A remedy on the labels in between, where one is chosen."""

    kind: str
    gain: float
    """Bad rate as logged minus with the remedy."""


@dataclass(frozen=True)
class Recalibration:
    """What a change of the outputs alone would have gained on the newest labels. Rates are bad rates."""

    skipped: str | None = None
    kind: str | None = None
    """`prior`, `threshold`, `calibration`, `offset` or `scale`."""
    says: str = ""
    """What to change, in words."""
    values: tuple[tuple[str, float], ...] = ()
    """The new threshold, prior, offset and the like, by name."""
    champion: Figure | None = None
    corrected: Figure | None = None
    gain: Figure | None = None
    """champion - corrected, paired."""
    usual: Tolerated | None = None
    """The reference's rate, and the smallest rise that matters."""
    target: float | None = None
    """The larger of the reference's rate and the attainable one, where that was given."""
    is_attainable: bool = False
    """Whether the target is known to be attainable; the reference's rate alone may not be any more."""
    recovery: Figure | None = None
    """gain / (champion - target)."""
    recovery_reason: str | None = None
    """Why it is undefined."""
    recovery_of_rise: Figure | None = None
    """gain / (champion - reference)."""
    recovery_of_rise_reason: str | None = None
    control: Figure | None = None
    """What the same kind of change gains in the time before, where nothing had happened."""
    gain_over_control: Figure | None = None
    """gain - the larger of 0 and the control's."""
    segments: tuple[SegmentGain, ...] = ()
    """The worst first."""
    positive: tuple[float, float] | None = None
    """Binary: the share predicted positive as logged, and with the remedy."""
    shift: LabelShift | None = None
    """The shares of the classes now; None for numbers."""
    trained: int = 0
    tried: tuple[Tried, ...] = ()
    missing: tuple[tuple[str, str], ...] = ()
    """Remedies that could not be made, each with the reason."""
    champion_losses: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """Of the judged rows."""
    corrected_losses: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    blocks: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    basis: str = "rows"

    @property
    def harmed(self) -> tuple[SegmentGain, ...]:
        """Segments in which the remedy is surely worse."""
        return tuple(segment for segment in self.segments if segment.is_harmed)

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        from workbench.triage.recalibration_words import recalibration_evidence

        return recalibration_evidence(self)


def measure_recalibration(
    case: Case, windows: Windows | None = None, attainable: Attainable | None = None
) -> Recalibration:
    """Fits each remedy to the older labels, chooses one on those in between, judges it on the newest.

    Args:
        case: the case, with broken rows repaired or left out.
        windows: `split_windows(case)`, where it is at hand.
        attainable: `measure_attainable(...)` for the same windows: its rate is then a part of the target.
    """
    windows = windows or split_windows(case)
    shift = measure_label_shift(case) if case.rules.is_classification else None
    if windows.skipped:
        return Recalibration(windows.skipped, shift=shift)
    base = labelled_rows(case.reference, case.feature_names)
    chosen, tried, missing = _chosen(case, windows, base)
    if chosen is None:
        reason = "; ".join(f"{kind}: {why}" for kind, why in missing)
        return Recalibration(f"nothing can be changed ({reason})", shift=shift, missing=missing)
    older, judged = windows.rows.filter(windows.train), windows.rows.filter(windows.judge)
    made, again = remedies(case, _lessons(case, windows, base, older, TRAINED), [chosen])
    if not made:
        return Recalibration(again[0][1], shift=shift, tried=tried, missing=again)
    remedy = made[0]
    own = judged["wb_bad"].to_numpy()
    said = remedy.predict(judged)
    new = _losses(case, judged, said)
    blocks, basis = blocks_of(judged, case.card.columns.entity)
    columns = [own, new, own - new]
    if attainable is not None and attainable.losses is not None:
        columns.append(attainable.losses[windows.judge])
    champion, corrected, gain, *rest = mean_figures(columns, blocks, basis, case.seed)
    usual = tolerated(case)
    target, back, why_not, of_rise, why_not_of_rise = _recovery(
        champion, gain, usual, rest[0] if rest else None
    )
    control = _control(case, windows, base, remedy.kind)
    return Recalibration(
        None, remedy.kind, remedy.says, remedy.values, champion, corrected, gain, usual, target,
        bool(rest), back, why_not, of_rise, why_not_of_rise, control, _over(gain, control),
        segment_gains(case, judged, own - new), _positive(case, judged, said), shift, older.height,
        tried, missing, own, new, blocks, basis,
    )  # fmt: skip


def _chosen(
    case: Case, windows: Windows, base: pl.DataFrame
) -> tuple[str | None, tuple[Tried, ...], tuple[tuple[str, str], ...]]:
    """The kind that is best on the last of the older parts, fitted to those before it.

    The simplest of those that are not worse than the best by more than a standard error.
    """
    import numpy as np

    part = TRAINED - 1
    learned = windows.rows.filter(windows.until(part))
    judged = windows.rows.filter(windows.part == part)
    made, missing = remedies(case, _lessons(case, windows, base, learned, part))
    if not made or not judged.height:
        return None, (), missing or (("any", "no rows to choose on"),)
    own = judged["wb_bad"].to_numpy()
    losses = [_losses(case, judged, remedy.predict(judged)) for remedy in made]
    means = [float(loss.mean()) for loss in losses]
    best = losses[int(np.argmin(means))]
    worse = [loss - best for loss in losses]
    simplest = next(
        remedy.kind
        for remedy, by in zip(made, worse, strict=True)
        if by.mean() <= by.std() / np.sqrt(len(by))
    )
    tried = tuple(
        Tried(one.kind, float(own.mean()) - mean) for one, mean in zip(made, means, strict=True)
    )
    return simplest, tried, missing


def _lessons(
    case: Case, windows: Windows, base: pl.DataFrame, labelled: pl.DataFrame, part: int
) -> Lessons:
    """What may be learned from when `part` is to be judged."""
    import polars as pl

    recent = case.current.filter(pl.col("wb_timestamp") < windows.cuts[part - 1])
    return Lessons(base, labelled, recent)


def _losses(case: Case, rows: pl.DataFrame, said: pl.Series) -> NDArray[Any]:
    """The badness of new predictions; as logged where there is no new one."""
    import numpy as np

    bad = badness(case.rules, said, rows["wb_label"])
    return np.where(np.isfinite(bad), bad, rows["wb_bad"].to_numpy())


def _recovery(
    champion: Figure, gain: Figure, usual: Tolerated | None, attained: Figure | None
) -> tuple[float | None, Figure | None, str | None, Figure | None, str | None]:
    """The target, and the share of the way to it, and to the reference, that the gain goes.

    The target; the recovery and why it is undefined; that of the rise and why likewise.
    """
    import numpy as np

    unknown = "the reference has no labels"
    goal = usual.reference if usual is not None else attained
    if goal is None or goal.draws is None:
        return None, None, unknown, None, unknown
    target, drawn = goal.value, goal.draws
    if attained is not None and attained.draws is not None:
        target, drawn = max(target, attained.value), np.maximum(drawn, attained.draws)
    towards = ratio(
        gain, _distance(champion, target, drawn), "the champion is not surely above the target"
    )
    if usual is None or usual.reference.draws is None:
        return target, *towards, None, unknown
    rise = _distance(champion, usual.reference.value, usual.reference.draws)
    return target, *towards, *ratio(gain, rise, "no established rise over the reference")


def _distance(champion: Figure, target: float, drawn: NDArray[Any]) -> Figure:
    moved = drawn * 0 + champion.value if champion.draws is None else champion.draws
    return figure(champion.value - target, moved - drawn, champion.n, champion.basis)


def _control(case: Case, windows: Windows, base: pl.DataFrame, kind: str) -> Figure | None:
    """The gain of the same kind of change, fitted and judged where nothing had happened."""
    rows = windows.before if windows.before.height >= LEAST_CONTROL else base
    if rows.height < LEAST_CONTROL:
        return None
    cut = int(rows.height * _CONTROL_TRAINED)
    older, judged = rows[:cut], rows[cut:]
    made, _ = remedies(case, Lessons(base if rows is not base else older, older, older), [kind])
    if not made:
        return None
    gain = judged["wb_bad"].to_numpy() - _losses(case, judged, made[0].predict(judged))
    blocks, basis = blocks_of(judged, case.card.columns.entity)
    return mean_figures([gain], blocks, basis, case.seed + 11)[0]


def _over(gain: Figure, control: Figure | None) -> Figure | None:
    """What is gained beyond what such a change always gains; a loss there is no credit here."""
    import numpy as np

    if control is None or control.draws is None or gain.draws is None:
        return None
    moved = gain.draws - np.maximum(control.draws, 0.0)
    return figure(gain.value - max(control.value, 0.0), moved, gain.n, gain.basis)


def _positive(case: Case, judged: pl.DataFrame, said: pl.Series) -> tuple[float, float] | None:
    """The share predicted positive as logged and anew, over rows with both."""
    if case.rules.task != "binary":
        return None
    known = said.is_not_null() & judged["wb_prediction"].is_not_null()
    if not known.any():
        return None
    before, after = (
        float((side.filter(known).cast(str) == case.rules.positive_class).mean() or 0.0)  # type: ignore[arg-type]
        for side in (judged["wb_prediction"], said)
    )
    return before, after
