"""How bad is a recipe that is fitted on some rows, on others that it has not seen?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.errors import WorkbenchError
from workbench.performance.badness import badness
from workbench.retrain.mixing import MOST_ROWS, mixed_rows, thinned

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.domain.rules import OutcomeRules
    from workbench.triage.case import Fitter, Scorer

__all__ = [
    "LEAST_ROWS", "MOST_ROWS", "fitted", "labelled_rows", "losses", "mixed_rows", "outputs_of",
    "refitted_losses", "refitted_outputs", "thinned",
]  # fmt: skip

LEAST_ROWS = 50
"""Fewer rows than this are not fitted."""


def labelled_rows(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The rows with a label and a known badness, in an order that is theirs: time, id, content.

    Args:
        frame: rows; a frame without the columns has none.
        names: columns that settle the order of rows without an id.
    """
    import polars as pl

    if not {"wb_label", "wb_bad", "wb_timestamp", "wb_id"} <= set(frame.columns):
        return frame.clear()
    known = frame.filter(pl.col("wb_label").is_not_null() & pl.col("wb_bad").is_not_null())
    return known.sort("wb_timestamp", "wb_id", *names, "wb_label", nulls_last=True)


def fitted(fit: Fitter, rows: pl.DataFrame, names: Sequence[str], seed: int) -> Scorer | str:
    """The recipe fitted to the named columns and `wb_label` of rows; or why that could not be."""
    import polars as pl

    known = rows.filter(pl.col("wb_label").is_not_null())
    if known.height < LEAST_ROWS:
        return f"only {known.height} labelled rows to fit on"
    if known["wb_label"].n_unique() < 2:
        return "all labels to fit on are the same"
    try:
        return fit(known.select(names), known["wb_label"], seed)
    except WorkbenchError as error:
        return f"the recipe could not be fitted: {error.message}"


def outputs_of(scorer: Scorer, rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """What a scorer says of the named columns of rows."""
    return scorer(rows.select(names))


def refitted_outputs(
    fit: Fitter, rows: pl.DataFrame, judged: pl.DataFrame, names: Sequence[str], seed: int
) -> pl.DataFrame | str:
    """What the recipe, fitted to rows, says of others; or why it could not be fitted."""
    model = fitted(fit, rows, names, seed)
    return model if isinstance(model, str) else outputs_of(model, judged, names)


def losses(outputs: pl.DataFrame, rows: pl.DataFrame, rules: OutcomeRules) -> NDArray[Any]:
    """0 (good) to 1 (bad) a labelled row; a row that the scorer has no output for is bad."""
    import numpy as np

    bad = badness(rules, outputs["wb_prediction"], rows["wb_label"])
    return np.where(np.isfinite(bad), bad, 1.0)


def refitted_losses(
    fit: Fitter,
    rows: pl.DataFrame,
    judged: pl.DataFrame,
    names: Sequence[str],
    rules: OutcomeRules,
    seed: int,
) -> NDArray[Any] | str:
    """How bad the recipe, fitted to rows, is on each of others; or why it could not be fitted."""
    outputs = refitted_outputs(fit, rows, judged, names, seed)
    return outputs if isinstance(outputs, str) else losses(outputs, judged, rules)
