"""One challenger fitted: what it never sees, what it saves, and rows that cannot be learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.retrain.runs import card_of, challenger, outcome_here, turned_log, write_run
from workbench.domain.card import Privacy
from workbench.retrain.fitting import FINAL, FIT, MODEL, SCORED, Task, perform, read_rows
from workbench.retrain.plan import HOLDOUT, PLAN, TRAIN
from workbench.retrain.skops_file import load_skops


def test_rows_of_the_incident_alone_teach_what_older_rows_do_not(tmp_path: Path) -> None:
    write_run(tmp_path)
    recent, older = (outcome_here(tmp_path, Task(FIT, number)) for number in (1, 2))
    assert recent.reason is None
    assert recent.bad_rate < 0.4
    assert older.bad_rate > 0.6
    assert recent.rows == older.rows > 500


def test_a_fit_that_chooses_never_gets_the_rows_that_judge(tmp_path: Path) -> None:
    write_run(tmp_path)
    before = outcome_here(tmp_path, Task(FIT, 1))
    (tmp_path / HOLDOUT).unlink()
    after = perform(
        FIT, 1, (tmp_path / PLAN).read_text(), (tmp_path / TRAIN).read_bytes(), None, None
    )
    assert after.bad_rate == before.bad_rate


def test_the_same_run_makes_the_same_model(tmp_path: Path) -> None:
    write_run(tmp_path, [challenger(1, "random_forest")])
    first, second = (outcome_here(tmp_path, Task(FINAL, 1)) for _ in range(2))
    assert first.bad_rate == second.bad_rate
    assert read_rows(first.files[SCORED]).equals(read_rows(second.files[SCORED]))


def test_the_model_that_counts_is_the_one_that_can_be_read_back(tmp_path: Path) -> None:
    plan = write_run(tmp_path)
    found = outcome_here(tmp_path, Task(FINAL, 1))
    assert found.reason is None
    (tmp_path / MODEL).write_bytes(found.files[MODEL])
    estimator = load_skops(tmp_path / MODEL, MODEL, ())
    scored = read_rows(found.files[SCORED])
    said = estimator.predict(scored.select(one.name for one in plan.features))
    assert said.astype(str).tolist() == scored["wb_prediction"].to_list()
    assert found.bad_rate == pytest.approx(scored["wb_new_bad"].mean())
    assert b"pickle" not in found.files[MODEL]


def test_labels_of_one_class_are_a_reason_and_no_error(tmp_path: Path) -> None:
    write_run(tmp_path, log=turned_log().with_columns(label=pl.lit(1)))
    found = outcome_here(tmp_path, Task(FIT, 1))
    assert "all of one class" in (found.reason or "")


def test_a_column_without_a_value_is_left_out_and_the_rest_is_learned_from(tmp_path: Path) -> None:
    write_run(tmp_path, log=turned_log().with_columns(c=pl.lit(None, dtype=pl.String)))
    found = outcome_here(tmp_path, Task(FIT, 1))
    assert found.reason is None
    assert found.bad_rate < 0.4
    assert outcome_here(tmp_path, Task(FINAL, 1)).reason is None


def test_where_every_column_is_empty_the_reason_says_so(tmp_path: Path) -> None:
    log = turned_log().with_columns(
        x=pl.lit(None, dtype=pl.Float64), c=pl.lit(None, dtype=pl.String)
    )
    write_run(tmp_path, log=log)
    assert "no feature has a value" in (outcome_here(tmp_path, Task(FIT, 1)).reason or "")


def test_what_a_recipe_says_or_prints_of_private_rows_is_withheld(tmp_path: Path) -> None:
    for name in ("raises", "prints"):
        recipe = f"recipes_of_tests:{name}"
        card = card_of(recipe, privacy=Privacy(sensitive=("x",)))
        write_run(tmp_path, [challenger(1, recipe)], card=card)
        found = outcome_here(tmp_path, Task(FIT, 1), tmp_path)
        assert "boom" not in (found.reason or "")
        assert not found.output
        assert found.printed == (0 if name == "raises" else 4_000_030)


def test_a_recipe_of_one_s_own_is_not_imported_without_trust(tmp_path: Path) -> None:
    recipe = "recipes_of_tests_2:good"
    (tmp_path / "recipes_of_tests_2.py").write_text("raise SystemExit('imported')")
    write_run(tmp_path, [challenger(1, recipe)], card=card_of(recipe))
    assert "cannot be imported" in (outcome_here(tmp_path, Task(FIT, 1)).reason or "")


def test_a_plan_that_cannot_be_read_is_a_reason(tmp_path: Path) -> None:
    write_run(tmp_path)
    found = perform(FIT, 1, "{}", (tmp_path / TRAIN).read_bytes(), None, None)
    assert "plan of the run cannot be read" in (found.reason or "")
    assert replace(found, seconds=0.0).bad_rate is None
