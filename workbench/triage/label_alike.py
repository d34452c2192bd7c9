"""Did the labels' rate move for all inputs alike, or for a part of them only?

Who makes labels by another definition does not look at the model's inputs: of rows that were as
likely positive as one another, some inputs or others, as many change their label. A world that
changed its meaning in a part of the inputs moves that part and leaves the rest. By the scores alone
the two may look the same, where that part has high scores (or low ones) nearly throughout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workbench.drift.laws import chi_square_survival
from workbench.performance.class_probabilities import class_probabilities
from workbench.quality.distances import ks, ks_by_chance
from workbench.triage.case import Case
from workbench.triage.rescoring import Expectations, expectations

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_LABELS = 100
UNALIKE = 1e-4
"""A chance below this: the labels did not move for all alike."""
OPEN = 0.01
"""A chance between the two says neither."""
_GROUPS = 8
_LEAST_ROWS = 15
"""Of a group of a feature, on either side."""
_SCORE_GROUPS = 5
_OPPOSITE = 3.0
"""Standard errors by which a group of scores must have moved against the rest."""
_LEAST_SPREAD = 0.3
"""Of the whole move: how far groups must differ besides, so that many rows make nothing of little."""


def chance_of_alike(case: Case, rows: NDArray[Any]) -> float | None:
    """How likely so large differences between groups of inputs are, if all moved alike.

    On either side the label is regressed on its probability by the score, and on the square of it,
    which takes up what the move does to rows of one score. What is left, r, is averaged in groups of
    each feature (eighths of the reference, or its categories), and with k = 1 - the share of the
    shrinking class that changed its label, since what a champion misses shrinks by that too,

        X = sum over groups of (mean r now - k mean r usual)^2 / (variance of that)

    has a chi-square law with as many degrees of freedom as there are groups. Returned is the
    smallest chance of all features, times their number, at most 1; and 1 where groups differ by less
    than 0.3 of the whole move, chance taken off. None without two classes, scores, or enough labels.

    Args:
        case: the rows.
        rows: which of the period's.
    """
    import polars as pl

    found = expectations(case)
    both = (case.current, case.reference)
    if (
        case.rules.task != "binary"
        or isinstance(found, str)
        or any(not {"wb_score", "wb_label"} <= set(frame.columns) for frame in both)
    ):
        return None
    known = pl.col("wb_label").is_not_null() & pl.col("wb_score").is_not_null()
    now, usual = case.current.filter(pl.Series(rows) & known), case.reference.filter(known)
    if min(now.height, usual.height) < LEAST_LABELS:
        return None
    left, step, kept = _left(case, found, now)
    usual_left, _, _ = _left(case, found, usual)
    chances = []
    for feature in case.features:
        if feature.name not in now.columns or feature.name not in usual.columns:
            continue
        groups = _groups(now[feature.name], usual[feature.name])
        chance = _chance(groups, (left, kept * usual_left), abs(step))
        if chance is not None:
            chances.append(chance)
    return min(1.0, len(chances) * min(chances)) if chances else None


def is_one_sided(case: Case, rows: NDArray[Any]) -> bool | None:
    """Whether in five groups of scores no label rate moved surely against the whole."""
    import numpy as np
    import polars as pl

    found = expectations(case)
    if (
        case.rules.task != "binary"
        or isinstance(found, str)
        or "wb_score" not in case.current.columns
    ):
        return None
    part = case.current.filter(
        pl.Series(rows) & pl.col("wb_label").is_not_null() & pl.col("wb_score").is_not_null()
    )
    if part.height < LEAST_LABELS:
        return None
    score = part["wb_score"].to_numpy().astype(float)
    chance = class_probabilities(found.bins, score[:, None])[:, 1]
    label = (part["wb_label"].cast(pl.String) == case.rules.positive_class).to_numpy().astype(float)
    whole = float(np.sign((label - chance).mean()))
    for own in np.array_split(np.argsort(score, kind="stable"), _SCORE_GROUPS):
        gap = float((label[own] - chance[own]).mean())
        rate = (float(label[own].sum()) + 1) / (len(own) + 2)
        error = float(np.sqrt(max(rate * (1 - rate), 1e-9) / len(own)))
        if gap * whole < 0 and abs(gap) > _OPPOSITE * error + 0.02:
            return False
    return True


def is_calm(case: Case) -> bool | None:
    """Whether the scores (numbers: the predictions) are spread as in the reference."""
    import polars as pl

    names = ["wb_score"] if case.rules.task == "binary" else ["wb_prediction"]
    name = names[0]
    if name not in case.current.columns or name not in case.reference.columns:
        return None
    now, usual = (
        f[name].cast(pl.Float64, strict=False).drop_nulls().to_numpy()
        for f in (case.current, case.reference)
    )
    if min(now.size, usual.size) < LEAST_LABELS:
        return None
    return ks(now, usual) <= max(0.05, ks_by_chance(now.size, usual.size))


def _left(case: Case, found: Expectations, part: pl.DataFrame) -> tuple[NDArray[Any], float, float]:
    """(label less what goes by the score, how far the rate is off the scores', k) of some rows."""
    import numpy as np
    import polars as pl

    score = part["wb_score"].cast(pl.Float64).to_numpy().astype(float)
    chance = class_probabilities(found.bins, score[:, None])[:, 1]
    label = (part["wb_label"].cast(pl.String) == case.rules.positive_class).to_numpy().astype(float)
    table = np.column_stack([np.ones(len(chance)), chance, chance**2])
    left = label - table @ np.linalg.lstsq(table, label, rcond=None)[0]
    step, usual = float((label - chance).mean()), float(chance.mean())
    shrinking = usual if step < 0 else 1 - usual
    return left, step, 1 - min(abs(step) / max(shrinking, 1e-9), 1.0)


def _groups(now: pl.Series, usual: pl.Series) -> tuple[NDArray[Any], NDArray[Any]]:
    """The group of each row, on both sides; a missing value is a group of its own."""
    import numpy as np
    import polars as pl

    if pl.String in {now.dtype, usual.dtype}:
        known = usual.cast(pl.String).drop_nulls().unique().sort().to_list()
        codes = {name: place for place, name in enumerate(known)}
        return _codes(now, codes), _codes(usual, codes)
    values, base = (
        side.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(float) for side in (now, usual)
    )
    there = base[np.isfinite(base)]
    edges = np.unique(np.quantile(there, np.arange(1, _GROUPS) / _GROUPS)) if there.size else there
    places = [
        np.where(np.isfinite(v), np.searchsorted(edges, v, side="right"), -1)
        for v in (values, base)
    ]
    return places[0], places[1]


def _codes(names: pl.Series, codes: dict[str, int]) -> NDArray[Any]:
    """The code of each name; -1 for another one, or none."""
    import polars as pl

    found = names.cast(pl.String).replace_strict(codes, default=-1, return_dtype=pl.Int64)
    return found.fill_null(-1).to_numpy()


def _chance(
    groups: tuple[NDArray[Any], NDArray[Any]],
    left: tuple[NDArray[Any], NDArray[Any]],
    step: float,
) -> float | None:
    """The chance of a feature's differences between groups; None where there are no two groups."""
    import numpy as np

    total, spread, rows, many = 0.0, 0.0, 0, 0
    for group in np.unique(groups[0]):
        own, usual = (side[place == group] for side, place in zip(left, groups, strict=True))
        if min(own.size, usual.size) < _LEAST_ROWS:
            continue
        # A group in which all labels are the same has some variance all the same.
        error = (own.var() + 0.01) / own.size + (usual.var() + 0.01) / usual.size
        gap = float(own.mean() - usual.mean())
        total, many = total + gap**2 / error, many + 1
        spread, rows = spread + own.size * (gap**2 - error), rows + own.size
    if many < 2:
        return None
    if spread < rows * (_LEAST_SPREAD * step) ** 2:
        return 1.0
    return chi_square_survival(total, many)
