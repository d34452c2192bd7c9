"""How bad is a prediction, given its label? The card's rule, row by row; the store's in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.domain.rules import OutcomeRules

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


def badness(rules: OutcomeRules, prediction: pl.Series, label: pl.Series) -> NDArray[Any]:
    """0 (good) to 1 (bad) a row, by `rules.rule`; not a number without a label or prediction.

    The same figure as `store.outcome_sql.badness`, for predictions that were made anew.

    Args:
        rules: the card's, resolved.
        prediction: classes as normalised text, or numbers.
        label: likewise.
    """
    import numpy as np
    import polars as pl

    known = (prediction.is_not_null() & label.is_not_null()).to_numpy()
    if rules.is_classification:
        said, true = prediction.cast(pl.String), label.cast(pl.String)
        positive = rules.positive_class
        missed = ((true == positive) & (said != positive)).fill_null(value=False).to_numpy()
        alarmed = ((true != positive) & (said == positive)).fill_null(value=False).to_numpy()
        if rules.rule == "mismatch":
            bad = (said != true).fill_null(value=False).to_numpy().astype(float)
        elif rules.rule == "miss":
            bad = missed.astype(float)
        elif rules.rule == "false_alarm":
            bad = alarmed.astype(float)
        else:
            largest = max(rules.cost_false_positive, rules.cost_false_negative) or 1.0
            bad = missed * (rules.cost_false_negative / largest) + alarmed * (
                rules.cost_false_positive / largest
            )
    else:
        y = label.cast(pl.Float64).fill_null(np.nan).to_numpy()
        error = np.abs(prediction.cast(pl.Float64).fill_null(np.nan).to_numpy() - y)
        if rules.rule == "relative_error":
            error = error / np.maximum(np.abs(y), 1e-9)
        bad = (error > rules.tolerance).astype(float)
        known &= np.isfinite(error)
    return np.where(known, bad, np.nan)
