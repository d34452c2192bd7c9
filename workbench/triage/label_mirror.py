"""Do the labels of a regression run the other way round? High where they used to be low.

A sign, or a scale that is read from its other end, turns every number round at one point. By the
errors alone that looks like a concept that changed altogether, and a change of the outputs' scale
seems to restore it. But mirrored back, the labels fit as in the reference, which a world that changed
does not bring about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.triage.case import Case
from workbench.triage.ranking import ranking_of

if TYPE_CHECKING:
    import polars as pl

LEAST_LABELS = 100
_LEAST_RANKING = 0.3
"""How well predictions must rank the labels of the reference."""
_TURNED = 0.5
"""Of that: what they must rank them by now, the other way round."""


def mirror_point(case: Case) -> float | None:
    """The number m for which m - label fits the predictions as labels used to; None where nothing is turned.

    With r the rank correlation of predictions and labels, r now <= -0.5 r of the reference, and

        m = median of (label + prediction) now + median of (label - prediction) in the reference.

    The period begins with a bucket, and the fault perhaps later in it: the newer half of the labelled
    rows tells.

    Args:
        case: its rows in order of time.
    """
    import numpy as np

    if case.rules.is_classification:
        return None
    usual, now = _pairs(case.reference), _pairs(case.current)
    now = now.tail(max(now.height // 2, LEAST_LABELS))
    if min(usual.height, now.height) < LEAST_LABELS:
        return None
    before, ranking = (ranking_of(case, frame) for frame in (usual, now))
    if before is None or ranking is None or before.value < _LEAST_RANKING:
        return None
    if ranking.value > -_TURNED * before.value:
        return None
    sums = (now["wb_label"] + now["wb_prediction"]).to_numpy()
    gaps = (usual["wb_label"] - usual["wb_prediction"]).to_numpy()
    return float(np.median(sums) + np.median(gaps))


def _pairs(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with a prediction and a label that are numbers."""
    import polars as pl

    names = ["wb_prediction", "wb_label"]
    if not set(names) <= set(frame.columns):
        return frame.clear()
    numbers = frame.with_columns(pl.col(names).cast(pl.Float64, strict=False))
    return numbers.filter(pl.all_horizontal(pl.col(names).is_finite().fill_null(value=False)))
