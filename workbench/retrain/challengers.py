"""Which challengers are worth a fit? Windows of rows x weights x parameters x seeds, the likeliest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from workbench.domain.card import ModelCard
from workbench.domain.rules import OutcomeRules
from workbench.retrain.pipelines import BOOSTING, FOREST, LINEAR
from workbench.retrain.plan import Challenger

WEIGHTS = (1.0, 4.0, 16.0)
"""For how many older rows one of the incident stands."""
MOST_FITS = 12


def challengers_of(
    card: ModelCard,
    rules: OutcomeRules,
    *,
    has_incident: bool,
    has_older: bool,
    recipe: str | None = None,
    weights: Sequence[float] = WEIGHTS,
    seeds: Sequence[int] = (1,),
    most: int = MOST_FITS,
) -> tuple[Challenger, ...]:
    """The challengers of a run, those with the card's own parameters first.

    Args:
        card: its recipe and parameters.
        rules: the task.
        has_incident: whether there are rows since the onset to learn from.
        has_older: whether there are rows from before it.
        recipe: instead of the card's, with its own defaults.
        weights: to try where both are there.
        seeds: of the fits.
        most: no more than so many; those with the most changed are left out first.
    """
    windows: list[tuple[str, float]] = []
    if has_incident:
        windows.append(("incident", 1.0))
    if has_older:
        if has_incident:
            windows += [("all", float(weight)) for weight in weights]
        else:
            windows.append(("older", 1.0))
    name = recipe or card.training.recipe
    own: Mapping[str, Any] = card.training.params if recipe is None else {}
    variants = parameter_grid(name, rules, own)
    listed = list(product(variants, seeds, windows))[: max(most, 1)]
    return tuple(
        Challenger(number, window, weight, name, {**own, **varied}, varied, seed)
        for number, (varied, seed, (window, weight)) in enumerate(listed, start=1)
    )


def parameter_grid(
    recipe: str, rules: OutcomeRules, own: Mapping[str, Any]
) -> tuple[dict[str, Any], ...]:
    """What to vary of a recipe's parameters: the card's as they are, more supple, and stiffer.

    Of a recipe that is not built in nothing is known, and nothing is varied.

    Args:
        recipe: its name.
        rules: the task.
        own: the card's parameters.
    """
    if recipe == BOOSTING:
        rounds = _number(own.get("max_iter"), 100.0)
        rate = _number(own.get("learning_rate"), 0.1)
        return (
            {},
            {"max_iter": round(rounds * 2.5), "learning_rate": rate / 2},
            {"max_leaf_nodes": 15, "min_samples_leaf": 40},
        )
    if recipe == FOREST:
        leaf = round(_number(own.get("min_samples_leaf"), 3.0))
        return ({}, {"min_samples_leaf": leaf * 4}, {"min_samples_leaf": max(1, leaf // 3)})
    if recipe == LINEAR:
        key = "C" if rules.is_classification else "alpha"
        usual = 0.0001 if rules.rule in ("absolute_error", "relative_error") else 1.0
        value = _number(own.get(key), usual)
        return ({}, {key: value / 10}, {key: value * 10})
    return ({},)


def _number(value: Any, otherwise: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else otherwise
