"""Training rows are older than judged ones, by the delay of labels; nothing leaks over a cut."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from tests.triage.retraining_worlds import END, ONSET, case_of, usual
from workbench.triage.case import Case
from workbench.triage.windows import PARTS, TRAINED, split_windows


@cache
def case(delay: str = "0d") -> Case:
    return case_of(usual, n=2000, before=800, learned=300, delay=delay)


def span(frame: pl.DataFrame) -> tuple[datetime, datetime]:
    """The times of the oldest and the newest row."""
    times = frame["wb_timestamp"].to_list()
    return min(times), max(times)


def test_the_parts_are_even_in_order_and_cut_between_days() -> None:
    found = split_windows(case())
    assert found.skipped is None
    assert found.rows.height == found.labelled == 2000
    assert (np.diff(found.part) >= 0).all()
    assert np.bincount(found.part, minlength=PARTS) == pytest.approx([400] * PARTS, abs=60)
    assert all(cut.hour == cut.minute == cut.second == 0 for cut in found.cuts)
    assert span(found.rows.filter(found.part < TRAINED))[1] < found.cuts[TRAINED - 1]
    assert span(found.rows.filter(found.judge))[0] >= found.cuts[TRAINED - 1]
    assert not (found.train & found.judge).any()


def test_a_delay_of_labels_leaves_a_gap_before_what_is_judged() -> None:
    found = split_windows(case("1d"))
    assert found.gap == timedelta(days=1)
    assert found.notes == ()
    assert span(found.rows.filter(found.train))[1] < found.cuts[TRAINED - 1] - timedelta(days=1)
    assert span(found.rows)[1] <= END - timedelta(days=1)
    long = split_windows(case("9d"))
    assert long.gap < timedelta(days=9)
    assert "shorter than the delay" in long.notes[0]


def test_labels_of_before_the_period_but_since_the_onset_are_trained_on() -> None:
    own = case()
    late = own.current["wb_timestamp"] >= ONSET + timedelta(days=10)
    moved = replace(
        own,
        current=own.current.filter(late),
        before=pl.concat([own.before, own.current.filter(~late)]),
    )
    assert split_windows(moved).rows.equals(split_windows(own).rows)
    assert split_windows(moved).before.equals(split_windows(own).before)


def test_the_order_of_rows_does_not_matter() -> None:
    own = case()
    shuffled = replace(
        own,
        current=own.current.sample(fraction=1, shuffle=True, seed=3),
        before=own.before.reverse(),
    )
    assert split_windows(shuffled).rows.equals(split_windows(own).rows)


@pytest.mark.parametrize("kept", [0, 1, 30, 199])
def test_few_labels_are_said_to_be_few(kept: int) -> None:
    own = case()
    few = own.current.with_columns(
        pl.when(pl.int_range(pl.len()) < kept).then(pl.col(name)).alias(name)
        for name in ("wb_label", "wb_bad")
    )
    found = split_windows(replace(own, current=few))
    assert found.skipped is not None
    assert f"only {kept} labelled rows" in found.skipped


def test_rows_of_one_moment_cannot_be_cut() -> None:
    own = case()
    at_once = own.current.with_columns(
        wb_timestamp=pl.lit(ONSET).cast(own.current["wb_timestamp"].dtype)
    )
    found = split_windows(replace(own, current=at_once))
    assert found.skipped is not None
    assert "too few moments" in found.skipped


def test_frames_without_columns_are_no_rows() -> None:
    found = split_windows(replace(case(), current=pl.DataFrame(), before=pl.DataFrame()))
    assert found.skipped is not None
    assert found.rows.height == found.before.height == 0


def test_rows_before_the_onset_that_were_bad_already_are_no_example_of_usual_days() -> None:
    whole = case()
    worse = whole.before.with_columns(
        wb_bad=pl.when(pl.int_range(pl.len()) % 2 == 0).then(1.0).otherwise(pl.col("wb_bad"))
    )
    found = split_windows(replace(whole, before=worse))
    assert found.before.height == 0
    assert found.worse is not None
    assert found.worse.height == split_windows(whole).before.height
    assert split_windows(whole).worse is None
