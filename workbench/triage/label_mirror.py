"""Do the labels of a regression run the other way round? High where they used to be low.

A sign, or a scale that is read from its other end, turns every number round at one point. By the
errors alone that looks like a concept that changed altogether, and a change of the outputs' scale
seems to restore it. But mirrored back, the labels fit as in the reference, which a world that changed
does not bring about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.triage.case import Case

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

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
    now = now[-max(len(now) // 2, LEAST_LABELS) :]
    if min(len(usual), len(now)) < LEAST_LABELS:
        return None
    before = _ranking(usual)
    if before < _LEAST_RANKING or _ranking(now) > -_TURNED * before:
        return None
    return float(np.median(now.sum(axis=1)) + np.median(usual[:, 1] - usual[:, 0]))


def _pairs(frame: pl.DataFrame) -> NDArray[Any]:
    """(prediction, label) of the rows that have both."""
    import numpy as np
    import polars as pl

    if not {"wb_prediction", "wb_label"} <= set(frame.columns):
        return np.zeros((0, 2))
    both = frame.select(pl.col("wb_prediction", "wb_label").cast(pl.Float64, strict=False))
    pairs = both.drop_nulls().to_numpy()
    found: NDArray[Any] = pairs[np.isfinite(pairs).all(axis=1)]
    return found


def _ranking(pairs: NDArray[Any]) -> float:
    """Spearman's correlation; 0 where one side does not vary."""
    import numpy as np
    from scipy.stats import rankdata

    ranks = rankdata(pairs, axis=0)
    if (ranks.std(axis=0) == 0).any():
        return 0.0
    return float(np.corrcoef(ranks, rowvar=False)[0, 1])
