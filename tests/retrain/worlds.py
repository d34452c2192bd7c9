"""Small models to train and score: cards, features and rows whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from workbench.domain.card import Columns, Decision, Identity, ModelCard
from workbench.domain.rules import OutcomeRules, outcome_rules
from workbench.domain.shape import FeatureColumn, LogShape

FEATURES = (
    FeatureColumn("x", "numeric", "number"),
    FeatureColumn("noise", "numeric", "number"),
    FeatureColumn("city", "categorical", "text"),
    FeatureColumn("code", "categorical", "number"),
    FeatureColumn("vip", "categorical", "boolean"),
    FeatureColumn("seen", "numeric", "time"),
)
CLASSES = {"binary": ("0", "1"), "multiclass": ("a", "b", "c"), "regression": ()}


@dataclass(frozen=True)
class World:
    """A card, its resolved rules, and rows in the columns of a row sample."""

    card: ModelCard
    rules: OutcomeRules
    rows: pl.DataFrame

    @property
    def label(self) -> pl.Series:
        return self.rows["wb_label"]


def card_of(task: str, **sections: Any) -> ModelCard:
    made = ModelCard(model=Identity(name="m", task=task), columns=Columns())
    return replace(made, **sections) if sections else made


def rules_of(card: ModelCard, tolerance: float = 1.0) -> OutcomeRules:
    return outcome_rules(card, LogShape(FEATURES, (), classes=CLASSES[card.model.task]), tolerance)


def world(task: str, rows: int = 600, *, seed: int = 0, missing: float = 0.05) -> World:
    """Rows whose label follows from x, city and vip; a share of every feature is missing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    city = rng.choice(["Bern", "Rome", "Oslo"], rows, p=[0.5, 0.3, 0.2])
    vip = rng.random(rows) < 0.3
    truth = 2 * x + 1.5 * (city == "Rome") - 2.0 * vip
    if task == "regression":
        label: Any = truth + rng.normal(scale=0.3, size=rows)
    elif task == "binary":
        label = np.where(truth + rng.logistic(size=rows) > 0, "1", "0")
    else:
        label = np.array(["a", "b", "c"])[np.digitize(truth + rng.normal(size=rows), [-1, 1])]
    start = datetime(2024, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "wb_id": [f"r{i}" for i in range(rows)],
            "wb_timestamp": [start + timedelta(minutes=10 * i) for i in range(rows)],
            "x": x,
            "noise": rng.normal(size=rows),
            "city": city,
            "code": rng.choice(["1", "2", "30"], rows),
            "vip": np.where(vip, "true", "false"),
            "seen": rng.uniform(1.6e9, 1.7e9, rows),
            "wb_label": label,
        }
    )
    holes = [
        pl.when(pl.Series(rng.random(rows) < missing)).then(None).otherwise(pl.col(one.name))
        for one in FEATURES
    ]
    frame = frame.with_columns(
        hole.alias(one.name) for hole, one in zip(holes, FEATURES, strict=True)
    )
    card = card_of(task)
    return World(card, rules_of(card), frame)


def with_threshold(card: ModelCard, threshold: float, column: str = "") -> ModelCard:
    named = card.named | {"decision.threshold"}
    return replace(card, decision=Decision(threshold, column), named=named)


def badness_of(world: World, said: pl.Series) -> float:
    """The share of wrong classes, or the mean absolute error."""
    if world.card.model.task == "regression":
        return float(np.mean(np.abs(said.to_numpy() - world.label.to_numpy())))
    return float((said != world.label).mean())  # type: ignore[arg-type]
