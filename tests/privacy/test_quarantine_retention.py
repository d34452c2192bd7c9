"""What was set aside goes after its time, and only then; how much there was stays known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl

from tests.logs import Site, binary_log, binary_site
from workbench.clock import FixedClock
from workbench.ingest.loading import ingest_files
from workbench.store.connections import Resources, StoreHome, reading
from workbench.store.quarantining import drop_old_quarantine
from workbench.store.staging import sweep


def held(home: StoreHome) -> list[str]:
    return sorted(path.name for path in home.quarantine.iterdir())


def ingest_with_a_bad_row(site: Site, name: str, clock: FixedClock, first: int) -> None:
    frame = binary_log(20, first_id=first).with_columns(pl.col("timestamp").cast(pl.String))
    bad = frame.with_row_index().with_columns(
        timestamp=pl.when(pl.col("index") == 3).then(pl.lit("never")).otherwise("timestamp")
    )
    path = site.write(name, bad.drop("index"))
    ingest_files(replace(site.context, clock=clock), [path])


def test_a_file_goes_when_its_time_is_over_and_its_count_stays(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    home = replace(home, resources=Resources(quarantine_retention=86400.0 * 10))
    site = binary_site(tmp_path, home, clock)
    later = FixedClock(clock.now() + timedelta(days=6))
    ingest_with_a_bad_row(site, "a.csv", clock, 0)
    (first,) = held(home)
    ingest_with_a_bad_row(site, "b.csv", later, 100)
    assert len(held(home)) == 2
    assert drop_old_quarantine(home, clock.now() + timedelta(days=9)) == 0
    assert drop_old_quarantine(home, clock.now() + timedelta(days=10)) == 1
    assert first not in held(home)
    assert len(held(home)) == 1
    with reading(home) as catalog:
        assert catalog.execute("SELECT sum(rows) FROM quarantine").fetchall() == [(2,)]


def test_an_ingest_lets_old_ones_go(tmp_path: Path, home: StoreHome, clock: FixedClock) -> None:
    home = replace(home, resources=Resources(quarantine_retention=86400.0))
    site = binary_site(tmp_path, home, clock)
    ingest_with_a_bad_row(site, "a.csv", clock, 0)
    (first,) = held(home)
    ingest_with_a_bad_row(site, "b.csv", FixedClock(clock.now() + timedelta(days=2)), 100)
    assert first not in held(home)
    assert len(held(home)) == 1


def test_without_a_limit_everything_stays(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    home = replace(home, resources=Resources(quarantine_retention=0.0))
    site = binary_site(tmp_path, home, clock)
    ingest_with_a_bad_row(site, "a.csv", clock, 0)
    assert sweep(home, clock.now() + timedelta(days=10_000)) == 0
    assert len(held(home)) == 1
