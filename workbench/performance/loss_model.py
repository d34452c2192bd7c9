"""How large is the error of a prediction, going by its inputs? Direct loss estimation.

A second model learns the loss of the first on the reference: badness, |error|, squared error.
Its predictions on the reference are cross-fitted, so that they can be checked there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDS = 3


@dataclass(frozen=True)
class LossModel:
    """Models of a loss, one a fold of the reference."""

    models: tuple[Any, ...]
    fitted: NDArray[Any]
    """The expected loss of each of the reference's rows, by the model that did not see it."""
    ceiling: float | None

    def expected(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The expected loss of encoded rows: the mean of the folds' models."""
        import numpy as np

        if len(rows) == 0:
            return np.zeros(0)
        mean = np.mean([model.predict(rows) for model in self.models], axis=0)
        return np.clip(np.asarray(mean, dtype=np.float64), 0.0, self.ceiling)


def fit_loss(
    rows: NDArray[Any],
    losses: NDArray[Any],
    is_categorical: Sequence[bool],
    *,
    ceiling: float | None,
    seed: int,
) -> LossModel:
    """A gradient-boosted model of a loss, cross-fitted in three folds.

    Args:
        rows: the reference's encoded inputs and predictions.
        losses: one a row, at least 0.
        is_categorical: one a column.
        ceiling: the largest possible loss, 1 for badness; None for errors.
        seed: of the folds and the trees.
    """
    import numpy as np
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor

    n = len(losses)
    folds = min(FOLDS, n)
    fold = np.random.default_rng(seed).permutation(n) * folds // n
    fitted = np.empty(n)
    models = []
    for number in range(folds):
        inside = fold != number if folds > 1 else fold == number
        model: Any = (
            HistGradientBoostingRegressor(
                max_iter=80, learning_rate=0.08, max_leaf_nodes=15, min_samples_leaf=40,
                l2_regularization=1.0, early_stopping=False,
                categorical_features=list(is_categorical), random_state=seed,
            )
            if rows.shape[1]
            else DummyRegressor()
        )  # fmt: skip
        model.fit(rows[inside], losses[inside])
        fitted[fold == number] = model.predict(rows[fold == number])
        models.append(model)
    return LossModel(tuple(models), np.clip(fitted, 0.0, ceiling), ceiling)
