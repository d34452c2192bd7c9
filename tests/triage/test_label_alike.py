"""A definition moves labels of all inputs alike; a world that changed for some of them does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.triage.planted import case_of, expit, logit
from tests.triage.test_label_faults import DEFINITION, relabelled
from workbench.triage.case import Case
from workbench.triage.label_alike import OPEN, UNALIKE, chance_of_alike, is_one_sided
from workbench.triage.label_faults import LabelFault, LabelFaults, measure_label_faults


def every(case: Case) -> NDArray[np.bool_]:
    return np.ones(case.current.height, dtype=bool)


def stricter(seed: int, rows: int, share: float = 0.3) -> Case:
    """Some of the positives are so no longer, whatever their inputs."""
    case = case_of(seed=seed, rows=rows)
    rng = np.random.default_rng(seed)
    label = case.current["wb_label"].to_numpy().copy()
    label[(label == "1") & (rng.random(len(label)) < share)] = "0"
    return replace(relabelled(case, pl.Series(label)), faults=(DEFINITION,))


def flipped_where_scores_are_high(frame: pl.DataFrame) -> NDArray[np.float64]:
    """The meaning turns round for the largest of an input that itself makes the score high."""
    z = logit(frame)
    found: NDArray[np.float64] = np.where(frame["x0"].to_numpy() > 0.9, -z, z)
    return found


@pytest.mark.parametrize("rows", [600, 4000])
def test_a_stricter_definition_moves_all_alike_in_nearly_all_draws(rows: int) -> None:
    chances = [
        chance_of_alike(case, every(case))
        for case in (stricter(seed, rows, 0.2 + 0.02 * seed) for seed in range(20))
    ]
    known = [c for c in chances if c is not None]
    assert len(known) == 20
    assert sum(c < OPEN for c in known) <= 1
    assert min(known) >= UNALIKE


@pytest.mark.parametrize("rows", [600, 4000])
def test_a_meaning_that_turned_for_some_inputs_does_not(rows: int) -> None:
    for seed in range(8):
        case = case_of(law=flipped_where_scores_are_high, seed=seed, rows=rows)
        chance = chance_of_alike(case, every(case))
        assert chance is not None
        assert chance < UNALIKE


def test_by_the_scores_alone_that_meaning_would_be_taken_for_a_definition() -> None:
    case = case_of(law=flipped_where_scores_are_high, faults=[DEFINITION], rows=3000)
    assert is_one_sided(case, every(case)) is True
    found = measure_label_faults(case)
    assert not found.decides
    assert not found.is_open
    assert found.causes() == ()
    (told,) = found.evidence()
    assert "for some inputs and not for others" in told.reading
    assert told.supports is None


def test_a_category_for_which_alone_labels_moved_is_seen() -> None:
    def other(frame: pl.DataFrame) -> NDArray[np.float64]:
        found: NDArray[np.float64] = logit(frame) - np.where(frame["carrier"] == "UA", 2.0, 0.0)
        return found

    chance = chance_of_alike(case := case_of(law=other, rows=2000), every(case))
    assert chance is not None
    assert chance < UNALIKE


def test_what_the_champion_always_missed_is_no_change() -> None:
    """Its errors hang on an input that it does not use; a stricter definition shrinks them for all."""

    def blind(frame: pl.DataFrame) -> NDArray[np.float64]:
        found: NDArray[np.float64] = logit(frame) + 1.0 * frame["x3"].to_numpy()
        return found

    rng = np.random.default_rng(8)
    case = case_of(rows=6000)
    sides = {}
    for name in ("reference", "current"):
        frame: pl.DataFrame = getattr(case, name)
        label = (rng.random(frame.height) < expit(blind(frame))).astype(int)
        if name == "current":
            label[(label == 1) & (rng.random(len(label)) < 0.4)] = 0
        sides[name] = frame.with_columns(pl.Series("wb_label", label.astype(str)))
    case = replace(case, reference=sides["reference"], current=sides["current"])
    chance = chance_of_alike(case, every(case))
    assert chance is not None
    assert chance >= OPEN


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_not_told(task: str) -> None:
    case = case_of(task)
    assert chance_of_alike(case, every(case)) is None


def test_with_too_few_labels_nothing_is_told() -> None:
    case = case_of(rows=90)
    assert chance_of_alike(case, every(case)) is None


@pytest.mark.parametrize(
    ("chance", "decides", "is_open"),
    [(None, True, False), (0.5, True, False), (1e-3, False, True), (1e-6, False, False)],
)
def test_between_the_two_it_is_open(chance: float | None, decides: bool, is_open: bool) -> None:
    (one,) = measure_label_faults(stricter(3, 3000)).faults
    fault: LabelFault = replace(one, alike=chance)
    found = LabelFaults(faults=(fault,))
    assert (found.decides, found.is_open) == (decides, is_open)
    assert bool(found.cannot_distinguish) == (decides or is_open)
