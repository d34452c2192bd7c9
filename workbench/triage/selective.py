"""Are the labelled rows still like all rows? Which rows get a label may depend on the prediction.

A decision that keeps labels from ever coming (a refused loan is never repaid or not) makes every
rate one of the rows that were let through. When that choice moves, the rate moves with it, and a
model that is trained on those rows learns the choice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.domain.classes import class_name
from workbench.domain.verdict import Evidence
from workbench.triage.case import Case

if TYPE_CHECKING:
    import polars as pl

STEP = "selective"

LEAST_ROWS = 100
"""Of a band of predictions on either side."""

_BANDS = 5
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
    bands = _bands(case, before, current)
    return Selective(bands, any(b.is_sure for b in bands) or bool(share), share)


def _ripe(case: Case, frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return frame if case.ripe_end is None else frame.filter(pl.col("wb_timestamp") < case.ripe_end)


def _bands(case: Case, before: pl.DataFrame, current: pl.DataFrame) -> tuple[Band, ...]:
    import numpy as np
    import polars as pl

    name = (
        "wb_score"
        if case.rules.task == "binary" and "wb_score" in before.columns
        else "wb_prediction"
    )
    if name == "wb_score" and not before[name].count():
        name = "wb_prediction"
    if before.schema[name] == pl.String:
        codes = [frame[name].fill_null("").to_numpy() for frame in (before, current)]
        groups = [
            (f"prediction {value}", *(c == value for c in codes)) for value in np.unique(codes[0])
        ]
    else:
        values = [
            frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for frame in (before, current)
        ]
        known = values[0][np.isfinite(values[0])]
        edges = np.unique(
            np.quantile(known, np.linspace(0, 1, _BANDS + 1)[1:-1]) if len(known) else known
        )
        places = [np.digitize(v, edges) for v in values]
        what = "a score" if name == "wb_score" else "a prediction"
        ends = ["below all", *(f"{e:.3g}" for e in edges), "above all"]
        groups = [
            (f"{what} from {ends[i]} to {ends[i + 1]}", *(p == i for p in places))
            for i in range(len(edges) + 1)
        ]
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
