"""What does a model say of rows, how bad is that, and how bad is it to be expected without labels?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.performance.badness import badness
from workbench.performance.blocks import Resampled, blocks_of, resampled_mean, resampled_sums
from workbench.performance.class_probabilities import (
    ScoreBins,
    badness_matrix,
    class_probabilities,
    score_bins,
)
from workbench.performance.judgement import threshold_rates_of
from workbench.triage.case import Case, Scorer

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

LEAST_REFERENCE = 200
"""Labelled rows of the reference without which nothing is expected of a score."""


@dataclass(frozen=True)
class Rescored:
    """What a model says of some rows."""

    prediction: pl.Series
    """Classes as text, or numbers."""
    scores: pl.DataFrame
    """The score columns that the model gave; none for a regression."""
    bad: NDArray[Any]
    """0 to 1; not a number without a label."""


@dataclass(frozen=True)
class Rise(Resampled):
    """How much worse the period's labelled rows are than the reference's."""

    reference: float
    """The reference's rate."""
    floor: float
    """The smallest rise that matters."""


def ordered(case: Case) -> Case:
    """The case with its rows in order of time and id, as what is drawn from them goes by their place."""

    def in_order(frame: pl.DataFrame) -> pl.DataFrame:
        names = ("wb_timestamp", "wb_id", "wb_version", "wb_role")
        keys = [name for name in names if name in frame.columns]
        return frame.sort(keys, maintain_order=True) if keys else frame

    return replace(
        case,
        reference=in_order(case.reference),
        before=in_order(case.before),
        current=in_order(case.current),
        others=in_order(case.others),
    )


def score_columns(case: Case, frame: pl.DataFrame) -> tuple[tuple[str, str], ...]:
    """(class, column) of each score that a frame has; binary: the positive class's."""
    if not case.rules.is_classification:
        return ()
    if case.rules.task == "binary":
        return ((case.rules.positive_class, "wb_score"),) if "wb_score" in frame.columns else ()
    prefix = "score_"
    names = [n for n in frame.columns if n.startswith(prefix) and n not in case.feature_names]
    return tuple((name.removeprefix(prefix), name) for name in sorted(names))


def rescored(case: Case, scorer: Scorer, frame: pl.DataFrame) -> Rescored:
    """A model's outputs for the features of some rows, and their badness by the rows' labels.

    A threshold that is logged row by row turns a binary score into the prediction, as it did when
    the rows were served.

    Args:
        case: for the card's rules.
        scorer: the model.
        frame: rows as the case has them; may have none.
    """
    import polars as pl

    rules = case.rules
    own = pl.String if rules.is_classification else pl.Float64
    own_threshold = rules.threshold_column if rules.threshold_column in frame.columns else ""
    if not frame.height:
        return Rescored(
            pl.Series("wb_prediction", [], dtype=own), frame.select(), badness_of(case, frame, None)
        )
    inputs = [n for n in (*case.feature_names, own_threshold) if n and n in frame.columns]
    out = scorer(frame.select(list(dict.fromkeys(inputs))))
    prediction = out["wb_prediction"].cast(own, strict=False)
    if rules.task == "binary" and own_threshold and "wb_score" in out.columns:
        limit = frame[own_threshold].cast(pl.Float64, strict=False).fill_null(rules.threshold)
        said = (out["wb_score"] >= limit).to_frame("said")
        positive = pl.lit(rules.positive_class)
        prediction = said.select(
            pl.when("said").then(positive)
            .when(pl.col("said").is_not_null()).then(pl.lit(rules.negative_class))
            .alias("wb_prediction")
        ).to_series()  # fmt: skip
    scores = out.select([column for _, column in score_columns(case, out)])
    return Rescored(prediction, scores, badness_of(case, frame, prediction))


def badness_of(case: Case, frame: pl.DataFrame, prediction: pl.Series | None) -> NDArray[Any]:
    """How bad some predictions of a frame's rows are; None for those that were logged.

    Not a number where there is no label.
    """
    import numpy as np
    import polars as pl

    if prediction is None:
        if "wb_bad" not in frame.columns:
            return np.full(frame.height, np.nan)
        return frame["wb_bad"].cast(pl.Float64).fill_null(np.nan).to_numpy().astype(float)
    if "wb_label" not in frame.columns:
        return np.full(frame.height, np.nan)
    return badness(case.rules, prediction, frame["wb_label"])


def floor_of(case: Case) -> float | None:
    """The smallest rise of the bad rate that matters; None without a reference rate."""
    rate = reference_rate(case)
    if rate is None:
        return None
    warning, _ = threshold_rates_of(rate, case.card.thresholds)
    return warning - rate


def reference_rate(case: Case) -> float | None:
    """The reference's bad rate; None without labels."""
    import numpy as np

    bad = badness_of(case, case.reference, None)
    known = bad[np.isfinite(bad)]
    return float(known.mean()) if known.size else None


def rise_of(case: Case) -> Rise | None:
    """The rise of the bad rate over the reference, days or entities drawn anew on both sides.

    None without labels on either side.
    """
    import numpy as np

    sides = [sampled(case, badness_of(case, f, None), f) for f in (case.current, case.reference)]
    now, usual = sides
    floor = floor_of(case)
    if not now.n or not usual.n or floor is None:
        return None
    # The two sides share no rows: other blocks are drawn for each.
    draws = np.asarray(now.draws) - np.roll(usual.draws, 1)
    return Rise(now.value - usual.value, draws, now.n, now.basis, usual.value, floor)


def sampled(case: Case, values: NDArray[Any], frame: pl.DataFrame) -> Resampled:
    """The mean of a value a row of a frame, and its resamplings by day or entity.

    Args:
        case: for the seed and the entity.
        values: not a number where there is none.
        frame: the rows.
    """
    import numpy as np

    known = np.isfinite(values)
    part = frame.filter(known)
    blocks, basis = blocks_of(part, case.card.columns.entity)
    return resampled_mean(values[known], blocks, basis, case.seed)


def paired(
    case: Case, values: NDArray[Any], frame: pl.DataFrame
) -> tuple[NDArray[Any], NDArray[Any], str]:
    """Means over rows of several values, and their resamplings with the same blocks drawn for all.

    Args:
        case: for the seed and the entity.
        values: (rows, columns), all numbers.
        frame: the rows.

    Returns:
        (columns,), (draws, columns), and what was drawn.
    """
    import numpy as np

    blocks, basis = blocks_of(frame, case.card.columns.entity)
    table = np.column_stack([values, np.ones(len(values))])
    sums = resampled_sums(table, blocks, case.seed)
    drawn = sums[:, :-1] / np.maximum(sums[:, -1:], 1e-12)
    return values.mean(axis=0), drawn, basis


@dataclass(frozen=True)
class Expectations:
    """What the reference says of a label, given what a model says of clean inputs."""

    case: Case
    bins: tuple[ScoreBins, ...] = ()
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    residuals: NDArray[Any] | None = None
    """Label minus prediction, in order; relative to the prediction for `relative_error`."""

    def of(self, said: pl.Series, truth: Rescored) -> NDArray[Any]:
        """How bad predictions are to be expected, if a model's outputs on clean inputs are right.

        Classes: the badness of what was said, by the calibrated probabilities of the clean scores.
        Numbers: the share of the reference's residuals that, around the clean prediction, lie
        further from what was said than the tolerance.

        Args:
            said: predictions of some rows.
            truth: the model's outputs for the same rows without a fault.
        """
        import numpy as np
        import polars as pl

        if not len(said):
            return np.zeros(0)
        if self.residuals is None:
            values = truth.scores.select(self.columns).to_numpy().astype(float)
            known = np.isfinite(values).all(axis=1)
            chances = class_probabilities(self.bins, np.nan_to_num(values))
            matrix = badness_matrix(self.classes, self.case.rules)
            place = said.replace_strict(
                list(self.classes), list(range(len(self.classes))), default=-1, return_dtype=pl.Int64
            ).fill_null(-1).to_numpy()  # fmt: skip
            found = np.sum(chances * matrix[np.clip(place, 0, None)], axis=1)
            return np.where(known & (place >= 0), found, np.nan)
        rules = self.case.rules
        clean = truth.prediction.fill_null(np.nan).to_numpy().astype(float)
        gap = said.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(float) - clean
        scale = np.maximum(np.abs(clean), 1e-9) if rules.rule == "relative_error" else 1.0
        gap, tolerance = gap / scale, rules.tolerance
        inside = np.searchsorted(self.residuals, gap + tolerance, side="right")
        inside = inside - np.searchsorted(self.residuals, gap - tolerance, side="left")
        return np.where(np.isfinite(gap), 1 - inside / len(self.residuals), np.nan)


def expectations(case: Case) -> Expectations | str:
    """What the reference lets expect, or why it says nothing."""
    import numpy as np
    import polars as pl

    frame = case.reference
    rules = case.rules
    if "wb_label" not in frame.columns or "wb_prediction" not in frame.columns:
        return "the reference has no labels or no predictions"
    frame = frame.filter(pl.col("wb_label").is_not_null())
    if not rules.is_classification:
        y = frame["wb_label"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        said = frame["wb_prediction"].cast(pl.Float64).fill_null(np.nan).to_numpy()
        gap = y - said
        if rules.rule == "relative_error":
            gap = gap / np.maximum(np.abs(said), 1e-9)
        gap = np.sort(gap[np.isfinite(gap)])
        if gap.size < LEAST_REFERENCE:
            return f"the reference has fewer than {LEAST_REFERENCE} labelled predictions"
        return Expectations(case, residuals=gap)
    columns = score_columns(case, frame)
    if not columns:
        return "the reference has no scores"
    frame = frame.filter(pl.all_horizontal(pl.col([c for _, c in columns]).is_not_null()))
    if frame.height < LEAST_REFERENCE:
        return f"the reference has fewer than {LEAST_REFERENCE} labelled scores"
    labels = frame["wb_label"].cast(pl.String).to_numpy()
    bins = tuple(
        score_bins(
            frame[column].to_numpy().astype(float), (labels == name).astype(float), case.seed
        )
        for name, column in columns
    )
    classes: Sequence[str] = (
        (rules.negative_class, rules.positive_class)
        if rules.task == "binary"
        else [name for name, _ in columns]
    )
    return Expectations(case, bins, tuple(classes), tuple(column for _, column in columns))
