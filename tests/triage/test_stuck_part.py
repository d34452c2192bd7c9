"""One score that part of the rows got, whatever they hold, is told from scores that repeat themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from tests.triage.planted import ONSET, case_of
from workbench.triage.case import Case, Models
from workbench.triage.outputs import measure_outputs
from workbench.triage.stuck_part import stuck_part

BEGUN = ONSET + timedelta(days=8)
SCORES = {
    "binary": ["wb_score"],
    "multiclass": ["score_a", "score_b", "score_c"],
    "regression": ["wb_prediction"],
}


def hung(case: Case, task: str, carrier: str | None = "UA") -> Case:
    """Since `BEGUN` rows of one carrier all got the outputs of the first of them."""
    where = pl.col("wb_timestamp") >= BEGUN
    if carrier is not None:
        where &= pl.col("carrier") == carrier
    given = list(dict.fromkeys([*SCORES[task], "wb_prediction"]))
    first = case.current.filter(where).head(1)
    stuck = [pl.when(where).then(pl.lit(first[n][0])).otherwise(n).alias(n) for n in given]
    said, label = pl.col("wb_prediction"), pl.col("wb_label")
    bad = (said - label).abs() > 1.645 if task == "regression" else said != label
    frame = case.current.with_columns(stuck).with_columns(bad.cast(pl.Float64).alias("wb_bad"))
    return replace(case, current=frame, models=Models())


@pytest.mark.parametrize("task", sorted(SCORES))
@pytest.mark.parametrize("carrier", ["UA", None])
def test_a_part_that_hangs_is_found_with_its_segment_and_its_time(
    task: str, carrier: str | None
) -> None:
    case = hung(case_of(task, rows=3000), task, carrier)
    found = stuck_part(case)
    assert found is not None
    assert found.segment == (None if carrier is None else ("carrier", carrier))
    assert abs(found.since - BEGUN) < timedelta(hours=3)
    assert found.rows == pytest.approx(3000 / 5 * (0.25 if carrier else 1), rel=0.2)


def test_serving_is_to_be_mended_where_a_part_hangs() -> None:
    case = hung(case_of(rows=3000), "binary")
    outputs = measure_outputs(case)
    assert outputs.verdict == "fix_serving"
    (cause,) = outputs.causes()
    assert (cause.kind, cause.segment) == ("constant_prediction", ("carrier", "UA"))
    assert any(
        "one and the same score, where carrier is UA" in e.reading for e in outputs.evidence()
    )


def test_a_sensitive_column_is_not_named_with_its_value() -> None:
    case = hung(case_of(rows=3000), "binary")
    privacy = replace(case.card.privacy, sensitive=("carrier",))
    outputs = measure_outputs(replace(case, card=replace(case.card, privacy=privacy)))
    assert outputs.verdict == "fix_serving"
    assert outputs.causes()[0].segment is None
    assert not any("UA" in e.reading for e in outputs.evidence())


@pytest.mark.parametrize("task", sorted(SCORES))
def test_sound_outputs_hang_nowhere(task: str) -> None:
    assert stuck_part(case_of(task)) is None


def test_a_score_that_one_tree_gives_to_many_is_none() -> None:
    case = case_of()
    score = pl.col("wb_score").round(1)
    current, reference = (f.with_columns(score) for f in (case.current, case.reference))
    assert stuck_part(replace(case, current=current, reference=reference)) is None


def test_the_same_case_asked_again_is_none() -> None:
    case = case_of(rows=3000)
    one = case.current.filter(pl.col("wb_timestamp") >= BEGUN).head(1)
    times = [BEGUN + timedelta(minutes=5 * i) for i in range(200)]
    again = pl.concat([one] * 200).with_columns(
        pl.Series("wb_timestamp", times).dt.cast_time_unit("us"),
        pl.Series("wb_id", [f"again{i}" for i in range(200)]),
    )
    kept = case.current.filter(pl.Series(np.arange(3000) % 3 > 0))
    frame = pl.concat([kept, again.select(kept.columns)]).sort("wb_timestamp", "wb_id")
    assert stuck_part(replace(case, current=frame)) is None
