"""Workspaces of the contract from real records: a champion by its card's recipe, logs by day, labels."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import skops.io

import workbench
from workbench.domain.card import ModelCard
from workbench.domain.card_reading import parse_card
from workbench.domain.rules import outcome_rules
from workbench.domain.shape import FeatureColumn, LogShape
from workbench.domain.verdict import Verdict
from workbench.retrain.recipes import Recipe, recipe_of
from workbench.retrain.scoring import scorer_of

NAME = "real"
VERSION = "1"

Spoil = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class RealModel:
    """What a model of real records is, apart from its log."""

    task: str
    numbers: tuple[str, ...]
    texts: tuple[str, ...] = ()
    tolerance: float = 0.0
    """Of a regression: 0: the card's default, the reference's 90th percentile."""
    params: Mapping[str, Any] = field(default_factory=lambda: {"max_iter": 80})
    segments: tuple[str, ...] = ()

    @property
    def features(self) -> tuple[str, ...]:
        """All inputs."""
        return (*self.numbers, *self.texts)

    def card_text(self) -> str:
        """The model's card."""
        lines = [
            "[model]", f'name = "{NAME}"', f'task = "{self.task}"', f'version = "{VERSION}"',
            f'artifact = "registry/{NAME}/{VERSION}/model.skops"',
            "[columns]", f"features = {json.dumps(list(self.features))}",
            f"categorical = {json.dumps(list(self.texts))}",
            f"segments = {json.dumps(list(self.segments))}",
            "[reference]", 'data = "data/reference.parquet"',
            "[training]", 'data = "data/train.parquet"', "[training.params]",
            *(f"{name} = {value}" for name, value in self.params.items()),
        ]  # fmt: skip
        if self.tolerance:
            lines += ["[bad_prediction]", f"tolerance = {self.tolerance}"]
        return "\n".join(lines) + "\n"

    def recipe(self) -> Recipe:
        """The product's own recipe of the card."""
        card: ModelCard = parse_card(self.card_text(), NAME)
        columns = tuple(
            FeatureColumn(name, "numeric", "number")
            if name in self.numbers
            else FeatureColumn(name, "categorical", "text")
            for name in self.features
        )
        classes = () if self.task == "regression" else ("0", "1")
        rules = outcome_rules(card, LogShape(columns, (), classes=classes), self.tolerance or 1.0)
        return recipe_of(card, columns, rules)


@dataclass(frozen=True)
class Site:
    """A workspace of one model of real records."""

    root: Path
    model: RealModel
    score: Callable[[pl.DataFrame], pl.DataFrame]
    """The champion's outputs of rows of features."""

    def log(self, rows: pl.DataFrame, spoil: Spoil | None = None, every: str = "1d") -> None:
        """Puts rows into the log: what is spoilt is logged so, and the model got it so.

        Args:
            rows: with the features, `label` and `timestamp`, in any order.
            spoil: what happened to the features on their way to the model.
            every: the stretch of a file.
        """
        broken = rows if spoil is None else spoil(rows)
        served = _with_outputs(broken, self.score(broken.select(self.model.features)))
        folder = self.root / "exports"
        folder.mkdir(exist_ok=True)
        first = len(list(folder.iterdir()))
        served = served.with_columns(
            prediction_id=pl.format(f"p{first}-{{}}", pl.int_range(pl.len())),
            model_version=pl.lit(VERSION),
        )
        paths = []
        file = pl.col("timestamp").dt.truncate(every).dt.date()
        for (day,), own in served.group_by(file, maintain_order=True):
            paths.append(folder / f"{first:03d}-{day}.parquet")
            own.write_parquet(paths[-1])
        with workbench.open(self.root) as ws:
            failed = ws.ingest(paths, model=NAME).failed
        assert not failed

    def triage(self, period: str | None = None, as_of: datetime | None = None) -> Verdict:
        """What triage says of it."""
        with workbench.open(self.root) as ws:
            asked = ws if as_of is None else ws.as_of(as_of)
            return asked.triage(NAME, period=period)


def build(root: Path, model: RealModel, training: pl.DataFrame, reference: pl.DataFrame) -> Site:
    """A workspace with a champion that was fitted to the training table; nothing is logged yet.

    Args:
        root: an empty folder, or none.
        model: the model.
        training: rows with the features and `label`.
        reference: others with `timestamp` as well, which the champion has not seen.
    """
    for name in ("models", "data", f"registry/{NAME}/{VERSION}"):
        (root / name).mkdir(parents=True)
    (root / "workbench.toml").write_text("")
    (root / "models" / f"{NAME}.toml").write_text(model.card_text())
    recipe = model.recipe()
    estimator = recipe.fit(training, training["label"].cast(_label_type(model)), seed=7)
    folder = root / "registry" / NAME / VERSION
    skops.io.dump(estimator, folder / "model.skops")
    (folder / "metadata.json").write_text(json.dumps({"name": NAME, "version": VERSION}))
    score = scorer_of(estimator, recipe.card, recipe.features, recipe.rules)
    training.select(*model.features, "label").write_parquet(root / "data" / "train.parquet")
    _with_outputs(reference, score(reference.select(model.features))).write_parquet(
        root / "data" / "reference.parquet"
    )
    return Site(root, model, score)


def copied(site: Site, root: Path) -> Site:
    """The same workspace with its log, in another place."""
    shutil.copytree(site.root, root)
    return replace(site, root=root)


def spread(rows: pl.DataFrame, start: datetime, length: timedelta, seed: int) -> pl.DataFrame:
    """The rows at random times of a stretch, in order of time."""
    share = np.sort(np.random.default_rng(seed).random(rows.height))
    moments = np.datetime64(start, "us") + (share * (length / timedelta(microseconds=1))).astype(
        "timedelta64[us]"
    )
    return rows.with_columns(timestamp=pl.Series(moments))


def causes(verdict: Verdict) -> set[tuple[str, str | None]]:
    """Kind and column of each cause of a verdict."""
    return {(cause.kind, cause.column) for cause in verdict.causes}


def told(verdict: Verdict) -> str:
    """Everything that a failed test should show."""
    lines = [f"{verdict.verdict} ({verdict.confidence:.2f}) {verdict.summary}", verdict.reason]
    lines += [f"  {one}" for one in verdict.causes]
    lines += [
        f"  {one.step}: {one.name} = {one.value} ({one.low} to {one.high}): {one.reading}"
        for one in verdict.evidence
    ]
    return "\n".join(lines)


def _label_type(model: RealModel) -> type[pl.DataType]:
    return pl.Float64 if model.task == "regression" else pl.String


def _with_outputs(rows: pl.DataFrame, outputs: pl.DataFrame) -> pl.DataFrame:
    names = {"wb_prediction": "prediction", "wb_score": "score"}
    return rows.with_columns(
        outputs[name].alias(names[name]) for name in names if name in outputs.columns
    )


def stretches(
    rows: pl.DataFrame, start: datetime, lengths: Sequence[timedelta], a_day: int, seed: int
) -> list[pl.DataFrame]:
    """Different rows for stretches that follow one another, so many a day."""
    many = [round(a_day * (length / timedelta(days=1))) for length in lengths]
    taken = rows.sample(sum(many), seed=seed, shuffle=True)
    found, first = [], 0
    for place, (length, own) in enumerate(zip(lengths, many, strict=True)):
        found.append(spread(taken.slice(first, own), start, length, seed + place))
        first, start = first + own, start + length
    return found
