"""Which kinds of incidents are there, and which one is number so-and-so of a family?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from zlib import crc32

import numpy as np
import polars as pl

from tests.triage.scenarios import causes_feed as feed
from tests.triage.scenarios import causes_serving as serving
from tests.triage.scenarios import causes_world as world_of
from tests.triage.scenarios.champions import Setup
from tests.triage.scenarios.families import FAMILIES
from tests.triage.scenarios.incidents import Incident, Kind, happen
from tests.triage.scenarios.planting import Plant, both, nearest
from tests.triage.scenarios.worlds import Random, Rows, World

c = pl.col

PLACES = 997
"""A kind's place follows from its name, so that a new kind leaves the others' scenarios as they are."""

_MOST_SINCE = 40_000
"""Rows since the onset: a fast model's incident is not as old as a slow one's."""


def nothing(_: Setup) -> Sequence[Plant]:
    """No change at all."""
    return [Plant()]


def holiday(_: Setup) -> Sequence[Plant]:
    """For some days other people come, of the kinds that were always there."""

    def shift(world: World, rows: Rows, random: Random) -> Rows:
        weight = np.where(rows.codes["region"] == 0, 3.0, 1.0)
        weight = weight * np.where(rows.codes["app"] == 2, 2.0, 1.0)
        return world_of.moved(2, 0.5)(world, world_of.chosen(rows, random, weight), random)

    return [Plant(shift=shift)]


def retried(log: pl.DataFrame, random: Random) -> pl.DataFrame:
    """A tenth of the rows comes again some seconds later under another id."""
    hit = pl.Series(random.random(log.height) < 0.1)
    again = log.filter(hit).with_columns(
        prediction_id=c("prediction_id") + "-r", timestamp=c("timestamp") + timedelta(seconds=4)
    )
    return pl.concat([log, again]).sort("timestamp", "prediction_id")


def two_causes(setup: Setup, rise: float) -> Plant:
    """An amount in another unit from one producer, and a meaning that turns round."""
    each = max(rise / 2, 1.5 * setup.floor)
    broken = [
        plant for plant in feed.units(100, "amount")(setup)
        if plant.segment is not None and plant.segment[0] == "carrier"
    ]  # fmt: skip
    turned = world_of.by_strength(world_of.observable_flip)(setup)
    return both(nearest(setup, broken, each), nearest(setup, turned, each))


def rollout_beside(setup: Setup, rise: float) -> Plant:
    """A version as good as the last one comes at the hour at which a meaning turns round."""
    turned = nearest(setup, world_of.by_strength(world_of.observable_flip)(setup), rise)
    return replace(turned, model=serving.fresh(setup))


def below_critical(setup: Setup, rise: float) -> Plant:
    """A meaning that turns round, by less than what is critical."""
    return nearest(setup, _OBSERVABLE(setup), min(rise, 0.8 * setup.critical))


def _frequent(world: World) -> bool:
    return world.task != "binary" or world.positives > 0.2


def _binary(world: World) -> bool:
    return world.task == "binary"


def _balanced(world: World) -> bool:
    return world.task == "binary" and world.positives > 0.2


def _with_delay(world: World) -> World:
    return replace(world, delay_days=6.0, is_early=True)


def _over_a_year(world: World) -> World:
    return replace(world, history_days=400, rows_a_day=min(world.rows_a_day, 700), bucket="1d")


def _turning(world: World) -> World:
    return replace(world, delay_days=3.0, history_days=max(world.history_days, 18))


def _feed(name: str, plants: Callable[[Setup], Sequence[Plant]], *causes: str) -> Kind:
    return Kind(name, plants, frozenset({"fix_upstream"}), "feature", frozenset(causes))


def _serving(
    name: str, plants: Callable[[Setup], Sequence[Plant]], arrangement: str = "plain"
) -> Kind:
    causes = frozenset({"serving_mismatch", "constant_prediction", "version"})
    return Kind(name, plants, frozenset({"fix_serving"}), "serving", causes, arrangement)


def _label(name: str, plants: Callable[[Setup], Sequence[Plant]], **more: object) -> Kind:
    causes = frozenset({"label_definition", "label_coverage"})
    found = Kind(name, plants, frozenset({"fix_upstream"}), "label", causes)
    return replace(found, **more)  # type: ignore[arg-type]


def _world(name: str, plants: Callable[[Setup], Sequence[Plant]], *expected: str) -> Kind:
    causes = frozenset({"concept", "inputs", "prior"})
    return Kind(name, plants, frozenset(expected), "world", causes)


def _calm(name: str, plants: Callable[[Setup], Sequence[Plant]] = nothing) -> Kind:
    return Kind(name, plants, frozenset({"no_action"}), "")


def _flips(logged: bool) -> Callable[[Setup], Sequence[Plant]]:
    return world_of.by_strength(lambda s: world_of.hidden_flip(s, is_logged=logged))


_OBSERVABLE = world_of.by_strength(world_of.observable_flip)
_WHERE_NEGATIVE = world_of.by_strength(lambda strength: world_of.turned_in_tails(strength)[0])
"""Where the champion says the negative class, whose labels a censoring decision leaves."""
_SENTINELS = ("sentinel_value", "out_of_range", "missing_values")
_STALE = ("stale_value", "sentinel_value")

_ALL = (
    _calm("none"),
    _calm("easier", world_of.easier),
    replace(
        _calm("new_region", world_of.new_region),
        fits=lambda w: _frequent(w) and w.task != "regression",
    ),
    _calm("float32", serving.rounded),
    _calm("harmless_schema", feed.harmless_schema),
    _calm("harmless_fault", feed.unimportant_unit),
    replace(_calm("weekdays"), adapt=lambda w: replace(w, weekend=1.0)),
    _calm("holiday", holiday),
    replace(_calm("duplicates"), rearrange=retried),
    replace(
        _calm("other_split", world_of.other_split), fits=_balanced,
        adapt=lambda w: replace(w, arm_share=0.1),
    ),
    replace(_calm("early_positives"), fits=_binary, adapt=_with_delay),
    replace(_calm("selective_labels"), labels="selective", fits=_balanced,
            verdicts=frozenset({"no_action", "fix_upstream", "wait", "undecided"})),
    replace(_calm("season", _OBSERVABLE), arrangement="season", choose=below_critical, fits=_frequent,
            adapt=_over_a_year),
    replace(_calm("good_rollout", serving.good_version), arrangement="rollout"),
    replace(
        _calm("over", feed.units(100, "amount")), arrangement="over",
        verdicts=frozenset({"no_action", "fix_upstream"}),
    ),
    _feed("unit_x100", feed.units(100, "amount", "delay"), "unit_change"),
    _feed("unit_x0.01", feed.units(0.01, "amount", "delay"), "unit_change"),
    _feed("unit_x60", feed.units(60, "delay", "amount"), "unit_change"),
    _feed("fahrenheit", feed.fahrenheit, "unit_change"),
    _feed("recode", feed.lower_case, "renamed_category", "new_category"),
    _feed("permuted_codes", feed.permuted, "renamed_category"),
    _feed("timezone", feed.clock, "clock_shift"),
    _feed("swap", feed.swapped, "swapped_columns"),
    _feed("stale", feed.stale, *_STALE),
    _feed("sentinel", feed.sentinel, *_SENTINELS),
    _feed("sentinel_of_producer", feed.sentinel_of_producer, *_SENTINELS, *_STALE),
    _feed("default", feed.default, *_STALE),
    _feed("nulls", feed.nulls, "missing_values"),
    _feed("lost_join", feed.lost_join, "missing_values"),
    replace(_feed("unit_no_labels", feed.units(100, "amount"), "unit_change"), labels="none"),
    replace(_feed("two_causes", feed.units(100, "amount"), "unit_change"), choose=two_causes,
            residual=frozenset({"retrain", "wait", "undecided"})),
    _serving("inverted", serving.inverted),
    _serving("stuck", serving.stuck),
    _serving("category_order", serving.category_order),
    _serving("skew_from_start", serving.skewed, "from_start"),
    _serving("older_artifact", serving.older_artifact, "older"),
    Kind("bad_rollout", serving.worse_version, frozenset({"roll_back"}), "version",
         frozenset({"version"}), "rollout"),
    Kind("bad_canary", serving.worse_version, frozenset({"roll_back"}), "version",
         frozenset({"version"}), "canary"),
    Kind("collapsed", serving.collapsed, frozenset({"roll_back"}), "version",
         frozenset({"version", "constant_prediction"}), "rollout"),
    _label("inverted_labels", serving.inverted_labels),
    _label("stricter_definition", serving.stricter, event=("config", "labels by the new definition"),
           verdicts=frozenset({"fix_upstream", "undecided"}), twins=frozenset({"recalibrate"}), fits=_frequent),
    _label("off_by_one", serving.off_by_one),
    _world("observable_flip", _OBSERVABLE, "retrain"),
    _world("rotation", world_of.by_strength(world_of.rotation), "retrain"),
    replace(_world("offset", world_of.by_strength(world_of.offset), "recalibrate"),
            twins=frozenset({"fix_upstream"})),
    replace(_world("prior_shift", world_of.prior_shift, "recalibrate"),
            fits=lambda w: w.task == "multiclass" or not _frequent(w)),
    _world("hidden_flip", _flips(logged=False), "redesign"),
    _world("unused_column", _flips(logged=True), "redesign"),
    _world("label_noise", world_of.by_strength(world_of.label_noise), "redesign", "undecided",
           "fix_upstream"),
    _world("harder", world_of.harder, "redesign", "no_action"),
    replace(_world("model_class", world_of.by_strength(world_of.to_interacting), "redesign"),
            fits=lambda w: w.recipe == "linear"),
    replace(_world("attack", world_of.attack, "retrain"), fits=lambda w: not _frequent(w)),
    replace(_world("new_territory", world_of.new_territory, "retrain"),
            fits=lambda w: w.task == "regression"),
    _world("drift_beside", world_of.drift_beside, "retrain"),
    replace(_world("rollout_beside", _OBSERVABLE, "retrain"), choose=rollout_beside,
            arrangement="rollout"),
    replace(_world("censored", _WHERE_NEGATIVE, "undecided", "wait"), labels="censored", fits=_balanced),
    replace(_world("short_half_life", _OBSERVABLE, "redesign"), arrangement="worn", adapt=_turning,
            fits=lambda w: _frequent(w) and w.has_artifact),
    replace(_world("flip_no_labels", _OBSERVABLE, "wait"), labels="none"),
    replace(_world("36_labels", _OBSERVABLE, "wait"), labels="36", rise=0.10, fits=_balanced),
)  # fmt: skip

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
"""Every kind of incident, by name."""


def scenario(family: str, kind: str, number: int) -> Incident:
    """One incident; the same for the same arguments.

    Args:
        family: one of `FAMILIES`.
        kind: one of `KINDS`.
        number: from 0; worlds change fastest, then severities and ages.

    Raises:
        KeyError: there is no such family or kind, or none of the worlds fits.
    """
    of, made = FAMILIES[family], KINDS[kind]
    place = crc32(kind.encode()) % PLACES
    worlds = _fitting(family, kind)
    world = worlds[(number + place) % len(worlds)]
    hours = of.ages[(number // 2 + place) % len(of.ages)]
    if world.bucket != "1h":
        hours = max(hours, 24.0)
    hours = min(hours, 24 * _MOST_SINCE / world.rows_a_day)
    seed = of.first_seed + 10_000 * place + number
    return happen(made, world, severity_of(family, kind, number), timedelta(hours=hours), seed)


def severity_of(family: str, kind: str, number: int) -> float:
    """The rise, in floors, that a scenario is made for."""
    severities, many = FAMILIES[family].severities, len(_fitting(family, kind))
    return severities[(number // many + (number if many > 1 else 0)) % len(severities)]


def fits_family(family: str, kind: str) -> bool:
    """Whether a family has a world in which the kind makes sense."""
    return any(KINDS[kind].fits(world) for world in FAMILIES[family].worlds)


def _fitting(family: str, kind: str) -> list[World]:
    worlds = [world for world in FAMILIES[family].worlds if KINDS[kind].fits(world)]
    if not worlds:
        raise KeyError(f"no world of {family} fits {kind}")
    return worlds
