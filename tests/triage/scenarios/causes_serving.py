"""What can break between the logged inputs and the logged prediction, in a new version, or in labels?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl

from tests.triage.scenarios.causes_feed import places, spoilt
from tests.triage.scenarios.causes_world import flipped, rotation
from tests.triage.scenarios.champions import Model, Outputs, Setup, decided, fit
from tests.triage.scenarios.planting import Concept, Plant, Serve
from tests.triage.scenarios.worlds import LEVELS, Law, Random, Rows, World, law_of

c = pl.col
SHARES = (0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 1.0)


def _in(frame: pl.DataFrame, segment: tuple[str, str] | None) -> np.ndarray:
    if segment is None:
        return np.ones(frame.height, dtype=bool)
    return (frame[segment[0]] == segment[1]).to_numpy()


def _served(segment: tuple[str, str] | None, wrong: Serve) -> Serve:
    """Serves wrongly in one segment, and rightly elsewhere."""

    def serve(setup: Setup, frame: pl.DataFrame, random: Random) -> Outputs:
        right = setup.champion.outputs(frame)
        return right.where(_in(frame, segment), wrong(setup, frame, random))

    return serve


def _inverted(setup: Setup, frame: pl.DataFrame, random: Random) -> Outputs:
    right = setup.champion.outputs(frame)
    if right.scores is None:
        return Outputs(100 - right.prediction)
    return decided(setup.world, np.roll(right.scores, 1, axis=1))


def inverted(_: Setup) -> Sequence[Plant]:
    """The score of the other class is taken for that of the positive one."""
    return [Plant((), seg, serve=_served(seg, _inverted)) for _, seg in places("score")]


def stuck(setup: Setup) -> Sequence[Plant]:
    """One and the same answer for all rows of a segment."""

    def wrong(setup: Setup, frame: pl.DataFrame, random: Random) -> Outputs:
        right = setup.champion.outputs(frame)
        if right.scores is None:
            return Outputs(np.full(frame.height, 44.0))
        scores = np.tile(setup.champion.outputs(setup.training).scores[:1], (frame.height, 1))  # type: ignore[index]
        return decided(setup.world, scores)

    return [Plant((), seg, serve=_served(seg, wrong)) for _, seg in places("score")]


def category_order(_: Setup) -> Sequence[Plant]:
    """Serving numbers the carriers in another order than the champion learnt them."""
    names = LEVELS["carrier"][0]
    mapping = dict(zip(names, (*names[1:], names[0]), strict=True))

    def wrong(setup: Setup, frame: pl.DataFrame, random: Random) -> Outputs:
        return setup.champion.outputs(frame.with_columns(c("carrier").replace(mapping)))

    return [Plant(("carrier",), s, serve=_served(s, wrong)) for _, s in places("carrier")]


def skewed(_: Setup) -> Sequence[Plant]:
    """Serving computes an input in another unit than it logs."""

    def serve(column: str, factor: float, segment: tuple[str, str] | None) -> Serve:
        wrong = spoilt(lambda name: c(name) * factor, column, segment)

        def found(setup: Setup, frame: pl.DataFrame, random: Random) -> Outputs:
            return setup.champion.outputs(wrong(frame, random))

        return found

    return [
        Plant((column,), segment, serve=serve(column, factor, segment))
        for factor in (0.5, 2.0, 60.0)
        for column, segment in places("amount", "delay")
    ]


def rounded(_: Setup) -> Sequence[Plant]:
    """Serving computes with 32-bit numbers."""

    def serve(setup: Setup, frame: pl.DataFrame, random: Random) -> Outputs:
        right = setup.champion.outputs(
            frame.with_columns(c(pl.Float64).cast(pl.Float32).cast(pl.Float64))
        )
        if right.scores is None:
            return Outputs(right.prediction.astype(np.float32).astype(float))
        return decided(setup.world, right.scores.astype(np.float32).astype(float))

    return [Plant(serve=serve)]


def older_artifact(setup: Setup) -> Sequence[Plant]:
    """An earlier model, of a time when inputs meant something else, under the champion's name."""

    def serve(old: Model, setup: Setup, frame: pl.DataFrame, random: Random) -> Outputs:
        return old.outputs(frame)

    found = []
    for turn in (0.12, 0.2, 0.3, 0.45):
        old = _trained_under(setup, rotation(turn))
        found.append(Plant(strength=turn, serve=partial(serve, old), model=old))
    return found


def _trained_under(setup: Setup, concept: Concept, seed: int = 31) -> Model:
    random = np.random.default_rng([setup.seed, seed])
    world, rows = setup.world, setup.training_rows
    law = concept(world, rows, law_of(world, rows), random)
    return fit(world, setup.training, law.draw(random), setup.seed)


def worse_version(setup: Setup) -> Sequence[Plant]:
    """A new version, trained on a table in which the labels of the largest amounts were wrong."""
    found = []
    amount, labels = setup.training["amount"].to_numpy(), setup.training_labels
    wrong = (labels + 1) % len(setup.world.classes) if setup.world.classes else 100 - labels
    for share in (0.02, 0.045, 0.08, 0.13, 0.2, 0.35):
        mixed = np.where(amount > np.quantile(amount, 1 - share), wrong, labels)
        model = fit(setup.world, setup.training, mixed, setup.seed + 1)
        found.append(Plant(strength=share, model=model))
    return found


def collapsed(setup: Setup) -> Sequence[Plant]:
    """A retraining that ended with next to the same answer for every row."""
    random = np.random.default_rng([setup.seed, 43])
    labels = setup.training_labels[random.permutation(len(setup.training_labels))]
    params = {"max_iter": 3, "max_leaf_nodes": 3, "learning_rate": 0.02}
    made = fit(setup.world, setup.training, labels, setup.seed, "gradient_boosting", params)
    return [Plant(model=made)]


def good_version(setup: Setup) -> Sequence[Plant]:
    """A new version as good as the one before."""
    return [Plant(model=fresh(setup))]


def fresh(setup: Setup) -> Model:
    """The champion's recipe on other rows of the same world."""
    return _trained_under(setup, lambda world, rows, law, random: law, 47)


def inverted_labels(setup: Setup) -> Sequence[Plant]:
    """Labels of one segment, or all, come turned round."""

    def concept(
        segment: tuple[str, str] | None, world: World, rows: Rows, law: Law, random: Random
    ) -> Law:
        if segment is None:
            return flipped(law)
        names = LEVELS[segment[0]][0]
        return law.where(rows.codes[segment[0]] == names.index(segment[1]), flipped(law))

    return [Plant(("label",), None, concept=partial(concept, None))]


def stricter(setup: Setup) -> Sequence[Plant]:
    """A new definition: part of what was positive no longer is; in a regression, another unit."""

    def concept(share: float, world: World, rows: Rows, law: Law, random: Random) -> Law:
        if law.shares is None:
            return Law(mean=law.mean * 60, spread=law.spread * 60)
        new = law.shares.copy()
        new[:, 0] += share * new[:, -1]
        new[:, -1] *= 1 - share
        return Law(new)

    if setup.world.task == "regression":
        return [Plant(("label",), concept=partial(concept, 1.0))]
    shares = np.linspace(0.1, 0.9, 17)
    return [Plant(("label",), strength=s, concept=partial(concept, s)) for s in shares]


def off_by_one(setup: Setup) -> Sequence[Plant]:
    """Every prediction gets the label of the one before it."""

    def concept(world: World, rows: Rows, law: Law, random: Random) -> Law:
        if law.shares is None:
            return replace(law, mean=np.roll(law.mean, 1), spread=np.roll(law.spread, 1))
        return Law(np.roll(law.shares, 1, axis=0))

    return [Plant(("label",), concept=concept)]
