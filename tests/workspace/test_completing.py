"""Buckets say how many labels are in and how many should be, and are not judged before."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import ingest, make_workspace
from tests.workspace.test_estimates import report
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.performance.completeness import DelayLaw
from workbench.workspace.completing import overdue, read_label_law, without_early


def test_labels_that_come_a_day_later_each_day_are_what_is_usual(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    log = binary_log(1200, seed=3, hours=6 * 24)
    day = pl.col("timestamp").dt.date()
    days = log.select(day.unique().sort()).to_series().to_list()
    for number, today in enumerate(days):
        ingest(ws, f"log-{number}.parquet", log.filter(day == today).drop("label"))
        if 0 < number < len(days) - 1:
            known = log.filter(day == days[number - 1]).select("prediction_id", "label")
            ingest(ws, f"labels-{number}.csv", known)
    buckets = report(ws).buckets
    # The last but one day's labels should have come with the last day's rows.
    late = buckets[-2]
    assert (late.completeness, late.expected_completeness) == (0.0, 1.0)
    assert late.status == "unknown"
    some = log.filter(day == days[-2]).select("prediction_id", "label").head(60)
    ingest(ws, "some.csv", some)
    late = report(ws).buckets[-2]
    assert late.completeness == pytest.approx(0.3)
    assert late.status == "unknown"
    assert late.reason is not None
    assert "30% of the labels are in, 100% are usual" in late.reason
    assert buckets[2].completeness == 1.0


def test_label_times_tell_the_usual_delay_when_rows_are_read(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    log = binary_log(1600, seed=3, hours=8 * 24)
    ingest(ws, "log.parquet", log.drop("label"))
    late = log.select(
        "prediction_id", "label",
        label_timestamp=pl.col("timestamp")
        + pl.when(pl.int_range(pl.len()) % 2 == 0).then(timedelta(hours=30)).otherwise(timedelta(days=3)),
    )  # fmt: skip
    newest = datetime(2024, 2, 9)
    ingest(ws, "labels.csv", late.filter(pl.col("label_timestamp") < newest))
    assert report(ws).buckets[0].expected_completeness is None
    found = report(ws, estimate=True)
    first, last = found.buckets[0], found.buckets[-2]
    assert first.expected_completeness == 1.0
    assert last.expected_completeness is not None
    assert 0.3 < last.expected_completeness < 0.7
    assert last.completeness == pytest.approx(last.expected_completeness, abs=0.1)
    rest = late.filter(pl.col("label_timestamp") >= newest)
    ingest(ws, "rest.csv", rest)
    # All labels are in: what was usual before they came does not speak any more.
    assert all(b.expected_completeness is None for b in report(ws).buckets)


def test_the_law_comes_from_the_labels_times_whatever_was_asked_before(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    log = binary_log(1200, seed=3, hours=6 * 24)
    ingest(ws, "log.parquet", log.drop("label"))
    known = log.filter(pl.col("timestamp") < pl.col("timestamp").max() - timedelta(days=1))
    late = known.select(
        "prediction_id", "label", label_timestamp=pl.col("timestamp") + timedelta(hours=24)
    )
    ingest(ws, "labels.parquet", late)
    law = read_label_law(ws.subject("m"))
    assert law.usual(0) == pytest.approx(0.0, abs=0.02)
    assert law.final == pytest.approx(1.0)
    report(ws)
    assert read_label_law(ws.subject("m")) == law


def test_buckets_with_early_or_too_few_labels_are_told_apart(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    log = binary_log(1200, seed=3, hours=6 * 24)
    ingest(ws, "log.parquet", log)
    subject, law = ws.subject("m"), DelayLaw({0: 0.3, 1: 0.6, 2: 1.0})
    assert subject.extent is not None
    end = subject.extent.newest + timedelta(days=1)
    end = end.replace(hour=0, minute=0, second=0, microsecond=0)

    def bucket(age: int, labelled: float) -> OutcomeBucket:
        start = end - timedelta(days=age + 1)
        return OutcomeBucket(
            start, start + timedelta(days=1), OutcomeCounts(rows=100, labelled=labelled)
        )

    usual = [bucket(3, 100), bucket(2, 100), bucket(1, 60), bucket(0, 30)]
    assert without_early(law, usual) == usual[:2]
    assert overdue(subject, law, usual) == ()
    few = [bucket(1, 20), bucket(0, 10)]
    assert overdue(subject, law, few) == tuple(few)
    assert overdue(subject, DelayLaw({}), few) == ()
    assert without_early(DelayLaw({}), few) == few
    # Fewer than usual, but no fewer than chance makes of so few rows.
    assert overdue(subject, law, [bucket(0, 22)]) == ()


def test_a_day_that_is_not_over_makes_no_label_late(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    ingest(ws, "log.parquet", binary_log(1260, seed=3, hours=5 * 24 + 6))
    subject, law = ws.subject("m"), DelayLaw({0: 0.3, 1: 0.8, 2: 1.0})
    assert subject.extent is not None
    today = subject.extent.newest.replace(hour=0, minute=0, second=0, microsecond=0)
    day = timedelta(days=1)
    yesterday = OutcomeBucket(today - day, today, OutcomeCounts(rows=100, labelled=35))
    assert overdue(subject, law, [yesterday]) == ()
    before = OutcomeBucket(today - 2 * day, today - day, OutcomeCounts(rows=100, labelled=35))
    assert overdue(subject, law, [before]) == (before,)


def test_labels_that_wait_longer_than_the_card_says_are_not_missing(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path, '[labels]\ndelay = "2d"\n')
    log = binary_log(12_000, seed=3, hours=20 * 24)
    newest = log["timestamp"].max()
    ingest(ws, "log.parquet", log.drop("label"))
    days = 2 * np.random.default_rng(7).gamma(12, 1 / 12, log.height)
    waits = pl.Series("wait", days * 86_400_000_000).cast(pl.Duration("us"))
    late = log.select("prediction_id", "label", label_timestamp=pl.col("timestamp") + waits)
    ingest(ws, "labels.parquet", late.filter(pl.col("label_timestamp") <= newest))
    kinds = {"label_coverage", "label_delay_change"}
    assert not kinds & {f.kind for f in ws.quality("m", period="14d").faults}
    gone = late.filter(
        (pl.col("label_timestamp") <= newest)
        & ((pl.col("label_timestamp") < datetime(2024, 2, 12)) | (pl.int_range(pl.len()) % 3 > 0))
    )
    other = make_workspace(tmp_path / "other", '[labels]\ndelay = "2d"\n')
    ingest(other, "log.parquet", log.drop("label"))
    ingest(other, "labels.parquet", gone)
    assert kinds & {f.kind for f in other.quality("m", period="14d").faults}
