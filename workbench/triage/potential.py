"""What could retraining bring once there are labels enough? The recipe's gain without what few rows cost.

A challenger of few rows is worse than the champion even where nothing has happened. The same
recipe, fitted to as many rows of the time before and judged in the same way, shows by how much;
that is put on top of what it gains inside the incident. So it is told whether labels are lacking
(the sum is large), or whether there is nothing to be gained (even its upper end is small).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.blocks import blocks_of
from workbench.triage.attainable import Attainable, measure_attainable, stretch_folds
from workbench.triage.challengers import Choice, plain
from workbench.triage.figures import Figure, figure, mean_figures
from workbench.triage.refitting import labelled_rows, refitted_losses, thinned
from workbench.triage.windows import Windows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.case import Case

STEP = "potential"
FOLDS = 3
LEAST_BEFORE = 400
"""Labelled rows of the time before that show what few rows cost."""
MOST_JUDGED = 12_000


@dataclass(frozen=True)
class Potential:
    """What the recipe would gain in the incident with as many labels as the champion had."""

    skipped: str | None = None
    own: Figure | None = None
    """champion - recipe, cross-fitted on rows of the incident alone."""
    tested: Figure | None = None
    """champion - recipe, fitted to the older rows of the incident alone and judged on the newest."""
    cost: Figure | None = None
    """What a fit of as few rows loses to the champion where nothing had happened; below 0: it gains."""
    gain: Figure | None = None
    """own + cost, if that is above 0; or what the chosen challenger gains, if that is more."""
    rows: int = 0
    """Rows that a fit learned from."""
    attainable: Attainable | None = field(default=None, repr=False, compare=False)
    """The cross-fit on rows of the incident alone."""

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        name = "gain of retraining with labels enough"
        if self.skipped or self.gain is None or self.cost is None:
            return (Evidence(STEP, name, None, self.skipped or "not measured"),)
        reading = (
            f"what the recipe gains inside the incident, and the {100 * max(self.cost.value, 0):.1f} points "
            f"that a fit of {self.rows:,} rows loses where nothing had happened"
        )
        said = [self.gain.evidence(STEP, name, reading, 0.0)]
        if self.tested is not None:
            reading = "on the newest labels, learning from the incident's older rows and no others"
            said.append(
                self.tested.evidence(STEP, "gain of rows of the incident alone", reading, 0.0)
            )
        return tuple(said)


def measure_potential(
    case: Case, windows: Windows, choice: Choice, attainable: Attainable
) -> Potential:
    """The gain of the recipe inside the incident, with what the fewness of its rows costs put on top.

    gain = max(e_i + max(c, 0), e_k): e_i the champion's bad rate minus that of a cross-fit on rows of the
    incident alone; c the same with the sign turned, of fits of as many rows, on labelled rows of
    before the incident (or the reference, where it has more of them); e_k the excess over the chosen kind of
    challenger.

    Args:
        case: the case, with broken rows repaired or left out.
        windows: its labelled rows.
        choice: the kind of challenger that is best.
        attainable: what that attains.
    """
    import numpy as np

    if attainable.skipped or attainable.excess is None:
        return Potential(attainable.skipped or "not measured")
    alone = attainable
    if attainable.kind != "incident":
        alone = measure_attainable(case, windows, replace(choice, kind="incident"))
    own = alone.excess
    if alone.skipped or own is None or own.draws is None:
        return Potential(alone.skipped or "not measured")
    cost = _cost(case, windows, alone.fitted_rows)
    if cost is None or cost.draws is None:
        return Potential("too few labelled rows before the onset to tell what few rows cost")
    value = own.value + max(cost.value, 0.0)
    drawn = own.draws + np.maximum(cost.draws, 0.0)
    best = attainable.excess
    if best.draws is not None:
        value, drawn = max(value, best.value), np.maximum(drawn, best.draws)
    return Potential(
        None, own, _tested(case, windows), cost, figure(value, drawn, own.n, own.basis),
        alone.fitted_rows, alone,
    )  # fmt: skip


def _tested(case: Case, windows: Windows) -> Figure | None:
    """The gain on the newest rows of the recipe fitted to the older ones of the incident alone."""
    fit, names = case.models.fit, case.feature_names
    if fit is None:
        return None
    learned, judged = windows.rows.filter(windows.train), windows.rows.filter(windows.judge)
    bad = refitted_losses(fit, plain(case, learned), judged, names, case.rules, case.seed)
    if isinstance(bad, str):
        return None
    blocks, basis = blocks_of(judged, case.card.columns.entity)
    return mean_figures([judged["wb_bad"].to_numpy() - bad], blocks, basis, case.seed)[0]


def _cost(case: Case, windows: Windows, many: int) -> Figure | None:
    """The recipe's bad rate minus the champion's on rows of before, cross-fitted on `many` rows."""
    import numpy as np
    import polars as pl

    fit, names = case.models.fit, case.feature_names
    if fit is None:
        return None
    rows = rows_before(case, windows)
    if rows.height < LEAST_BEFORE:
        return None
    fold = stretch_folds(rows.height, FOLDS)
    lost: list[NDArray[Any]] = []
    judged: list[pl.DataFrame] = []
    for number in range(FOLDS):
        learned = thinned(plain(case, rows.filter(fold != number)), many)
        part = rows.filter(fold == number)
        bad = refitted_losses(fit, learned, part, names, case.rules, case.seed)
        if isinstance(bad, str):
            return None
        lost.append(bad)
        judged.append(part)
    frame = pl.concat(judged)
    extra = np.concatenate(lost) - frame["wb_bad"].to_numpy()
    blocks, basis = blocks_of(frame, case.card.columns.entity)
    return mean_figures([extra], blocks, basis, case.seed + 17)[0]


def rows_before(case: Case, windows: Windows) -> pl.DataFrame:
    """Labelled rows where nothing had happened: of before the incident, or the reference if it has more."""
    reference = labelled_rows(case.reference, case.feature_names)
    rows = windows.before if windows.before.height >= reference.height else reference
    return thinned(rows, MOST_JUDGED)
