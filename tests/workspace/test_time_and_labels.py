"""Labels that never came, labels that were revised, models that fell silent: as the rows say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.logs import binary_log
from workbench.clock import FixedClock
from workbench.workspace import Workspace

REFERENCE = binary_log(2000, seed=99, first_id=10**6, hours=480)
LOG = binary_log(960, seed=3, hours=240)
NEWEST: datetime = LOG["timestamp"].max()  # type: ignore[assignment]


def workspace(folder: Path, card: str = "", now: datetime | None = None) -> Workspace:
    made = Workspace.create(folder / "ws")
    REFERENCE.write_parquet(made.root / "data" / "reference.parquet")
    (made.root / "models" / "m.toml").write_text(
        '[model]\nname = "m"\ntask = "binary"\n[reference]\ndata = "data/reference.parquet"\n'
        + card
    )
    return made if now is None else Workspace(made.root, made.settings, FixedClock(now))


def ingest(ws: Workspace, name: str, frame: pl.DataFrame) -> None:
    frame.write_parquet(ws.root / name)
    assert not ws.ingest(ws.root / name, model="m").failed


@pytest.mark.parametrize(("bucket", "days"), [("1d", 1), ("7d", 7)])
def test_a_missing_label_means_what_the_card_says_once_its_bucket_is_mature(
    tmp_path: Path, bucket: str, days: int
) -> None:
    ws = workspace(
        tmp_path,
        f'[labels]\nmaturity = "2d"\nmissing_means = "0"\n[monitoring]\nbucket = "{bucket}"\n',
    )
    ingest(ws, "log.parquet", LOG.drop("label"))
    known = LOG.filter(pl.int_range(pl.len()) % 3 == 0).select("prediction_id", "label")
    ingest(ws, "labels.parquet", known)
    monday = datetime(2024, 1, 29)
    step = timedelta(days=days)
    rows = (
        LOG.drop("label")
        .join(known, on="prediction_id", how="left")
        .with_columns(end=(pl.col("timestamp") - monday).dt.total_days() // days + 1)
        .with_columns(end=monday + pl.col("end") * step)
        .with_columns(
            label=pl.when(pl.col("label").is_null() & (pl.col("end") <= NEWEST - timedelta(days=2)))
            .then(0)
            .otherwise("label")
        )
        .filter(pl.col("label").is_not_null())
    )
    whole = ws.performance_report("m", period="all").whole
    assert (whole.rows, whole.labelled) == (960, rows.height)
    assert round(whole.bad) == int((rows["prediction"] != rows["label"]).sum())
    assert rows.height > known.height


def test_a_label_that_comes_after_all_takes_the_place_of_the_assumed_one(tmp_path: Path) -> None:
    ws = workspace(tmp_path, '[labels]\nmaturity = "1d"\nmissing_means = "0"\n')
    ingest(ws, "log.parquet", LOG.drop("label"))
    ingest(ws, "labels.parquet", LOG.select("prediction_id", "label"))
    whole = ws.performance_report("m", period="all").whole
    assert whole.labelled == 960
    assert round(whole.bad) == int((LOG["prediction"] != LOG["label"]).sum())


def test_of_revised_labels_the_newest_that_was_known_then_stands(tmp_path: Path) -> None:
    ws = workspace(tmp_path)
    ingest(ws, "log.parquet", LOG.drop("label"))
    first = LOG.select(
        "prediction_id", label=pl.lit(0), label_timestamp=pl.col("timestamp") + timedelta(days=1)
    )
    second = LOG.select(
        "prediction_id", label=pl.lit(1), label_timestamp=pl.col("timestamp") + timedelta(days=3)
    )
    ingest(ws, "second.parquet", second)
    ingest(ws, "first.parquet", first)
    moment = datetime(2024, 2, 7, 9, 30)
    seen = LOG.filter(pl.col("timestamp") <= moment).with_columns(
        label=pl.when(pl.col("timestamp") + timedelta(days=3) <= moment)
        .then(1)
        .when(pl.col("timestamp") + timedelta(days=1) <= moment)
        .then(0)
    )
    known = seen.filter(pl.col("label").is_not_null())
    for by in (None, "1h"):
        report = ws.as_of(moment.replace(tzinfo=UTC)).performance_report("m", "all", by)
        assert sum(b.rows for b in report.buckets) == seen.height
        assert sum(b.labelled for b in report.buckets) == known.height
        bad = sum(b.bad for b in report.buckets)
        assert round(bad) == int((known["prediction"] != known["label"]).sum())
    now = ws.performance_report("m", "all").whole
    assert round(now.bad) == int((LOG["prediction"] != 1).sum())


@pytest.mark.parametrize(("silent", "status"), [(1, "ok"), (25, "critical")])
def test_a_model_silent_for_longer_than_expected_is_critical(
    tmp_path: Path, silent: int, status: str
) -> None:
    now = NEWEST.replace(tzinfo=UTC) + timedelta(hours=silent)
    ws = workspace(tmp_path, '[monitoring]\nexpect_every = "1d"\nwindow = "30d"\n', now)
    # The reference's own rows, later: nothing can have moved.
    copied = REFERENCE.with_columns(
        timestamp=pl.lit(NEWEST) - (pl.col("timestamp").max() - pl.col("timestamp")) / 4
    )
    ingest(ws, "log.parquet", copied.with_columns(pl.col("timestamp").dt.cast_time_unit("us")))
    found = ws.status()[0]
    assert found.status == status, found
    assert found.age_seconds == pytest.approx(silent * 3600, abs=2)
    assert ("silent" in (found.reason or "")) is (status == "critical")
    later = ws.as_of(now + timedelta(days=3)).status()[0]
    assert later.status == "critical"


def test_an_hour_is_counted_as_the_rows_say_whatever_the_bucket(tmp_path: Path) -> None:
    ws = workspace(tmp_path, '[monitoring]\nbucket = "7d"\n')
    ingest(ws, "log.parquet", LOG)
    expected = {
        start: (part.height, int((part["prediction"] != part["label"]).sum()))
        for (start,), part in LOG.group_by(pl.col("timestamp").dt.truncate("1h"))
    }
    report = ws.performance_report("m", "2024-02-03T05:30:00/2024-02-04T01:00:00", "1h")
    cut = LOG.filter(
        pl.col("timestamp").is_between(
            datetime(2024, 2, 3, 5, 30), datetime(2024, 2, 4, 1), closed="left"
        )
    )
    assert sum(b.rows for b in report.buckets) == cut.height
    assert report.buckets[0].start == datetime(2024, 2, 3, 5, 30, tzinfo=UTC)
    for bucket in report.buckets[1:]:
        assert (bucket.rows, round(bucket.bad)) == expected[bucket.start.replace(tzinfo=None)]
