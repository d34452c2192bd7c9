"""How much does each row of the reference stand for, given other inputs? Importance weights.

A classifier tells rows of the reference from rows of the period by their inputs; its odds are
the ratio of the two densities (Bialek et al., PAPE, 2024; Sugiyama et al., 2007). A linear one
would miss a change of spread altogether, so it is boosted trees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

CLIP = 99.0
"""Percentile of the weights that larger ones are held at: a few rows must not stand for all."""
LEAST_EFFECTIVE = 200.0
"""Fewer effective rows of the reference say nothing about the period."""
MOST_TOLD = 0.95
"""With a larger area under the domain classifier's curve the two hardly overlap."""
_FOLDS = 2


@dataclass(frozen=True)
class RowWeights:
    """What each row of the reference stands for."""

    values: NDArray[Any]
    """One a row; their mean is 1."""
    effective_share: float
    """(sum w)^2 / (n sum w^2): 1 when all stand for the same."""
    auc: float
    """Of the domain classifier on rows that it has not seen."""

    @property
    def shortage(self) -> str | None:
        """Why the weights are no good; None when they are."""
        if self.auc > MOST_TOLD:
            return f"the inputs hardly overlap with the reference's (told apart with an area of {self.auc:.2f})"
        effective = self.effective_share * len(self.values)
        if effective < LEAST_EFFECTIVE:
            return f"only {effective:,.0f} rows of the reference are like these inputs"
        return None


def domain_weights(
    reference: NDArray[Any], current: NDArray[Any], is_categorical: Sequence[bool], *, seed: int
) -> RowWeights:
    """Weights under which the reference's inputs are spread like the current ones.

    w = [p / (1 - p)] n_reference / n_current with p the probability of being current,
    cross-fitted in two folds (no row is weighted by a model that saw it), held at their 99th
    percentile, then divided by their mean.

    Args:
        reference: encoded rows.
        current: encoded rows, the same columns.
        is_categorical: one a column.
        seed: of the folds and the trees.
    """
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    n, m = len(reference), len(current)
    if reference.shape[1] == 0 or m < _FOLDS or n < _FOLDS:
        return RowWeights(np.ones(n), 1.0, 0.5)
    random = np.random.default_rng(seed)
    x = np.concatenate([reference, current])
    t = np.concatenate([np.zeros(n), np.ones(m)])
    fold = np.concatenate(
        [random.permutation(n) * _FOLDS // n, random.permutation(m) * _FOLDS // m]
    )
    p = np.empty(n + m)
    for number in range(_FOLDS):
        model = HistGradientBoostingClassifier(
            max_iter=60, learning_rate=0.1, max_leaf_nodes=15, min_samples_leaf=40,
            l2_regularization=1.0, early_stopping=False,
            categorical_features=list(is_categorical), random_state=seed,
        )  # fmt: skip
        model.fit(x[fold != number], t[fold != number])
        p[fold == number] = model.predict_proba(x[fold == number])[:, 1]
    own = np.clip(p[:n], 1e-6, 1 - 1e-6)
    w = own / (1 - own) * (n / m)
    w = np.minimum(w, np.percentile(w, CLIP))
    w /= w.mean()
    return RowWeights(w, float(n / np.sum(w * w)), float(roc_auc_score(t, p)))
