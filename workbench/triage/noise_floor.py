"""How bad would even a model be that knew every probability? The noise of what is predicted.

With calibrated probabilities c, cross-fitted, the best class is wrong in mean min(c, 1 - c) of
the rows. If that has risen by as much as the bad rate, the inputs tell less than they did:
a column is missing, a signal was lost, or labels are noisier. No retraining undoes that.

A cross-fit of few rows has worse probabilities than the champion, and so a larger floor; what
the control retraining lost to the champion before the incident, and what the learning curve
says is still to be learned, are taken off the rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.blocks import blocks_of
from workbench.triage.attainable import Attainable
from workbench.triage.figures import Figure, figure, mean_figures
from workbench.triage.refitting import labelled_rows
from workbench.triage.windows import Windows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.backtest import Backtest
    from workbench.triage.case import Case
    from workbench.triage.learning_curve import LearningCurve

_Noise = tuple["NDArray[Any]", "NDArray[Any]"]
_FOLDS = 2
_LEAST = 100


@dataclass(frozen=True)
class NoiseFloor:
    """The bad rate that the inputs leave, in the incident and on the reference."""

    skipped: str | None = None
    current: Figure | None = None
    reference: Figure | None = None
    """None where the reference has no scores or labels."""
    rise: Figure | None = None
    """current - reference - what a control retraining loses to the champion - what is still to learn."""
    smallest: float | None = None
    """The smallest rise that matters."""

    @property
    def is_risen(self) -> bool:
        """Whether it has surely risen by more than the smallest rise that matters."""
        return self.rise is not None and self.rise.low > (self.smallest or 0.0)

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        step, name = "remaining", "noise floor"
        if self.skipped or self.current is None:
            return (Evidence(step, name, None, self.skipped or "not measured"),)
        said = [
            self.current.evidence(
                step,
                name,
                "what a model of this recipe that knew every probability would get wrong",
            )
        ]
        if self.rise is not None:
            reading = (
                "the cases are harder or the inputs tell less than they did: no retraining undoes that"
                if self.rise.low > 0
                else "the inputs tell as much as they did"
            )
            supports = "redesign" if self.rise.low > 0 else None
            said.append(self.rise.evidence(step, "rise of the noise floor", reading, 0.0, supports))
        return tuple(said)


def measure_noise_floor(
    case: Case,
    windows: Windows,
    attainable: Attainable,
    backtest: Backtest,
    curve: LearningCurve | None = None,
) -> NoiseFloor:
    """The noise floor of the incident from the cross-fitted scores, of the reference from the champion's.

    For the rule `cost` a row's noise is min(c cost_false_negative, (1 - c) cost_false_positive) /
    the larger cost; for several classes 1 - the largest probability. The scores are calibrated
    by an isotonic fit (of the largest probability, for several classes) in two halves, each on
    the other. The interval is that of the errors which the calibrated probabilities make, around
    the floor: they are as uncertain as the labels. A regression has none: its floor is the attainable rate itself.
    """
    import numpy as np

    rule = case.rules.rule
    if attainable.skipped or attainable.outputs is None:
        return NoiseFloor(attainable.skipped or "no cross-fitted scores")
    if rule not in {"mismatch", "cost"}:
        reason = (
            f"with the rule {rule} the noise of a prediction has no figure of its own"
            if case.rules.is_classification
            else "a regression's noise floor is its attainable bad rate"
        )
        return NoiseFloor(reason)
    outputs = attainable.outputs
    now = _noise(case, outputs, windows.rows["wb_label"])
    if now is None:
        return NoiseFloor("the recipe gives no probabilities")
    current = _figure(case, windows.rows, now, case.seed)
    rows = labelled_rows(case.reference, case.feature_names)
    then = _noise(case, rows, rows["wb_label"]) if rows.height else None
    if then is None:
        return NoiseFloor(None, current)
    reference = _figure(case, rows, then, case.seed + 1)
    drawn = np.asarray(current.draws) - np.asarray(reference.draws)
    value = current.value - reference.value
    # The last split learned from the most rows, as the cross-fit does.
    control = backtest.control.splits if backtest.control else ()
    lost = min(control[-1], 0.0) if control else 0.0
    if curve is not None and curve.floor is not None:
        lost -= max(curve.points[-1].bad_rate - curve.floor.value, 0.0)
    value, drawn = value + lost, drawn + lost
    rise = figure(value, drawn, current.n, current.basis)
    smallest = backtest.usual.floor if backtest.usual else None
    return NoiseFloor(None, current, reference, rise, smallest)


def _figure(case: Case, rows: pl.DataFrame, noise: _Noise, seed: int) -> Figure:
    import numpy as np

    blocks, basis = blocks_of(rows, case.card.columns.entity)
    expected, seen = mean_figures(list(noise), blocks, basis, seed)
    drawn = np.asarray(seen.draws) - seen.value + expected.value
    return figure(expected.value, drawn, seen.n, basis)


def _noise(case: Case, outputs: pl.DataFrame, label: pl.Series) -> _Noise | None:
    """The expected and the seen badness of the best prediction of each row; None without probabilities."""
    import numpy as np
    import polars as pl

    rules = case.rules
    if "wb_score" in outputs.columns:
        score = outputs["wb_score"].cast(pl.Float64).to_numpy()
        hit = (label.cast(pl.String) == rules.positive_class).to_numpy()
        c = _calibrated(score, hit)
        if c is None:
            return None
        if rules.rule == "cost":
            largest = max(rules.cost_false_positive, rules.cost_false_negative) or 1.0
            miss, alarm = c * rules.cost_false_negative, (1 - c) * rules.cost_false_positive
            seen = np.where(
                miss > alarm, ~hit * rules.cost_false_positive, hit * rules.cost_false_negative
            )
            return np.minimum(miss, alarm) / largest, seen / largest
        return np.minimum(c, 1 - c), np.where(c > 0.5, ~hit, hit).astype(float)
    names = sorted(name for name in outputs.columns if name.startswith("score_"))
    if not names or rules.rule == "cost":
        return None
    table = outputs.select(names).cast(pl.Float64).to_numpy()
    table = np.nan_to_num(table)
    classes = np.array([name.removeprefix("score_") for name in names])
    said = classes[table.argmax(axis=1)]
    hit = np.asarray(label.cast(pl.String).to_numpy() == said)
    c = _calibrated(table.max(axis=1), hit)
    return None if c is None else (1 - c, (~hit).astype(float))


def _calibrated(score: NDArray[Any], hit: NDArray[Any]) -> NDArray[Any] | None:
    """The probability of a hit at each score, from an isotonic fit on the other half of the rows."""
    import numpy as np
    from sklearn.isotonic import IsotonicRegression

    if len(score) < _LEAST or not np.isfinite(score).all():
        return None
    half = np.arange(len(score)) % _FOLDS
    found = np.empty(len(score))
    for number in range(_FOLDS):
        own = half == number
        model = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip")
        model.fit(score[~own], hit[~own].astype(float))
        found[own] = model.predict(score[own])
    return found
