"""Whatever the rows are like, the steps of retraining answer, and say what they could not measure."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.triage.retraining_worlds import case_of, usual
from workbench.domain.verdict import VERDICTS, Evidence
from workbench.triage.attainable import measure_attainable
from workbench.triage.backtest import measure_backtest
from workbench.triage.case import Case
from workbench.triage.challengers import choose_challenger
from workbench.triage.learning_curve import measure_learning_curve
from workbench.triage.remaining import measure_remaining
from workbench.triage.season import measure_season
from workbench.triage.windows import split_windows

TASKS = ("binary", "multiclass", "regression")


def told(case: Case) -> list[Evidence]:
    windows = split_windows(case)
    choice = choose_challenger(case, windows)
    attainable = measure_attainable(case, windows, choice)
    backtest = measure_backtest(case, windows, choice, attainable)
    curve = measure_learning_curve(case, backtest)
    remaining = measure_remaining(case, attainable, backtest, curve)
    steps = (attainable, backtest, curve, remaining, measure_season(case))
    return [piece for step in steps for piece in step.evidence()]


def made(task: str, rare: float, seed: int) -> Case:
    def draw(rng: np.random.Generator, n: int) -> pl.DataFrame:
        frame = usual(rng, n)
        if task == "regression":
            return frame.with_columns(
                wb_label=pl.Series(frame["a"].to_numpy() + rng.normal(size=n))
            )
        odds = [1 - rare, rare] if task == "binary" else [1 - rare, 0.7 * rare, 0.3 * rare]
        label = rng.choice(["0", "1", "2"][: len(odds)], n, p=odds)
        label[:2] = ["0", "1"]
        return frame.with_columns(wb_label=pl.Series(label))

    return case_of(
        draw,
        then=draw,
        n=400,
        before=400,
        learned=300,
        task=task,
        seed=seed,
        params={"max_iter": 2, "max_leaf_nodes": 4},
    )


@given(
    task=st.sampled_from(TASKS),
    rare=st.sampled_from([0.01, 0.2, 0.5]),
    seed=st.integers(0, 9),
    rows=st.sampled_from([0, 1, 60, 230, 400]),
    labelled=st.sampled_from([0.0, 0.3, 0.9, 1.0]),
    gaps=st.sampled_from([0.0, 0.5, 1.0]),
    lacks=st.sets(
        st.sampled_from(["before", "reference", "training", "scores", "unused", "names"])
    ),
)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_case_is_answered(
    task: str, rare: float, seed: int, rows: int, labelled: float, gaps: float, lacks: set[str]
) -> None:
    case = made(task, rare, seed)
    rng = np.random.default_rng(seed)
    now = case.current.head(rows)
    known = pl.Series(rng.random(now.height) < labelled)
    hole = pl.Series(rng.random(now.height) < gaps)
    now = now.with_columns(
        pl.when(known).then(pl.col("wb_label", "wb_bad")),
        pl.when(~hole).then(pl.col("a", "wet", "region")),
    )
    case = replace(case, current=now)
    if "before" in lacks:
        case = replace(case, before=case.before.clear())
    if "reference" in lacks:
        case = replace(case, reference=case.reference.clear())
    if "training" in lacks:
        case = replace(case, training=None)
    if "unused" in lacks:
        case = replace(case, unused=())
    if "names" in lacks:
        case = replace(case, segments=("region", "absent"), onset=None)
    if "scores" in lacks:
        kept = [c for c in case.reference.columns if "score" not in c]
        case = replace(case, reference=case.reference.select(kept))
    pieces = told(case)
    assert pieces
    for piece in pieces:
        assert piece.reading
        assert {piece.supports, piece.against} <= {None, *VERDICTS}
        if piece.value is not None:
            figures = [piece.value, *(x for x in (piece.low, piece.high) if x is not None)]
            assert all(math.isfinite(x) for x in figures)
        if piece.low is not None and piece.high is not None:
            assert piece.low <= piece.high


@pytest.mark.parametrize("task", TASKS)
def test_a_whole_case_has_every_figure(task: str) -> None:
    pieces = told(made(task, 0.4, 1))
    names = {piece.name for piece in pieces if piece.value is not None}
    assert {
        "attainable bad rate", "excess over the attainable bad rate", "gain of retraining",
        "gain over a control retraining", "gain in the worst segment", "windows won",
        "floor of the learning curve", "gain of a stronger model class",
        "gain of logged but unused columns", "gain over the best constant",
    } <= names  # fmt: skip
    assert ("noise floor" in names) == (task != "regression")
