"""Intervals of rows that come in days are as wide as the days make them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from workbench.performance.blocks import blocks_of, few_blocks, resampled_mean, resampled_sums


def frame(days: int, rows: int) -> pl.DataFrame:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    times = [start + timedelta(days=d, minutes=i) for d in range(days) for i in range(rows)]
    return pl.DataFrame({"wb_timestamp": times, "who": [f"e{i % 40}" for i in range(len(times))]})


def test_days_are_blocks_if_there_are_enough_else_rows() -> None:
    codes, basis = blocks_of(frame(10, 5))
    assert (basis, codes.tolist()) == ("days", [d for d in range(10) for _ in range(5)])
    codes, basis = blocks_of(frame(3, 5))
    assert (basis, codes.tolist()) == ("rows", list(range(15)))
    codes, basis = blocks_of(frame(10, 50), "who")
    assert basis == "entities"
    assert len(set(codes.tolist())) == 40


def test_the_interval_covers_the_long_run_mean_where_days_differ() -> None:
    rng = np.random.default_rng(1)
    rows = frame(20, 100)
    codes, basis = blocks_of(rows)
    covered, plain = 0, 0
    for seed in range(200):
        rates = np.repeat(np.clip(rng.normal(0.2, 0.05, 20), 0, 1), 100)
        bad = (rng.random(2000) < rates).astype(float)
        found = resampled_mean(bad, codes, basis, seed, draws=200)
        alone = resampled_mean(bad, np.arange(2000), "rows", seed, draws=200)
        covered += found.low <= 0.2 <= found.high
        plain += alone.low <= 0.2 <= alone.high
    assert covered >= 174
    assert plain < 174


def test_many_blocks_have_the_spread_of_independent_rows() -> None:
    values = np.random.default_rng(2).normal(size=(5000, 1))
    drawn = resampled_sums(values, np.arange(5000), 7)[:, 0]
    assert drawn.std() == pytest.approx(values.std() * np.sqrt(5000), rel=0.12)
    assert (drawn == resampled_sums(values, np.arange(5000), 7)[:, 0]).all()


def test_few_blocks_widen_and_many_do_not() -> None:
    # Student's quantile with 7 degrees of freedom is 2.3646, the normal one 1.9600.
    assert few_blocks(8) == pytest.approx(np.sqrt(8 / 7) * 2.364624 / 1.959964, rel=1e-5)
    assert few_blocks(100_000) == pytest.approx(1.0, abs=1e-4)
    assert few_blocks(1) > 6


def test_many_blocks_are_drawn_as_often_as_in_a_bootstrap() -> None:
    rng = np.random.default_rng(8)
    values = np.column_stack([rng.exponential(size=5000), np.ones(5000)])
    sums = resampled_sums(values, np.arange(5000), seed=2, draws=4000)
    error = np.sqrt((values**2).sum(axis=0))
    off = np.abs(sums.mean(axis=0) - values.sum(axis=0))
    assert (off < 4 * error / np.sqrt(4000)).all()
    assert sums.std(axis=0) == pytest.approx(error, rel=0.05)
    again = resampled_sums(values, np.arange(5000), seed=2, draws=4000)
    assert (again == sums).all()
