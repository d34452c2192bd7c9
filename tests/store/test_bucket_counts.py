"""Counts a bucket add up to the profiles of the whole, on the bins that drift tests and measures."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.logs import binary_log
from tests.store.upkeep import ingest, make_workspace
from workbench.domain.period import Period
from workbench.drift import divergence
from workbench.store.bucket_counts import read_bucket_counts
from workbench.store.connections import reading
from workbench.store.counted import reference_source
from workbench.store.measured import Choice, read_profiles
from workbench.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder: Path = tmp_path_factory.mktemp("buckets")
    made = make_workspace(folder)
    log = binary_log(900, hours=96).with_columns(
        x=pl.when(pl.int_range(900) % 7 == 0).then(None).otherwise(pl.col("x") * 3),
        c=pl.when(pl.int_range(900) % 5 == 0).then(pl.lit("new")).otherwise(pl.col("c")),
    )
    ingest(made, "log.parquet", log)
    return made


@pytest.mark.parametrize("is_reference", [False, True])
def test_buckets_add_up_to_the_profile(ws: Workspace, is_reference: bool) -> None:
    store = ws.subject("m").store
    source = reference_source(store.baseline) if is_reference else store.stored
    with reading(ws.store) as catalog:
        times, columns = read_bucket_counts(catalog, source, store.baseline.bins, Choice())
        whole = read_profiles(catalog, source, store.baseline.bins, Choice())

    assert len(times) == (20 if is_reference else 4)
    assert list(times) == sorted(times)
    for column, profile in zip(columns, whole, strict=True):
        cells = column.counts.sum(axis=0)
        assert tuple(cells) == divergence.tested_counts(profile)
        starts = column.psi_starts
        coarse = cells if starts is None else np.add.reduceat(cells, starts)
        assert tuple(coarse) == divergence.coarse_counts(profile)
        assert column.missing.sum() == profile.missing
        assert column.rows.sum() == profile.rows


def test_only_the_buckets_asked_for_are_read(ws: Workspace) -> None:
    store = ws.subject("m").store
    day = Period(datetime(2024, 2, 2, tzinfo=UTC), datetime(2024, 2, 3, tzinfo=UTC))
    with reading(ws.store) as catalog:
        times, columns = read_bucket_counts(catalog, store.stored, store.baseline.bins, Choice(day))
        whole = read_profiles(catalog, store.stored, store.baseline.bins, Choice(day))

    assert times == (day.start,)
    assert tuple(columns[0].counts[0]) == divergence.tested_counts(whole[0])


def test_no_rows_give_no_bucket(ws: Workspace) -> None:
    store = ws.subject("m").store
    never = Period(datetime(2030, 1, 1, tzinfo=UTC), datetime(2030, 1, 2, tzinfo=UTC))
    with reading(ws.store) as catalog:
        times, columns = read_bucket_counts(
            catalog, store.stored, store.baseline.bins, Choice(never)
        )

    assert times == ()
    assert columns[0].counts.shape[0] == 0
