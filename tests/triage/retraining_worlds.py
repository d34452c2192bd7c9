"""Incidents with a planted cause, made with plain NumPy, and recipes of scikit-learn to answer them.

The concept: four normal features, logit 1.5 a - b + 0.8 c [a > 0]; the champion is boosted trees on
6,000 rows; some 0.235 of its predictions are wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from workbench.domain.card import BadPrediction, Identity, Labels, ModelCard
from workbench.domain.period import Period
from workbench.domain.rules import OutcomeRules, outcome_rules
from workbench.domain.shape import FeatureColumn, LogShape
from workbench.errors import WorkbenchError
from workbench.performance.badness import badness
from workbench.triage.case import Case, Fitter, Models, Scorer

Rows = NDArray[Any]
Draw = Callable[[np.random.Generator, int], pl.DataFrame]
"""Rows of a time: features, further columns, and `wb_label`."""

NAMES = ("a", "b", "c", "d")
START = datetime(2024, 3, 4, tzinfo=UTC)
ONSET = START + timedelta(days=40)
END = ONSET + timedelta(days=20)


def boosting(names: tuple[str, ...], task: str, **params: Any) -> Fitter:
    """Boosted trees over the named columns, text as codes."""
    own = {"max_iter": 40, "max_leaf_nodes": 15, "early_stopping": False, **params}

    def matrix(x: pl.DataFrame) -> Rows:
        columns = [
            x[n].cast(pl.Float64) if x[n].dtype != pl.String else x[n].hash(0) % 97 for n in names
        ]
        return np.column_stack([c.to_numpy().astype(float) for c in columns])

    def fit(x: pl.DataFrame, y: pl.Series, seed: int) -> Scorer:
        if any(x[n].null_count() == x.height for n in names):
            raise WorkbenchError("a feature has no value at all")
        if task == "regression":
            model = HistGradientBoostingRegressor(random_state=seed, **own)
            model.fit(matrix(x), y.to_numpy())
            return lambda rows: pl.DataFrame({"wb_prediction": model.predict(matrix(rows))})
        model = HistGradientBoostingClassifier(random_state=seed, **own)
        model.fit(matrix(x), y.to_numpy())
        return lambda rows: outputs(model, matrix(rows), task)

    return fit


def straight(names: tuple[str, ...]) -> Fitter:
    """A logistic regression."""

    def fit(x: pl.DataFrame, y: pl.Series, seed: int) -> Scorer:
        model = LogisticRegression(random_state=seed).fit(x.select(names).to_numpy(), y.to_numpy())
        return lambda rows: outputs(model, rows.select(names).to_numpy(), "binary")

    return fit


def outputs(model: Any, x: Rows, task: str) -> pl.DataFrame:
    p = model.predict_proba(x)
    said = pl.Series("wb_prediction", [str(c) for c in model.classes_[p.argmax(axis=1)]])
    if task == "binary":
        return pl.DataFrame([said, pl.Series("wb_score", p[:, list(model.classes_).index("1")])])
    return pl.DataFrame(
        [said, *(pl.Series(f"score_{c}", p[:, i]) for i, c in enumerate(model.classes_))]
    )


def features(rng: np.random.Generator, n: int) -> dict[str, Rows]:
    return {name: rng.normal(size=n) for name in NAMES}


def logit(x: dict[str, Rows]) -> Rows:
    found: Rows = 1.5 * x["a"] - x["b"] + 0.8 * x["c"] * (x["a"] > 0)
    return found


def answered(rng: np.random.Generator, x: dict[str, Rows], z: Rows) -> pl.DataFrame:
    y = rng.random(len(z)) < 1 / (1 + np.exp(-z))
    return pl.DataFrame(x).with_columns(wb_label=pl.Series(np.where(y, "1", "0")))


def usual(rng: np.random.Generator, n: int) -> pl.DataFrame:
    x = features(rng, n)
    return answered(rng, x, logit(x)).with_columns(_lit(rng, n))


def visible_flip(rng: np.random.Generator, n: int) -> pl.DataFrame:
    """The meaning turns round where a logged feature is high."""
    x = features(rng, n)
    return answered(rng, x, np.where(x["d"] > 1, -1, 1) * logit(x)).with_columns(_lit(rng, n))


def rotation(rng: np.random.Generator, n: int) -> pl.DataFrame:
    x = features(rng, n)
    return answered(rng, x, -1.5 * x["a"] + x["b"] + 0.8 * x["d"]).with_columns(_lit(rng, n))


def hidden_flip(rng: np.random.Generator, n: int) -> pl.DataFrame:
    """The meaning turns round where something that the model does not know is so."""
    x = features(rng, n)
    wet = rng.normal(size=n)
    made = answered(rng, x, np.where(wet > 1, -1, 1) * logit(x))
    return made.with_columns(_lit(rng, n)).with_columns(wet=pl.Series(wet))


def harder(rng: np.random.Generator, n: int) -> pl.DataFrame:
    """More of the cases that were hard before."""
    x = {name: 0.5 * values for name, values in features(rng, n).items()}
    return answered(rng, x, logit(x)).with_columns(_lit(rng, n))


def _lit(rng: np.random.Generator, n: int) -> list[pl.Series]:
    region = pl.Series("region", rng.choice(["EU", "US"], n))
    return [region, pl.Series("wet", rng.normal(size=n)), pl.Series("moon", rng.normal(size=n))]


def rules_of(
    card: ModelCard, tolerance: float = 1.0, classes: tuple[str, ...] = ("0", "1")
) -> OutcomeRules:
    return outcome_rules(card, LogShape((), (), classes=classes), tolerance)


def logged(
    frame: pl.DataFrame, start: datetime, end: datetime, model: Scorer, rules: OutcomeRules
) -> pl.DataFrame:
    """Rows as the store gives them, evenly over a time, with the champion's outputs."""
    step = (end - start) / max(frame.height, 1)
    said = model(frame)
    return frame.with_columns(
        wb_id=pl.Series([f"{start:%m%d}-{i:06d}" for i in range(frame.height)], dtype=pl.String),
        wb_timestamp=pl.Series(
            [start + step * i for i in range(frame.height)], dtype=pl.Datetime("us", "UTC")
        ),
        wb_version=pl.lit("1"),
        wb_role=pl.lit("live"),
        **{name: said[name] for name in said.columns},
        wb_bad=pl.Series(
            badness(rules, said["wb_prediction"], frame["wb_label"]), dtype=pl.Float64
        ).fill_nan(None),
    )


def case_of(
    now: Draw,
    *,
    n: int = 4000,
    before: int = 4000,
    seed: int = 0,
    then: Draw = usual,
    task: str = "binary",
    recipe: Fitter | None = None,
    learned: int = 6000,
    params: dict[str, Any] | None = None,
    rule: str = "",
    delay: str = "0d",
) -> Case:
    """A case of two months: 40 days of `then`, and since the onset 20 days of `now`."""
    rng = np.random.default_rng([seed, 17])
    card = replace(
        ModelCard(),
        model=Identity(name="m", task=task),
        bad_prediction=BadPrediction(rule=rule),
        labels=Labels(delay=delay),
    )
    rules = rules_of(card)
    fit = recipe or boosting(NAMES, task, **(params or {}))
    table = then(rng, learned)
    champion = fit(table, table["wb_label"], 1)
    return Case(
        card=card,
        rules=rules,
        features=tuple(FeatureColumn(name, "numeric", "number") for name in NAMES),
        segments=("region",),
        period=Period(ONSET, END),
        onset=ONSET,
        reference=logged(then(rng, 4000), START - timedelta(days=20), START, champion, rules),
        before=logged(then(rng, before), START, ONSET, champion, rules),
        current=logged(now(rng, n), ONSET, END, champion, rules),
        others=pl.DataFrame(),
        training=table,
        models=Models(
            champion=champion,
            fit=fit,
            stronger=boosting(NAMES, task, max_iter=150, max_leaf_nodes=31, learning_rate=0.05),
            wider=lambda added: boosting(
                (*NAMES, *(c.name for c in added)), task, **(params or {})
            ),
        ),
        unused=("moon", "wet"),
        seed=seed,
        labels_as_of=END,
    )
