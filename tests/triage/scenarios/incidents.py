"""What does an incident leave behind? Its logs and labels, from history through the onset to now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from tests.triage.scenarios.champions import Model, Outputs, Setup, set_up
from tests.triage.scenarios.planting import Plant, Rearrange, Stage, nearest, staged, true_rate
from tests.triage.scenarios.retrainings import Stretch, retrained, worn_off
from tests.triage.scenarios.worlds import Array, Random, World, draw_rows, moments_between

LOGGED_FROM = datetime(2024, 1, 29)

A_YEAR = timedelta(weeks=52)

_ALL_IN = 1.8
"""Mean waits, after which 99 of 100 labels of the class that comes last are in."""

Choose = Callable[[Setup, float], Plant]


@dataclass(frozen=True)
class Kind:
    """A kind of incident, and what an expert says of it where its harm is beyond doubt."""

    name: str
    plants: Callable[[Setup], Sequence[Plant]]
    verdicts: frozenset[str]
    where: str
    """`feature`, `label`, `serving`, `version`, `world`; empty where nothing is wrong."""
    causes: frozenset[str] = frozenset()
    """Kinds of the cause that an expert would accept."""
    arrangement: str = "plain"
    """`plain`; `rollout` (a new version since the onset), `canary` (in 10 % of the rows), `older` (an
    earlier artifact under the champion's name), `from_start` (no onset), `over` (it has ended), `season`
    (it was so in the same weeks of the year before), `worn` (two retrainings have worn off before)."""
    labels: str = "usual"
    """`usual`, `none` (after the reference), `36` (since the onset), `selective` (since the onset
    hardly any where the model is sure), or `censored` (never any where it says the positive class)."""
    adapt: Callable[[World], World] = lambda world: world
    fits: Callable[[World], bool] = lambda world: True
    choose: Choose | None = None
    """How the plant is chosen for a rise; by default the one whose own is nearest."""
    rearrange: Rearrange | None = None
    """What else happens to the log since the onset."""
    twins: frozenset[str] = frozenset()
    """Verdicts of another cause that would leave the same data; an expert accepts them where the
    verdict names what cannot be told apart."""
    residual: frozenset[str] = frozenset()
    """What an expert says remains; empty: not asked."""
    event: tuple[str, str] | None = None
    """Kind and text of an event at the onset."""
    rise: float | None = None
    """The absolute rise that it is made for, instead of a severity."""

    @property
    def is_harmless(self) -> bool:
        """Whether nothing that matters is wrong."""
        return not self.where


@dataclass(frozen=True)
class Incident:
    """Everything that a workspace is made of, and all that only the generator knows."""

    kind: Kind
    severity: float
    """The rise that was asked for, in units of the floor."""
    setup: Setup
    plant: Plant
    onset: datetime
    until: datetime | None
    now: datetime
    reference: pl.DataFrame
    training: pl.DataFrame | None
    logs: Mapping[str, pl.DataFrame]
    """By the name of the file: a day, and what part of it."""
    labels: pl.DataFrame
    """prediction_id, label, label_timestamp; those that are in by now."""
    models: Mapping[str, Model]
    """By version; without an artifact in the world, none."""
    version: str
    """The champion's."""
    rows_since: int
    labelled_since: int
    """Labels of rows since the onset that speak for the bad rate: of an age at which all classes are in."""
    affected: int
    """Rows since the onset that the cause touches."""


def happen(kind: Kind, world: World, severity: float, age: timedelta, seed: int) -> Incident:
    """Makes an incident.

    Args:
        kind: of the incident.
        world: where it happens.
        severity: the rise of the bad rate, in units of the floor.
        age: how long ago the onset is.
        seed: of everything.
    """
    world = replace(kind.adapt(world), luck=seed)
    setup = set_up(world, seed)
    random = np.random.default_rng([seed, 2])
    rise = kind.rise if kind.rise is not None else severity * setup.floor
    plant = kind.choose(setup, rise) if kind.choose else nearest(setup, kind.plants(setup), rise)
    start = LOGGED_FROM + timedelta(days=seed % 7)
    step = timedelta(hours=1)
    onset = start + timedelta(days=world.history_days) + int(random.integers(0, 24)) * step
    now = onset + age
    until = onset + age * 0.45 if kind.arrangement == "over" else None
    stages, versions = [], []
    for part in _stretches(kind, setup, plant, (start, onset, until, now)):
        traffic = replace(world, rows_a_day=max(round(world.rows_a_day * part.traffic), 1))
        moments = moments_between(traffic, part.start, part.end, random)
        stages.append(staged(setup, draw_rows(world, moments, random), part.plant, random))
        versions.append(part.version)
    logs, labels = _logged(kind, setup, plant, stages, versions, random)
    since = labels.filter(pl.col("timestamp") >= onset)
    known = labels.filter(pl.col("label_timestamp") <= now)
    known = _kept(kind, known, onset, random)
    speaking = pl.col("timestamp").is_between(onset, _speaks_until(world, now), closed="left")
    labelled = known.filter(speaking).height
    return Incident(
        kind, severity, setup, plant, onset, until, now,
        _reference(kind, setup),
        setup.training.with_columns(label=_named(world, setup.training_labels))
        if world.has_training else None,
        logs, known.drop("timestamp", "sure", "prediction"), _models(kind, setup, plant), _version(kind),
        since.height, labelled, _affected(kind, stages, plant, random),
    )  # fmt: skip


def _reference(kind: Kind, setup: Setup) -> pl.DataFrame:
    outputs = setup.champion.outputs(setup.reference)
    table = _with_outputs(setup.world, setup.reference, outputs).with_columns(
        label=_named(setup.world, setup.reference_labels)
    )
    if kind.labels != "censored":
        return table
    return table.with_columns(label=pl.when(pl.col("prediction") != 1).then(pl.col("label")))


def _stretches(
    kind: Kind,
    setup: Setup,
    plant: Plant,
    moments: tuple[datetime, datetime, datetime | None, datetime],
) -> list[Stretch]:
    """What follows on what, from the start of the log to now."""
    start, onset, until, now = moments
    version = _version(kind)
    if kind.arrangement == "worn":
        return worn_off(setup, plant, start, onset, now)
    if kind.arrangement == "season":
        begin = onset - A_YEAR - timedelta(days=3)
        end = begin + (now - onset) + timedelta(days=10)
        # Few rows in between, which nobody looks at: a log of a year is long enough as it is.
        busy = max(onset - timedelta(days=110), end)
        return [
            Stretch(start, begin, None, version), Stretch(begin, end, plant, version),
            Stretch(end, busy, None, version, 0.05), Stretch(busy, onset, None, version),
            Stretch(onset, now, plant, version),
        ]  # fmt: skip
    first = "1" if kind.arrangement == "rollout" else version
    return [
        Stretch(start, onset, plant if kind.arrangement == "from_start" else None, first),
        Stretch(onset, until or now, plant, version), Stretch(until or now, now, None, version),
    ]  # fmt: skip


def _logged(
    kind: Kind,
    setup: Setup,
    plant: Plant,
    stages: Sequence[Stage],
    versions: Sequence[str],
    random: Random,
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The log's files, and all labels with the time when they come."""
    world, files, labels, first = setup.world, {}, [], 0
    parts = ("", *(f"-{letter}" for letter in "bcdefg"))
    for part, stage, version in zip(parts, stages, versions, strict=False):
        rows = len(stage.rows)
        if not rows:
            continue
        names = [f"p{first + i:07d}" for i in range(rows)]
        first += rows
        moments = pl.Series(stage.rows.moments)
        truth = stage.law.draw(random)
        log = _with_outputs(world, stage.frame, stage.outputs).with_columns(
            prediction_id=pl.Series(names, dtype=pl.String), timestamp=moments,
            model_version=pl.lit(version), role=pl.lit("live"),
        )  # fmt: skip
        scores = stage.outputs.scores
        log = log.with_columns(
            y=_named(world, truth), wait=pl.Series(_waits(world, truth, random)),
            sure=pl.Series(np.zeros(rows) if scores is None else scores.max(axis=1)),
        )  # fmt: skip
        if kind.arrangement == "canary" and part:
            log = _with_canary(setup, plant, stage, log, random)
        if part and kind.rearrange is not None:
            log = kind.rearrange(log, random)
        labels.append(
            log.select("prediction_id", "timestamp", "wait", "sure", "prediction", label="y")
        )
        every_file = "1w" if kind.arrangement == "season" else "1d"
        for (day,), own in log.drop("y", "wait", "sure").group_by(
            pl.col("timestamp").dt.truncate(every_file).dt.date(), maintain_order=True
        ):
            files[f"{day}{part}"] = own
    every = pl.concat(labels)
    late = (every["wait"] * 86_400e6).cast(pl.Int64).cast(pl.Duration("us"))
    return files, every.with_columns(label_timestamp=pl.col("timestamp") + late).drop("wait")


def _with_canary(
    setup: Setup, plant: Plant, stage: Stage, log: pl.DataFrame, random: Random
) -> pl.DataFrame:
    """A tenth of the rows is answered by the new version, and the rest by the champion."""
    hit = random.random(log.height) < 0.1
    champion = setup.champion.outputs(stage.frame)
    told = _with_outputs(setup.world, stage.frame, champion.where(hit, stage.outputs))
    outputs = [n for n in told.columns if n.startswith(("prediction", "score"))]
    mask = pl.Series(hit)
    return log.with_columns(
        *(told[name] for name in outputs),
        model_version=pl.when(mask).then(pl.lit("2")).otherwise(pl.lit("1")),
        role=pl.when(mask).then(pl.lit("canary")).otherwise(pl.lit("live")),
    )


def _with_outputs(world: World, frame: pl.DataFrame, outputs: Outputs) -> pl.DataFrame:
    """The frame with prediction and scores as the contract names them."""
    found = frame.with_columns(prediction=_named(world, outputs.prediction))
    if outputs.scores is None:
        return found
    if world.task == "binary":
        return found.with_columns(score=pl.Series(outputs.scores[:, 1]))
    return found.with_columns(
        pl.Series(f"score_{name}", outputs.scores[:, place])
        for place, name in enumerate(world.classes)
    )


def _named(world: World, values: Array) -> pl.Series:
    """Classes by name (of a binary task as 0 and 1), numbers as they are."""
    if world.task == "regression":
        return pl.Series(values.astype(float))
    if world.task == "binary":
        return pl.Series(values.astype(np.int64))
    return pl.Series(np.asarray(world.classes)[values.astype(int)].tolist(), dtype=pl.String)


def _waits(world: World, labels: Array, random: Random) -> Array:
    """Days until each label is in."""
    many = len(labels)
    if not world.delay_days:
        return np.zeros(many)
    waits = world.delay_days * random.gamma(12, 1 / 12, many)
    if world.is_early:
        return np.where(labels == 1, 0.1 * waits, waits)
    return waits


def _speaks_until(world: World, now: datetime) -> datetime:
    """Up to when labels speak for all rows: while one class comes first, those in are no sample of any rate."""
    return now - timedelta(days=_ALL_IN * world.delay_days) if world.is_early else now


def _kept(kind: Kind, labels: pl.DataFrame, onset: datetime, random: Random) -> pl.DataFrame:
    if kind.labels == "none":
        return labels.head(0)
    if kind.labels == "36":
        after = labels.filter(pl.col("timestamp") >= onset)
        few = after.sample(min(36, after.height), seed=int(random.integers(2**31)))
        return pl.concat([labels.filter(pl.col("timestamp") < onset), few])
    if kind.labels == "selective":
        lost = pl.Series(random.random(labels.height) < 0.85)
        is_sure = (pl.col("timestamp") >= onset) & (pl.col("sure") > 0.9)
        return labels.filter(~(is_sure & lost))
    if kind.labels == "censored":
        return labels.filter(pl.col("prediction") != 1)
    return labels


def _version(kind: Kind) -> str:
    if kind.arrangement == "worn":
        return "3"
    return "2" if kind.arrangement in ("rollout", "older") else "1"


def _models(kind: Kind, setup: Setup, plant: Plant) -> dict[str, Model]:
    if not setup.world.has_artifact:
        return {}
    if kind.arrangement == "worn":
        again = [retrained(setup, plant, times) for times in (1, 2)]
        return {"1": setup.champion, "2": again[0], "3": again[1]}
    if plant.model is None:
        return {"1": setup.champion}
    if kind.arrangement == "older":
        return {"1": plant.model, "2": setup.champion}
    return {"1": setup.champion, "2": plant.model}


def _affected(kind: Kind, stages: Sequence[Stage], plant: Plant, random: Random) -> int:
    stage = stages[-1 if kind.arrangement in ("season", "worn") else 1]
    if kind.arrangement == "canary":
        return len(stage.rows) // 10
    if plant.segment is None or plant.segment[0] not in stage.frame.columns:
        is_part = plant.strength < 1 and plant.spoil is not None
        return round(len(stage.rows) * plant.strength) if is_part else len(stage.rows)
    return int((stage.frame[plant.segment[0]] == plant.segment[1]).sum())


def rise_of(setup: Setup, plant: Plant, seed: int = 61, rows: int = 20_000) -> float:
    """By how much a plant raises the bad rate in the long run, on cases it was not chosen by."""
    return true_rate(setup, plant, rows, seed) - true_rate(setup, None, rows, seed)
