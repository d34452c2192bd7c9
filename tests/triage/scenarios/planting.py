"""What does a cause do to a log? A plant: changes to cases, law, inputs, serving, or the log itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tests.triage.scenarios.champions import Model, Outputs, Setup
from tests.triage.scenarios.worlds import (
    Law,
    Random,
    Rows,
    World,
    features_of,
    law_of,
    many_days,
)

Shift = Callable[[World, Rows, Random], Rows]
Concept = Callable[[World, Rows, Law, Random], Law]
Spoil = Callable[[pl.DataFrame, Random], pl.DataFrame]
Serve = Callable[[Setup, pl.DataFrame, Random], Outputs]
Rearrange = Callable[[pl.DataFrame, Random], pl.DataFrame]


@dataclass(frozen=True)
class Plant:
    """One way in which a cause shows, at one strength."""

    columns: tuple[str, ...] = ()
    """Those of which any may be named as the cause; empty: none can be."""
    segment: tuple[str, str] | None = None
    """What it is confined to."""
    strength: float = 1.0
    shift: Shift | None = None
    """Other cases come."""
    concept: Concept | None = None
    """The (recorded) label follows another law."""
    spoil: Spoil | None = None
    """Inputs are logged wrongly, and the model gets them so."""
    serve: Serve | None = None
    """What is predicted is not what the champion says of the logged inputs."""
    model: Model | None = None
    """A new version that predicts since the onset."""


@dataclass(frozen=True)
class Stage:
    """Cases with what was logged and predicted of them."""

    rows: Rows
    frame: pl.DataFrame
    outputs: Outputs
    law: Law
    """Of the labels as they are recorded."""


def staged(setup: Setup, rows: Rows, plant: Plant | None, random: Random) -> Stage:
    """What becomes of cases, with a plant or without one."""
    world = setup.world
    if plant is None:
        frame = features_of(world, rows)
        return Stage(rows, frame, setup.champion.outputs(frame), law_of(world, rows))
    if plant.shift is not None:
        rows = plant.shift(world, rows, random)
    law = law_of(world, rows)
    if plant.concept is not None:
        law = plant.concept(world, rows, law, random)
    frame = features_of(world, rows)
    if plant.spoil is not None:
        frame = plant.spoil(frame, random)
    if plant.serve is not None:
        return Stage(rows, frame, plant.serve(setup, frame, random), law)
    return Stage(rows, frame, (plant.model or setup.champion).outputs(frame), law)


def true_rate(setup: Setup, plant: Plant | None, rows: int, seed: int) -> float:
    """The bad rate in the long run with a plant, from the law itself."""
    random = np.random.default_rng([setup.seed, seed])
    stage = staged(setup, many_days(setup.world, rows, random), plant, random)
    return float(setup.expected_bad(stage.outputs, stage.law).mean())


def nearest(setup: Setup, plants: Sequence[Plant], rise: float, rows: int = 5000) -> Plant:
    """The plant whose rise of the bad rate is nearest to the one that is wanted.

    With a single plant that one is taken, whatever its rise. All are measured on the same cases.
    """
    if len(plants) == 1:
        return plants[0]
    random = np.random.default_rng([setup.seed, 21])
    cases = many_days(setup.world, rows, random)
    plain = staged(setup, cases, None, random)
    usual = float(setup.expected_bad(plain.outputs, plain.law).mean())
    rises = []
    for plant in plants:
        own = np.random.default_rng([setup.seed, 22])
        if plant.shift or plant.spoil or plant.serve or plant.model or plant.concept is None:
            stage = staged(setup, cases, plant, own)
            outputs, law = stage.outputs, stage.law
        else:
            outputs, law = plain.outputs, plant.concept(setup.world, cases, plain.law, own)
        rises.append(float(setup.expected_bad(outputs, law).mean()) - usual)
    return plants[int(np.argmin([abs(found - rise) for found in rises]))]


def both(first: Plant, second: Plant) -> Plant:
    """Two plants at once, of which the first is the cause to be named."""

    def joined(
        one: Callable[..., Rows | Law] | None, two: Callable[..., Rows | Law] | None
    ) -> None:
        if one is not None and two is not None:
            raise ValueError("both plants change the same thing")

    joined(first.shift, second.shift)
    joined(first.concept, second.concept)
    return Plant(
        first.columns, first.segment, first.strength, first.shift or second.shift,
        first.concept or second.concept, first.spoil or second.spoil, first.serve or second.serve,
        first.model or second.model,
    )  # fmt: skip
