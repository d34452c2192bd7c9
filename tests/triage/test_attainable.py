"""What the recipe attains inside an incident is told on rows that it has not seen."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from tests.triage.retraining_worlds import case_of, harder, rotation
from workbench.triage.attainable import FOLDS, Attainable, measure_attainable, time_folds
from workbench.triage.case import Case, Models
from workbench.triage.challengers import choose_challenger
from workbench.triage.windows import Windows, split_windows


@cache
def measured(world: str) -> tuple[Case, Windows, Attainable]:
    case = case_of({"rotation": rotation, "harder": harder}[world], n=2400, seed=2)
    windows = split_windows(case)
    return case, windows, measure_attainable(case, windows, choose_challenger(case, windows))


def test_where_the_concept_turned_the_champion_exceeds_what_is_attainable() -> None:
    _, _, found = measured("rotation")
    assert found.rate is not None
    assert found.excess is not None
    assert found.rate.value == pytest.approx(0.25, abs=0.03)
    assert found.excess.low > 0.4
    assert "retrain" in {piece.supports for piece in found.evidence()}


def test_harder_cases_leave_no_excess() -> None:
    _, _, found = measured("harder")
    assert found.champion is not None
    assert found.excess is not None
    assert found.champion.value > 0.3
    assert found.excess.low < 0.01
    assert abs(found.excess.value) < 0.02


def test_excess_and_attainable_rate_are_those_of_the_rows() -> None:
    _, windows, found = measured("rotation")
    assert found.losses is not None
    assert found.outputs is not None
    assert found.rate is not None
    assert found.excess is not None
    said, label = found.outputs["wb_prediction"], windows.rows["wb_label"]
    assert ((said != label).to_numpy().astype(float) == found.losses).all()
    own = windows.rows["wb_bad"].to_numpy()
    assert found.rate.value == pytest.approx(found.losses.mean(), abs=1e-12)
    assert found.excess.value == pytest.approx(own.mean() - found.losses.mean(), abs=1e-12)


def test_no_row_is_judged_by_a_model_that_saw_it() -> None:
    case = case_of(rotation, n=800, learned=300, before=300)
    noise = pl.Series(np.random.default_rng(0).integers(0, 2, 800).astype(str))
    blind = replace(
        case,
        current=case.current.with_columns(wb_label=noise),
        models=Models(fit=_memory),
        training=None,
        before=case.before.clear(),
    )
    windows = split_windows(blind)
    found = measure_attainable(blind, windows, choose_challenger(blind, windows))
    assert found.rate is not None
    # What has been seen is remembered and never wrong; what has not is "no idea", always wrong.
    assert found.rate.value == 1.0


def _memory(x: pl.DataFrame, y: pl.Series, _seed: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    known = dict(zip(x["a"].to_list(), y.to_list(), strict=True))
    return lambda rows: pl.DataFrame({"wb_prediction": [known.get(a, "?") for a in rows["a"]]})


def test_folds_hold_whole_days_where_there_are_enough() -> None:
    rows = measured("rotation")[1].rows
    fold = time_folds(rows)
    assert np.bincount(fold) == pytest.approx([rows.height / FOLDS] * FOLDS, rel=0.1)
    days = rows.with_columns(fold=pl.Series(fold)).group_by(pl.col("wb_timestamp").dt.date())
    assert days.agg(pl.col("fold").n_unique())["fold"].max() == 1
    short = time_folds(rows.head(200))
    assert np.bincount(short) == pytest.approx([50] * FOLDS, abs=4)


def test_without_a_recipe_it_says_so() -> None:
    case, windows, _ = measured("harder")
    bare = replace(case, models=Models())
    found = measure_attainable(bare, windows, choose_challenger(bare, windows))
    assert found.skipped == "there is no fit"
    assert found.evidence()[0].reading == "there is no fit"
