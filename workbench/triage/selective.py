"""Are the labelled rows still like all rows? Which rows get a label may depend on the prediction.

A decision that keeps labels from ever coming (a refused loan is never repaid or not) makes every
rate one of the rows that were let through. When that choice moves, the rate moves with it, and a
model that is trained on those rows learns the choice. As far as the choice went by what was predicted,
it is undone by weights: each labelled row stands for as many as there are like it to one that has a label.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.classes import class_name
from workbench.domain.verdict import Evidence
from workbench.performance.blocks import Resampled
from workbench.triage.case import Case
from workbench.triage.rescoring import badness_of, floor_of, sampled

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

STEP = "selective"

LEAST_ROWS = 100
"""Of a band of predictions on either side."""

_BANDS = 5
_FINE_BANDS = 20
"""For the weights: what is chosen may be a part of a band."""
_FACTOR = 1.5
"""How much the share of labelled rows of a band must change beside that of all rows."""
_DEVIATIONS = 4.5
"""And how far beyond chance."""


@dataclass(frozen=True)
class Band:
    """The labelled share of the rows with about one prediction."""

    name: str
    before: float
    current: float
    rows: int
    change: float
    """The current share by the former, each beside that of all rows; 1: nothing changed."""
    is_sure: bool


@dataclass(frozen=True)
class Selective:
    """Whether labels come by other rules than before."""

    bands: tuple[Band, ...]
    is_selective: bool
    censored_share: float | None
    """Of the current rows whose prediction keeps labels from coming; None if the card names none."""
    skipped: str | None = None
    by_choice: Resampled | None = None
    """By how much the labelled rows' bad rate is above that of all rows, for which are labelled; where known."""

    def evidence(self) -> tuple[Evidence, ...]:
        """What the operator is told of it."""
        found = []
        if self.censored_share:
            found.append(
                Evidence(
                    STEP, "censored", self.censored_share,
                    f"{self.censored_share:.1%} of rows can never be labelled: the decision itself keeps "
                    "their labels away",
                    against="retrain",
                )
            )  # fmt: skip
        if any(band.is_sure for band in self.bands):
            worst = max(self.bands, key=lambda b: abs(math.log(max(b.change, 1e-6))) * b.is_sure)
            found.append(
                Evidence(
                    STEP, "labelled_share", worst.current,
                    f"{worst.current:.1%} of the rows with {worst.name} are labelled, {worst.before:.1%} "
                    "before, beside other rows: what is labelled is chosen otherwise",
                    n=worst.rows, threshold=_FACTOR, against="retrain",
                )
            )  # fmt: skip
        if self.is_selective and self.by_choice is not None:
            up = self.by_choice
            found.append(
                Evidence(
                    STEP, "by_choice", up.value,
                    f"{100 * up.value:+.1f} points of the bad rate come from which rows are labelled: so much it "
                    "changes when each counts for the rows with about its prediction",
                    up.low, up.high, up.n, 0.0, against="retrain",
                )
            )  # fmt: skip
        return tuple(found)


def measure_selective(case: Case) -> Selective:
    """The labelled share by what was predicted, before the onset and since.

    Rows whose labels are still to come are left out on both sides.
    """
    import polars as pl

    censoring = case.card.labels.censored_by
    share = None
    if censoring and case.current.height:
        said = case.current["wb_prediction"].cast(pl.String) == class_name(censoring)
        share = float(said.fill_null(value=False).mean() or 0.0)  # type: ignore[arg-type]
    before, current = (_ripe(case, frame) for frame in (case.before, case.current))
    if not before.height or not current.height:
        why = "there are no rows of before, or none that are ripe"
        return Selective((), bool(share), share, why)
    if not before["wb_label"].count() or not current["wb_label"].count():
        return Selective((), bool(share), share, "there are no labels on a side")
    bands, by_choice = _bands(case, before, current), _by_choice(case, before, current)
    floor = floor_of(case)
    matters = by_choice is not None and floor is not None and by_choice.low > floor / 2
    is_selective = any(b.is_sure for b in bands) or bool(share) or matters
    return Selective(bands, is_selective, share, by_choice=by_choice)


def _ripe(case: Case, frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return frame if case.ripe_end is None else frame.filter(pl.col("wb_timestamp") < case.ripe_end)


def _by_choice(case: Case, before: pl.DataFrame, current: pl.DataFrame) -> Resampled | None:
    """The rate of the labelled rows less the same with weights; None without a rate.

    In a band with the labelled share a before and b now, a row has the weight a / b.
    """
    import numpy as np

    bad = badness_of(case, current, None)
    if not np.isfinite(bad).any():
        return None
    weights = np.full(len(bad), np.nan)
    has = [frame["wb_label"].is_not_null().to_numpy() for frame in (before, current)]
    for _, then, now in _groups(before, current, _named(case, before), _FINE_BANDS):
        if then.any() and now.any():
            a, b = (
                (h[r].sum() + 0.5) / (r.sum() + 1) for h, r in zip(has, (then, now), strict=True)
            )
            weights[now] = a / b
    known = np.isfinite(bad) & np.isfinite(weights)
    if not known.any():
        return None
    weights /= weights[known].mean()
    return sampled(case, np.where(known, bad * (1 - weights), np.nan), current)


def _named(case: Case, before: pl.DataFrame) -> str:
    """The column to go by: the score of two classes where it is logged, else the prediction."""
    has_scores = "wb_score" in before.columns and before["wb_score"].count() > 0
    return "wb_score" if case.rules.task == "binary" and has_scores else "wb_prediction"


def _groups(
    before: pl.DataFrame, current: pl.DataFrame, name: str, bands: int
) -> list[tuple[str, NDArray[Any], NDArray[Any]]]:
    """Rows with about one prediction: (in words, those of before, those of now)."""
    import numpy as np
    import polars as pl

    if before.schema[name] == pl.String:
        codes = [frame[name].fill_null("").to_numpy() for frame in (before, current)]
        return [
            (f"prediction {value}", codes[0] == value, codes[1] == value)
            for value in np.unique(codes[0])
        ]
    values = [
        frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for frame in (before, current)
    ]
    known = values[0][np.isfinite(values[0])]
    edges = np.unique(
        np.quantile(known, np.linspace(0, 1, bands + 1)[1:-1]) if len(known) else known
    )
    places = [np.digitize(v, edges) for v in values]
    what = "a score" if name == "wb_score" else "a prediction"
    ends = ["below all", *(f"{e:.3g}" for e in edges), "above all"]
    return [
        (f"{what} from {ends[i]} to {ends[i + 1]}", places[0] == i, places[1] == i)
        for i in range(len(edges) + 1)
    ]


def _bands(case: Case, before: pl.DataFrame, current: pl.DataFrame) -> tuple[Band, ...]:
    groups = _groups(before, current, _named(case, before), _BANDS)
    has = [frame["wb_label"].is_not_null().to_numpy() for frame in (before, current)]
    whole = [float(h.mean()) for h in has]
    found = []
    for label, then, now in groups:
        n, m = int(then.sum()), int(now.sum())
        if min(n, m) < LEAST_ROWS:
            continue
        a, b = float(has[0][then].mean()), float(has[1][now].mean())
        expected = min(a / whole[0] * whole[1], 1.0)
        change = (b / whole[1]) / (a / whole[0]) if a else math.inf
        deviation = math.sqrt(
            max(expected * (1 - expected), 0.5 / m) / m + max(a * (1 - a), 0.5 / n) / n
        )
        is_far = change >= _FACTOR or change <= 1 / _FACTOR
        is_sure = is_far and abs(b - expected) > _DEVIATIONS * deviation
        found.append(Band(label, a, b, m, change, is_sure))
    return tuple(found)
