"""Worlds with a planted cause: rows of a known law, a champion that knows it, and a case of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from workbench.domain.card import BadPrediction, Columns, Identity, ModelCard
from workbench.domain.fault import Fault, Transform
from workbench.domain.period import Period
from workbench.domain.rules import OutcomeRules, outcome_rules
from workbench.domain.shape import FeatureColumn, LogShape
from workbench.triage.case import Case, Models, Scorer

START = datetime(2024, 3, 1, tzinfo=UTC)
ONSET = START + timedelta(days=20)
END = ONSET + timedelta(days=10)
NUMBERS = ("x0", "x1", "x2", "x3")
FEATURES = (
    *(FeatureColumn(name, "numeric", "number") for name in NUMBERS),
    FeatureColumn("carrier", "categorical", "text"),
)
CARRIERS = ("AA", "DL", "UA")
EFFECTS = {"AA": 0.0, "DL": -0.4, "UA": 0.6}


def card_of(task: str) -> ModelCard:
    """A card with the defaults."""
    rule = "absolute_error" if task == "regression" else "mismatch"
    return replace(
        ModelCard(), model=Identity(name="m", task=task), bad_prediction=BadPrediction(rule=rule),
        columns=Columns(),
    )  # fmt: skip


def rules_of(task: str) -> OutcomeRules:
    """Its rules; an error of 1.645 deviations is bad."""
    classes = {"binary": ("0", "1"), "multiclass": ("a", "b", "c"), "regression": ()}[task]
    return outcome_rules(card_of(task), LogShape(FEATURES, ("carrier",), classes=classes), 1.645)


def inputs(rows: int, seed: int, start: datetime = START, days: float = 20.0) -> pl.DataFrame:
    """Rows at random times, with a host that no model reads; in order of time."""
    rng = np.random.default_rng(seed)
    seconds = np.sort(rng.uniform(0, days * 86_400, rows))
    return pl.DataFrame(
        {
            **{name: rng.normal(size=rows) for name in NUMBERS},
            "carrier": rng.choice(CARRIERS, rows, p=[0.4, 0.35, 0.25]),
            "host": rng.choice(["h1", "h2", "h3", "h4"], rows),
            "wb_id": [f"r{seed}-{i:06d}" for i in range(rows)],
            "wb_timestamp": pl.Series([start + timedelta(seconds=s) for s in seconds]).dt.cast_time_unit("us"),
        }
    )  # fmt: skip


def logit(frame: pl.DataFrame, sign: float = 1.0) -> NDArray[np.float64]:
    """The law; a missing value counts as 0, an unknown carrier too."""
    x = {n: frame[n].fill_null(0.0).to_numpy().astype(float) for n in NUMBERS}
    carrier = np.array([EFFECTS.get(v, 0.0) for v in frame["carrier"].to_list()])
    found: NDArray[np.float64] = sign * (
        1.5 * x["x0"] - x["x1"] + 0.8 * x["x2"] * (x["x0"] > 0) + carrier
    )
    return found


def turned_above(limit: float) -> Callable[[pl.DataFrame], NDArray[np.float64]]:
    """The law, turned round where x3, which no model heeds, is above a limit."""

    def law(frame: pl.DataFrame) -> NDArray[np.float64]:
        z = logit(frame)
        found: NDArray[np.float64] = np.where(frame["x3"].to_numpy() > limit, -z, z)
        return found

    return law


def drawn(
    frame: pl.DataFrame, task: str, seed: int, law: Callable[..., NDArray[np.float64]] = logit
) -> pl.Series:
    """Labels of the law."""
    rng = np.random.default_rng(seed + 1000)
    z = law(frame)
    if task == "regression":
        return pl.Series("wb_label", z + rng.normal(size=frame.height))
    if task == "binary":
        return pl.Series("wb_label", (rng.random(frame.height) < expit(z)).astype(int).astype(str))
    chances = softmax(z)
    place = (rng.random(frame.height)[:, None] > np.cumsum(chances, axis=1)).sum(axis=1)
    return pl.Series("wb_label", np.array(["a", "b", "c"])[np.clip(place, 0, 2)])


def expit(z: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = 1 / (1 + np.exp(-np.clip(z, -500, 500)))
    return found


def softmax(z: NDArray[np.float64]) -> NDArray[np.float64]:
    raw: NDArray[np.float64] = np.exp(np.clip(np.stack([z, 0.3 * z + 0.2, -z], axis=1), -50, 50))
    chances: NDArray[np.float64] = raw / raw.sum(axis=1, keepdims=True)
    return chances


def scorer(task: str, law: Callable[..., NDArray[np.float64]] = logit) -> Scorer:
    """A model that gives the law."""

    def score(frame: pl.DataFrame) -> pl.DataFrame:
        assert set(frame.columns) <= {*NUMBERS, "carrier", "limit"}
        z = law(frame)
        if task == "regression":
            return pl.DataFrame({"wb_prediction": z})
        if task == "binary":
            p = expit(z)
            return pl.DataFrame({"wb_prediction": np.where(p >= 0.5, "1", "0"), "wb_score": p})
        chances = softmax(z)
        return pl.DataFrame(
            {
                "wb_prediction": np.array(["a", "b", "c"])[chances.argmax(axis=1)],
                **{f"score_{c}": chances[:, i] for i, c in enumerate("abc")},
            }
        )

    return score


def served(
    frame: pl.DataFrame, task: str, model: Scorer, *, version: str = "2", role: str = "live"
) -> pl.DataFrame:
    """The rows with the outputs of a model, and their badness by plain rules."""
    features = [*NUMBERS, "carrier"]
    out = model(frame.select(features))
    full = frame.drop([c for c in out.columns if c in frame.columns]).hstack(out)
    said, label = full["wb_prediction"], full["wb_label"]
    bad = (said - label).abs() > 1.645 if task == "regression" else said != label
    return full.with_columns(
        pl.lit(version).alias("wb_version"), pl.lit(role).alias("wb_role"),
        bad.cast(pl.Float64).alias("wb_bad"),
    )  # fmt: skip


def rows_of(
    task: str, rows: int, seed: int, *, start: datetime = START, days: float = 20.0,
    law: Callable[..., NDArray[np.float64]] = logit,
    spoil: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
    model: Scorer | None = None, version: str = "2", role: str = "live",
) -> pl.DataFrame:  # fmt: skip
    """Rows of a law, spoilt after the label is drawn, then served."""
    frame = inputs(rows, seed, start, days)
    frame = frame.with_columns(drawn(frame, task, seed, law))
    frame = spoil(frame) if spoil is not None else frame
    return served(frame, task, model or scorer(task), version=version, role=role)


def case_of(
    task: str = "binary",
    *,
    seed: int = 0,
    rows: int = 4000,
    law: Callable[..., NDArray[np.float64]] = logit,
    spoil: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
    served_by: Scorer | None = None,
    faults: Sequence[Fault] = (),
    models: Models | None = None,
    others: pl.DataFrame | None = None,
    onset: datetime | None = ONSET,
) -> Case:
    """A case: the reference, 20 days before the onset, and 10 days of what is planted."""
    reference = rows_of(task, rows, 3 * seed + 1, start=START - timedelta(days=60))
    before = rows_of(task, rows, 3 * seed + 2)
    current = rows_of(
        task, rows, 3 * seed + 3, start=ONSET, days=10.0, law=law, spoil=spoil, model=served_by
    )
    return Case(
        card=card_of(task), rules=rules_of(task), features=FEATURES, segments=("carrier",),
        period=Period(ONSET, END), onset=onset, reference=reference, before=before, current=current,
        others=current.clear() if others is None else others, training=None,
        models=Models(champion=scorer(task)) if models is None else models, faults=tuple(faults),
        unused=("host",), seed=7,
    )  # fmt: skip


def times(
    factor: float, column: str = "x0", carrier: str | None = None
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A change of units, of one carrier's rows or of all."""

    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        where = pl.lit(value=True) if carrier is None else pl.col("carrier") == carrier
        return frame.with_columns(
            pl.when(where).then(pl.col(column) * factor).otherwise(column).alias(column)
        )

    return spoil


def unit_fault(factor: float, column: str = "x0", carrier: str | None = None) -> Fault:
    """The fault that quality would find of `times`."""
    return Fault(
        column, "unit_change", "critical", ONSET, 1.0 if carrier is None else 0.25, "another unit",
        repair=f"divide by {factor:g}", transform=Transform("affine", factor=factor),
        segment=None if carrier is None else ("carrier", carrier),
    )  # fmt: skip


def missing(
    share: float, column: str = "x0", seed: int = 5
) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """A share of nulls."""

    def spoil(frame: pl.DataFrame) -> pl.DataFrame:
        gone = np.random.default_rng(seed).random(frame.height) < share
        return frame.with_columns(
            pl.when(pl.Series(gone)).then(None).otherwise(pl.col(column)).alias(column)
        )  # fmt: skip

    return spoil


def missing_fault(share: float, column: str = "x0") -> Fault:
    """The fault that quality would find of `missing`."""
    return Fault(column, "missing_values", "critical", ONSET, share, "missing")
