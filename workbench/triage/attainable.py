"""How good could this recipe be on the rows of the incident? The attainable bad rate, and the excess.

The recipe is fitted to the incident's own rows in folds of whole days (stretches of time where
there are few days), and each row is judged by a model that has not seen its day. What the
champion's rate exceeds this by could be gained by retraining; without an excess the cases
have become harder, or what tells them apart is not among the inputs.

A cross-fit learns from less than all rows: the attainable rate is too high, if anything, and
the excess too small. How much more rows would do is what the learning curve says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.blocks import blocks_of
from workbench.triage.challengers import WORDS, Choice, training_rows
from workbench.triage.figures import Figure, mean_figures
from workbench.triage.refitting import losses, refitted_outputs
from workbench.triage.windows import Windows

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.case import Case

FOLDS = 4
MOST_FITTED = 8_000
"""Rows of one fit."""
_STRETCHES = 4
"""Stretches of time a fold, where days are few."""


@dataclass(frozen=True)
class Attainable:
    """The bad rate that the recipe attains inside the incident, and the champion's excess over it."""

    skipped: str | None = None
    kind: str = "incident"
    """Which rows it was fitted to, one of `challengers.KINDS`."""
    champion: Figure | None = None
    """The champion's bad rate on the same rows."""
    rate: Figure | None = None
    excess: Figure | None = None
    """champion - rate, paired."""
    fitted_rows: int = 0
    """Rows of the incident that one fit learned from."""
    losses: NDArray[Any] | None = field(default=None, repr=False, compare=False)
    """One for each row of `Windows.rows`."""
    outputs: pl.DataFrame | None = field(default=None, repr=False, compare=False)
    """Of the cross-fitted models, likewise."""
    fold: NDArray[Any] | None = field(default=None, repr=False, compare=False)

    def evidence(self) -> tuple[Evidence, ...]:
        """What it says, in an operator's words."""
        step = "attainable"
        if self.skipped or self.rate is None or self.excess is None:
            return (Evidence(step, "attainable bad rate", None, self.skipped or "not measured"),)
        if self.excess.low > 0:
            reading = "the champion is worse than its recipe could be on these very rows"
        elif self.excess.value > 0:
            reading = (
                "the champion may be worse than its recipe could be, but chance explains it too"
            )
        else:
            reading = "the recipe does no better than the champion even on its own rows"
        return (
            self.rate.evidence(
                step,
                "attainable bad rate",
                f"what the recipe attains inside the incident, learning from {WORDS[self.kind]} "
                f"({self.fitted_rows:,} rows of the incident a fit)",
            ),
            self.excess.evidence(
                step,
                "excess over the attainable bad rate",
                reading,
                threshold=0.0,
                supports="retrain" if self.excess.low > 0 else None,
                against="retrain" if self.excess.value <= 0 else None,
            ),
        )


def time_folds(rows: pl.DataFrame, folds: int = FOLDS) -> NDArray[Any]:
    """The fold of each row: days in turn; where there are too few of them, stretches of rows.

    Args:
        rows: in time order.
        folds: how many.
    """
    import numpy as np

    _, day = np.unique(rows["wb_timestamp"].dt.epoch("d").to_numpy(), return_inverse=True)
    if len(day) and day.max() + 1 >= _STRETCHES * folds:
        return np.asarray(day % folds)
    return stretch_folds(rows.height, folds)


def stretch_folds(many: int, folds: int) -> NDArray[Any]:
    """The fold of each of so many rows: stretches of rows in turn, `_STRETCHES` of them a fold."""
    import numpy as np

    return np.arange(many) * (_STRETCHES * folds) // max(many, 1) % folds


def measure_attainable(case: Case, windows: Windows, choice: Choice) -> Attainable:
    """The recipe's cross-fitted bad rate on all labelled rows of the incident.

    Args:
        case: the case, with broken rows repaired.
        windows: its labelled rows.
        choice: which rows a challenger learns from; older ones are mixed in as it says.
    """
    import numpy as np

    fit = case.models.fit
    if windows.skipped or fit is None:
        return Attainable(windows.skipped or case.models.why_not("fit"))
    rows, names = windows.rows, case.feature_names
    fold = time_folds(rows)
    bad = np.ones(rows.height)
    parts: list[pl.DataFrame] = []
    places: list[NDArray[Any]] = []
    folds = [fold == number for number in range(FOLDS)]
    learned = [
        training_rows(case, choice.kind, rows.filter(~inside), choice.old, MOST_FITTED)
        for inside in folds
    ]
    asked = [rows.filter(inside).select(*names) for inside in folds]
    made = case.models.each(
        refitted_outputs,
        [(fit, own, others, names, case.seed) for own, others in zip(learned, asked, strict=True)],
    )
    for inside, outputs in zip(folds, made, strict=True):
        if isinstance(outputs, str):
            return Attainable(outputs, choice.kind)
        bad[inside] = losses(outputs, rows.filter(inside), case.rules)
        parts.append(outputs)
        places.append(np.flatnonzero(inside))
    blocks, basis = blocks_of(rows, case.card.columns.entity)
    own = rows["wb_bad"].to_numpy()
    champion, rate, excess = mean_figures([own, bad, own - bad], blocks, basis, case.seed)
    return Attainable(
        None, choice.kind, champion, rate, excess,
        min(rows.height - rows.height // FOLDS, MOST_FITTED), bad, _in_place(parts, places), fold,
    )  # fmt: skip


def _in_place(parts: list[pl.DataFrame], places: list[NDArray[Any]]) -> pl.DataFrame:
    """The outputs of the folds in the order of the rows; a class that a fold has not seen is 0."""
    import numpy as np
    import polars as pl

    joined = pl.concat(parts, how="diagonal_relaxed")
    joined = joined.with_columns(pl.col(r"^(wb_score|score_.*)$").fill_null(0.0))
    return joined[np.argsort(np.concatenate(places))]
