"""Would retraining help? A challenger trained on older labels of the incident, judged on the newest."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.blocks import DRAWS, blocks_of
from workbench.triage.attainable import Attainable, measure_attainable
from workbench.triage.challengers import Choice, choose_challenger, trained_table, training_rows
from workbench.triage.control import Control, measure_control
from workbench.triage.figures import Figure, figure, mean_figures, ratio
from workbench.triage.no_harm import SegmentGain, segment_gains
from workbench.triage.refitting import fitted, labelled_rows, losses, outputs_of
from workbench.triage.tolerated import Tolerated, tolerated
from workbench.triage.walk_forward import WindowGain, walk_forward
from workbench.triage.windows import Windows, split_windows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.case import Case, Scorer


@dataclass(frozen=True)
class Backtest:
    """What retraining would have gained on the newest labels. Rates are bad rates."""

    skipped: str | None = None
    kind: str = "incident"
    """Which rows the challenger learned from, one of `challengers.KINDS`."""
    trained: int = 0
    """Rows of the incident that it learned from."""
    champion: Figure | None = None
    challenger: Figure | None = None
    gain: Figure | None = None
    """champion - challenger, paired."""
    usual: Tolerated | None = None
    """The reference's rate, and the smallest rise that matters."""
    target: float | None = None
    """The larger of the reference's rate and the attainable one on the judged rows."""
    recovery: Figure | None = None
    """gain / (champion - target)."""
    recovery_reason: str | None = None
    """Why it is undefined."""
    recovery_of_rise: Figure | None = None
    """gain / (champion - reference)."""
    recovery_of_rise_reason: str | None = None
    control: Control | None = None
    gain_over_control: Figure | None = None
    """gain - the larger of 0 and the control's."""
    segments: tuple[SegmentGain, ...] = ()
    """The worst first."""
    forgetting: Figure | None = None
    """challenger - champion on the reference."""
    windows_won: tuple[WindowGain, ...] = ()
    """The first is the one that the challenger was chosen on."""
    recipe_against_champion: Figure | None = None
    """Recipe fitted to the training table - champion, on the reference; None without the table."""
    is_comparable: bool | None = None
    """Whether the recipe makes a model as good as the champion; None: not known."""
    notes: tuple[str, ...] = ()
    choice: Choice | None = field(default=None, repr=False, compare=False)
    windows: Windows | None = field(default=None, repr=False, compare=False)
    model: Scorer | None = field(default=None, repr=False, compare=False)
    """The challenger."""
    learned: pl.DataFrame | None = field(default=None, repr=False, compare=False)
    """What it was fitted to."""
    champion_losses: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """Of the judged rows."""
    challenger_losses: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    blocks: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    basis: str = "rows"

    @property
    def harmed(self) -> tuple[SegmentGain, ...]:
        """Segments in which the challenger is surely worse."""
        return tuple(segment for segment in self.segments if segment.is_harmed)

    @property
    def errors(self) -> float:
        """How many wrong predictions of the champion judge: (sum of badness)^2 / sum of its squares.

        Costs that differ make fewer of them than rows; infinite where nothing was judged.
        """
        bad = self.champion_losses
        if bad is None:
            return math.inf
        squares = float((bad**2).sum())
        return float(bad.sum()) ** 2 / squares if squares > 0 else 0.0

    @property
    def shortfall(self) -> float:
        """What a challenger of as few rows loses to the champion where nothing had happened; 0 or more.

        The attainable rate is too high by about as much, and the excess too small: there is surely
        no excess only where its upper end with the shortfall added is small.
        """
        splits = self.control.splits if self.control else ()
        return max(-splits[-1], 0.0) if splits else 0.0

    @property
    def share_won(self) -> float | None:
        """Of the windows of the walk forward, the share in which the challenger was better."""
        won = [window.gain > 0 for window in self.windows_won]
        return sum(won) / len(won) if won else None

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        from workbench.triage.backtest_words import backtest_evidence

        return backtest_evidence(self)


def measure_backtest(
    case: Case,
    windows: Windows | None = None,
    choice: Choice | None = None,
    attainable: Attainable | None = None,
) -> Backtest:
    """Trains on the older labels of the incident and judges once on the newest.

    Args:
        case: the case, with broken rows repaired or left out.
        windows: `split_windows(case)`, where it is at hand.
        choice: `choose_challenger(case, windows)`, likewise.
        attainable: `measure_attainable(case, windows, choice)`, likewise.
    """
    windows = windows or split_windows(case)
    fit = case.models.fit
    if windows.skipped or fit is None:
        return Backtest(windows.skipped or case.models.why_not("fit"), windows=windows)
    choice = choice or choose_challenger(case, windows)
    attainable = attainable or measure_attainable(case, windows, choice)
    names = case.feature_names
    recent, judged = windows.rows.filter(windows.train), windows.rows.filter(windows.judge)
    learned = training_rows(case, choice.kind, recent, choice.old)
    usual = tolerated(case)
    table = trained_table(case) if usual is not None else None
    model, *recipe = case.models.each(
        fitted,
        [(fit, rows, names, case.seed) for rows in (learned, table) if rows is not None],
    )
    if isinstance(model, str):
        return Backtest(model, choice.kind, windows=windows, choice=choice)
    own = judged["wb_bad"].to_numpy()
    new = losses(outputs_of(model, judged, names), judged, case.rules)
    blocks, basis = blocks_of(judged, case.card.columns.entity)
    columns = [own, new, own - new]
    if attainable.losses is not None:
        columns.append(attainable.losses[windows.judge])
    champion, challenger, gain, *rest = mean_figures(columns, blocks, basis, case.seed)
    towards = _recovery(champion, gain, usual, rest[0] if rest else None)
    control = measure_control(case, windows, choice, DRAWS)
    segments = segment_gains(case, judged, own - new, usual.floor / 2 if usual else 0.0)
    against = _recipe_against_champion(case, usual, recipe[0] if recipe else None)
    return Backtest(
        None, choice.kind, recent.height, champion, challenger, gain, usual, *towards, control,
        _over(gain, control), segments, _on_reference(case, model),
        walk_forward(case, windows, choice, own - new), *against, windows.notes, choice, windows,
        model, learned, own, new, blocks, basis,
    )  # fmt: skip


_Recovery = tuple[float | None, Figure | None, str | None, Figure | None, str | None]


def _recovery(
    champion: Figure, gain: Figure, usual: Tolerated | None, attained: Figure | None
) -> _Recovery:
    """The target, and the share of the way to it (and to the reference) that the gain goes."""
    import numpy as np

    if usual is None:
        reason = "the reference has no labels"
        if attained is None:
            return None, None, reason, None, reason
        target, drawn = attained.value, attained.draws
    else:
        target, drawn = usual.reference.value, usual.reference.draws
        if attained is not None and attained.draws is not None and drawn is not None:
            target, drawn = max(target, attained.value), np.maximum(drawn, attained.draws)
    lost = _distance(champion, target, drawn)
    towards = ratio(gain, lost, "the champion is not surely above what is attainable")
    if usual is None:
        return target, *towards, None, "the reference has no labels"
    rise = _distance(champion, usual.reference.value, usual.reference.draws)
    return target, *towards, *ratio(gain, rise, "no established rise over the reference")


def _distance(champion: Figure, target: float, drawn: NDArray[Any] | None) -> Figure:
    """How far the champion's rate is above a target."""
    moved = champion.draws - drawn if champion.draws is not None and drawn is not None else None
    if moved is None:
        raise ValueError("a figure without draws")
    return figure(champion.value - target, moved, champion.n, champion.basis)


def _over(gain: Figure, control: Control) -> Figure | None:
    """What is gained beyond what any retraining would gain; a loss there is no credit here."""
    import numpy as np

    usual = control.gain
    if usual is None or usual.draws is None or gain.draws is None:
        return None
    moved = gain.draws - np.maximum(usual.draws, 0.0)
    return figure(gain.value - max(usual.value, 0.0), moved, gain.n, gain.basis)


def _on_reference(case: Case, model: Scorer) -> Figure | None:
    """The model's bad rate minus the champion's, paired, on the labelled reference."""
    rows = labelled_rows(case.reference, case.feature_names)
    if not rows.height:
        return None
    bad = losses(outputs_of(model, rows, case.feature_names), rows, case.rules)
    blocks, basis = blocks_of(rows, case.card.columns.entity)
    (found,) = mean_figures([bad - rows["wb_bad"].to_numpy()], blocks, basis, case.seed + 1)
    return found


def _recipe_against_champion(
    case: Case, usual: Tolerated | None, model: Scorer | str | None
) -> tuple[Figure | None, bool | None]:
    """Whether the recipe, fitted to the training table (`model`), is as good as the champion.

    It is if its bad rate on the reference is not surely higher by more than half the smallest
    rise that matters.
    """
    if usual is None or model is None or isinstance(model, str):
        return None, None
    found = _on_reference(case, model)
    return found, None if found is None else found.low <= usual.floor / 2
