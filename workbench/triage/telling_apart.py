"""Which of two samples is a row from? Boosted trees and a quadratic model, stacked, cross-fitted.

A score that is noisy, or blurred, books a part of a change of inputs as changed meaning, since rows
of one score are then not alike. Measured with 4,000 rows a side and no change of meaning, on
inputs that shrink to half (a rise of 0.10) and on inputs that hang together in another way (0.06),
the meaning found was

    logistic 0.101, 0.062; trees 0.002, 0.008; trees with an isotonic fit 0.009, 0.011;
    quadratic logistic 0.000, -0.008; trees and quadratic stacked 0.000, 0.002.

So the two are stacked by a logistic regression of their log odds, which is fitted on the other
folds' rows and calibrates them too, and nothing is made isotonic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_TRAINED = 5_000
"""Rows of a side that one model is trained on; all rows are scored."""
_TREES = 60
_MOST_CROSSED = 8
"""Numeric columns up to which the quadratic model has their products; beyond, only squares."""
_MOST_CATEGORIES = 20
_FAR = 8.0
"""Log odds are held at this: no row is surer."""


def chance_of_current(
    rows: NDArray[Any],
    t: NDArray[Any],
    fold: NDArray[Any],
    is_category: Sequence[bool],
    seed: int,
    smooth: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The probability of t = 1 a row, calibrated, by models that did not see the row's fold.

    Args:
        rows: (rows, columns); missing values are NaN, categories codes from 0.
        t: 0 or 1 a row.
        fold: the fold of each row.
        is_category: one a column.
        seed: of the trees.
        smooth: `quadratic_table(rows, is_category)`, where it is at hand.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    smooth = quadratic_table(rows, is_category) if smooth is None else smooth
    trees = tree_chance(rows, t, fold, is_category, seed)
    log_odds = np.column_stack([_logit(trees), _logit(_quadratic(smooth, t, fold))])
    found = np.full(len(t), t.mean())
    for outside, trained in _parts(t, fold):
        fit = LogisticRegression().fit(log_odds[trained], t[trained])
        odds = fit.predict_proba(log_odds[~outside])[:, 1]
        found[~outside] = _share_corrected(odds, t[trained].mean(), t.mean())
    return np.asarray(np.clip(found, 1e-6, 1 - 1e-6))


def tree_chance(
    rows: NDArray[Any],
    t: NDArray[Any],
    fold: NDArray[Any],
    is_category: Sequence[bool],
    seed: int,
    *,
    trees: int = _TREES,
) -> NDArray[Any]:
    """The probability of t = 1 by boosted trees alone, cross-fitted and not calibrated."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier

    found = np.full(len(t), t.mean())
    category = np.array(is_category, dtype=bool)
    for outside, trained in _parts(t, fold):
        # The trees cannot bin a column without a value.
        kept = ~np.isnan(rows[trained]).all(axis=0)
        if not kept.any():
            continue
        model = HistGradientBoostingClassifier(
            max_iter=trees, early_stopping=False, categorical_features=category[kept],
            random_state=seed,
        ).fit(rows[trained][:, kept], t[trained])  # fmt: skip
        odds = model.predict_proba(rows[~outside][:, kept])[:, 1]
        found[~outside] = _share_corrected(odds, t[trained].mean(), t.mean())
    return found


def quadratic_table(rows: NDArray[Any], is_category: Sequence[bool]) -> NDArray[Any]:
    """What a quadratic model sees: numbers, squares, products, categories as yes or no, standardised."""
    import numpy as np

    category = np.array(is_category, dtype=bool)
    numbers = rows[:, ~category]
    missing = np.isnan(numbers)
    parts = [missing[:, missing.any(axis=0)].astype(float)]
    kept = ~missing.all(axis=0)
    if kept.any():
        numbers = numbers[:, kept]
        # A few far values must not rule the squares.
        low, high = np.nanquantile(numbers, (0.005, 0.995), axis=0)
        numbers = _standardised(np.clip(numbers, low, high))
        parts += [numbers, numbers**2]
        if numbers.shape[1] <= _MOST_CROSSED:
            i, j = np.triu_indices(numbers.shape[1], 1)
            parts.append(numbers[:, i] * numbers[:, j])
    for column in rows[:, category].T:
        codes = np.unique(column[~np.isnan(column)])[:_MOST_CATEGORIES]
        parts.append((column[:, None] == codes[None]).astype(float))
    return _standardised(np.concatenate(parts, axis=1))


def calibration_error(pi: NDArray[Any], t: NDArray[Any], groups: int = 10) -> float:
    """Over groups of about equal size by `pi`: sum of share x |mean probability - share of t|.

    Rows of one probability are in one group.
    """
    import numpy as np

    edges = np.unique(np.quantile(pi, np.arange(1, groups) / groups))
    place = np.searchsorted(edges, pi, side="right")
    found = np.bincount(place, weights=pi - t)
    return float(np.abs(found).sum() / len(pi))


def error_by_chance(pi: NDArray[Any], groups: int = 10) -> float:
    """The calibration error that right probabilities have by chance: about sqrt(2 g v / (pi n)).

    v is the mean of p (1 - p): the mean absolute value of a normal law with the variance of a
    group's share.
    """
    import math

    return math.sqrt(2 / math.pi * groups * float((pi * (1 - pi)).mean()) / len(pi))


def area(scores: NDArray[Any], t: NDArray[Any]) -> float:
    """The area under the ROC curve; 0.5 where one side is empty."""
    from workbench.drift.multivariate import rank_test

    is_high = t > 0
    return float(rank_test(scores, is_high)[0]) if is_high.any() and not is_high.all() else 0.5


def thinned(places: NDArray[Any], most: int = MOST_TRAINED) -> NDArray[Any]:
    """At most so many of the rows, evenly over their order, which is that of time."""
    import numpy as np

    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).round().astype(np.int64)]


def _parts(t: NDArray[Any], fold: NDArray[Any]) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """For each fold: which rows are outside it, and the places of those to train on."""
    import numpy as np

    found = []
    for number in np.unique(fold):
        outside = fold != number
        places = [thinned(np.flatnonzero(outside & (t == side))) for side in (0, 1)]
        if all(len(one) for one in places):
            found.append((outside, np.concatenate(places)))
    return found


def _quadratic(table: NDArray[Any], t: NDArray[Any], fold: NDArray[Any]) -> NDArray[Any]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    found = np.full(len(t), t.mean())
    if not table.shape[1]:
        return found
    for outside, trained in _parts(t, fold):
        fit = LogisticRegression(max_iter=200).fit(table[trained], t[trained])
        odds = fit.predict_proba(table[~outside])[:, 1]
        found[~outside] = _share_corrected(odds, t[trained].mean(), t.mean())
    return found


def _standardised(table: NDArray[Any]) -> NDArray[Any]:
    """Mean 0 and spread 1 a column; missing values and constant columns become 0."""
    import numpy as np

    if not table.shape[1]:
        return table
    centred = table - np.nanmean(table, axis=0)
    spread = np.nanstd(centred, axis=0)
    found: NDArray[Any] = np.nan_to_num(
        centred / np.where(spread > 0, spread, 1.0), posinf=0.0, neginf=0.0
    )
    return found


def _logit(p: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    held = np.clip(p, 1e-9, 1 - 1e-9)
    found: NDArray[Any] = np.clip(np.log(held / (1 - held)), -_FAR, _FAR)
    return found


def _share_corrected(p: NDArray[Any], trained: float, wanted: float) -> NDArray[Any]:
    """Probabilities for another share of t = 1 than that of the rows trained on."""
    import numpy as np

    held = np.clip(p, 1e-9, 1 - 1e-9)
    odds = held / (1 - held) * (1 - trained) / trained * wanted / (1 - wanted)
    found: NDArray[Any] = odds / (1 + odds)
    return found
