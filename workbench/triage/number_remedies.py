"""How would predicted numbers be put right: by an offset, a factor, a line?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.triage.case import Case
from workbench.triage.remedy import LEAST_ROWS, Lessons, Remedy

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_FAR = 1e-9


def new_offset(case: Case, lessons: Lessons) -> Remedy | str:
    """The median of label - prediction, to be added; for relative errors the median ratio, to multiply."""
    import numpy as np

    found = _numbers(lessons.labelled)
    if isinstance(found, str):
        return found
    said, true = found
    if case.rules.rule == "relative_error":
        usable = np.abs(said) > _FAR
        if usable.sum() < LEAST_ROWS:
            return "too few predictions that are not 0"
        factor = float(np.median(true[usable] / said[usable]))
        return Remedy(
            "offset", f"predictions times {factor:.4g}", (("factor", factor),),
            lambda frame: frame["wb_prediction"].cast(float) * factor,
        )  # fmt: skip
    offset = float(np.median(true - said))
    return Remedy(
        "offset", f"{offset:+.4g} added to every prediction", (("offset", offset),),
        lambda frame: frame["wb_prediction"].cast(float) + offset,
    )  # fmt: skip


def new_scale(case: Case, lessons: Lessons) -> Remedy | str:
    """Label = offset + slope x prediction, by Huber's fit, relative errors being weighted so."""
    import numpy as np
    from sklearn.linear_model import HuberRegressor

    found = _numbers(lessons.labelled)
    if isinstance(found, str):
        return found
    said, true = found
    center, spread = float(np.median(said)), float(said.std())
    if not spread > 1e-12 * max(abs(center), 1.0):
        return "all predictions are the same"
    unit = float(true.std()) or 1.0
    weight = np.ones(len(true))
    if case.rules.rule == "relative_error":
        size = np.maximum(np.abs(true), 1e-3 * float(np.median(np.abs(true))) + 1e-9)
        weight = 1 / size / np.mean(1 / size)
    try:
        fit = HuberRegressor(alpha=0.0, max_iter=200).fit(
            ((said - center) / spread)[:, None], true / unit, weight
        )
    except ValueError:
        return "the line could not be fitted"
    slope = float(fit.coef_[0]) * unit / spread
    offset = float(fit.intercept_) * unit - slope * center
    return Remedy(
        "scale", f"predictions times {slope:.4g} {offset:+.4g}",
        (("slope", slope), ("offset", offset)),
        lambda frame: frame["wb_prediction"].cast(float) * slope + offset,
    )  # fmt: skip


def _numbers(frame: pl.DataFrame) -> tuple[NDArray[Any], NDArray[Any]] | str:
    """Predictions and labels, of rows with both."""
    import numpy as np
    import polars as pl

    said, true = (
        np.asarray(frame[name].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy())
        for name in ("wb_prediction", "wb_label")
    )
    known = np.isfinite(said) & np.isfinite(true)
    if known.sum() < LEAST_ROWS:
        return "too few labelled rows with a prediction"
    return said[known], true[known]
