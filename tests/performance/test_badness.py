"""Badness in Python is what the store counts."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from workbench.domain.card import BadPrediction, Identity, ModelCard
from workbench.domain.rules import OutcomeRules, outcome_rules
from workbench.domain.shape import LogShape
from workbench.performance.badness import badness
from workbench.store.outcome_sql import badness as stored_badness


def rules(task: str, rule: str) -> OutcomeRules:
    card = replace(
        ModelCard(),
        model=Identity(name="m", task=task),
        bad_prediction=BadPrediction(rule=rule, cost_false_positive=1.0, cost_false_negative=4.0),
    )
    return outcome_rules(card, LogShape((), (), classes=("0", "1")), 0.5)


def stored(own: OutcomeRules, frame: pl.DataFrame, folder: Path) -> list[float]:
    frame.write_parquet(folder / "rows.parquet")
    found = duckdb.execute(
        f"SELECT ({stored_badness(own, 'p', 'y')})::DOUBLE FROM '{folder / 'rows.parquet'}'"
    )
    return [row[0] for row in found.fetchall()]


@pytest.mark.parametrize("rule", ["mismatch", "miss", "false_alarm", "cost"])
def test_of_classes_it_is_the_store_s(tmp_path: Path, rule: str) -> None:
    own = rules("binary", rule)
    frame = pl.DataFrame({"p": ["0", "1", "0", "1"], "y": ["0", "0", "1", "1"]})
    expected = stored(own, frame, tmp_path)
    assert badness(own, frame["p"], frame["y"]).tolist() == expected


@pytest.mark.parametrize("rule", ["absolute_error", "relative_error"])
def test_of_numbers_it_is_the_store_s(tmp_path: Path, rule: str) -> None:
    own = rules("regression", rule)
    rng = np.random.default_rng(3)
    frame = pl.DataFrame({"p": rng.normal(size=500), "y": rng.normal(size=500)})
    expected = stored(own, frame, tmp_path)
    found = badness(own, frame["p"], frame["y"])
    assert found.tolist() == expected
    assert 0 < found.mean() < 1


def test_without_a_label_or_a_prediction_it_is_no_number() -> None:
    found = badness(
        rules("binary", "mismatch"), pl.Series(["1", None, "0"]), pl.Series([None, "1", "1"])
    )
    assert [math.isnan(value) for value in found] == [True, True, False]
    numbers = badness(
        rules("regression", "absolute_error"),
        pl.Series([1.0, None, 9.0]),
        pl.Series([1.0, 2.0, 3.0]),
    )
    assert [math.isnan(value) for value in numbers] == [False, True, False]
