"""What would the version before have said of these rows? Asked of a model of its outputs.

Without the older artifact its outputs can still be learnt from the inputs that it answered. What this
stand-in gets wrong more often than the version itself did is known from the version's own rows, and
taken off: what is left of the difference on the newer version's rows is the newer version's doing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workbench.performance.badness import badness
from workbench.performance.blocks import Resampled
from workbench.triage.case import Case
from workbench.triage.concurrent import labelled
from workbench.triage.refitting import thinned
from workbench.triage.rescoring import badness_of, sampled
from workbench.triage.same_function import inputs_as_numbers, numbers_learnt
from workbench.triage.served_since import older_live

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_ROWS = 300
"""Labelled rows that the older version must have served, and a third of them the newer."""
MOST_ROWS = 8_000
_TREES = 100
_FOLDS = 2


@dataclass(frozen=True)
class StandIn:
    """The newer version beside a model of the older one, on the newer one's rows."""

    worse_by: Resampled
    """Bad rate of the newer version minus that of the older one, as far as its stand-in tells."""
    older_rate: float
    """Bad rate of the older version on these rows, likewise."""
    older_reference: float
    """Bad rate of the older version on its own rows."""
    losses: NDArray[Any] = field(repr=False, compare=False)
    """(rows, 2), newer version and stand-in."""


def measure_stand_in(case: Case) -> StandIn | None:
    """The champion's labelled rows, and what a model of the version before makes of them.

    With b the badness of a version and s that of the stand-in, the newer version is worse by the
    mean of b - s on its own rows, plus the mean of s - b on the older one's, out of fold: what the
    stand-in loses. Where the world changed for both, the two are equal, and nothing is left.

    Args:
        case: its rows in order of time.

    Returns:
        None where a side has too few labelled rows, or the older version said one thing alone.
    """
    import numpy as np

    older = thinned(labelled(case, older_live(case)), MOST_ROWS)
    now = labelled(case, case.current)
    if older.height < LEAST_ROWS or now.height < LEAST_ROWS // 3:
        return None
    inputs = inputs_as_numbers(case, older, now)
    if inputs is None:
        return None
    rows, asked, is_category = inputs
    said = older["wb_prediction"]
    if case.rules.is_classification and said.n_unique() < 2:
        return None
    fold = np.random.default_rng(case.seed).permutation(older.height) % _FOLDS
    own = np.full(older.height, np.nan)
    for number in range(_FOLDS):
        part = fold == number
        guess = _learnt(case, rows[~part], said.filter(~part), rows[part], is_category)
        own[part] = badness(case.rules, guess, older["wb_label"].filter(part))
    guess = _learnt(case, rows, said, asked, is_category)
    theirs, usual = badness(case.rules, guess, now["wb_label"]), badness_of(case, older, None)
    bad = badness_of(case, now, None)
    differs, lost = sampled(case, bad - theirs, now), sampled(case, own - usual, older)
    # Both sums come from the same numbers of draws: one is turned, so that they do not go together.
    draws = differs.draws + np.roll(lost.draws, 1)
    worse = Resampled(differs.value + lost.value, draws, now.height, differs.basis)
    return StandIn(
        worse, float(np.nanmean(theirs)) - lost.value, float(np.nanmean(usual)),
        np.column_stack([bad, theirs]),
    )  # fmt: skip


def _learnt(
    case: Case, rows: NDArray[Any], said: pl.Series, asked: NDArray[Any], is_category: NDArray[Any]
) -> pl.Series:
    """What boosted trees that learn what was said of some rows say of others."""
    import numpy as np
    import polars as pl
    from sklearn.ensemble import HistGradientBoostingClassifier

    if not case.rules.is_classification:
        numbers = said.cast(pl.Float64).to_numpy()
        return pl.Series(numbers_learnt(rows, numbers, asked, is_category, case.seed, _TREES))
    names = said.cast(pl.String).to_numpy().astype(str)
    if len(set(names.tolist())) < 2:
        return pl.Series(np.full(len(asked), names[0]), dtype=pl.String)
    kept = ~np.isnan(rows).all(axis=0)
    model = HistGradientBoostingClassifier(
        max_iter=_TREES, early_stopping=False, random_state=case.seed,
        categorical_features=is_category[kept],
    ).fit(rows[:, kept], names)  # fmt: skip
    return pl.Series(model.predict(asked[:, kept]).astype(str), dtype=pl.String)
