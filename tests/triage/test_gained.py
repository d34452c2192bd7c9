"""What a retraining gains now: two tests of it, two challengers, and what any retraining would gain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from workbench.triage.attainable import Attainable
from workbench.triage.backtest import Backtest
from workbench.triage.control import Control
from workbench.triage.figures import Figure
from workbench.triage.gained import gained_now
from workbench.triage.potential import Potential


def about(value: float, half: float, seed: int = 0) -> Figure:
    draws = value + half / 1.96 * np.random.default_rng(seed).normal(size=400)
    return Figure(value, value - half, value + half, 1000, draws=draws)


INSIDE = Attainable(excess=about(0.03, 0.01))
TEST = Backtest(kind="incident", gain=about(0.04, 0.05))


def test_the_cross_fit_makes_sure_what_the_newest_labels_alone_cannot() -> None:
    found = gained_now(INSIDE, TEST, Potential(), None)
    assert found is not None
    assert found.value == pytest.approx(0.035)
    assert found.is_sure
    alone = gained_now(Attainable(), TEST, Potential(), None)
    assert alone is not None
    assert not alone.is_sure


def test_a_cross_fit_that_the_newest_labels_do_not_bear_out_counts_for_nothing() -> None:
    # What the older rows taught does not hold any more: the world goes on changing.
    found = gained_now(INSIDE, replace(TEST, gain=about(0.01, 0.03)), Potential(), None)
    assert found is not None
    assert found.value == pytest.approx(0.01)
    assert not found.is_sure


def test_what_any_retraining_gains_is_taken_off_with_its_own_interval() -> None:
    test = replace(TEST, control=Control(gain=about(0.02, 0.02, 1)))
    found = gained_now(INSIDE, test, Potential(), None)
    assert found is not None
    assert found.value == pytest.approx(0.015)
    assert found.low == pytest.approx(0.015 - np.hypot(0.015, 0.02))
    calm = replace(TEST, control=Control(gain=about(-0.05, 0.02, 1)))
    assert gained_now(INSIDE, calm, Potential(), None) == gained_now(
        INSIDE, TEST, Potential(), None
    )


def test_rows_of_the_incident_alone_may_do_what_the_chosen_challenger_does_not() -> None:
    mixed = replace(TEST, kind="mixed", gain=about(0.0, 0.02))
    own = Potential(own=about(0.03, 0.01), tested=about(0.04, 0.02), cost=about(0.02, 0.005))
    found = gained_now(Attainable(excess=about(0.0, 0.01)), mixed, own, None)
    assert found is not None
    assert found.value == pytest.approx(0.035)
    # Two looks: what a single one would just call sure is not.
    narrow = replace(own, own=about(0.03, 0.0295), tested=about(0.04, 0.0395))
    assert Attainable(excess=narrow.own).excess is not None
    single = gained_now(
        Attainable(excess=narrow.own), replace(TEST, gain=narrow.tested), Potential(), None
    )
    assert single is not None
    assert single.is_sure
    double = gained_now(Attainable(excess=about(0.0, 0.01)), mixed, narrow, None)
    assert double is not None
    assert not double.is_sure


def test_draws_move_it_and_without_a_backtest_there_is_none() -> None:
    moved = {gained_now(INSIDE, TEST, Potential(), draw) for draw in range(20)}
    assert len(moved) > 10
    assert gained_now(INSIDE, Backtest("no labels"), Potential(), None) is None
