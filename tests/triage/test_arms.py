"""Other shares of an experiment's arms are told from rows that are predicted worse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.triage.planted import case_of
from workbench.triage.arms import ARM, measure_arms
from workbench.triage.case import Case

FLOOR = 0.03


def with_arms(
    shares: tuple[float, float], rates: tuple[float, float], worse: float = 0.0, seed: int = 4
) -> Case:
    """Before, `shares[0]` of the rows are of arm B; `rates` are those of A and B."""
    case = case_of(rows=6000)
    rng = np.random.default_rng(seed)

    def side(frame: pl.DataFrame, share: float, more: float) -> pl.DataFrame:
        is_b = rng.random(frame.height) < share
        bad = rng.random(frame.height) < np.where(is_b, rates[1], rates[0]) + more
        return frame.with_columns(
            pl.Series(ARM, np.where(is_b, "B", "A")), pl.Series("wb_bad", bad.astype(float))
        )

    card = replace(case.card, columns=replace(case.card.columns, experiment="arm"))
    before, current = side(case.before, shares[0], 0.0), side(case.current, shares[1], worse)
    return replace(case, card=card, before=before, current=current)


def test_a_new_split_is_mix_and_no_rate() -> None:
    covered = 0
    for seed in range(20):
        found = measure_arms(with_arms((0.3, 0.9), (0.1, 0.25), seed=seed))
        assert found.mix is not None
        assert found.within is not None
        assert found.mix.value == pytest.approx(0.09, abs=0.03)
        assert found.is_split(FLOOR, found.mix.value + found.within.value)
        covered += found.within.low < 0 < found.within.high
    assert covered >= 16


def test_the_two_parts_add_up_to_the_rise_since_before() -> None:
    case = with_arms((0.3, 0.6), (0.1, 0.25), worse=0.05)
    found = measure_arms(case)
    assert found.mix is not None
    assert found.within is not None
    rise = float(case.current["wb_bad"].mean()) - float(case.before["wb_bad"].mean())  # type: ignore[arg-type]
    assert found.mix.value + found.within.value == pytest.approx(rise, abs=1e-9)


def test_arms_that_got_worse_are_no_new_split() -> None:
    found = measure_arms(with_arms((0.3, 0.3), (0.1, 0.25), worse=0.1))
    assert found.within is not None
    assert found.within.value == pytest.approx(0.1, abs=0.02)
    assert not found.is_split(FLOOR, 0.1)
    both = measure_arms(with_arms((0.3, 0.9), (0.1, 0.25), worse=0.1))
    assert not both.is_split(FLOOR, 0.19)


def test_without_an_experiment_or_with_too_few_labels_of_an_arm_nothing_is_said() -> None:
    assert measure_arms(case_of()).evidence() == ()
    found = measure_arms(with_arms((0.0, 0.9), (0.1, 0.25)))
    assert found.mix is None
    assert "fewer than 50 labels" in found.evidence()[0].reading
