"""A machine's clock that jumps back: order is by commit, and rows of today are none of the future."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.logs import Site, binary_log, binary_site
from workbench.clock import FixedClock
from workbench.domain.ingested import RowCounts
from workbench.ingest.loading import ingest_files
from workbench.store.compacting import compact_model
from workbench.store.connections import StoreHome, reading
from workbench.store.staging import sweep
from workbench.workspace import Workspace

NOW = datetime(2024, 6, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path, home: StoreHome) -> Site:
    return binary_site(tmp_path, home, FixedClock(NOW))


def ingest(site: Site, at: datetime, path: Path) -> RowCounts:
    context = type(site.context)(site.context.home, site.root, site.context.card, FixedClock(at))
    result = ingest_files(context, [path]).files[0]
    assert result.error is None
    return result.counts


@pytest.mark.parametrize("back", [EPOCH, NOW - timedelta(days=200), NOW - timedelta(hours=2)])
def test_rows_and_labels_count_as_if_the_clock_had_gone_on(site: Site, back: datetime) -> None:
    log = binary_log(300)
    flipped = log.select("prediction_id", label=1 - pl.col("label"))
    ingest(site, NOW, site.write("a.csv", log.head(200).drop("label")))
    assert ingest(site, NOW, site.write("b.csv", flipped.head(200))).labels_matched == 200
    late = ingest(site, back, site.write("c.csv", log.drop("label").tail(200)))
    assert late == RowCounts(rows_read=200, rows_stored=100, rows_duplicate=100)
    labels = log.select("prediction_id", "label")
    assert ingest(site, back, site.write("d.csv", labels)).labels_matched == 300
    with reading(site.context.home) as catalog:
        versions = catalog.execute("SELECT version FROM commits ORDER BY rowid").fetchall()
    assert versions == [(number + 1,) for number in range(len(versions))]


def test_rows_far_ahead_are_still_set_aside(site: Site) -> None:
    ingest(site, NOW, site.write("a.csv", binary_log(20)))
    ahead = binary_log(20, first_id=50).with_columns(
        timestamp=pl.when(pl.int_range(20) < 5)
        .then(pl.lit(NOW.replace(tzinfo=None) + timedelta(hours=2)))
        .otherwise("timestamp")
    )
    counts = ingest(site, EPOCH, site.write("b.csv", ahead))
    assert counts == RowCounts(rows_read=20, rows_stored=15, rows_quarantined=5)


@pytest.mark.parametrize("wrong", [EPOCH, NOW + timedelta(days=3000)])
def test_a_replaced_file_stays_for_its_readers_whatever_the_clock_said(
    site: Site, wrong: datetime
) -> None:
    home = site.context.home
    for number in range(3):
        log = binary_log(50, first_id=100 * number)
        ingest(site, NOW, site.write(f"{number}.csv", log))
    before = set(home.segments.rglob("*.parquet"))
    compact_model(home, "m", FixedClock(wrong))
    sweep(home, NOW + timedelta(minutes=1))
    assert before <= set(home.segments.rglob("*.parquet"))
    sweep(home, max(wrong, NOW) + timedelta(hours=2))
    assert not before & set(home.segments.rglob("*.parquet"))


def test_a_status_by_a_clock_that_is_behind_is_given(tmp_path: Path) -> None:
    made = Workspace.create(tmp_path / "ws")
    binary_log(300, seed=9, first_id=10**6).write_parquet(tmp_path / "reference.parquet")
    made.add_model("m", tmp_path / "reference.parquet")
    binary_log(300).write_csv(tmp_path / "log.csv")
    made.ingest(tmp_path / "log.csv", "m")
    behind = Workspace(made.root, made.settings, FixedClock(EPOCH))
    assert behind.status()[0].rows == 300
