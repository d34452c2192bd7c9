"""A model of the older version's outputs tells a worse version from a world that changed with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.triage.planted import logit, scorer, served, turned_above
from tests.triage.test_version_comparison import switched, worse
from workbench.triage.stand_in import LEAST_ROWS, measure_stand_in
from workbench.triage.version_comparison import measure_versions

TASKS = ["binary", "multiclass", "regression"]


@pytest.mark.parametrize("task", TASKS)
def test_a_worse_version_is_as_much_worse_as_its_artifact_would_show(task: str) -> None:
    case = switched(task, worse, previous=False)
    found = measure_stand_in(case)
    assert found is not None
    right = served(case.current, task, scorer(task))
    true = float((case.current["wb_bad"] - right["wb_bad"]).mean())  # type: ignore[arg-type]
    assert found.worse_by.value == pytest.approx(true, abs=0.03)
    assert found.worse_by.low > 0
    versions = measure_versions(case)
    assert versions.bad is not None
    assert versions.bad.how == "learnt"
    assert versions.is_proven


@pytest.mark.parametrize("task", TASKS)
def test_a_world_that_turned_with_a_version_is_not_held_against_it(task: str) -> None:
    case = switched(task, logit, previous=False, law=turned_above(0.5))
    found = measure_stand_in(case)
    assert found is not None
    assert abs(found.worse_by.value) < 0.02
    versions = measure_versions(case)
    by_how = {c.how: c for c in versions.comparisons}
    assert by_how["onset"].worse_by.low > 0.02
    assert not versions.decides


def test_too_few_rows_of_the_older_version_say_nothing() -> None:
    case = switched("binary", worse, previous=False)
    few = case.others.tail(LEAST_ROWS - 1)
    assert measure_stand_in(replace(case, others=few)) is None
    assert measure_stand_in(replace(case, current=case.current.head(LEAST_ROWS // 3 - 1))) is None


def test_the_same_rows_give_the_same_figures() -> None:
    case = switched("binary", worse, previous=False)
    one, other = measure_stand_in(case), measure_stand_in(case)
    assert one is not None
    assert other is not None
    assert one.worse_by.value == other.worse_by.value
    assert (one.worse_by.draws == other.worse_by.draws).all()
