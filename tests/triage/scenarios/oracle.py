"""Which verdicts would an expert accept who knows the cause, the law, and how many labels there are?

The rise of the bad rate comes from the law itself on a large sample that the plant was not chosen
by. Whether labels could show it comes from their number and from what days differ by. For changes of
the world the oracle itself retrains, moves thresholds, and takes a stronger model, on the incident's
own labels and on as many as one could wish, and looks what each would recover in the long run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from tests.triage.scenarios.champions import STRONG, Model, Outputs, Setup, decided, fit
from tests.triage.scenarios.incidents import Incident, rise_of
from tests.triage.scenarios.planting import Stage, staged
from tests.triage.scenarios.worlds import Array, many_days

BROKEN = ("feature", "label", "serving", "version")
PASSIVE = frozenset({"wait", "undecided"})
ENOUGH = 0.5
"""Of the rise: what must be recovered for an action to be the right one."""


@dataclass(frozen=True)
class Judged:
    """What an expert would say of an incident."""

    accepted: frozenset[str]
    is_counted: bool
    reason: str
    """Why it is not counted; empty where it is."""
    rise: float
    floor: float
    labelled: int
    power: float
    """The rise in its standard errors."""
    recovered: dict[str, float] = field(default_factory=dict)
    """Share of the rise that each remedy takes away in the long run."""

    @property
    def severity(self) -> float:
        """The rise in units of the floor."""
        return self.rise / self.floor


def judge(incident: Incident) -> Judged:
    """The verdicts that an expert would accept, and whether the plant is as harmful as it should be."""
    kind, setup = incident.kind, incident.setup
    rise, floor = rise_of(setup, incident.plant), setup.floor
    power = _power(incident, rise)
    judged = Judged(frozenset(), True, "", rise, floor, incident.labelled_since, power)
    if kind.is_harmless or kind.arrangement == "over":
        is_known = kind.arrangement in ("over", "season") or kind.name == "other_split"
        is_calm = is_known or rise < 0.5 * floor
        accepted = kind.verdicts
        if power_to_rule_out(incident) < 3.3:
            accepted |= PASSIVE
        return replace(
            judged, accepted=accepted, is_counted=is_calm,
            reason="" if is_calm else f"harmful: {rise / floor:.2f} floors",
        )  # fmt: skip
    if kind.rise is None and rise < 0.3 * floor:
        return replace(judged, is_counted=False, reason=f"no harm: {rise / floor:.2f} floors")
    if kind.where in BROKEN:
        return replace(judged, accepted=_of_fault(incident, judged))
    if kind.labels == "censored" or kind.arrangement == "worn":
        return replace(judged, accepted=_as_told(incident, judged))
    recovered: dict[str, float] = {}
    if power >= 2 and incident.labelled_since >= 200:
        recovered = Remedies(incident).recovered(rise)
    return replace(judged, accepted=_of_world(incident, judged, recovered), recovered=recovered)


def is_dangerous(incident: Incident, judged: Judged, verdict: str) -> bool:
    """Whether acting on a verdict would do harm.

    Retraining on a broken feed, serving or label; no action under established harm; redesign for a
    fault; rolling back where no version is the cause.
    """
    where, is_harmful = incident.kind.where, judged.severity >= 1
    if verdict in judged.accepted:
        return False
    if verdict in ("retrain", "redesign"):
        return where in BROKEN and is_harmful
    if verdict == "no_action":
        return bool(where) and is_harmful and judged.power >= 4
    return verdict == "roll_back" and where != "version"


def power_to_rule_out(incident: Incident) -> float:
    """How many standard errors one and a half floors are: what `no_action` needs."""
    return _power(incident, 1.5 * incident.setup.floor)


def _power(incident: Incident, rise: float) -> float:
    world, usual = incident.setup.world, incident.setup.usual
    now = max(usual + max(rise, 0), 1e-5)
    is_part = incident.kind.arrangement == "canary"
    labelled = incident.labelled_since // (10 if is_part else 1)
    days = max((incident.now - incident.onset).total_seconds() / 86_400, 1.0)
    sampling = now * (1 - now) / max(labelled, 1) + usual * (1 - usual) / 6000
    by_day = (0.25 * world.day_spread * math.sqrt(usual)) ** 2 * (1 / days + 1 / 28)
    return rise / math.sqrt(sampling + by_day) if labelled else 0.0


def _of_fault(incident: Incident, judged: Judged) -> frozenset[str]:
    """A fault is seen without labels; it is mended where it matters, or may matter."""
    accepted = incident.kind.verdicts
    if judged.severity < 1.5:
        accepted |= {"no_action"} | PASSIVE
    if incident.affected < 200 or not incident.models:
        accepted |= PASSIVE
    if incident.kind.arrangement == "canary" and judged.power < 2:
        accepted |= PASSIVE
    if incident.affected < 40:
        accepted |= {"no_action"}
    needs_labels = incident.kind.where == "label" or (
        incident.kind.where == "version" and not incident.models
    )
    if needs_labels and (judged.power < 4 or judged.labelled < 200):
        accepted |= PASSIVE
    # An older artifact gives other outputs; which version is right, only labels tell.
    is_seen = "constant_prediction" in incident.kind.causes
    if incident.kind.where == "version" and not is_seen and judged.labelled < 100:
        accepted |= PASSIVE
    return accepted


def _as_told(incident: Incident, judged: Judged) -> frozenset[str]:
    """What an expert says who knows more than the law of labels, where they are enough to see the harm.

    A model that learns from labels which its own decisions chose learns the choice; and a
    retraining that does not last until the next one is no remedy.
    """
    accepted = incident.kind.verdicts
    if judged.power < 4.5 or judged.labelled < 400:
        accepted |= PASSIVE
    return accepted | {"no_action"} if judged.severity < 1.5 else accepted


def _of_world(incident: Incident, judged: Judged, recovered: dict[str, float]) -> frozenset[str]:
    """What recovers most of the rise, the cheapest first; with too few labels one waits."""
    if not recovered:
        accepted = PASSIVE
        return accepted | {"no_action"} if judged.severity < 1.5 and judged.power >= 1 else accepted
    found: set[str] = set()
    now, most = recovered["retrain"], recovered["retrain_later"]
    cheap = recovered["recalibrate"]
    if cheap >= 0.7 and cheap >= max(now, most) - 0.1:
        found |= {"recalibrate"}
    elif cheap >= 0.5:
        found |= {"recalibrate", "retrain"} if most >= ENOUGH else {"recalibrate"}
    if "recalibrate" not in found and now >= 0.35:
        found |= {"retrain"}
    if "recalibrate" not in found and most >= ENOUGH > now:
        found |= {"retrain", *PASSIVE}
    if cheap < 0.5 and most < 0.35:
        found |= {"redesign"}
        if judged.rise < 1.15 * incident.setup.critical:
            found |= {"no_action"}
    elif cheap < 0.5 and most < 0.6 and recovered["stronger"] > most + 0.2:
        found |= {"redesign"}
    elif not found:
        found |= {"retrain", "redesign", *PASSIVE}
    if judged.severity < 1.5:
        found |= {"no_action", *PASSIVE}
    if judged.power < 4.5 or judged.labelled < 400:
        found |= PASSIVE
    return frozenset(found) | (
        incident.kind.verdicts if incident.kind.name == "label_noise" else set()
    )


@dataclass(frozen=True)
class Remedies:
    """What retraining, moving thresholds and a stronger model would bring, known from the law."""

    incident: Incident

    @property
    def _setup(self) -> Setup:
        return self.incident.setup

    @cached_property
    def _later(self) -> Stage:
        """Many cases to come, in which the cause goes on."""
        return self._stage(12_000, 71)

    @cached_property
    def _more(self) -> tuple[pl.DataFrame, Array]:
        """As many labels as one could wish."""
        stage = self._stage(10_000, 72)
        return stage.frame, stage.law.draw(np.random.default_rng([self._setup.seed, 73]))

    @cached_property
    def _own(self) -> tuple[pl.DataFrame, Array]:
        """The labels that there are since the onset."""
        stage = self._stage(max(min(self.incident.labelled_since, 10_000), 1), 74)
        return stage.frame, stage.law.draw(np.random.default_rng([self._setup.seed, 75]))

    def _stage(self, rows: int, seed: int) -> Stage:
        random = np.random.default_rng([self._setup.seed, seed])
        return staged(
            self._setup, many_days(self._setup.world, rows, random), self.incident.plant, random
        )

    def recovered(self, rise: float) -> dict[str, float]:
        """Share of the rise that each remedy takes away."""
        before = self._rate(self._later.outputs)
        setup, own, more = self._setup, self._own, self._more
        known = (
            pl.concat([setup.training.select(own[0].columns), own[0]], how="vertical_relaxed"),
            np.r_[setup.training_labels, own[1]],
        )
        retrained = [self._rate_of(table) for table in (own, known)]
        found = {
            "retrain": min(retrained),
            "retrain_later": min(*retrained, self._rate_of(more)),
            "stronger": self._rate_of(more, STRONG),
            "recalibrate": self._recalibrated(),
        }
        return {name: (before - rate) / rise for name, rate in found.items()}

    def _rate(self, outputs: Outputs) -> float:
        return float(self._setup.expected_bad(outputs, self._later.law).mean())

    def _rate_of(
        self, table: tuple[pl.DataFrame, Array], params: Mapping[str, Any] | None = None
    ) -> float:
        frame, labels = table
        world = self._setup.world
        if world.classes and len(np.unique(labels)) < 2:
            return self._rate(self._later.outputs)
        recipe = "gradient_boosting" if params else ""
        model: Model = fit(world, frame, labels, self._setup.seed, recipe, params)
        return self._rate(model.outputs(self._later.frame))

    def _recalibrated(self) -> float:
        """The least rate that other thresholds, or an offset, can give to the champion's outputs."""
        outputs, world, law = self._later.outputs, self._setup.world, self._later.law
        if outputs.scores is None:
            steps = np.median(law.mean - outputs.prediction) * np.linspace(0, 1.3, 14)
            return min(self._rate(Outputs(outputs.prediction + step)) for step in steps)
        best = self._rate(outputs)
        weights = np.exp(np.linspace(-5, 5, 41))
        scores = outputs.scores
        for place in reversed(range(1, len(world.classes))):
            options = []
            for weight in weights:
                moved = scores.copy()
                moved[:, place] *= weight
                moved /= moved.sum(axis=1, keepdims=True)
                options.append((self._rate(decided(world, moved)), float(weight)))
            rate, weight = min(options)
            if rate < best:
                best = rate
                scores = scores.copy()
                scores[:, place] *= weight
        return best
