"""Profiles of buckets add up to the profile of the period, and columns of exports are told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.logs import START, binary_log
from tests.store.upkeep import ingest, make_workspace
from workbench.domain.period import Period
from workbench.store.column_histories import read_histories
from workbench.store.log_columns import log_columns
from workbench.store.measured import Choice
from workbench.store.row_checks import label_times, repeated_rows, unread_texts
from workbench.workspace import Workspace

LOG = binary_log(3000, seed=3, hours=72)
WHOLE = Period(START, START + timedelta(days=3))


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path)


@pytest.mark.parametrize("by", ["1d", "1h"])
def test_buckets_add_up(ws: Workspace, by: str) -> None:
    holes = LOG.with_columns(
        x=pl.when(pl.int_range(pl.len()) % 7 == 0).then(None).otherwise(pl.col("x")),
        c=pl.when(pl.int_range(pl.len()) % 11 == 0).then(pl.lit("new")).otherwise(pl.col("c")),
    )
    ingest(ws, "log.parquet", holes)
    store = ws._subject("m").store
    with store.counts(WHOLE, by) as counts:
        stretch = counts.stretches[-1]
        whole = counts.profiles(stretch, Choice(WHOLE))
        parts = read_histories(counts, stretch, Choice(WHOLE))
    assert len(whole) == len(parts)
    for profile, history in zip(whole, parts, strict=True):
        assert len(history.starts) == (3 if by == "1d" else 72)
        assert tuple(history.counts.sum(axis=0)) == profile.counts
        assert history.missing.sum() == profile.missing
        names: dict[str, int] = {}
        for bucket in history.unseen:
            for name, n in bucket.items():
                names[name] = names.get(name, 0) + n
        assert names == dict(profile.unseen)
        if profile.minimum is not None:
            assert np.nanmin(history.minimum) == profile.minimum
            assert np.nanmax(history.maximum) == profile.maximum
    day = LOG.group_by(pl.col("timestamp").dt.date()).len().sort("timestamp")["len"].to_list()
    if by == "1d":
        assert parts[0].rows.tolist() == day


def test_repeated_rows_are_those_of_polars(ws: Workspace) -> None:
    again = LOG.gather_every(5).with_columns(prediction_id=pl.col("prediction_id") + "-b")
    late = again.head(100).with_columns(
        prediction_id=pl.col("prediction_id") + "c",
        timestamp=pl.col("timestamp") + timedelta(seconds=1),
    )
    log = pl.concat([LOG, again, late])
    ingest(ws, "log.parquet", log)
    found = repeated_rows(ws._subject("m").store, WHOLE, None)
    for repeats in found:
        day = log.filter(pl.col("timestamp").dt.date() == repeats.start.date())
        assert repeats.rows == day.height
        assert repeats.repeated == day.height - day.select("x", "c").n_unique()
        assert repeats.exactly == day.height - day.select("x", "c", "timestamp").n_unique()
    assert sum(r.repeated for r in found) == 700


def test_label_times(ws: Workspace) -> None:
    ingest(ws, "log.parquet", LOG.drop("label"))
    wait = timedelta(hours=6)
    labels = LOG.head(2000).select(
        "prediction_id", "label", label_timestamp=pl.col("timestamp") + wait
    )
    ingest(ws, "labels.parquet", labels)
    store = ws._subject("m").store
    found, usual, longest = label_times(store, WHOLE, None, timedelta(hours=7))
    assert (usual, longest) == (7 * 3600, 7 * 3600)
    assert [t.labelled for t in found] == [1000, 1000, 0]
    assert [t.in_time for t in found] == [1000, 1000, 0]
    assert found[0].median_seconds == wait.total_seconds()
    early, _, longest = label_times(store, WHOLE, None, timedelta(hours=5))
    assert longest == wait.total_seconds()
    assert [t.in_time for t in early] == [0, 0, 0]
    learnt = label_times(store, WHOLE, None, None)[1]
    assert learnt == wait.total_seconds()


def test_texts_that_are_no_numbers(ws: Workspace) -> None:
    words = [f"{v:.1f} kg" if i % 2 else str(v) for i, v in enumerate(LOG["x"])]
    ingest(ws, "log.csv", LOG.with_columns(x=pl.Series(words)))
    found = unread_texts(ws._subject("m").store, WHOLE, None, ["x"])
    expected = pl.Series([w for w in words if w.endswith("kg")]).value_counts(sort=True)
    assert found["x"][0][1] == expected["count"][0]
    assert all(text.endswith(" kg") for text, _ in found["x"])
    assert unread_texts(ws._subject("m").store, WHOLE, None, ["c"]) == {}


def test_columns_of_the_exports(ws: Workspace) -> None:
    ingest(ws, "one.parquet", LOG.head(1000))
    ingest(
        ws,
        "two.parquet",
        LOG.slice(1000, 1000).with_columns(more=pl.lit(1), x=pl.col("x").cast(pl.String)),
    )
    ingest(ws, "three.csv", LOG.slice(2000))
    found = log_columns(ws._subject("m").store)
    raw = [dict(era.types) for era in found if era.is_raw]
    assert [types["x"] for types in raw] == ["number", "text"]
    assert [types["timestamp"] for types in raw] == ["time", "time"]
    assert ["more" in types for types in raw] == [False, True]
    assert [era.is_raw for era in found] == [True, True, False]
