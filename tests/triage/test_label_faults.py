"""Labels that are not what they were are told from a world that has changed, as far as that goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tests.triage.planted import ONSET, case_of, expit, logit
from workbench.domain.fault import Fault, Transform
from workbench.triage.case import Case
from workbench.triage.label_faults import measure_label_faults
from workbench.triage.label_join import begins_at, label_join

TASKS = ["binary", "multiclass", "regression"]
DEFINITION = Fault(
    "", "label_definition", "critical", ONSET, 1.0, "20.0% positive labels, 45.0% before"
)


def relabelled(case: Case, labels: pl.Series) -> Case:
    said = case.current["wb_prediction"]
    bad = (said - labels).abs() > 1.645 if labels.dtype == pl.Float64 else said != labels
    frame = case.current.with_columns(
        labels.alias("wb_label"), bad.cast(pl.Float64).alias("wb_bad")
    )
    return replace(case, current=frame)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("rows", [1, -1, 3])
def test_a_join_that_is_off_by_rows_is_found(task: str, rows: int) -> None:
    case = case_of(task)
    found = measure_label_faults(relabelled(case, case.current["wb_label"].shift(rows)))
    assert found.decides
    assert found.join is not None
    assert found.join.rows == rows
    assert found.join.is_restored
    (one,) = found.faults
    assert one.how == "join"
    assert one.is_proven
    (cause,) = found.causes()
    assert (cause.kind, cause.where, cause.since) == ("label_definition", "label", ONSET)
    assert "off by" in (cause.repair or "")
    evidence = found.evidence()[0]
    assert (evidence.supports, evidence.against) == ("fix_upstream", "retrain")


def test_a_join_that_is_off_in_the_order_of_ids() -> None:
    case = case_of()
    number = np.random.default_rng(3).permutation(case.current.height)
    frame = case.current.with_columns(pl.Series("wb_id", [f"p{n}" for n in number]))
    by_id = frame.with_columns(pl.Series("n", number)).sort("n")
    moved = by_id.with_columns(pl.col("wb_label").shift(2)).sort("wb_timestamp")
    found = label_join(relabelled(replace(case, current=frame), moved["wb_label"]))
    assert found is not None
    assert (found.order, found.rows) == ("id", 2)


def test_a_join_that_is_off_by_a_day_for_each_entity() -> None:
    case = case_of(rows=2000)
    days = pl.Series("day", np.arange(2000) // 200)
    who = pl.Series("who", [f"e{i % 200}" for i in range(2000)])
    times = [ONSET + timedelta(days=int(d), minutes=i % 200) for i, d in enumerate(days)]
    frame = case.current.with_columns(
        who, pl.Series("wb_timestamp", times).dt.cast_time_unit("us").dt.replace_time_zone("UTC")
    )
    moved = frame.select(pl.col("wb_label").shift(1).over("who"))["wb_label"]
    card = replace(case.card, columns=replace(case.card.columns, entity="who"))
    found = label_join(relabelled(replace(case, current=frame, card=card), moved))
    assert found is not None
    assert found.is_restored
    assert found.order in {"entity", "time"}


@pytest.mark.parametrize("task", TASKS)
def test_a_world_that_has_changed_is_no_shifted_join(task: str) -> None:
    def other(frame: pl.DataFrame) -> NDArray[np.float64]:
        return 2.0 * frame["x3"].to_numpy()

    for case in (case_of(task), case_of(task, law=other)):
        assert label_join(case) is None
        assert measure_label_faults(case).faults == ()


def test_labels_by_chance_are_no_shifted_join_in_any_of_many_draws() -> None:
    case = case_of(rows=1000)
    for seed in range(40):
        mixed = case.current["wb_label"].sample(fraction=1.0, shuffle=True, seed=seed)
        assert label_join(relabelled(case, mixed)) is None


def test_in_a_sample_the_shift_still_stands_out() -> None:
    case = case_of(rows=16_000)
    moved = relabelled(case, case.current["wb_label"].shift(1))
    half = moved.current.filter(
        pl.Series(np.random.default_rng(1).random(moved.current.height) < 0.5)
    )
    found = label_join(replace(moved, current=half))
    assert found is not None
    assert found.rows == 1
    assert not found.is_restored


def test_a_join_that_went_wrong_within_the_first_bucket_is_found_since_then() -> None:
    case = case_of(rows=2500)
    label = case.current["wb_label"]
    late = pl.Series(np.arange(2500) >= 1000)
    found = measure_label_faults(relabelled(case, label.shift(1).zip_with(late, label)))
    assert found.decides
    assert found.join is not None
    assert found.join.since is not None
    begun = case.current["wb_timestamp"][1000]
    assert abs(found.join.since - begun) < timedelta(hours=12)
    assert found.causes()[0].since == found.join.since


CIRCLE = {"a": "b", "b": "c", "c": "a"}


@pytest.mark.parametrize("names", [CIRCLE, {"a": "c", "c": "a"}])
@pytest.mark.parametrize("before", [0, 400])
def test_classes_under_one_anothers_names_are_proven_by_naming_them_back(
    names: dict[str, str], before: int
) -> None:
    case = case_of("multiclass", rows=2000)
    label = case.current["wb_label"]
    late = pl.Series(np.arange(2000) >= before)
    found = measure_label_faults(relabelled(case, label.replace(names).zip_with(late, label)))
    (one,) = found.faults
    assert (one.how, one.is_proven, found.decides) == ("exchanged", True, True)
    assert found.cannot_distinguish
    for old, new in names.items():
        assert f"{new} is {old}" in (found.causes()[0].repair or "")


def test_three_classes_of_another_world_are_not_taken_for_other_names() -> None:
    def rotated(frame: pl.DataFrame) -> NDArray[np.float64]:
        return -0.6 * logit(frame) + 1.2 * frame["x3"].to_numpy()

    def turned(frame: pl.DataFrame) -> NDArray[np.float64]:
        x = [frame[n].to_numpy() for n in ("x0", "x1", "x2")]
        found: NDArray[np.float64] = -1.5 * x[0] + 0.4 * x[1] + 0.9 * x[2] * (x[0] > 0)
        return found

    for law in (logit, rotated, turned):
        assert measure_label_faults(case_of("multiclass", law=law, rows=3000)).faults == ()


def test_exchanged_classes_are_proven_by_exchanging_them_back() -> None:
    case = case_of()
    turned = relabelled(case, case.current["wb_label"].replace({"0": "1", "1": "0"}))
    found = measure_label_faults(replace(turned, faults=(DEFINITION,)))
    (one,) = found.faults
    assert one.how == "exchanged"
    assert one.is_proven
    assert found.decides
    assert found.cannot_distinguish
    assert one.effect is not None
    before, after = case.current["wb_bad"].mean(), turned.current["wb_bad"].mean()
    assert one.effect.amount.value == pytest.approx(float(after) - float(before), abs=1e-9)  # type: ignore[arg-type]


def test_a_concept_that_turned_round_by_less_is_not_taken_for_exchanged_labels() -> None:
    def rotated(frame: pl.DataFrame) -> NDArray[np.float64]:
        return -0.6 * logit(frame) + 1.2 * frame["x3"].to_numpy()

    found = measure_label_faults(case_of(law=rotated, faults=[DEFINITION]))
    assert not any(f.is_proven for f in found.faults)
    assert not found.decides


def test_a_stricter_definition_is_told_by_calm_scores_and_one_direction() -> None:
    case = case_of()
    rng = np.random.default_rng(4)
    label = case.current["wb_label"].to_numpy().copy()
    label[(label == "1") & (rng.random(len(label)) < 0.5)] = "0"
    found = measure_label_faults(replace(relabelled(case, pl.Series(label)), faults=(DEFINITION,)))
    (one,) = found.faults
    assert one.how == "definition"
    assert one.is_one_sided is True
    assert one.is_calm is True
    assert found.decides
    assert not one.is_proven
    assert found.cannot_distinguish


def test_a_flip_of_the_world_is_two_sided_and_does_not_decide() -> None:
    def flipped(frame: pl.DataFrame) -> NDArray[np.float64]:
        z = logit(frame)
        found: NDArray[np.float64] = np.where(frame["x3"].to_numpy() > 0.3, -z, z)
        return found

    found = measure_label_faults(case_of(law=flipped, faults=[DEFINITION]))
    (one,) = found.faults
    assert one.is_one_sided is False
    assert not found.decides


def test_a_prior_that_moved_with_its_scores_is_not_calm() -> None:
    case = case_of()
    rng = np.random.default_rng(4)
    kept = (case.current["wb_label"] == "1").to_numpy() | (rng.random(case.current.height) < 0.3)
    found = measure_label_faults(
        replace(case, current=case.current.filter(pl.Series(kept)), faults=(DEFINITION,))
    )
    (one,) = found.faults
    assert one.is_calm is False
    assert not found.decides


def test_a_label_in_another_unit_is_proven_by_undoing_it() -> None:
    case = case_of("regression")
    fault = replace(DEFINITION, transform=Transform("affine", factor=60.0))
    moved = relabelled(case, case.current["wb_label"] * 60.0)
    found = measure_label_faults(replace(moved, faults=(fault,)))
    (one,) = found.faults
    assert one.how == "unit"
    assert one.is_proven
    assert one.effect is not None
    expected = float(moved.current["wb_bad"].mean()) - float(case.current["wb_bad"].mean())  # type: ignore[arg-type]
    assert one.effect.amount.value == pytest.approx(expected, abs=1e-9)


def test_a_label_s_unit_that_changed_within_the_first_bucket_is_undone_from_then_on() -> None:
    case = case_of("regression", rows=2000)
    label = case.current["wb_label"]
    late = pl.Series(np.arange(2000) >= 1100)
    fault = replace(DEFINITION, transform=Transform("affine", factor=60.0))
    moved = relabelled(case, (label * 60.0).zip_with(late, label))
    found = measure_label_faults(replace(moved, faults=(fault,)))
    (one,) = found.faults
    assert (one.how, one.is_proven) == ("unit", True)
    assert one.effect is not None
    rise = float(moved.current["wb_bad"].mean()) - float(case.current["wb_bad"].mean())  # type: ignore[arg-type]
    assert one.effect.amount.value == pytest.approx(rise, abs=0.01)


def test_coverage_and_delay_raise_doubts_and_decide_nothing() -> None:
    faults = [
        Fault(
            "", "label_coverage", "critical", ONSET, 0.5, "40% of the rows have a label, 95% before"
        ),
        Fault(
            "", "label_delay_change", "warning", ONSET, 0.5, "half of the labels come within 9 days"
        ),
    ]
    found = measure_label_faults(case_of(faults=faults))
    assert not found.decides
    assert found.causes() == ()
    assert found.doubts == tuple(f.detail for f in faults)
    assert [e.supports for e in found.evidence()] == ["wait", "wait"]


@pytest.mark.parametrize("task", TASKS)
def test_without_labels_nothing_is_said_of_them(task: str) -> None:
    case = case_of(task, rows=300)
    none = case.current.with_columns(
        pl.lit(None, dtype=case.current["wb_label"].dtype).alias("wb_label"),
        pl.lit(None, dtype=pl.Float64).alias("wb_bad"),
    )
    assert measure_label_faults(replace(case, current=none)).skipped is not None
    assert not measure_label_faults(replace(case, current=none, faults=(DEFINITION,))).decides
    assert not measure_label_faults(replace(case, reference=case.reference.clear())).decides
    assert not measure_label_faults(replace(case, current=case.current.clear())).decides


def test_the_law_of_the_world_is_calibrated() -> None:
    """The tests above rest on it."""
    case = case_of(rows=20_000)
    label = (case.current["wb_label"] == "1").to_numpy()
    assert abs(float(label.mean()) - float(expit(logit(case.current)).mean())) < 0.01


@pytest.mark.parametrize("turn", [0.9, 1.0])
def test_a_rotation_close_to_the_mirror_image_is_told_from_it_by_the_features(turn: float) -> None:
    """The weights of a concept exchanged and turned: the error rate alone would take it for the labels."""

    def rotated(frame: pl.DataFrame) -> NDArray[np.float64]:
        x = [frame[n].to_numpy() for n in ("x0", "x1", "x2")]
        found: NDArray[np.float64] = turn * (-1.5 * x[0] + 0.4 * x[1] + 0.9 * x[2] * (x[0] > 0))
        return found

    found = measure_label_faults(case_of(law=rotated, faults=[DEFINITION]))
    assert not any(f.is_proven for f in found.faults)


def test_exchanged_classes_are_proven_in_nearly_all_draws() -> None:
    proven = 0
    for seed in range(20):
        case = case_of(seed=seed + 300, rows=2000)
        turned = relabelled(case, case.current["wb_label"].replace({"0": "1", "1": "0"}))
        (one,) = measure_label_faults(replace(turned, faults=(DEFINITION,))).faults
        proven += one.is_proven
    assert proven >= 19


@pytest.mark.parametrize(
    ("gains", "first"),
    [
        ([1, 1, -1, -1, -1, -1], 2),
        ([-1, -1, -1, -1], 0),
        ([0, 0, 0, 0], 0),
        ([1, 1, 1, -1], 0),
        ([], 0),
    ],
    ids=["a third before", "from the first row", "nothing told", "most before", "no rows"],
)
def test_the_fault_begins_after_what_fits_as_logged(gains: list[int], first: int) -> None:
    assert begins_at(np.array(gains, dtype=float)) == first


def test_rows_of_which_none_is_left_out_prove_what_a_sample_only_suggests() -> None:
    case = case_of(rows=16_000)
    moved = relabelled(case, case.current["wb_label"].shift(1))
    half = moved.current.filter(
        pl.Series(np.random.default_rng(1).random(moved.current.height) < 0.5)
    )
    found = label_join(replace(moved, current=half, stretch=moved.current[-4000:]))
    assert found is not None
    assert (found.rows, found.is_restored) == (1, True)
    assert found.since is None
    assert measure_label_faults(replace(moved, current=half, stretch=moved.current[-4000:])).decides


def test_a_sample_is_asked_where_the_newest_rows_are_right_again() -> None:
    case = case_of(rows=6000)
    label = case.current["wb_label"]
    late = pl.Series(np.arange(6000) >= 5500)
    moved = relabelled(case, label.zip_with(late, label.shift(1)))
    found = label_join(replace(moved, stretch=moved.current[-400:]))
    assert found is not None
    assert found.rows == 1


@pytest.mark.parametrize("before", [250, 330])
def test_a_join_that_went_wrong_in_a_period_of_few_rows_is_found_since_then(before: int) -> None:
    """As a whole they agree by more than half of what is usual."""
    case = case_of(rows=740)
    label = case.current["wb_label"]
    late = pl.Series(np.arange(740) >= before)
    found = measure_label_faults(relabelled(case, label.shift(1).zip_with(late, label)))
    assert found.decides
    assert found.join is not None
    assert found.join.since is not None
    (one,) = found.faults
    assert one.effect is not None
    rise = float(relabelled(case, label.shift(1)).current["wb_bad"].mean())  # type: ignore[arg-type]
    rise -= float(case.current["wb_bad"].mean())  # type: ignore[arg-type]
    share = (740 - before) / 740
    assert one.effect.amount.value == pytest.approx(share * rise, abs=0.05)
