"""Cases with a planted cause, in plain NumPy: four normal inputs and a model that knows the old world."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.domain.card import ModelCard
from workbench.domain.period import Period
from workbench.domain.rules import OutcomeRules, outcome_rules
from workbench.domain.shape import FeatureColumn, LogShape
from workbench.triage.case import Case, Models

BEFORE = datetime(2024, 1, 1, tzinfo=UTC)
ONSET = datetime(2024, 3, 1, tzinfo=UTC)
NAMES = ("x0", "x1", "x2", "x3")
FEATURES = tuple(FeatureColumn(name, "numeric", "number") for name in NAMES)


def log_odds(x: NDArray[Any]) -> NDArray[Any]:
    """Of the old world."""
    found: NDArray[Any] = 1.5 * x[:, 0] - x[:, 1] + 0.8 * x[:, 2] * (x[:, 0] > 0)
    return found


def chance(z: NDArray[Any]) -> NDArray[Any]:
    found: NDArray[Any] = 1 / (1 + np.exp(-z))
    return found


def times(n: int, start: datetime, days: int) -> list[datetime]:
    step = timedelta(days=days) / max(n, 1)
    return [start + step * i for i in range(n)]


def rows(
    x: NDArray[Any],
    label: NDArray[Any],
    *,
    seen: NDArray[Any] | None = None,
    score: NDArray[Any] | None = None,
    start: datetime = BEFORE,
    days: int = 20,
    threshold: float = 0.5,
) -> pl.DataFrame:
    """Binary rows as triage sees them.

    Args:
        x: the inputs as logged.
        label: 0 or 1.
        seen: the inputs that the model scores, where they differ from those logged.
        score: the score, where it is not the old world's.
    """
    p = chance(log_odds(x if seen is None else seen)) if score is None else score
    said = (p >= threshold).astype(int)
    return pl.DataFrame(
        {
            **{name: x[:, place] for place, name in enumerate(NAMES)},
            "wb_id": [f"{start:%m}-{i:06d}" for i in range(len(x))],
            "wb_timestamp": times(len(x), start, days),
            "wb_version": ["1"] * len(x),
            "wb_role": ["live"] * len(x),
            "wb_prediction": said.astype(str),
            "wb_score": p,
            "wb_label": label.astype(int).astype(str),
            "wb_bad": (said != label).astype(float),
        }
    ).with_columns(pl.col("wb_timestamp").dt.cast_time_unit("us"))


def case_of(
    reference: pl.DataFrame,
    current: pl.DataFrame,
    *,
    task: str = "binary",
    tolerance: float = 0.5,
    features: tuple[FeatureColumn, ...] = FEATURES,
    segments: tuple[str, ...] = (),
    card: ModelCard | None = None,
    classes: tuple[str, ...] = ("0", "1"),
    seed: int = 0,
    **more: Any,
) -> Case:
    card = card or ModelCard()
    card = replace(card, model=replace(card.model, name="planted", task=task))
    rules: OutcomeRules = outcome_rules(
        card, LogShape(features, segments, classes=classes), tolerance
    )
    given: dict[str, Any] = {
        "before": reference.head(0), "others": current.head(0), "training": None,
        "models": Models(), "onset": ONSET, **more,
    }  # fmt: skip
    return Case(
        card=card, rules=rules, features=features, segments=segments,
        period=Period(ONSET, ONSET + timedelta(days=20)), reference=reference, current=current,
        seed=seed, **given,
    )  # fmt: skip


def planted(kind: str, n: int = 4000, seed: int = 0) -> Case:
    """One of the cases of the table, `n` rows a side."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 4))
    reference = rows(x, random.random(n) < chance(log_odds(x)))
    x = random.normal(size=(n, 4))
    logged, z = x, log_odds(x)
    if kind == "easier":
        logged = x = x - np.array([0.8, 0, 0, 0])
        z = log_odds(x)
    elif kind == "harder":
        logged = x = x * 0.5
        z = log_odds(x)
    elif kind == "flip":
        z = np.where(x[:, 3] > 1, -z, z)
    elif kind == "unit":
        logged = x * np.array([100.0, 1, 1, 1])
    elif kind != "none":
        raise ValueError(kind)
    current = rows(logged, random.random(n) < chance(z), start=ONSET)
    return case_of(reference, current, seed=seed)
