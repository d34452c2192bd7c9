"""Cases in which the outputs, not the model, have gone wrong: priors, thresholds, offsets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tests.triage.shift_worlds import (
    BEFORE,
    FEATURES,
    NAMES,
    ONSET,
    case_of,
    chance,
    log_odds,
    rows,
    times,
)
from workbench.domain.card import BadPrediction, ModelCard
from workbench.triage.case import Case

RARE = -2.5


def of_prior(
    n: int, prior: float, random: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Inputs and labels with this share of positives, each class looking as in the rare world."""
    x = random.normal(size=(60 * n, 4))
    label = random.random(60 * n) < chance(log_odds(x) + RARE)
    many = int(random.binomial(n, prior))
    places = random.permutation(
        np.concatenate([np.flatnonzero(label)[:many], np.flatnonzero(~label)[: n - many]])
    )
    return x[places], label[places]


def prior_shift(
    n: int = 3000,
    prior: float = 0.5,
    seed: int = 0,
    card: ModelCard | None = None,
    flip: float = 0.0,
) -> Case:
    """Positives become as frequent as `prior`; `flip` of the labels now are wrong."""
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 4))
    z = log_odds(x) + RARE
    reference = rows(x, random.random(n) < chance(z), score=chance(z))
    x, label = of_prior(n, prior, random)
    label = label ^ (random.random(n) < flip)
    current = rows(x, label, score=chance(log_odds(x) + RARE), start=ONSET)
    return case_of(reference, current, seed=seed, card=card)


def numbers(
    n: int = 3000,
    *,
    offset: float = 0.0,
    slope: float = 1.0,
    noise: float = 1.0,
    rule: str = "absolute_error",
    seed: int = 0,
) -> Case:
    """A regression whose labels are now offset + slope x what they were, within noise."""
    random = np.random.default_rng(seed)
    card = ModelCard(bad_prediction=BadPrediction(rule=rule))

    def side(start: datetime, offset: float, slope: float, noise: float) -> pl.DataFrame:
        x = random.normal(size=(n, 4))
        said = 10 + log_odds(x)
        true = offset + slope * said + noise * random.normal(size=n)
        error = np.abs(said - true) / (1 if rule == "absolute_error" else np.abs(true))
        return pl.DataFrame(
            {
                **{name: x[:, place] for place, name in enumerate(NAMES)},
                "wb_id": [f"{start:%m}-{i:06d}" for i in range(n)],
                "wb_timestamp": times(n, start, 20),
                "wb_version": ["1"] * n,
                "wb_role": ["live"] * n,
                "wb_prediction": said,
                "wb_label": true,
                "wb_bad": (error > tolerance).astype(float),
            }
        )

    tolerance = 1.65 if rule == "absolute_error" else 0.2
    return case_of(
        side(BEFORE, 0.0, 1.0, 1.0), side(ONSET, offset, slope, noise), task="regression",
        tolerance=tolerance, card=card, classes=(), features=FEATURES, seed=seed,
    )  # fmt: skip


def three_classes(
    n: int = 3000, shares: tuple[float, ...] = (0.1, 0.3, 0.6), seed: int = 0
) -> Case:
    """Three classes around three centres; 60, 30 and 10 % before, and `shares` now."""
    random = np.random.default_rng(seed)
    centres = np.array([[0.0, 0, 0, 0], [1.5, 0, 0, 0], [0, 1.5, 0, 0]])
    usual = np.array([0.6, 0.3, 0.1])

    def side(start: datetime, shares: NDArray[Any]) -> pl.DataFrame:
        y = random.choice(3, n, p=shares)
        x = centres[y] + random.normal(size=(n, 4))
        p = usual * np.exp(-0.5 * ((x[:, None, :] - centres) ** 2).sum(axis=2))
        p /= p.sum(axis=1, keepdims=True)
        said = p.argmax(axis=1)
        return pl.DataFrame(
            {
                **{name: x[:, place] for place, name in enumerate(NAMES)},
                "wb_id": [f"{start:%m}-{i:06d}" for i in range(n)],
                "wb_timestamp": times(n, start, 20),
                "wb_version": ["1"] * n,
                "wb_role": ["live"] * n,
                "wb_prediction": np.array(list("abc"))[said],
                **{f"score_{name}": p[:, place] for place, name in enumerate("abc")},
                "wb_label": np.array(list("abc"))[y],
                "wb_bad": (said != y).astype(float),
            }
        )

    return case_of(
        side(BEFORE, usual), side(ONSET, np.array(shares)), task="multiclass",
        classes=("a", "b", "c"), seed=seed,
    )  # fmt: skip
