"""Is it still the same function of the inputs that gives the outputs? A replay without the artifact.

A model answers the same inputs alike at any time, whatever the world, the labels and the feed do.
So the outputs are learnt from the inputs on rows of before, and what that leaves is learnt again
from the inputs and from what was learnt: once on the rows of both times together, and once on the
period's alone. Where one function gives both, the fit of all rows, which has more of them, is the
better one on rows that neither has seen; where the fit of the period alone is better, the outputs
follow from the inputs otherwise than before. Unusual inputs, and broken ones, are in both fits, and pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.verdict import Evidence
from workbench.performance.blocks import Resampled
from workbench.triage.case import Case
from workbench.triage.refitting import thinned
from workbench.triage.rescoring import sampled, score_columns
from workbench.triage.served_since import newly_live

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_ROWS = 300
"""Rows with an output that either side must have."""
MOST_ROWS = 4_000
"""Of a side; more are thinned evenly over time."""
MATTERS = 0.02
"""Of the variance of the outputs before, by which a fit of the period alone must be better."""
FOLDS = 2
TREES = 60
_FAR = 6.0
"""Log odds are held at this: no score says more."""
_MOST_SCORES = 4
_MOST_VALUES = 50
"""Of a segment or another text that is looked at beside the inputs."""
_UNREAD = ("parse_failure", "missing_column", "type_change")
_STEP = "outputs"


@dataclass(frozen=True)
class SameFunction:
    """Whether outputs follow from inputs as before."""

    skipped: str | None = None
    against: str = "before"
    """What the period is compared with: `before` the onset, or the `reference`."""
    gain: Resampled | None = None
    """By how much the fit of the period alone is better, as a share of the outputs' variance."""

    @property
    def has_changed(self) -> bool | None:
        """Whether another function gives the outputs; None where that cannot be told."""
        if self.gain is None:
            return None
        if self.gain.low > 0 and self.gain.value >= MATTERS:
            return True
        return False if self.gain.high < MATTERS else None

    def evidence(self) -> tuple[Evidence, ...]:
        """The figure in an operator's words."""
        if self.gain is None:
            return ()
        side = "before the onset" if self.against == "before" else "in the reference"
        words = {
            True: f"Inputs like those {side} get other outputs now: what serves the model has changed",
            False: f"Outputs follow from the inputs as they did {side}",
            None: f"Whether outputs follow from the inputs as {side} cannot be told",
        }[self.has_changed]
        return (
            Evidence(
                _STEP, "same_function", self.gain.value, f"{words} (learnt without the artifact).",
                self.gain.low, self.gain.high, self.gain.n, MATTERS,
                supports="fix_serving" if self.has_changed else None,
                against="fix_serving" if self.has_changed is False else None,
            ),
        )  # fmt: skip


def measure_same_function(case: Case) -> SameFunction:
    """Whether the period's outputs follow from its inputs as those before it.

    Compared is with the live rows before the onset, which the same version served. Where there are
    too few, or no moment stands out, it is with the reference.

    Args:
        case: the rows, in order.
    """
    import numpy as np
    import polars as pl

    if newly_live(case) is not None:
        return SameFunction("a new version became live, whose outputs are others by right")
    unread = [f.column for f in case.faults if f.kind in _UNREAD and f.column in case.feature_names]
    if unread:
        return SameFunction("inputs could not be read: what the model was given is not known")
    current = _with_outputs(case, case.current)
    before = _with_outputs(case, case.before) if case.onset is not None else case.before.clear()
    against = "before" if before.height >= LEAST_ROWS else "reference"
    known = before if against == "before" else _with_outputs(case, case.reference)
    if min(known.height, current.height) < LEAST_ROWS:
        return SameFunction(f"fewer than {LEAST_ROWS} rows with outputs on a side", against)
    # No more rows now than before: the fit of both must not become one of the period.
    current = thinned(current, min(MOST_ROWS, known.height))
    known = thinned(known, MOST_ROWS)
    columns = _columns(case, known, current)
    targets = [_outputs(case, frame, columns) for frame in (known, current)]
    if not case.rules.is_classification:
        targets = _held(*targets)
    inputs = inputs_as_numbers(case, known, current)
    if inputs is None or not columns:
        return SameFunction("there are no inputs or no outputs to compare", against)
    better = np.zeros(current.height)
    spread = 0.0
    for place in range(len(columns)):
        then, now = (target[:, place] for target in targets)
        spread += float(then.var())
        better += _better_by(inputs, then, now, case.seed)
    if spread <= 0:
        return SameFunction("the outputs did not vary before", against)
    gain = sampled(case, better / spread, current.with_columns(pl.lit(0.0).alias("wb_bad")))
    return SameFunction(None, against, gain)


def _better_by(
    inputs: tuple[NDArray[Any], NDArray[Any], NDArray[Any]],
    then: NDArray[Any],
    now: NDArray[Any],
    seed: int,
) -> NDArray[Any]:
    """Squared error of the mending by both times minus that by the period alone, a row of the period."""
    import numpy as np

    before, current, is_category = inputs
    random = np.random.default_rng(seed)
    halves = random.permutation(len(then)) % 2, random.permutation(len(now)) % 2
    # What one half of the rows before says of all others: as good on those before as on the period's.
    usual = np.zeros(len(then)), np.zeros(len(now))
    for half in (0, 1):
        own = halves[0] == half
        said = numbers_learnt(
            before[own], then[own], np.concatenate([before[~own], current[halves[1] == half]]),
            is_category, seed,
        )  # fmt: skip
        usual[0][~own], usual[1][halves[1] == half] = np.split(said, [int((~own).sum())])
    before, current = (np.column_stack(side) for side in zip((before, current), usual, strict=True))
    is_category = np.append(is_category, False)
    gaps = then - usual[0], now - usual[1]
    fold = random.permutation(len(now)) * FOLDS // len(now)
    found = np.zeros(len(now))
    for number in range(FOLDS):
        own = fold == number
        alone = current[~own], gaps[1][~own]
        both = np.concatenate([before, alone[0]]), np.concatenate([gaps[0], alone[1]])
        errors = [
            (numbers_learnt(rows, target, current[own], is_category, seed) - gaps[1][own]) ** 2
            for rows, target in (both, alone)
        ]
        found[own] = errors[0] - errors[1]
    return found


def numbers_learnt(
    rows: NDArray[Any],
    target: NDArray[Any],
    of: NDArray[Any],
    is_category: NDArray[Any],
    seed: int,
    trees: int = TREES,
) -> NDArray[Any]:
    """What boosted trees that learn a target from some rows say of others: (others,)."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor

    kept = ~np.isnan(rows).all(axis=0)
    model = HistGradientBoostingRegressor(
        max_iter=trees, early_stopping=False, random_state=seed,
        categorical_features=is_category[kept],
    ).fit(rows[:, kept], target)  # fmt: skip
    found: NDArray[Any] = model.predict(of[:, kept])
    return found


def inputs_as_numbers(
    case: Case, known: pl.DataFrame, current: pl.DataFrame
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None:
    """The inputs of both sides as numbers, and which columns are categories; None without an input.

    Args:
        case: names the inputs.
        known: the rows that something is learnt from.
        current: the rows that it is asked about.

    Returns:
        (rows, columns) of either side, not a number where there is no value, and (columns,) of bool.
    """
    import numpy as np
    import polars as pl

    sides: list[list[NDArray[Any]]] = [[], []]
    is_category = []
    for name, kind in _asked(case, known):
        if name not in known.columns or name not in current.columns:
            continue
        pair = [frame[name] for frame in (known, current)]
        if kind == "categorical":
            names = pl.concat([s.cast(pl.String) for s in pair]).value_counts(sort=True)
            listed = names.drop_nulls(name).sort("count", name, descending=[True, False])
            codes = {v: min(i, 200) for i, v in enumerate(listed[name].to_list())}
            pair = [
                s.cast(pl.String).replace_strict(codes, default=None, return_dtype=pl.Float64)
                for s in pair
            ]
        for side, values in zip(sides, pair, strict=True):
            numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(float)
            side.append(np.where(np.isfinite(numbers), numbers, np.nan))
        is_category.append(kind == "categorical")
    if not is_category:
        return None
    before, now = (np.column_stack(side) for side in sides)
    return before, now, np.array(is_category)


def _asked(case: Case, known: pl.DataFrame) -> list[tuple[str, str]]:
    """(column, kind) of the inputs, and of what else a broken part of serving may be confined to."""
    import polars as pl

    found = {one.name: one.kind for one in case.features}
    for name in (*case.segments, *case.unused):
        if name in found or known.schema.get(name) != pl.String:
            continue
        if 2 <= known[name].drop_nulls().n_unique() <= _MOST_VALUES:
            found[name] = "categorical"
    return list(found.items())


def _columns(case: Case, known: pl.DataFrame, current: pl.DataFrame) -> tuple[str, ...]:
    """The outputs that are compared: scores where there are any on both sides, else predictions."""
    if not case.rules.is_classification:
        return ("wb_prediction",)
    both = [
        column for _, column in score_columns(case, known)
        if column in current.columns and known[column].count() and current[column].count()
    ]  # fmt: skip
    if both:
        return tuple(both[:_MOST_SCORES])
    return tuple(f"={name}" for name in _said(case, known))


def _said(case: Case, known: pl.DataFrame) -> list[str]:
    import polars as pl

    if case.rules.task == "binary":
        return [case.rules.positive_class]
    counted = known["wb_prediction"].cast(pl.String).drop_nulls().value_counts(sort=True)
    return [str(name) for name in counted["wb_prediction"].to_list()[:_MOST_SCORES]]


def _outputs(case: Case, frame: pl.DataFrame, columns: tuple[str, ...]) -> NDArray[Any]:
    """(rows, columns): log odds of scores, 0 or 1 of predicted classes, numbers as they are."""
    import numpy as np
    import polars as pl

    found = []
    for column in columns:
        if column.startswith("="):
            found.append((frame["wb_prediction"].cast(pl.String) == column[1:]).to_numpy())
            continue
        values = frame[column].cast(pl.Float64).fill_null(np.nan).to_numpy().astype(float)
        if case.rules.is_classification:
            edge = 1 / (1 + np.exp(_FAR))
            values = np.clip(np.nan_to_num(values, nan=0.5), edge, 1 - edge)
            values = np.log(values / (1 - values))
        found.append(values)
    return np.column_stack(found).astype(float) if found else np.zeros((frame.height, 0))


def _held(then: NDArray[Any], now: NDArray[Any]) -> list[NDArray[Any]]:
    """Numbers within what is usual, and as much again: one wild output must not be all there is."""
    import numpy as np

    low, high = np.quantile(then, (0.005, 0.995))
    return [np.clip(side, 2 * low - high, 2 * high - low) for side in (then, now)]


def _with_outputs(case: Case, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that have an output; none of a frame without."""
    import polars as pl

    if not frame.height or "wb_prediction" not in frame.columns:
        return frame.clear()
    has = pl.col("wb_prediction").is_not_null()
    if case.rules.task == "binary" and "wb_score" in frame.columns and frame["wb_score"].count():
        has &= pl.col("wb_score").is_not_null()
    return frame.filter(has)
