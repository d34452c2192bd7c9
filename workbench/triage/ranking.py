"""How do outputs go with the labels, from -1 (the opposite) to 1 (perfectly)?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.performance.blocks import Resampled, blocks_of, resampled_sums
from workbench.triage.case import Case
from workbench.triage.rescoring import score_columns

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_LABELS = 50
_DRAWS = 200
_LEVELS = 200


def ranking_of(case: Case, frame: pl.DataFrame) -> Resampled | None:
    """2 AUC - 1 of classes (over several, the mean of each against the rest), the rank correlation of numbers.

    With resamplings by day or entity; None of fewer than `LEAST_LABELS` rows with output and label, or
    where one of them does not vary.

    Args:
        case: for the rules, the seed and the entity.
        frame: the rows.
    """
    import numpy as np
    import polars as pl

    if "wb_label" not in frame.columns or "wb_prediction" not in frame.columns:
        return None
    part = frame.filter(pl.col("wb_label").is_not_null() & pl.col("wb_prediction").is_not_null())
    columns = score_columns(case, part)
    if case.rules.is_classification:
        part = part.filter(
            pl.all_horizontal([pl.col(c).is_not_null() for _, c in columns] or pl.lit(value=True))
        )
    if part.height < LEAST_LABELS:
        return None
    blocks, basis = blocks_of(part, case.card.columns.entity)
    if case.rules.is_classification:
        labels = part["wb_label"].cast(pl.String).to_numpy()
        if columns:
            sides = [(part[c].to_numpy().astype(float), labels == name) for name, c in columns]
        else:
            said = part["wb_prediction"].cast(pl.String).to_numpy()
            names = (
                sorted(set(labels)) if case.rules.task != "binary" else [case.rules.positive_class]
            )
            sides = [((said == name).astype(float), labels == name) for name in names]
        sides = [(s, is_in) for s, is_in in sides if 10 <= is_in.sum() <= len(is_in) - 10]
        if not sides:
            return None
        found = [_area(s, is_in, blocks, basis, case.seed) for s, is_in in sides]
        value = float(np.mean([one for one, _ in found]))
        drawn = np.mean([draws for _, draws in found], axis=0)
        return Resampled(value, drawn, part.height, basis)
    pair = part.select(
        pl.col("wb_prediction").cast(pl.Float64), pl.col("wb_label").cast(pl.Float64)
    )
    # Ranks: one wild label must not set the correlation.
    x, y = (pair[name].rank().to_numpy().astype(float) for name in pair.columns)
    if x.std() == 0 or y.std() == 0:
        return None
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    table = np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)
    n, a, b, aa, bb, ab = resampled_sums(table, blocks, case.seed, _DRAWS).T / len(x)
    spread = np.sqrt(np.maximum((aa * n - a * a) * (bb * n - b * b), 1e-300))
    return Resampled(float(np.mean(x * y)), (ab * n - a * b) / spread, part.height, basis)


def _area(
    scores: NDArray[Any], is_in: NDArray[Any], blocks: NDArray[Any], basis: str, seed: int
) -> tuple[float, NDArray[Any]]:
    """2 AUC - 1 of a score against membership, ties counting half, and its resamplings.

    The resamplings are of the score in at most `_LEVELS` levels, moved by what that costs. A row by
    itself is drawn as the cell, level and class, that it is in.
    """
    import numpy as np

    _, exact = np.unique(scores, return_inverse=True)
    edges = np.unique(np.quantile(scores, np.arange(1, _LEVELS) / _LEVELS, method="inverted_cdf"))
    levels = np.searchsorted(edges, scores, side="left")
    size = len(edges) + 1
    cell = levels + size * is_in
    value = float(_gini(_cells(exact + (int(exact.max()) + 1) * is_in, int(exact.max()) + 1))[0])
    whole = _cells(cell, size)
    if basis == "rows":
        random = np.random.default_rng(seed)
        drawn = random.multinomial(len(cell), whole[0] / len(cell), size=_DRAWS).astype(float)
    else:
        many = int(blocks.max()) + 1
        table = np.bincount(blocks * 2 * size + cell, minlength=many * 2 * size)
        table = table.reshape(many, 2 * size).astype(float)
        drawn = resampled_sums(table, np.arange(many), seed, _DRAWS)
    return value, _gini(drawn) + value - _gini(whole)[0]


def _cells(cell: NDArray[Any], size: int) -> NDArray[Any]:
    import numpy as np

    return np.bincount(cell, minlength=2 * size)[None, :].astype(float)


def _gini(counts: NDArray[Any]) -> NDArray[Any]:
    """2 AUC - 1 of each row of counts: levels of those outside, then of those inside."""
    import numpy as np

    size = counts.shape[1] // 2
    negative, positive = counts[:, :size], counts[:, size:]
    pairs = positive.sum(axis=1) * negative.sum(axis=1)
    below = np.cumsum(negative, axis=1) - negative
    wins = np.sum(positive * (below + negative / 2), axis=1)
    return np.where(pairs > 0, 2 * wins / np.maximum(pairs, 1e-300) - 1, 0.0)
