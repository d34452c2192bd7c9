"""The reference's buckets, against Polars on its rows, and what `drift` makes of them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from tests.logs import binary_log
from tests.store.upkeep import ingest, make_workspace
from workbench.domain.bins import coarser
from workbench.drift.divergence import tested_counts as counts_of
from workbench.drift.profiling import profile_values
from workbench.store.bucket_profiles import read_bucket_profiles
from workbench.store.connections import reading
from workbench.store.counted import reference_source
from workbench.workspace import Workspace


def filled(folder: Path) -> Workspace:
    """A workspace whose reference spans twenty days, and a log of four."""
    made = make_workspace(folder)
    ingest(made, "log.parquet", binary_log(400, seed=5, hours=96))
    return made


def test_each_bucket_has_the_counts_of_its_rows(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    rows = pl.read_parquet(ws.root / "data" / "reference.parquet")
    baseline = ws._subject("m").store.baseline
    with reading(ws.store) as catalog:
        found = read_bucket_profiles(catalog, reference_source(baseline), baseline.bins)
        some = read_bucket_profiles(catalog, reference_source(baseline), baseline.bins, most=6)
    dated = rows.with_columns(day=pl.col("timestamp").dt.date())
    days = dated.partition_by("day", maintain_order=True)
    assert found.buckets == some.buckets == len(days) == len(found.profiles) == 20
    assert len(some.profiles) == 6
    assert set(some.profiles) <= set(found.profiles)
    for day, profiles in zip(days, found.profiles, strict=True):
        for profile, fine in zip(profiles, baseline.bins, strict=True):
            assert profile.bins == coarser(fine)
            values = day[fine.name]
            if fine.kind != "numeric":
                values = values.cast(pl.String)
            expected = profile_values(fine, values.to_list())
            assert counts_of(profile) == counts_of(expected)
            assert profile.missing == expected.missing


def test_drift_is_measured_against_the_references_own_buckets(tmp_path: Path) -> None:
    ws = filled(tmp_path)
    report = ws.drift("m", "all")
    assert {column.null for column in report.columns} == {"days"}
    assert any("reference's own buckets differ (20 of 1d)" in note for note in report.notes)
    against = ws.drift("m", "all", against="all")
    assert {column.null for column in against.columns} == {"days"}


def test_a_reference_without_timestamps_leaves_rows_to_chance(tmp_path: Path) -> None:
    ws = make_workspace(tmp_path)
    path = ws.root / "data" / "reference.parquet"
    pl.read_parquet(path).drop("timestamp").write_parquet(path)
    ingest(ws, "log.parquet", binary_log(400, seed=5, hours=96))
    report = ws.drift("m", "all")
    assert {column.null for column in report.columns} == {"rows"}
    assert not any("own buckets" in note for note in report.notes)
