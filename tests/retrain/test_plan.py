"""A plan as JSON: what is read is what was written, and what is none is said to be none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.retrain.runs import card_of, challenger, write_run
from workbench.domain.card import Budget, Columns, Training
from workbench.errors import WorkbenchError
from workbench.retrain.plan import plan_of, plan_text, read_plan


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    card = card_of(
        columns=Columns(features=("x", "[/b]\x1b"), segments=("c",)),
        training=Training(recipe="linear", params={"C": 2.0, "class_weight": {"1": 3}}),
        budget=Budget(cost_per_retrain=3.5),
        named=frozenset({"columns.features"}),
    )
    plan = write_run(tmp_path, [challenger(1), challenger(2, window="all")], card=card)
    assert plan_of(plan_text(plan)) == plan
    assert read_plan(tmp_path) == plan


def test_a_plan_names_no_path_of_the_machine(tmp_path: Path) -> None:
    plan = write_run(tmp_path)
    assert str(tmp_path) not in plan_text(plan)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"plan 1": {"run": 1}}', '{"plan 0": {}}']
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(WorkbenchError, match="plan of the run cannot be read"):
        plan_of(text)


def test_a_plan_of_another_version_is_refused(tmp_path: Path) -> None:
    document = json.loads(plan_text(write_run(tmp_path)))
    document["plan 1"]["new key"] = 1
    with pytest.raises(WorkbenchError):
        plan_of(json.dumps(document))


def test_another_recipe_than_the_card_s_makes_it_a_redesign(tmp_path: Path) -> None:
    plan = write_run(tmp_path)
    assert not plan.is_redesign
    assert replace(plan, challengers=(challenger(1, "random_forest"),)).is_redesign
