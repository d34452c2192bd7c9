"""Estimates are found again by what they are of, and go with the reference they were made on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.logs import binary_log
from tests.store.upkeep import NOW, ingest, make_workspace
from workbench.domain.estimates import RowEstimate
from workbench.domain.period import Period
from workbench.store.baseline_record import Baseline
from workbench.store.connections import StoreHome, reading, writing
from workbench.store.remembered_estimates import (
    read_arrivals,
    read_delays,
    read_estimates,
    write_delays,
    write_estimates,
)
from workbench.workspace import Workspace

START = datetime(2024, 2, 1, tzinfo=UTC)
DAY = timedelta(days=1)
WEEK = Period(START, START + 7 * DAY)
FULL = RowEstimate(
    START, START + DAY, 100, 7, 2.0, 0.2, 0.1, 0.3, {"accuracy": 0.8, "f1": None}, None, 0.25, 0.2, 0.3,
    None, 0.9, 0.6, 7, 2.0, 1.5, 0.4, 1e-5, 0.01,
)  # fmt: skip


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    made = make_workspace(tmp_path)
    ingest(made, "log.parquet", binary_log(300, seed=1, hours=72))
    return made


def write(
    home: StoreHome, baseline: Baseline, versions: tuple[str, ...] | None, *made: RowEstimate
) -> None:
    with writing(home, "testing") as catalog:
        write_estimates(catalog, baseline, versions, made, NOW)


def read(
    home: StoreHome, baseline: Baseline, versions: tuple[str, ...] | None, period: Period = WEEK
) -> list[RowEstimate]:
    with reading(home) as catalog:
        return list(read_estimates(catalog, baseline, versions, period).values())


def test_what_is_written_is_read_for_the_same_versions_and_period(ws: Workspace) -> None:
    baseline = ws._subject("m").store.baseline
    write(ws.store, baseline, ("2", "1"), FULL)
    assert read(ws.store, baseline, ("1", "2")) == [FULL]
    assert read(ws.store, baseline, None) == []
    assert read(ws.store, baseline, ("1",)) == []
    assert read(ws.store, baseline, ("1", "2"), Period(START + DAY, WEEK.end)) == []


def test_a_new_estimate_takes_the_place_of_the_old(ws: Workspace) -> None:
    baseline = ws._subject("m").store.baseline
    newer = replace(FULL, rows=200)
    write(ws.store, baseline, None, FULL, replace(FULL, end=START + 2 * DAY))
    write(ws.store, baseline, None, newer)
    assert sorted(e.rows for e in read(ws.store, baseline, None)) == [100, 200]


def test_estimates_over_another_reference_go(ws: Workspace) -> None:
    baseline = ws._subject("m").store.baseline
    write(ws.store, baseline, None, FULL)
    write(ws.store, replace(baseline, bins_id="new"), None, FULL)
    assert read(ws.store, baseline, None) == []
    with writing(ws.store, "testing") as catalog:
        write_delays(catalog, baseline, {0: 0.1, 3: 0.9}, 4, NOW)
    with reading(ws.store) as catalog:
        assert read_delays(catalog, baseline, 4) == {0: 0.1, 3: 0.9}
        assert read_delays(catalog, replace(baseline, rules_id="new"), 4) == {}
        assert read_delays(catalog, baseline, 5) == {}


def test_arrivals_are_by_commit_until_counts_are_added_up(ws: Workspace) -> None:
    baseline = ws._subject("m").store.baseline
    ingest(ws, "more.parquet", binary_log(30, seed=2, first_id=9000, hours=2))
    with reading(ws.store) as catalog:
        found = read_arrivals(catalog, baseline, START)
        assert read_arrivals(catalog, baseline, START + 9 * DAY) == ()
    first = [a for a in found if a.bucket == START]
    assert [(a.rows, a.labelled) for a in first] == [(100, 100), (30, 30)]
    assert first[0].version < first[1].version
    ws.housekeeping.rebuild()
    with reading(ws.store) as catalog:
        rebuilt = read_arrivals(catalog, ws._subject("m").store.baseline, START)
    assert [(a.version, a.rows) for a in rebuilt if a.bucket == START] == [(0, 130)]
