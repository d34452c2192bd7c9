"""Outputs that are broken show it themselves; a world that turned round is not taken for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from tests.triage.planted import ONSET, case_of, logit, missing_fault, rows_of, scorer
from workbench.triage.case import Case, Models
from workbench.triage.outputs import measure_outputs
from workbench.triage.ranking import ranking_of
from workbench.triage.replay import measure_replay
from workbench.triage.served_since import first_row, newly_live, older_live

TASKS = ["binary", "multiclass", "regression"]


def against(frame: pl.DataFrame) -> NDArray[np.float64]:
    return logit(frame, -1.0)


def shifted(frame: pl.DataFrame) -> NDArray[np.float64]:
    """A law with few positives, so that its scores are no mirror image of themselves."""
    return logit(frame) - 2.0


def against_shifted(frame: pl.DataFrame) -> NDArray[np.float64]:
    return -shifted(frame)


def rare(served_by: str) -> Case:
    """A world of few positives, served by its model or by the opposite one."""
    models = {"law": scorer("binary", shifted), "opposite": scorer("binary", against_shifted)}
    case = case_of(law=shifted, served_by=models[served_by], models=Models())
    reference = rows_of(
        "binary", 4000, 77, start=ONSET - timedelta(days=60), law=shifted, model=models["law"]
    )
    before = rows_of("binary", 4000, 78, law=shifted, model=models["law"])
    return replace(case, reference=reference, before=before)


@pytest.mark.parametrize("task", TASKS)
def test_sound_outputs_are_left_alone(task: str) -> None:
    found = measure_outputs(case_of(task))
    assert not found.is_broken
    assert found.verdict is None
    assert found.causes() == ()
    assert found.ranking is not None
    assert found.ranking.low > 0.3


@pytest.mark.parametrize("task", TASKS)
def test_one_answer_to_everything_is_serving_s_fault(task: str) -> None:
    def constant(frame: pl.DataFrame) -> NDArray[np.float64]:
        return np.full(frame.height, -1.0)

    found = measure_outputs(case_of(task, served_by=scorer(task, constant)))
    assert found.is_collapsed
    assert found.verdict == "fix_serving"
    (cause,) = found.causes()
    assert (cause.kind, cause.where) == ("constant_prediction", "serving")


def test_a_new_version_that_brought_it_is_rolled_back() -> None:
    def constant(frame: pl.DataFrame) -> NDArray[np.float64]:
        return np.full(frame.height, -1.0)

    case = case_of(served_by=scorer("binary", constant))
    older = case.before.with_columns(pl.lit("1").alias("wb_version"))
    switched = replace(case, before=case.before.clear(), others=older)
    assert newly_live(switched) == first_row(switched)
    assert older_live(switched).height == older.height
    found = measure_outputs(switched)
    assert found.is_new_version
    assert found.verdict == "roll_back"
    assert [c.where for c in found.causes()] == ["version"]
    assert newly_live(case) is None


@pytest.mark.parametrize(("share", "verdict"), [(0.9, "roll_back"), (0.4, None)])
def test_a_new_version_that_gives_most_rows_one_score_is_rolled_back_without_labels(
    share: float, verdict: str | None
) -> None:
    case = case_of()
    older = case.before.with_columns(pl.lit("1").alias("wb_version"))
    same = pl.Series(np.random.default_rng(5).random(case.current.height) < share)
    frame = case.current.with_columns(
        pl.when(same).then(0.3).otherwise("wb_score").alias("wb_score"),
        pl.when(same).then(pl.lit("0")).otherwise("wb_prediction").alias("wb_prediction"),
        pl.lit(None, pl.String).alias("wb_label"), pl.lit(None, pl.Float64).alias("wb_bad"),
    )  # fmt: skip
    found = measure_outputs(replace(case, current=frame, before=case.before.clear(), others=older))
    assert found.is_collapsed is (verdict is not None)
    assert found.verdict == verdict


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_a_new_version_that_says_one_class_to_all_is_rolled_back_without_labels(task: str) -> None:
    def flat(frame: pl.DataFrame) -> NDArray[np.float64]:
        return -0.6 + 0.05 * np.tanh(logit(frame))

    case = case_of(task, served_by=scorer(task, flat))
    assert case.current["wb_prediction"].n_unique() == 1
    older = case.before.with_columns(pl.lit("1").alias("wb_version"))
    frame = case.current.with_columns(
        pl.lit(None, pl.String).alias("wb_label"), pl.lit(None, pl.Float64).alias("wb_bad")
    )
    found = measure_outputs(replace(case, current=frame, before=case.before.clear(), others=older))
    assert found.verdict == "roll_back"
    assert "given to 100.0% of the rows" in found.evidence()[0].reading


def test_rows_that_mostly_have_no_output_are_no_collapse() -> None:
    case = case_of()
    few = pl.int_range(pl.len()) % 100 == 0
    names = ["wb_prediction", "wb_score"]
    frame = case.current.with_columns(pl.when(few).then(pl.col(names)))
    assert frame["wb_prediction"].count() < 50
    assert not measure_outputs(replace(case, current=frame)).is_collapsed


def test_an_inverted_score_is_told_by_its_mirrored_distribution() -> None:
    found = measure_outputs(rare("opposite"))
    assert found.is_inverted
    assert found.is_mirrored is True
    assert found.verdict == "fix_serving"


def test_a_world_that_turned_round_is_not_serving_s_fault() -> None:
    case = rare("law")
    turned = case.current.with_columns(pl.col("wb_label").replace({"0": "1", "1": "0"}))
    turned = turned.with_columns((1 - pl.col("wb_bad")).alias("wb_bad"))
    found = measure_outputs(replace(case, current=turned))
    assert found.is_inverted
    assert found.is_mirrored is False
    assert found.verdict is None


def test_what_replaying_gives_too_is_cleared() -> None:
    case = case_of(law=against)
    found = measure_outputs(case, measure_replay(case))
    assert found.is_inverted
    assert found.is_cleared
    assert found.verdict is None
    assert "says so itself" in found.evidence()[1].reading


def test_the_ranking_is_the_area_under_the_curve() -> None:
    case = case_of(rows=2000)
    found = ranking_of(case, case.current)
    expected = (
        2
        * roc_auc_score(
            (case.current["wb_label"] == "1").to_numpy(), case.current["wb_score"].to_numpy()
        )
        - 1
    )
    assert found is not None
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low < expected < found.high
    three = case_of("multiclass", rows=2000)
    many = ranking_of(three, three.current)
    label = three.current["wb_label"].to_numpy()
    areas = [roc_auc_score(label == c, three.current[f"score_{c}"].to_numpy()) for c in "abc"]
    assert many is not None
    assert many.value == pytest.approx(2 * float(np.mean(areas)) - 1, abs=1e-12)


@pytest.mark.parametrize("days", [3, 20])
def test_the_ranking_s_interval_covers_what_other_samples_give(days: int) -> None:
    case = case_of(rows=60)
    values, inside = [], 0
    for seed in range(60):
        frame = rows_of("binary", 800, 500 + seed, days=days)
        found = ranking_of(case, frame)
        assert found is not None
        values.append(found.value)
    truth = float(np.mean(values))
    for seed in range(60):
        found = ranking_of(case, rows_of("binary", 800, 500 + seed, days=days))
        assert found is not None
        inside += found.low <= truth <= found.high
    assert inside >= 51


def test_few_rows_and_missing_columns_are_said() -> None:
    case = case_of(rows=100)
    assert measure_outputs(replace(case, current=case.current.head(10))).skipped is not None
    assert measure_outputs(replace(case, current=case.current.clear())).skipped is not None
    unlabelled = case.current.with_columns(pl.lit(None, dtype=pl.String).alias("wb_label"))
    found = measure_outputs(replace(case, current=unlabelled))
    assert found.ranking is None
    assert found.skipped is None
    alone = measure_outputs(replace(case, reference=case.reference.clear()))
    assert not alone.is_broken


def test_what_a_spoilt_input_collapses_is_not_serving_s_fault() -> None:
    def constant(frame: pl.DataFrame) -> NDArray[np.float64]:
        return np.full(frame.height, -1.0)

    case = case_of(
        served_by=scorer("binary", constant), faults=[missing_fault(1.0)], models=Models()
    )
    found = measure_outputs(case)
    assert found.is_collapsed
    assert found.follows_from == "x0"
    assert found.verdict is None
