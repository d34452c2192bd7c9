"""Retrain, redesign, wait or leave alone: what each rests on, with the figures of a real examination moved."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.triage.retraining_worlds import case_of, hidden_flip
from tests.triage.test_verdict import examined
from workbench.domain.event import Event
from workbench.domain.fault import Fault
from workbench.performance.blocks import Resampled
from workbench.triage.arms import Arms
from workbench.triage.backtest import Backtest
from workbench.triage.effects import Effect
from workbench.triage.examining import Findings
from workbench.triage.figures import Figure
from workbench.triage.half_life import HalfLife
from workbench.triage.label_faults import LabelFault, LabelFaults
from workbench.triage.recalibration import Recalibration
from workbench.triage.rules import Decision, decide
from workbench.triage.season import Season, SeasonCheck
from workbench.triage.words import summary


def about(value: float, half: float) -> Figure:
    draws = value + half / 1.96 * np.random.default_rng(1).normal(size=400)
    return Figure(value, value - half, value + half, 1000, draws=draws)


@cache
def hidden() -> Findings:
    return examined(case_of(hidden_flip, n=2400, before=2000, seed=5))


def moved(rise: tuple[float, float] = (0.1, 0.02), **parts: Any) -> Findings:
    """The findings with another rise, and other parts of the remainder."""
    found = hidden()
    assert found.remainder is not None
    value, half = rise
    harm = replace(
        found.harm,
        state="yes",
        rise=value,
        low=value - half,
        high=value + half,
        is_critical=value > 0.05,
    )
    rest = replace(found.remainder, **parts)
    return replace(found, harm=harm, harm_now=harm, clean_harm=harm, remainder=rest)


def potential(value: float, half: float) -> dict[str, Any]:
    """A gain with labels enough, of which nothing is gained now; and no other model to be had."""
    rest = hidden().remainder
    assert rest is not None
    remaining = replace(
        rest.remaining,
        stronger=about(0.0, 0.01),
        unused=replace(rest.remaining.unused, together=None, alone=()),
    )
    return {
        "potential": replace(rest.potential, gain=about(value, half), own=None),
        "backtest": replace(rest.backtest, gain=about(0.0, 0.03)),
        "remaining": remaining,
    }


def test_redesign_needs_that_retraining_is_shown_not_to_help() -> None:
    assert decide(moved(**potential(0.0, 0.02))).verdict == "redesign"
    assert decide(moved(**potential(0.02, 0.06))).verdict == "undecided"
    assert decide(moved(**potential(0.07, 0.03))) == Decision("wait", "more_labels")


def test_three_witnesses_that_no_number_of_labels_helps_outweigh_what_few_rows_cost() -> None:
    rest = hidden().remainder
    assert rest is not None
    parts = potential(0.02, 0.06)
    parts["attainable"] = replace(rest.attainable, excess=about(0.0, 0.02))
    never, still_open = (replace(rest.curve, state=state) for state in ("never", "open"))
    assert decide(moved(**parts, curve=never)).verdict == "redesign"
    assert decide(moved(**parts, curve=still_open)).verdict == "undecided"
    parts["backtest"] = replace(rest.backtest, gain=about(0.03, 0.04))
    assert decide(moved(**parts, curve=never)).verdict == "undecided"


@pytest.mark.parametrize(
    ("rise", "verdict"),
    [((0.03, 0.01), "no_action"), ((0.03, 0.025), "no_action"), ((0.08, 0.02), "redesign")],
    ids=["surely below critical", "perhaps not critical", "critical"],
)
def test_a_rise_that_nothing_recovers_is_left_alone_only_below_what_is_critical(
    rise: tuple[float, float], verdict: str
) -> None:
    assert decide(moved(rise, **potential(0.0, 0.005))).verdict == verdict


@pytest.mark.parametrize(
    ("mix", "verdict"),
    [(about(0.05, 0.02), "no_action"), (about(0.05, 0.06), "redesign"), (None, "redesign")],
    ids=["another split", "perhaps another split", "no experiment"],
)
def test_what_another_split_of_the_arms_makes_of_a_rise_is_not_held_against_the_model(
    mix: Figure | None, verdict: str
) -> None:
    found = moved((0.08, 0.02), **potential(0.0, 0.005))
    arms = Arms("arm", mix, None if mix is None else about(0.03, 0.02))
    assert decide(replace(found, arms=arms)).verdict == verdict


@pytest.mark.parametrize(
    ("within", "verdict"),
    [(about(0.006, 0.026), "no_action"), (about(0.01, 0.03), "wait"), (about(0.03, 0.02), None)],
    ids=["as before", "perhaps worse", "worse"],
)
def test_another_split_is_the_whole_of_a_rise_where_no_arm_got_worse_by_what_matters(
    within: Figure, verdict: str | None
) -> None:
    found = moved((0.05, 0.02), **potential(0.0, 0.005))
    decision = decide(replace(found, arms=Arms("arm", about(0.04, 0.02), within)))
    assert (decision.verdict if decision.why.startswith("split") else None) == verdict


def short() -> HalfLife:
    return HalfLife(None, (3.0, 3.0), 3.0, 4.0, ("2", "3"), is_short=True)


@pytest.mark.parametrize("rise", [(0.03, 0.01), (0.08, 0.02)], ids=["small", "critical"])
@pytest.mark.parametrize("gain", [0.0, 0.07], ids=["no gain yet", "gain with more labels"])
def test_retrainings_that_did_not_last_ask_for_another_model_whatever_the_next_one_gains(
    rise: tuple[float, float], gain: float
) -> None:
    wanted = Decision("redesign", "half_life", "short_half_life")
    parts = potential(gain, 0.005)
    assert decide(moved(rise, half_life=short(), **parts)) == wanted
    assert decide(moved(rise, **parts)).why != "half_life"


def test_a_part_is_worth_having_that_will_matter_once_there_are_labels() -> None:
    rest = hidden().remainder
    assert rest is not None
    floor = moved().clean_harm.floor
    assert floor is not None
    parts = potential(1.1 * floor, 0.3 * floor)
    parts["backtest"] = replace(
        rest.backtest, kind="incident", gain=about(0.9 * floor, 0.6 * floor), control=None
    )
    parts["attainable"] = replace(rest.attainable, excess=about(0.9 * floor, 0.6 * floor))
    rise = (3.5 * floor, floor)
    assert decide(moved(rise, **parts)).verdict == "retrain"
    parts["potential"] = replace(rest.potential, gain=about(0.95 * floor, 0.3 * floor), own=None)
    assert decide(moved(rise, **parts)).verdict != "retrain"


def test_a_change_of_outputs_that_surely_helps_is_better_than_leaving_it_open() -> None:
    parts = potential(0.02, 0.06)
    assert decide(moved(**parts)).verdict == "undecided"
    cheap = Recalibration(
        kind="prior", gain=about(0.05, 0.01), recovery_of_rise=about(0.5, 0.1),
        gain_over_control=about(0.05, 0.01),
    )  # fmt: skip
    assert decide(moved(recalibration=cheap, **parts)) == Decision("recalibrate", "prior")
    for other in (about(0.05, 0.06), about(0.02, 0.01)):
        unsure = replace(cheap, gain=other)
        assert decide(moved(recalibration=unsure, **parts)).verdict == "undecided"


@pytest.mark.parametrize(("kind", "verdict"), [("config", "undecided"), ("holiday", "redesign")])
def test_no_other_model_is_asked_for_before_it_is_known_what_was_changed_then(
    kind: str, verdict: str
) -> None:
    found = moved((0.08, 0.02), **potential(0.0, 0.005))
    at = found.case.period.start
    event = Event(1, "m", at, kind, "labels by a new definition", "me", at)
    changed = replace(found, since=replace(found.since, events=(event,)))
    decision = decide(changed)
    assert decision.verdict == verdict
    if verdict == "undecided":
        assert "what was changed then" in summary(changed, decision, (), 0.9)


def test_a_season_explains_a_rise_that_is_not_surely_critical() -> None:
    found = moved((0.08, 0.02), **potential(0.0, 0.005))
    rate = found.harm.current_rate
    assert rate is not None
    check = SeasonCheck("year", about(rate - 0.005, 0.01), None, others=rate - 0.08)
    seasonal = replace(found, season=Season(rate, (check,)))
    for critical, verdict in ((0.05, "redesign"), (0.07, "no_action")):
        harm = replace(found.harm, critical=critical)
        decision = decide(replace(seasonal, harm=harm, harm_now=harm))
        assert decision.verdict == verdict


def test_a_retraining_that_recovers_enough_goes_before_another_model() -> None:
    rest = hidden().remainder
    assert rest is not None
    remaining = replace(rest.remaining, stronger=about(0.08, 0.01), stronger_before=None)
    gains = replace(rest.backtest, kind="incident", gain=about(0.05, 0.02), control=None)
    inside = replace(rest.attainable, excess=about(0.05, 0.01))
    more = replace(rest.potential, gain=about(0.045, 0.01))
    parts: dict[str, Any] = {"attainable": inside, "remaining": remaining, "potential": more}
    assert decide(moved(backtest=gains, **parts)).verdict == "retrain"
    little = replace(gains, gain=about(0.02, 0.01))
    parts["attainable"] = replace(inside, excess=about(0.02, 0.01))
    assert decide(moved(backtest=little, **parts)) == Decision(
        "redesign", "another_model", "model_class"
    )
    # What the stronger class gains in calm times as well does not come from the incident.
    parts["remaining"] = replace(
        remaining, stronger_before=about(0.08, 0.01), unused=potential(0, 1)["remaining"].unused
    )
    assert decide(moved(backtest=little, **parts)).why != "another_model"


def test_outputs_that_take_back_little_of_the_rise_do_not_restore_it() -> None:
    near = Recalibration(
        kind="prior",
        gain=about(0.02, 0.01),
        recovery=about(0.9, 0.3),
        recovery_of_rise=about(0.2, 0.1),
    )
    parts = potential(0.0, 0.02)
    parts["attainable"] = replace(hidden().remainder.attainable, excess=about(0.02, 0.01))  # type: ignore[union-attr]
    assert decide(moved(recalibration=near, **parts)).verdict == "redesign"
    whole = replace(near, gain=about(0.08, 0.02), recovery_of_rise=about(0.8, 0.2))
    assert decide(moved(recalibration=whole, **parts)) == Decision("recalibrate", "prior")


def test_without_a_backtest_nothing_is_said_of_retraining() -> None:
    rest = hidden().remainder
    assert rest is not None
    bare: dict[str, Any] = {
        "backtest": Backtest("no recipe"),
        "potential": replace(rest.potential, gain=None, own=None),
        "recalibration": Recalibration("no scores"),
    }
    assert decide(moved(**bare)) == Decision("undecided", "no_backtest")


def test_what_surely_helps_now_and_will_do_more_later_need_not_wait() -> None:
    rest = hidden().remainder
    assert rest is not None
    parts = potential(0.07, 0.03)
    parts["backtest"] = replace(
        rest.backtest, kind="incident", gain=about(0.02, 0.01), control=None
    )
    parts["attainable"] = replace(rest.attainable, excess=about(0.02, 0.01))
    assert decide(moved(**parts)).verdict == "retrain"
    parts["backtest"] = replace(parts["backtest"], gain=about(0.02, 0.03))
    parts["attainable"] = replace(rest.attainable, excess=about(0.02, 0.03))
    assert decide(moved(**parts)).verdict == "wait"


def test_nothing_rests_on_labels_that_are_chosen_by_the_prediction() -> None:
    """Neither that the model must be redesigned, nor that a rise may be left alone."""
    for rise in ((0.08, 0.02), (0.03, 0.01)):
        found = moved(rise, **potential(0.0, 0.005))
        chosen = replace(found, selective=replace(found.selective, is_selective=True))
        assert decide(chosen) == Decision("undecided", "chosen_labels")


def test_what_may_be_another_definition_or_another_world_is_left_open() -> None:
    found = moved((0.08, 0.02), **potential(0.0, 0.005))
    fault = Fault("", "label_definition", "critical", None, 1.0, "")
    effect = Effect(Resampled(0.1, np.full(400, 0.1), 1000, "rows"), "labels", 0.02)
    one = LabelFault(fault, "definition", effect, False, True, True, alike=1e-3)
    unsure = replace(found, labels=LabelFaults(faults=(one,)))
    assert decide(unsure) == Decision("undecided", "label_or_world")
    for alike in (1e-9, None):
        sure = replace(found, labels=LabelFaults(faults=(replace(one, alike=alike),)))
        assert decide(sure).verdict == ("fix_upstream" if alike is None else "redesign")


def gained(value: float, half: float, later: float = 0.035) -> dict[str, Any]:
    """The same gain by the backtest and the cross-fit, and hardly more with labels enough."""
    rest = hidden().remainder
    assert rest is not None
    parts = potential(later, 0.01)
    parts["attainable"] = replace(rest.attainable, excess=about(value, half))
    parts["backtest"] = replace(
        rest.backtest, kind="incident", gain=about(value, half), control=None
    )
    return parts


def test_a_part_of_the_rise_that_matters_by_itself_is_taken_back_though_most_remains() -> None:
    floor = hidden().clean_harm.floor
    assert floor == pytest.approx(0.02, abs=0.005)
    assert decide(moved(**gained(0.032, 0.01))) == Decision("retrain", "backtest")
    assert decide(moved(**gained(0.032, 0.04))).verdict != "retrain"  # not sure
    assert decide(moved(**gained(0.012, 0.008, 0.014))).verdict == "redesign"  # less than matters
    assert decide(moved((0.3, 0.02), **gained(0.032, 0.01))).verdict == "redesign"  # a tenth of it
    parts = gained(0.032, 0.01)
    parts["remaining"] = replace(
        parts["remaining"], stronger=about(0.08, 0.01), stronger_before=None
    )
    assert decide(moved(**parts)) == Decision("redesign", "another_model", "model_class")


def test_what_rests_on_a_handful_of_wrong_predictions_is_waited_for() -> None:
    parts = gained(0.06, 0.02, 0.07)
    assert decide(moved(**parts)).verdict == "retrain"
    few = np.zeros(4000)
    few[:45] = 1.0
    parts["backtest"] = replace(parts["backtest"], champion_losses=few)
    assert decide(moved(**parts)) == Decision("wait", "few_errors")
    cheap = Recalibration(
        kind="threshold",
        gain=about(0.08, 0.02),
        recovery=about(0.9, 0.3),
        recovery_of_rise=about(0.8, 0.2),
    )
    assert decide(moved(recalibration=cheap, **parts)) == Decision("wait", "few_errors")
    hopeless = {**parts, **potential(0.0, 0.01), "backtest": parts["backtest"]}
    assert decide(moved(**hopeless)) == Decision("wait", "few_errors")
    parts["backtest"] = replace(parts["backtest"], champion_losses=np.append(few, np.ones(10)))
    assert decide(moved(recalibration=cheap, **parts)).verdict == "recalibrate"
