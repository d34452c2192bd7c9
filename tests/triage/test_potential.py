"""What retraining could bring with labels enough: large where labels lack, small where knowledge does."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.triage.retraining_worlds import case_of, harder, hidden_flip, rotation, visible_flip
from workbench.triage.attainable import measure_attainable
from workbench.triage.case import Case
from workbench.triage.challengers import choose_challenger
from workbench.triage.potential import Potential, measure_potential
from workbench.triage.windows import split_windows

WORLDS = {"rotation": rotation, "flip": visible_flip, "hidden": hidden_flip, "harder": harder}


def potential_of(case: Case) -> Potential:
    windows = split_windows(case)
    choice = choose_challenger(case, windows)
    return measure_potential(case, windows, choice, measure_attainable(case, windows, choice))


@cache
def measured(world: str, n: int) -> Potential:
    return potential_of(case_of(WORLDS[world], n=n, before=3000, seed=3))


def test_where_few_labels_hide_what_could_be_learned_their_cost_is_put_on_top() -> None:
    found = measured("flip", 700)
    assert found.own is not None
    assert found.cost is not None
    assert found.gain is not None
    assert found.cost.low > 0.01
    assert found.gain.value >= found.own.value + found.cost.value - 1e-12
    # The flip makes 0.085 more of the predictions bad; labels enough take most of it back.
    assert found.gain.high > 0.06
    assert found.gain.low > 0


@pytest.mark.parametrize("world", ["hidden", "harder"])
def test_where_nothing_is_to_be_learned_even_the_upper_end_is_small(world: str) -> None:
    found = measured(world, 3000)
    assert found.gain is not None
    assert found.gain.high < 0.045  # less than half of the rise, which is 0.1


def test_its_draws_are_those_of_its_parts() -> None:
    found = measured("rotation", 1500)
    assert found.gain is not None
    assert found.own is not None
    assert found.cost is not None
    assert found.tested is not None
    assert found.gain.draws is not None
    assert found.own.draws is not None
    assert found.cost.draws is not None
    least = found.own.draws + np.maximum(found.cost.draws, 0.0)
    assert (found.gain.draws >= least - 1e-12).all()
    assert found.tested.low > 0.3
    assert found.evidence()[0].value == found.gain.value


def test_without_rows_of_before_or_a_recipe_it_says_why() -> None:
    case = case_of(rotation, n=600, before=100, seed=3)
    few = replace(case, reference=case.reference.head(100), training=None)
    assert potential_of(few).skipped == (
        "too few labelled rows before the onset to tell what few rows cost"
    )
    bare = replace(case, models=replace(case.models, fit=None))
    found = potential_of(bare)
    assert found.skipped
    assert found.evidence()[0].value is None
