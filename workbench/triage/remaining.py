"""What would remain after a retraining? The noise, the class of the model, and columns not used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.blocks import blocks_of
from workbench.triage.attainable import Attainable
from workbench.triage.backtest import Backtest
from workbench.triage.challengers import plain
from workbench.triage.figures import Figure, figure, mean_figures
from workbench.triage.noise_floor import NoiseFloor, measure_noise_floor
from workbench.triage.potential import rows_before
from workbench.triage.reading import Reading, read
from workbench.triage.refitting import (
    labelled_rows,
    losses,
    refitted_losses,
    refitted_outputs,
    thinned,
)
from workbench.triage.unused_columns import UnusedColumns, measure_unused

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.case import Case
    from workbench.triage.learning_curve import LearningCurve
    from workbench.triage.windows import Windows

MOST_STRONGER = 6_000
"""Rows of the fit of a stronger class, which is slow."""
MOST_BEFORE = 4_000
"""Rows of before the incident that it is judged on."""
_LEAST_BEFORE = 100


@dataclass(frozen=True)
class Remaining:
    """What retraining by the recipe leaves, and what would take it away."""

    skipped: str | None
    noise: NoiseFloor
    unused: UnusedColumns
    stronger: Figure | None = None
    """Bad rate of the recipe minus that of the stronger class, paired, same rows and features."""
    stronger_reason: str | None = None
    """Why there is none."""
    stronger_before: Figure | None = None
    """The same where nothing had happened; measured only where the gain may matter."""
    smallest: float = 0.0
    """The smallest gain that matters: the smallest rise that does."""
    constant: Figure | None = None
    """Bad rate of the best constant prediction, on the judged rows."""
    was_over_constant: bool | None = None
    """Whether the champion was better than a constant on the reference; None: not known."""
    champion_over_constant: Figure | None = None
    """constant - champion: below 0, the model is worse than no model."""
    challenger_over_constant: Figure | None = None
    constant_reason: str | None = None
    stronger_losses: NDArray[Any] | None = field(default=None, repr=False, compare=False)

    @property
    def stronger_over_usual(self) -> Figure | None:
        """The gain of the stronger class beyond what it gains where nothing had happened."""
        import numpy as np

        now, then = self.stronger, self.stronger_before
        if now is None or then is None or now.draws is None or then.draws is None:
            return now
        moved = now.draws - np.maximum(then.draws, 0.0)
        return figure(now.value - max(then.value, 0.0), moved, now.n, now.basis)

    def stronger_gain(self, draw: int | None = None) -> Reading | None:
        """`stronger_over_usual`, if it is as much as matters, and surely half of it; else None.

        A stronger class is a little better even where the recipe has the right form; what it gains
        where nothing had happened is no part of the incident.

        Args:
            draw: a number of a resampling; None: the figure as it is.
        """
        found = read(self.stronger_over_usual, draw)
        if found is None or found.value < self.smallest or found.low <= self.smallest / 2:
            return None
        return found

    @property
    def is_another_class_better(self) -> bool:
        """Whether the stronger class gains as much as matters."""
        return self.stronger_gain() is not None

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        step = "remaining"
        if self.skipped:
            return (Evidence(step, "what would remain", None, self.skipped),)
        said = [*self.noise.evidence()]
        name = "gain of a stronger model class"
        if self.stronger is None:
            said.append(Evidence(step, name, None, self.stronger_reason or "not measured"))
        else:
            reading = (
                "another class of model does better on the same rows and features"
                if self.is_another_class_better
                else "no stronger class of model does better on the same rows and features by as much "
                "as matters"
            )
            supports = "redesign" if self.is_another_class_better else None
            said.append(self.stronger.evidence(step, name, reading, self.smallest, supports))
            if self.stronger_before is not None:
                reading = "what it gains before the incident as well is no part of the rise"
                said.append(self.stronger_before.evidence(step, f"{name}, before", reading, 0.0))
        said += self.unused.evidence()
        said.append(self._constant())
        return tuple(said)

    def _constant(self) -> Evidence:
        step, name = "remaining", "gain over the best constant"
        own, new = self.champion_over_constant, self.challenger_over_constant
        if own is None or new is None:
            return Evidence(step, name, None, self.constant_reason or "not measured")
        if new.low <= 0:
            reading = "even a retrained model is not surely better than always saying the same"
            return new.evidence(
                step, name, reading, 0.0, "redesign" if self.was_over_constant else None
            )
        if own.low <= 0:
            reading = (
                "the champion is not surely better than always saying the same; a retrained one is"
            )
            return own.evidence(step, name, reading, 0.0)
        return own.evidence(step, name, "the champion is better than always saying the same", 0.0)


def measure_remaining(
    case: Case, attainable: Attainable, backtest: Backtest, curve: LearningCurve | None = None
) -> Remaining:
    """What is left of the bad rate whatever the recipe learns, and what else could lower it.

    Args:
        case: the case, with broken rows repaired or left out.
        attainable: its cross-fit.
        backtest: its windows and challenger.
        curve: its learning curve, where it was measured; without it the noise floor of few rows is
            too high.
    """
    windows = backtest.windows
    if windows is None or backtest.skipped or backtest.challenger_losses is None:
        reason = backtest.skipped or "there was no backtest"
        return Remaining(reason, NoiseFloor(reason), UnusedColumns(reason))
    noise = measure_noise_floor(case, windows, attainable, backtest, curve)
    unused = measure_unused(case, windows, attainable, backtest)
    judged = windows.rows.filter(windows.judge)
    smallest = backtest.usual.floor if backtest.usual else 0.0
    gain, why, own = _stronger(case, backtest, judged)
    before = None
    if gain is not None and gain.low > 0 and gain.value >= smallest / 2:
        before = _stronger_before(case, windows, backtest)
    return Remaining(
        None, noise, unused, gain, why, before, smallest, *_constants(case, backtest, judged), own
    )  # fmt: skip


def _stronger(
    case: Case, backtest: Backtest, judged: pl.DataFrame
) -> tuple[Figure | None, str | None, NDArray[Any] | None]:
    """The stronger class against the recipe, both on the challenger's rows.

    Where those are more than `MOST_STRONGER`, both are fitted to fewer.
    """
    strong, fit, names = case.models.stronger, case.models.fit, case.feature_names
    rows = backtest.learned
    if strong is None or fit is None or rows is None or backtest.blocks is None:
        return None, case.models.why_not("stronger"), None
    plain, fits = backtest.challenger_losses, [strong]
    if rows.height > MOST_STRONGER:
        rows, fits = thinned(rows, MOST_STRONGER), [strong, fit]
    asked = judged.select(*names)
    made, *same = case.models.each(
        refitted_outputs, [(one, rows, asked, names, case.seed) for one in fits]
    )
    if same and isinstance(same[0], str):
        return None, same[0], None
    if same:
        plain = losses(same[0], judged, case.rules)
    if isinstance(made, str) or plain is None:
        return None, str(made), None
    bad = losses(made, judged, case.rules)
    (gain,) = mean_figures([plain - bad], backtest.blocks, backtest.basis, case.seed)
    return gain, None, bad


def _stronger_before(case: Case, windows: Windows, backtest: Backtest) -> Figure | None:
    """The stronger class against the recipe on rows of before the incident, both on as many rows."""
    strong, fit, names = case.models.stronger, case.models.fit, case.feature_names
    rows = thinned(rows_before(case, windows), MOST_STRONGER + MOST_BEFORE)
    judged_from = rows.height * MOST_STRONGER // (MOST_STRONGER + MOST_BEFORE)
    many = min(backtest.learned.height if backtest.learned is not None else 0, MOST_STRONGER)
    learned, judged = thinned(rows[:judged_from], many), rows[judged_from:]
    if strong is None or fit is None or judged.height < _LEAST_BEFORE:
        return None
    bad = []
    for one in (fit, strong):
        lost = refitted_losses(one, plain(case, learned), judged, names, case.rules, case.seed)
        if isinstance(lost, str):
            return None
        bad.append(lost)
    blocks, basis = blocks_of(judged, case.card.columns.entity)
    return mean_figures([bad[0] - bad[1]], blocks, basis, case.seed + 19)[0]


_Constants = tuple[Figure | None, bool | None, Figure | None, Figure | None, str | None]


def _constants(case: Case, backtest: Backtest, judged: pl.DataFrame) -> _Constants:
    """The best constant of the training rows, and what champion and challenger gain over it."""
    windows, blocks = backtest.windows, backtest.blocks
    own, new = backtest.champion_losses, backtest.challenger_losses
    if windows is None or blocks is None or own is None or new is None:
        return None, None, None, None, "there was no backtest"
    if case.rules.rule in {"miss", "false_alarm"}:
        return None, None, None, None, f"with the rule {case.rules.rule} a constant is never bad"
    train = windows.rows.filter(windows.train)
    constant = _best_constant(case, train, judged)
    found = mean_figures(
        [constant, constant - own, constant - new], blocks, backtest.basis, case.seed
    )
    reference = labelled_rows(case.reference, case.feature_names)
    was = None
    if reference.height:
        still = _best_constant(case, reference, reference)
        was = bool(still.mean() > reference["wb_bad"].to_numpy().mean())
    return found[0], was, found[1], found[2], None


def _best_constant(case: Case, learned: pl.DataFrame, judged: pl.DataFrame) -> NDArray[Any]:
    """The badness of the judged rows if all were given the best one output for the learned rows."""
    import numpy as np
    import polars as pl

    label = learned["wb_label"]
    if case.rules.is_classification:
        options = pl.Series(sorted(label.unique().to_list()), dtype=pl.String)
    else:
        values = label.cast(pl.Float64).to_numpy()
        options = pl.Series(np.unique(np.quantile(values, np.linspace(0.02, 0.98, 49))))

    def bad(option: int, frame: pl.DataFrame) -> NDArray[Any]:
        said = pl.DataFrame({"wb_prediction": options[np.full(frame.height, option)]})
        return losses(said, frame, case.rules)

    rates = [float(bad(option, learned).mean()) for option in range(len(options))]
    return bad(int(np.argmin(rates)), judged)
