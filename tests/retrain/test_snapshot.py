"""How rows are cut by time: what judges is newer than all that is learned from, whatever the rows."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.logs import START
from tests.retrain.runs import TURNED, sampled, turned_log
from workbench.errors import NoRowsError
from workbench.retrain.snapshot import make_snapshot


def rows(many: int, hours: float, seed: int = 0) -> pl.DataFrame:
    """Rows at random moments, in any order."""
    rng = np.random.default_rng(seed)
    moments = rng.uniform(0, hours, many)
    return pl.DataFrame(
        {
            "wb_id": [f"p{i}" for i in range(many)],
            "wb_timestamp": [START + timedelta(hours=float(h)) for h in moments],
            "x": rng.normal(size=many),
            "wb_label": rng.choice(["0", "1"], many),
        }
    )


@given(
    many=st.integers(200, 900), days=st.floats(0.1, 60), delay=st.integers(0, 20),
    seed=st.integers(0, 5),
)  # fmt: skip
def test_what_judges_is_newer_than_what_is_learned_from_by_the_gap(
    many: int, days: float, delay: int, seed: int
) -> None:
    cut = make_snapshot(rows(many, days * 24, seed), None, ["x"], timedelta(days=delay))
    first = cut.holdout["wb_timestamp"].min()
    assert first == cut.holdout_start
    newest = cut.train["wb_time"].max()
    assert newest < cut.holdout_start.timestamp()  # type: ignore[operator]
    assert timedelta(0) <= cut.gap <= timedelta(days=delay)
    assert cut.train.height + cut.holdout.height <= many
    assert not set(cut.train["wb_side"]) - {"incident"}
    for fold, begins in enumerate(cut.folds, start=1):
        part = cut.train.filter(pl.col("wb_fold") == fold)
        assert part["wb_time"].min() >= begins  # type: ignore[operator]
        before = cut.train.filter(pl.col("wb_fold") < fold)
        assert before["wb_time"].max() < begins  # type: ignore[operator]


def test_the_newest_third_judges_and_cuts_lie_between_days() -> None:
    cut = make_snapshot(rows(3000, 24 * 30), None, ["x"], timedelta(days=1))
    assert 0.28 < cut.holdout.height / 3000 < 0.39
    assert cut.folds == tuple(sorted(cut.folds))
    assert all(begins % 86_400 == 0 for begins in cut.folds)
    assert cut.gap == timedelta(days=1)


def test_rows_of_a_table_that_judge_are_not_learned_from_by_id_or_by_time() -> None:
    log = sampled(turned_log())
    incident = log.filter(pl.col("wb_timestamp") >= TURNED)
    cut = make_snapshot(incident, log, ["x", "c"], timedelta(0))
    older = cut.train.filter(pl.col("wb_side") == "older")
    assert older["wb_time"].max() < cut.holdout_start.timestamp()  # type: ignore[operator]
    assert any("left out" in note for note in cut.notes)
    without_times = make_snapshot(incident, log.drop("wb_timestamp"), ["x", "c"], timedelta(0))
    kept = without_times.train.filter(pl.col("wb_side") == "older")
    assert kept.height == log.height - without_times.holdout.height
    assert kept["wb_time"].null_count() == kept.height


@pytest.mark.parametrize("labelled", [0, 199])
def test_too_few_labels_are_no_ground_for_a_run(labelled: int) -> None:
    frame = rows(1000, 240).with_columns(
        wb_label=pl.when(pl.int_range(pl.len()) < labelled).then("wb_label")
    )
    with pytest.raises(NoRowsError, match=f"only {labelled} labelled rows"):
        make_snapshot(frame, None, ["x"], timedelta(0))


def test_rows_of_one_moment_cannot_be_cut() -> None:
    frame = rows(1000, 0.0)
    with pytest.raises(NoRowsError, match="too few moments"):
        make_snapshot(frame, None, ["x"], timedelta(0))
