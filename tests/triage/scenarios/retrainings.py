"""What do retrainings leave behind that wore off? A world that turns in one more place each time.

The meaning turns round somewhere; labels are late, and a new version goes live a day after the first
of them; soon after it turns elsewhere. So a model is wrong for most of the time, though every
retraining helps.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from tests.triage.scenarios.causes_world import one_after_another, turned_in_tails
from tests.triage.scenarios.champions import Model, Setup, fit, set_up
from tests.triage.scenarios.planting import Plant, staged
from tests.triage.scenarios.worlds import World, many_days

LEAD = timedelta(days=1)
"""From the first labels to a new version."""
_LEARNED = 6000


@dataclass(frozen=True)
class Stretch:
    """Some time in which one thing is wrong, or nothing, and one version predicts."""

    start: datetime
    end: datetime
    plant: Plant | None
    version: str
    traffic: float = 1.0
    """Beside what is usual."""


def worn_off(
    setup: Setup, plant: Plant, start: datetime, onset: datetime, now: datetime
) -> list[Stretch]:
    """Two turns with their retrainings, and a third.

    Each version is right for half as long as it took to get it.
    """
    late = timedelta(days=setup.world.delay_days) + LEAD
    turns = [onset - 3.0 * late, onset - 1.5 * late]
    first, second = (_holds(plant, times) for times in (1, 2))
    all_three = one_after_another(second.concept, plant.concept)
    models = [retrained(setup, plant, times) for times in (1, 2)]

    def by(what: Plant, model: Model) -> Plant:
        return Plant(strength=what.strength, concept=what.concept, model=model)

    return [
        Stretch(start, turns[0], None, "1"),
        Stretch(turns[0], turns[0] + late, by(first, setup.champion), "1"),
        Stretch(turns[0] + late, turns[1], by(first, models[0]), "2"),
        Stretch(turns[1], turns[1] + late, by(second, models[0]), "2"),
        Stretch(turns[1] + late, onset, by(second, models[1]), "3"),
        Stretch(onset, now, by(Plant(strength=plant.strength, concept=all_three), models[1]), "3"),
    ]


def _holds(plant: Plant, times: int) -> Plant:
    """What holds after so many turns."""
    concepts = turned_in_tails(plant.strength)[:times]
    return Plant(strength=plant.strength, concept=one_after_another(*concepts))


def retrained(setup: Setup, plant: Plant, times: int) -> Model:
    """The recipe, fitted to many cases after so many turns."""
    return _retrained(setup.world, setup.seed, plant.strength, times)


@lru_cache(maxsize=8)
def _retrained(world: World, seed: int, strength: float, times: int) -> Model:
    setup = set_up(world, seed)
    random = np.random.default_rng([seed, 31, times])
    rows = many_days(setup.world, _LEARNED, random)
    stage = staged(setup, rows, _holds(Plant(strength=strength), times), random)
    return fit(setup.world, stage.frame, stage.law.draw(random), seed)
