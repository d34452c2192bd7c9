"""Without an artifact it is told whether inputs still get the outputs that they got before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from tests.triage import planted
from workbench.triage.case import Case, Models, Scorer
from workbench.triage.outputs import measure_outputs
from workbench.triage.replay import Replay
from workbench.triage.same_function import measure_same_function

ROWS = 1500
NONE = Models()


def case_of(task: str = "binary", **more: object) -> Case:
    return planted.case_of(task, rows=ROWS, models=NONE, **more)  # type: ignore[arg-type]


def turned(task: str, carrier: str | None = None) -> Scorer:
    """A model that says the opposite, of one carrier or of all."""
    right, wrong = (
        planted.scorer(task, lambda f, sign=sign: planted.logit(f, sign)) for sign in (1.0, -1.0)
    )

    def score(frame: pl.DataFrame) -> pl.DataFrame:
        if carrier is None:
            return wrong(frame)
        hit = frame["carrier"] == carrier
        a, b = right(frame), wrong(frame)
        return a.select(b[name].zip_with(hit, a[name]) for name in a.columns)

    return score


def shifted(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(x0=pl.col("x0") * 0.5 + 1.0, x1=pl.col("x1") * 1.5)


@pytest.mark.parametrize(
    ("task", "carrier"),
    [("binary", None), ("binary", "UA"), ("multiclass", "UA"), ("regression", "UA")],
)
def test_a_model_that_answers_otherwise_is_found(task: str, carrier: str | None) -> None:
    found = measure_same_function(case_of(task, served_by=turned(task, carrier)))
    assert found.has_changed is True
    assert found.against == "before"


def test_an_older_model_under_the_same_name_is_found() -> None:
    old = planted.scorer(
        "binary", lambda f: planted.logit(f) - 1.1 * f["x0"].fill_null(0).to_numpy()
    )
    assert measure_same_function(case_of(served_by=old)).has_changed is True


@pytest.mark.parametrize(
    "spoil",
    [None, planted.times(100.0), planted.times(0.01, carrier="UA"), planted.missing(0.5), shifted],
    ids=["nothing", "x100", "x0.01 of one carrier", "half missing", "other inputs"],
)
def test_inputs_that_moved_or_broke_are_not_taken_for_another_model(
    spoil: Callable[[pl.DataFrame], pl.DataFrame] | None,
) -> None:
    found = measure_same_function(case_of(seed=1, spoil=spoil))
    assert found.has_changed is False, found.gain
    assert found.evidence()[0].against == "fix_serving"


def test_a_concept_that_turned_round_is_not_servings() -> None:
    case = case_of(law=lambda f: planted.logit(f, -1.0))
    outputs = measure_outputs(case, Replay(skipped="there is no artifact"))
    assert outputs.is_inverted
    assert outputs.is_cleared
    assert outputs.verdict is None


def test_outputs_name_serving_only_where_it_became_worse() -> None:
    skipped = Replay(skipped="there is no artifact")
    found = measure_outputs(case_of(served_by=turned("binary", "UA")), skipped)
    assert found.is_unlike
    assert found.verdict == "fix_serving"
    assert [c.kind for c in found.causes()] == ["serving_mismatch"]
    # Nothing is worse where labels follow the other answers, and more closely.
    calm = case_of(served_by=turned("binary"), law=lambda f: planted.logit(f, -3.0))
    found = measure_outputs(calm, skipped)
    assert found.is_unlike
    assert found.verdict is None


def test_a_new_version_may_answer_otherwise() -> None:
    case = case_of(served_by=turned("binary"))
    older = case.before.with_columns(wb_version=pl.lit("1"))
    moved = replace(case, others=older, before=case.before.clear())
    assert "new version" in (measure_same_function(moved).skipped or "")


def test_without_an_onset_or_history_the_reference_is_compared_with() -> None:
    wrong = case_of(served_by=turned("binary", "UA"))
    for case in (replace(wrong, onset=None), replace(wrong, before=wrong.before.head(100))):
        found = measure_same_function(case)
        assert (found.against, found.has_changed) == ("reference", True)


def test_few_rows_and_unread_inputs_say_nothing() -> None:
    case = case_of(served_by=turned("binary"))
    few = replace(case, current=case.current.head(200))
    assert measure_same_function(few).has_changed is None
    fault = replace(planted.missing_fault(0.5), kind="parse_failure")
    assert "read" in (measure_same_function(replace(case, faults=(fault,))).skipped or "")
    no_time = replace(case, period=replace(case.period, start=case.period.start + timedelta(1)))
    assert measure_same_function(no_time).has_changed is True
