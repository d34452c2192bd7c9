"""What any retraining gains is known with the spread that it has."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl

from tests.triage.retraining_worlds import case_of, usual
from workbench.triage.case import Case, Models
from workbench.triage.challengers import choose_challenger
from workbench.triage.control import Control, measure_control
from workbench.triage.no_harm import segment_gains
from workbench.triage.windows import split_windows


@cache
def case() -> Case:
    return case_of(usual, n=800, before=1600, learned=1500, seed=9)


def control(own: Case) -> Control:
    windows = split_windows(own)
    return measure_control(own, windows, choose_challenger(own, windows), 400)


def test_where_nothing_happened_a_retraining_gains_about_nothing() -> None:
    found = control(case())
    assert found.gain is not None
    assert found.source == "before"
    assert len(found.splits) == 3
    assert found.gain.low < 0 < found.gain.high + 0.02
    assert abs(found.gain.value) < 0.03
    assert found.gain.value == np.mean([gain.mean() for gain in found.losses])


def test_without_rows_before_the_onset_the_reference_stands_in() -> None:
    found = control(replace(case(), before=case().before.clear()))
    assert found.source == "reference"
    assert found.gain is not None
    nothing = replace(case(), before=pl.DataFrame(), reference=case().reference.clear())
    assert "too few" in str(control(nothing).skipped)
    assert control(replace(case(), models=Models())).skipped == "there is no fit"


def test_a_segment_s_gain_is_that_of_its_rows_and_small_ones_are_left_out() -> None:
    rows = pl.DataFrame({"region": ["EU"] * 300 + ["US"] * 200 + [None] * 60 + ["IS"] * 40})
    gain = np.concatenate([np.full(300, 0.0), np.tile([-1.0, 0.0], 100), np.zeros(100)])
    found = segment_gains(case(), rows, gain)
    assert [(s.value, s.n, s.gain) for s in found] == [
        ("US", 200, -0.5),
        (None, 60, 0.0),
        ("EU", 300, 0.0),
    ]
    assert [s.is_harmed for s in found] == [True, False, False]


def test_chance_harms_no_segment() -> None:
    rng = np.random.default_rng(1)
    rows = pl.DataFrame({"region": rng.choice([f"r{i}" for i in range(30)], 6000)})
    harmed = 0
    for _ in range(60):
        gain = rng.choice([-1.0, 0.0, 1.0], 6000, p=[0.1, 0.8, 0.1])
        harmed += any(s.is_harmed for s in segment_gains(case(), rows, gain))
    assert harmed <= 8
