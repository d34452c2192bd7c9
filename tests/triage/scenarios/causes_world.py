"""What can change in the world itself? Who comes, what inputs mean, and how much they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from tests.triage.scenarios.champions import Setup
from tests.triage.scenarios.planting import Concept, Plant, Shift
from tests.triage.scenarios.worlds import (
    Array,
    Law,
    Random,
    Rows,
    World,
    law_of,
    signal_of,
    weights_of,
)

STRENGTHS = tuple(float(f"{s:.3g}") for s in np.geomspace(0.0004, 1, 32))
"""Near enough to each other that one of them is within a tenth or so of any rise."""

_FEW = STRENGTHS[13:]
"""The same where each costs predictions."""


def flipped(law: Law) -> Law:
    """The same with the classes in each other's place, or mirrored at the middle."""
    if law.shares is None:
        return Law(mean=100 - law.mean, spread=law.spread)
    return Law(np.roll(law.shares, 1, axis=1))


def turned(law: Law) -> Law:
    """Another meaning: the classes in each other's place, or a number larger by three spreads."""
    if law.shares is None:
        return Law(mean=law.mean + 15, spread=law.spread)
    return flipped(law)


def by_strength(
    make: Callable[[float], Concept], columns: tuple[str, ...] = ()
) -> Callable[[Setup], Sequence[Plant]]:
    """A change of meaning at many strengths between 0 and 1."""
    return lambda _: [Plant(columns, strength=s, concept=make(s)) for s in STRENGTHS]


def observable_flip(strength: float) -> Concept:
    """The meaning turns round where an input is above a limit; 1: in half of the rows."""

    def concept(world: World, rows: Rows, law: Law, random: Random) -> Law:
        limit = float(np.quantile(rows.z[:, 0], 1 - strength / 2))
        return law.where(rows.z[:, 0] > limit, turned(law))

    return concept


def turned_in_tails(strength: float) -> tuple[Concept, Concept]:
    """The meaning turns round where the second input is large; and where it is small."""

    def large(world: World, rows: Rows, law: Law, random: Random) -> Law:
        return law.where(rows.z[:, 1] > _normal_quantile(1 - strength / 2), turned(law))

    def small(world: World, rows: Rows, law: Law, random: Random) -> Law:
        return law.where(rows.z[:, 1] < _normal_quantile(strength / 2), turned(law))

    return large, small


def one_after_another(*concepts: Concept | None) -> Concept:
    """All of them at once."""

    def concept(world: World, rows: Rows, law: Law, random: Random) -> Law:
        for one in concepts:
            law = law if one is None else one(world, rows, law, random)
        return law

    return concept


def rotation(strength: float) -> Concept:
    """The inputs' weights turn towards others; 1: to the opposite of the first two."""

    def concept(world: World, rows: Rows, law: Law, random: Random) -> Law:
        w = weights_of(world)
        turn = np.pi * strength
        new = w.copy()
        new[0] = np.cos(turn) * w[0] + np.sin(turn) * w[1]
        new[1] = np.cos(turn) * w[1] - np.sin(turn) * w[0]
        return law_of(world, rows, signal_of(world, rows, new))

    return concept


def hidden_flip(strength: float, *, is_logged: bool = False) -> Concept:
    """The meaning turns round where something is large that no input knows of; 1: in half."""

    def concept(world: World, rows: Rows, law: Law, random: Random) -> Law:
        cause = rows.hidden if is_logged else random.normal(size=len(rows))
        return law.where(cause > _normal_quantile(1 - strength / 2), turned(law))

    return concept


def label_noise(strength: float) -> Concept:
    """That share of the labels is drawn from all labels, whatever the inputs."""

    def concept(world: World, rows: Rows, law: Law, random: Random) -> Law:
        return law.where(random.random(len(rows)) < strength, law_of_nobody(law, random))

    return concept


def law_of_nobody(law: Law, random: Random) -> Law:
    """Each row with the law of a row chosen at random."""
    chosen = random.permutation(len(law.mean) if law.shares is None else len(law.shares))
    if law.shares is None:
        return Law(mean=law.mean[chosen], spread=law.spread[chosen])
    return Law(law.shares[chosen])


def offset(strength: float) -> Concept:
    """The label is more often positive, or larger, than it was, by as much everywhere."""

    def concept(world: World, rows: Rows, law: Law, random: Random) -> Law:
        if law.shares is None:
            return Law(mean=law.mean + 20 * strength, spread=law.spread)
        weights = np.ones(law.shares.shape[1])
        weights[-1] = np.exp(5 * strength)
        return Law(_scaled(law.shares * weights))

    return concept


def to_interacting(strength: float) -> Concept:
    """What was a sum of effects becomes a matter of which inputs meet."""

    def concept(world: World, rows: Rows, law: Law, random: Random) -> Law:
        old = signal_of(world, rows)
        new = signal_of(replace(world, form="interacting"), rows)
        return law_of(world, rows, (1 - strength) * old + strength * new)

    return concept


def prior_shift(setup: Setup) -> Sequence[Plant]:
    """Other shares of the classes, whose members look as they did: more positives come."""

    def shift(weight: float, world: World, rows: Rows, random: Random) -> Rows:
        shares = law_of(world, rows).shares
        if shares is None:
            raise ValueError("a regression has no classes")
        return chosen(rows, random, 1 + (weight - 1) * shares[:, -1])

    def concept(weight: float, world: World, rows: Rows, law: Law, random: Random) -> Law:
        if law.shares is None:
            raise ValueError("a regression has no classes")
        weights = np.ones(law.shares.shape[1])
        weights[-1] = weight
        return Law(_scaled(law.shares * weights))

    weights = np.exp(np.linspace(0.3, 4.0, 20))
    return [
        Plant(strength=w, shift=partial(shift, w), concept=partial(concept, w)) for w in weights
    ]


def harder(setup: Setup) -> Sequence[Plant]:
    """Cases come nearer to the line between the classes; in a regression, noisier ones."""

    def shift(strength: float, world: World, rows: Rows, random: Random) -> Rows:
        law = law_of(world, rows)
        if law.shares is None:
            return chosen(rows, random, np.exp(3 * strength * rows.z[:, 0]))
        difficulty = 1 - law.shares.max(axis=1)
        return chosen(rows, random, np.exp(6 * strength * difficulty))

    def noisier(strength: float, world: World, rows: Rows, law: Law, random: Random) -> Law:
        return Law(mean=law.mean, spread=law.spread * (1 + strength))

    if setup.world.task == "regression":
        return [Plant(strength=s, concept=partial(noisier, s)) for s in STRENGTHS]
    return [Plant(strength=s, shift=partial(shift, s)) for s in _FEW]


def chosen(rows: Rows, random: Random, weight: Array) -> Rows:
    """As many rows, drawn again with these weights; each keeps its moment and its day.

    What is drawn twice differs by a few hundredths of a standard deviation: nobody sends a row twice.
    """
    many = len(rows)
    if not many:
        return rows
    place = random.choice(many, size=many, p=weight / weight.sum())
    return rows.changed(
        z=rows.z[place] + random.normal(0, 0.03, rows.z.shape),
        hour=rows.hour[place],
        hidden=rows.hidden[place] + random.normal(0, 0.03, many),
        codes={name: codes[place] for name, codes in rows.codes.items()},
    )


def moved(column: int, by: float) -> Shift:
    """One input moves by so many standard deviations."""

    def shift(world: World, rows: Rows, random: Random) -> Rows:
        z = rows.z.copy()
        z[:, column] += by
        return rows.changed(z=z)

    return shift


def easier(setup: Setup) -> Sequence[Plant]:
    """Cases come further from the line between the classes, in inputs that move much."""

    def shift(world: World, rows: Rows, random: Random) -> Rows:
        law = law_of(world, rows)
        sure = np.abs(rows.z[:, 0]) if law.shares is None else law.shares.max(axis=1)
        found = chosen(rows, random, np.exp(-2 * sure) if law.shares is None else sure**3)
        return moved(2, 0.7)(world, found, random)

    return [Plant(("temperature",), shift=shift)]


def new_region(setup: Setup) -> Sequence[Plant]:
    """Inputs spread far beyond what was known; classes are the surer there."""
    return [Plant(strength=2.5, shift=_spread(2.5))]


def new_territory(setup: Setup) -> Sequence[Plant]:
    """Inputs spread beyond what was known, and a number there is not what the model thinks."""
    return [Plant(strength=s, shift=_spread(s)) for s in np.linspace(1.05, 2.5, 16)]


def _spread(factor: float) -> Shift:
    def shift(world: World, rows: Rows, random: Random) -> Rows:
        return rows.changed(z=rows.z * factor)

    return shift


def attack(setup: Setup) -> Sequence[Plant]:
    """A new kind of positives in a small share of the rows, which the model takes for negatives."""

    def mask(world: World, rows: Rows) -> Array:
        return np.asarray((rows.z[:, 2] > 2.3) & (rows.codes["region"] == 3))

    def shift(share: float, world: World, rows: Rows, random: Random) -> Rows:
        hit = random.random(len(rows)) < share
        z, region = rows.z.copy(), rows.codes["region"].copy()
        z[hit, 2] = random.normal(2.8, 0.15, int(hit.sum()))
        z[hit, 0] = random.normal(-1.2, 0.2, int(hit.sum()))
        region[hit] = 3
        return rows.changed(z=z, codes={**rows.codes, "region": region})

    def concept(world: World, rows: Rows, law: Law, random: Random) -> Law:
        if law.shares is None:
            raise ValueError("a regression has no positives")
        shares = np.zeros_like(law.shares)
        shares[:, -1] = 1.0
        return law.where(mask(world, rows), Law(shares))

    shares = (0.003, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05)
    return [
        Plant((), ("region", "west"), share, shift=partial(shift, share), concept=concept)
        for share in shares
    ]


def drift_beside(setup: Setup) -> Sequence[Plant]:
    """An input of which nothing depends moves far, and beside it a meaning turns round."""
    return [Plant(strength=s, shift=moved(2, 1.5), concept=observable_flip(s)) for s in _FEW]


def other_split(setup: Setup) -> Sequence[Plant]:
    """More of the traffic goes to the arm whose rows are harder; in each arm nothing changes."""

    def shift(share: float, world: World, rows: Rows, random: Random) -> Rows:
        more = (rows.codes["arm"] == 0) & (
            random.random(len(rows)) < (share - world.arm_share) / (1 - world.arm_share)
        )
        z = rows.z.copy()
        z[more, :2] *= 0.25
        arm = rows.codes["arm"] | more
        return rows.changed(z=z, codes={**rows.codes, "arm": arm.astype(int)})

    return [Plant(strength=s, shift=partial(shift, s)) for s in np.linspace(0.2, 0.9, 15)]


def _scaled(shares: Array) -> Array:
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _normal_quantile(p: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(p))
