"""The catalog migrates itself, refuses newer ones, and names a file that is none."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.logs import binary_log, binary_site
from workbench.clock import FixedClock
from workbench.errors import ReferenceTableError, StoreError
from workbench.ingest.loading import ingest_files
from workbench.store.baseline import ensure_baseline
from workbench.store.connections import StoreHome, reading, writing
from workbench.store.counted import read_model_store
from workbench.store.measured import Choice, read_profiles
from workbench.store.migrations import STEPS, schema_version


def test_an_older_catalog_takes_the_missing_steps(tmp_path: Path) -> None:
    home = StoreHome(tmp_path / ".workbench")
    home.folder.mkdir()
    duckdb.connect(str(home.catalog)).close()
    home.create()
    with reading(home) as catalog:
        assert schema_version(catalog) == len(STEPS)
        assert catalog.execute("SELECT count(*) FROM segments").fetchall() == [(0,)]


def test_a_newer_catalog_is_refused_with_a_hint(home: StoreHome) -> None:
    with writing(home, "pretending") as catalog:
        catalog.execute("INSERT INTO schema_steps VALUES (99, now()::TIMESTAMP)")
    with pytest.raises(StoreError, match="newer version") as caught, reading(home):
        pass
    assert caught.value.hint


def test_a_file_that_is_no_catalog_is_said(home: StoreHome) -> None:
    home.catalog.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError), reading(home):
        pass


def test_a_failed_write_leaves_nothing(home: StoreHome) -> None:
    def write() -> None:
        with writing(home, "failing") as catalog:
            catalog.execute("INSERT INTO commits VALUES (1, now()::TIMESTAMP, 'm', 'x')")
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        write()
    with reading(home) as catalog:
        assert catalog.execute("SELECT count(*) FROM commits").fetchall() == [(0,)]


def test_the_catalog_and_the_rows_are_private(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    site = binary_site(tmp_path, home, clock)
    ingest_files(site.context, [site.write("log.parquet", binary_log(10))])
    files = [home.catalog, *home.segments.rglob("*.parquet")]
    assert len(files) == 2
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_a_changed_reference_remakes_the_counts_from_the_rows(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    site = binary_site(tmp_path, home, clock)
    log = binary_log(500, seed=4)
    ingest_files(site.context, [site.write("log.parquet", log)])
    card = site.context.card
    before = ensure_baseline(home, site.root, card, clock.now())
    changed = binary_log(3000, seed=123, first_id=10**7).with_columns(x=pl.col("x") * 3 + 1)
    changed.write_parquet(site.root / "data" / "reference.parquet")
    after = ensure_baseline(home, site.root, card, clock.now())
    assert after.bins_id != before.bins_id
    with reading(home) as catalog:
        store = read_model_store(home, after, None)
        profile = read_profiles(catalog, store.stored, after.bins, Choice())[0]
        left = catalog.execute("SELECT DISTINCT bins_id FROM profile_counts").fetchall()
    assert {row[0] for row in left} == {after.bins_id, after.reference_bins_id}
    edges = list(after.bins[0].edges)
    expected = [0] * (len(edges) + 1)
    for x in log["x"]:
        expected[sum(edge < x for edge in edges)] += 1
    assert list(profile.counts) == expected
    assert profile.mean == pytest.approx(log["x"].mean())
    assert profile.deviation == pytest.approx(log["x"].std(ddof=0))


def test_a_reference_without_the_features_of_the_card_is_refused(
    tmp_path: Path, home: StoreHome, clock: FixedClock
) -> None:
    site = binary_site(tmp_path, home, clock)
    path = site.root / "data" / "reference.parquet"
    path.unlink()
    with pytest.raises(ReferenceTableError, match="not there"):
        ensure_baseline(home, site.root, site.context.card, clock.now())
    pl.DataFrame({"label": [1, 0]}).write_parquet(path)
    with pytest.raises(ReferenceTableError, match="no feature column"):
        ensure_baseline(home, site.root, site.context.card, clock.now())


def test_a_catalog_that_was_never_finished_is_made_anew(tmp_path: Path) -> None:
    home = StoreHome(tmp_path / ".workbench")
    home.folder.mkdir()
    for name in ("store.new", "store.new.wal"):
        (home.folder / name).write_bytes(b"half of it")
    home.create()
    assert not list(home.folder.glob("store.new*"))
    with reading(home) as catalog:
        assert catalog.execute("SELECT count(*) FROM commits").fetchall() == [(0,)]
