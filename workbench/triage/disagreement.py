"""Which logged outputs are not those that a model gives anew? Row by row, but for rounding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.triage.case import Case, Scorer
from workbench.triage.rescoring import Rescored, rescored, score_columns

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

RELATIVE = 1e-5
"""What single precision can make of an output."""
_ABSOLUTE = 1e-6


@dataclass(frozen=True)
class Disagreement:
    """How the logged outputs of some rows compare with those made anew."""

    differs: NDArray[Any] = field(repr=False, compare=False)
    """By more than rounding makes: the score where one was logged, else the prediction."""
    decided: NDArray[Any] = field(repr=False, compare=False)
    """The prediction itself is another one, and not by rounding."""
    known: NDArray[Any] = field(repr=False, compare=False)
    """Rows that have an output to compare with."""
    anew: Rescored = field(repr=False, compare=False)

    @property
    def share(self) -> float | None:
        """Of the rows with an output; None without one."""
        n = int(self.known.sum())
        return float(self.differs.sum()) / n if n else None


def compared(case: Case, scorer: Scorer, frame: pl.DataFrame) -> Disagreement:
    """The logged outputs of a frame's rows against those that a model gives anew.

    Args:
        case: for the card's rules.
        scorer: the model.
        frame: rows as the case has them; may have none.
    """
    import numpy as np

    anew = rescored(case, scorer, frame)
    nothing = np.zeros(frame.height, dtype=bool)
    if not frame.height or "wb_prediction" not in frame.columns:
        return Disagreement(nothing, nothing, nothing, anew)
    logged = frame["wb_prediction"]
    said = (logged.is_not_null() & anew.prediction.is_not_null()).to_numpy()
    if not case.rules.is_classification:
        other = _differ(logged, anew.prediction) & said
        return Disagreement(other, other, said, anew)
    other_class = (logged != anew.prediction).fill_null(value=False).to_numpy() & said
    differs, scored = nothing.copy(), nothing.copy()
    for _, column in score_columns(case, anew.scores):
        if column in frame.columns:
            has = (frame[column].is_not_null() & anew.scores[column].is_not_null()).to_numpy()
            scored |= has
            differs |= has & _differ(frame[column], anew.scores[column])
    # With a score on both sides a class alone tells nothing: it may lie on the threshold.
    differs |= other_class & ~scored
    return Disagreement(differs, other_class & differs, said | scored, anew)


def _differ(logged: pl.Series, anew: pl.Series) -> NDArray[Any]:
    import numpy as np
    import polars as pl

    a = logged.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(float)
    b = anew.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(float)
    with np.errstate(invalid="ignore"):
        found: NDArray[Any] = (
            np.abs(a - b) > RELATIVE * np.maximum(np.abs(a), np.abs(b)) + _ABSOLUTE
        )
    return found
