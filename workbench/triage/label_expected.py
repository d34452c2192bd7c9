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
    world that changed moves some of them. Of several classes this must hold for each. None for a
    regression, without scores, or with too few rows.

    Args:
        case: the rows.
        labels: of the period's rows; others than the logged ones may be asked about.
        rows: which rows of the period.
    """
    import polars as pl

    found = expectations(case)
    if isinstance(found, str) or not case.rules.is_classification:
        return None
    columns = list(found.columns)
    if not set(columns) <= set(case.current.columns) & set(case.reference.columns):
        return None
    chosen = case.current.with_columns(labels.alias("wb_label")).filter(pl.Series(rows))
    known = pl.all_horizontal(pl.col(["wb_label", *columns]).is_not_null())
    now, usual = chosen.filter(known), case.reference.filter(known)
    if min(now.height, usual.height) < _LEAST:
        return None
    names = [case.rules.positive_class] if case.rules.task == "binary" else list(found.classes)
    return all(_is_class_as_expected(case, found, name, now, usual) for name in names)


def _is_class_as_expected(
    case: Case, found: Expectations, name: str, now: pl.DataFrame, usual: pl.DataFrame
) -> bool:
    import numpy as np

    gaps, score = _residuals(found, name, now)
    usual_gaps, usual_score = _residuals(found, name, usual)
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
    both = set(now.columns) & set(usual.columns)
    numbers = [f.name for f in case.features if f.kind == "numeric" and f.name in both]
    return not any(
        abs(_with_feature(now[n], gaps) - _with_feature(usual[n], usual_gaps)) > limit
        for n in numbers
    )


def _residuals(
    found: Expectations, name: str, part: pl.DataFrame
) -> tuple[NDArray[Any], NDArray[Any]]:
    """(label - probability, score) of a class, a row each."""
    import polars as pl

    place = found.classes.index(name)
    scores = part.select(found.columns).to_numpy().astype(float)
    chance = class_probabilities(found.bins, scores)[:, place]
    label = (part["wb_label"].cast(pl.String) == name).to_numpy().astype(float)
    return label - chance, scores[:, min(place, scores.shape[1] - 1)]


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
