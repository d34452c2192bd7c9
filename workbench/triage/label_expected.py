"""Do labels follow the scores and the inputs as they do in the reference?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.performance.class_probabilities import class_probabilities
from workbench.triage.case import Case
from workbench.triage.rescoring import Expectations, expectations

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_GROUPS = 10
_LEAST = 200
_SURE = 4.0
"""Standard errors of a difference: once in 16,000 looks."""


def is_as_expected(case: Case, labels: pl.Series, rows: NDArray[Any]) -> bool | None:
    """Whether labels minus what the scores let expect are spread as in the reference.

    In ten groups of scores the mean of label - probability must differ from the reference's by no
    more than 4 standard errors, and so must its correlation with every number among the features: a
    world that changed moves some of them. None for other than binary models, or with too few rows.

    Args:
        case: the rows.
        labels: of the period's rows; others than the logged ones may be asked about.
        rows: which rows of the period.
    """
    import numpy as np
    import polars as pl

    found = expectations(case)
    names = set(case.current.columns) & set(case.reference.columns)
    if case.rules.task != "binary" or isinstance(found, str) or "wb_score" not in names:
        return None
    chosen = case.current.with_columns(labels.alias("wb_label")).filter(pl.Series(rows))
    sides = []
    for frame in (chosen, case.reference):
        part = frame.filter(pl.col("wb_label").is_not_null() & pl.col("wb_score").is_not_null())
        if part.height < _LEAST:
            return None
        sides.append((part, *_residuals(case, found, part)))
    (now, gaps, score), (usual, usual_gaps, usual_score) = sides
    edges = np.quantile(usual_score, np.arange(1, _GROUPS) / _GROUPS)
    groups, usual_groups = np.searchsorted(edges, score), np.searchsorted(edges, usual_score)
    for group in range(_GROUPS):
        one, other = gaps[groups == group], usual_gaps[usual_groups == group]
        if min(one.size, other.size) < 20:
            continue
        error = np.sqrt((one.var() + 0.01) / one.size + (other.var() + 0.01) / other.size)
        if abs(one.mean() - other.mean()) > _SURE * error:
            return False
    limit = _SURE * float(np.sqrt(1 / now.height + 1 / usual.height))
    numbers = [f.name for f in case.features if f.kind == "numeric" and f.name in names]
    return not any(
        abs(_with_feature(now[n], gaps) - _with_feature(usual[n], usual_gaps)) > limit
        for n in numbers
    )


def _residuals(
    case: Case, found: Expectations, part: pl.DataFrame
) -> tuple[NDArray[Any], NDArray[Any]]:
    import polars as pl

    score = part["wb_score"].to_numpy().astype(float)
    chance = class_probabilities(found.bins, score[:, None])[:, 1]
    label = (part["wb_label"].cast(pl.String) == case.rules.positive_class).to_numpy().astype(float)
    return label - chance, score


def _with_feature(values: pl.Series, gaps: NDArray[Any]) -> float:
    """The correlation of the gaps with a feature's ranks; 0 where one of them does not vary."""
    import numpy as np
    import polars as pl

    ranks = values.cast(pl.Float64).rank()
    if ranks.null_count() == len(ranks):
        return 0.0
    x = ranks.fill_null(strategy="mean").to_numpy().astype(float)
    if x.std() == 0 or gaps.std() == 0:
        return 0.0
    return float(np.corrcoef(x, gaps)[0, 1])
