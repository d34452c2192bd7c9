"""Demand for bicycles grew by two thirds in a year: retraining on the new year helps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from tests.shared_data import shared_data
from tests.triage.retraining_worlds import boosting, rules_of
from workbench.domain.card import Identity, ModelCard
from workbench.domain.period import Period
from workbench.domain.shape import FeatureColumn
from workbench.performance.badness import badness
from workbench.triage.backtest import measure_backtest
from workbench.triage.case import Case, Models

NAMES = (
    "season", "month", "hour", "holiday", "weekday", "workingday", "weather", "temp", "atemp",
    "humidity", "windspeed",
)  # fmt: skip


def test_a_grown_demand_is_learned_from_the_new_year_alone_or_with_more_weight() -> None:
    rows = pl.read_parquet(shared_data("bike_sharing") / "bike_sharing.parquet").with_columns(
        pl.col(*NAMES, "demand").cast(pl.Float64),
        pl.col("ts").cast(pl.Datetime("us", "UTC")).alias("wb_timestamp"),
        pl.col("ts").cast(pl.String).alias("wb_id"),
        pl.col("demand").cast(pl.Float64).alias("wb_label"),
    )
    fold = pl.int_range(pl.len()) % 5
    old = pl.col("year") == 0
    fit = boosting(NAMES, "regression", max_iter=80)
    table = rows.filter(old & (fold < 3))
    champion = fit(table, table["wb_label"], 1)
    card = replace(ModelCard(), model=Identity(name="bikes", task="regression"))

    def logged(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(champion(frame)["wb_prediction"])

    reference = logged(rows.filter(old & (fold == 3)))
    error = (reference["wb_prediction"] - reference["wb_label"]).abs().to_numpy()
    rules = rules_of(card, float(np.quantile(error, 0.9)))

    def judged(frame: pl.DataFrame) -> pl.DataFrame:
        bad = badness(rules, frame["wb_prediction"], frame["wb_label"])
        return frame.with_columns(wb_bad=pl.Series(bad))

    start, end = datetime(2012, 3, 1, tzinfo=UTC), datetime(2012, 9, 1, tzinfo=UTC)
    now = pl.col("wb_timestamp").is_between(start, end, closed="left")
    case = Case(
        card, rules, tuple(FeatureColumn(name, "numeric", "number") for name in NAMES), (),
        Period(start, end), start, judged(reference), judged(logged(rows.filter(old & (fold == 4)))),
        judged(logged(rows.filter(now))), pl.DataFrame(), table, Models(champion=champion, fit=fit),
    )  # fmt: skip
    found = measure_backtest(case)
    assert found.kind != "mixed"
    assert found.recovery is not None
    assert found.recovery.low > 0.3
    assert found.gain_over_control is not None
    assert found.gain_over_control.low > 0.05
    assert found.share_won == 1.0
