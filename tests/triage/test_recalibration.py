"""Recalibration is found where outputs went wrong, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.triage.outputs_gone_wrong import numbers, prior_shift, three_classes
from tests.triage.shift_worlds import ONSET, case_of, chance, log_odds, planted, rows
from workbench.domain.card import ModelCard, Privacy
from workbench.triage.case import Case
from workbench.triage.recalibration import Recalibration, measure_recalibration
from workbench.triage.windows import split_windows


def gain(found: Recalibration) -> float:
    assert found.gain is not None
    return found.gain.value


@pytest.mark.parametrize(
    ("case", "kinds"),
    [
        (prior_shift(2000), {"prior", "threshold", "calibration"}),
        (three_classes(2000), {"prior", "calibration"}),
        (numbers(2000, offset=2.0), {"offset", "scale"}),
        (numbers(2000, slope=1.25), {"scale"}),
        (numbers(2000, slope=1.25, rule="relative_error"), {"offset", "scale"}),
    ],
    ids=["prior", "classes", "offset", "slope", "relative"],
)
def test_what_outputs_lost_is_given_back(case: Case, kinds: set[str]) -> None:
    found = measure_recalibration(case)
    assert found.kind in kinds
    assert found.gain is not None
    assert found.gain.low > 0.02
    assert found.gain_over_control is not None
    assert found.gain_over_control.low > 0.02
    words = {one.name: one for one in found.evidence()}
    assert words["gain"].supports == "recalibrate"
    assert found.says in words["gain"].reading or found.says[1:] in words["gain"].reading
    assert "no fault is left" in words["gain"].reading


def test_an_offset_gives_all_of_the_rise_back() -> None:
    found = measure_recalibration(numbers(2500, offset=2.0))
    assert found.recovery is not None
    assert found.recovery.low > 0.85
    assert {one.name: one.supports for one in found.evidence()}["recovery"] == "recalibrate"


@pytest.mark.parametrize("kind", ["none", "flip", "harder"])
def test_what_is_no_matter_of_outputs_is_not_put_right_by_them(kind: str) -> None:
    found = measure_recalibration(planted(kind, 2500))
    assert found.gain is not None
    assert found.gain.low <= 0
    assert abs(gain(found)) < 0.02
    assert {one.name: one.against for one in found.evidence()}["gain"] == "recalibrate"


def test_noise_is_not_put_right() -> None:
    found = measure_recalibration(numbers(2500, noise=2.0))
    assert abs(gain(found)) < 0.03
    assert found.recovery is not None
    assert found.recovery.high < 0.3


def test_a_broken_input_seems_to_be_put_right_by_a_threshold() -> None:
    # The model sees an input that lost its zero point: the trap that the order of the steps avoids.
    random = np.random.default_rng(1)
    x, y = random.normal(size=(2, 3000, 4))
    reference = rows(x, random.random(3000) < chance(log_odds(x)))
    current = rows(
        y, random.random(3000) < chance(log_odds(y)), seen=y + np.array([2.0, 0, 0, 0]), start=ONSET
    )
    found = measure_recalibration(case_of(reference, current))
    assert found.recovery is not None
    assert found.recovery.value > 0.6


def test_a_threshold_that_never_was_the_best_is_no_gain_of_the_incident() -> None:
    random = np.random.default_rng(2)
    sides = []
    for start in (None, ONSET):
        x = random.normal(size=(3000, 4))
        label = random.random(3000) < chance(log_odds(x))
        more = {} if start is None else {"start": start}
        sides.append(rows(x, label, threshold=0.85, **more))  # type: ignore[arg-type]
    found = measure_recalibration(case_of(*sides))
    assert found.gain is not None
    assert found.gain.low > 0.02
    assert found.gain_over_control is not None
    assert found.gain_over_control.low <= 0
    control = {one.name: one for one in found.evidence()}["control"]
    assert control.against == "recalibrate"
    assert "not surely due to the incident" in control.reading


def test_a_segment_that_is_harmed_is_named_unless_its_values_are_secret() -> None:
    case = prior_shift(4000, 0.5)
    # In one region nothing moved: rows as in the reference, whose labels the remedy spoils.
    calm = case.reference.head(1500).with_columns(
        wb_timestamp=case.current["wb_timestamp"].head(1500).shuffle(seed=1), region=pl.lit("calm")
    )
    current = pl.concat([case.current.with_columns(region=pl.lit("moved")), calm]).with_columns(
        wb_id=pl.int_range(pl.len()).cast(str).str.zfill(6)
    )
    spread = current.with_columns(
        wb_timestamp=case.current["wb_timestamp"].sample(
            current.height, with_replacement=True, seed=2
        )
    )
    shown = replace(case, current=spread, segments=("region",))
    found = measure_recalibration(shown)
    assert [one.value for one in found.harmed] == ["calm"]
    words = {one.name: one for one in found.evidence()}["worst_segment"]
    assert (words.against, "region = calm" in words.reading) == ("recalibrate", True)
    secret = replace(shown, card=replace(case.card, privacy=Privacy(sensitive=("region",))))
    assert all("calm" not in one.reading for one in measure_recalibration(secret).evidence())


def test_the_judged_rows_are_those_of_the_windows_and_stay_for_resampling() -> None:
    case = prior_shift(1500)
    windows = split_windows(case)
    found = measure_recalibration(case, windows)
    assert found.champion_losses is not None
    assert found.corrected_losses is not None
    assert len(found.champion_losses) == int(windows.judge.sum())
    assert gain(found) == pytest.approx(
        float((found.champion_losses - found.corrected_losses).mean()), abs=1e-12
    )
    assert found.blocks is not None
    assert len(found.blocks) == len(found.champion_losses)


def test_order_does_not_matter_and_the_seed_fixes_all() -> None:
    case = prior_shift(900)
    mixed = replace(
        case,
        reference=case.reference.sample(fraction=1.0, shuffle=True, seed=1),
        current=case.current.select(reversed(case.current.columns)).reverse(),
    )
    assert measure_recalibration(case) == measure_recalibration(mixed)


@pytest.mark.parametrize("kept", [0, 1, 36, 199])
def test_too_few_labels_are_said(kept: int) -> None:
    case = prior_shift(600)
    label = pl.when(pl.int_range(pl.len()) < kept).then(pl.col("wb_label"))
    bad = pl.when(pl.int_range(pl.len()) < kept).then(pl.col("wb_bad"))
    few = replace(case, current=case.current.with_columns(wb_label=label, wb_bad=bad))
    found = measure_recalibration(few)
    assert found.skipped is not None
    assert found.gain is None
    assert found.shift is not None
    assert found.shift.shares
    assert "not judged" in found.evidence()[0].reading


def test_without_scores_or_a_reference_nothing_crashes() -> None:
    case = prior_shift(900)
    bare = replace(case, current=case.current.drop("wb_score"))
    assert "nothing can be changed" in (measure_recalibration(bare).skipped or "")
    alone = replace(case, reference=case.reference.head(0))
    found = measure_recalibration(alone)
    assert found.kind in {"threshold", "calibration"}
    assert (found.recovery, found.recovery_reason) == (None, "the reference has no labels")
    assert found.control is None
    entity = replace(
        case, card=ModelCard(), current=case.current.with_columns(wb_label=pl.lit("1"))
    )
    assert measure_recalibration(entity).skipped is None
