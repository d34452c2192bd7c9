"""Several processes on one workspace: nothing is lost, counted twice, or half there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tests.logs import binary_log
from workbench.domain.period import Period
from workbench.errors import StoreLockedError
from workbench.store.connections import Resources, StoreHome, reading, writing
from workbench.workspace import Workspace

INGEST = """
import sys, workbench
with workbench.open(sys.argv[1]) as ws:
    print(ws.ingest(sys.argv[2:], model="m").counts)
"""
READ = """
import sys, time, workbench
from workbench.store.connections import reading
ws = workbench.open(sys.argv[1])
with reading(ws.store):
    print("in", flush=True)
    time.sleep(5)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    ws = Workspace.create(tmp_path / "ws")
    binary_log(2000, seed=99, first_id=10**6).write_parquet(tmp_path / "reference.parquet")
    ws.add_model("m", tmp_path / "reference.parquet")
    return ws


def start(ws: Workspace, *paths: Path) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", INGEST, str(ws.root), *map(str, paths)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def totals(ws: Workspace) -> tuple[int, int, int]:
    whole = ws.performance_report("m", period="all").whole
    return whole.rows, whole.labelled, round(whole.bad)


def test_overlapping_logs_and_labels_from_several_processes_count_once(
    workspace: Workspace, tmp_path: Path
) -> None:
    log = binary_log(6000, hours=240)
    parts = [log.slice(offset, 3000).drop("label") for offset in (0, 1500, 3000)]
    files = []
    for number, part in enumerate(parts):
        files.append(tmp_path / f"log-{number}.parquet")
        part.write_parquet(files[-1])
    files.append(tmp_path / "labels.csv")
    log.select("prediction_id", "label").write_csv(files[-1])
    running = [start(workspace, path) for path in files]
    while any(process.poll() is None for process in running):
        workspace.status()
        time.sleep(0.05)
    for process in running:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    wrong = int((log["prediction"] != log["label"]).sum())
    assert totals(workspace) == (6000, 6000, wrong)


@pytest.mark.parametrize("delay", [0.45, 0.6, 0.75, 0.9, 1.2])
def test_a_killed_ingest_leaves_nothing_half_there_and_can_be_repeated(
    workspace: Workspace, tmp_path: Path, delay: float
) -> None:
    log = binary_log(20000, hours=240)
    path = tmp_path / "log.csv"
    log.write_csv(path)
    workspace.check_cards()
    process = start(workspace, path)
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    statuses = workspace.status()
    assert statuses[0].rows in (0, 20000)
    workspace.ingest(path, model="m")
    wrong = int((log["prediction"] != log["label"]).sum())
    assert totals(workspace) == (20000, 20000, wrong)
    home = workspace.store
    with reading(home) as catalog:
        known = {row[0] for row in catalog.execute("SELECT batch FROM batches").fetchall()}
    assert {path.name for path in home.segments.iterdir()} <= known
    assert list(home.staging.iterdir()) == []


def test_a_busy_store_is_waited_for_and_then_named(workspace: Workspace) -> None:
    patient = workspace.store
    hasty = StoreHome(patient.folder, Resources(lock_timeout=0.2))
    with writing(patient, "compacting"):
        begun = time.monotonic()
        with pytest.raises(StoreLockedError) as caught, reading(hasty):
            pass
        assert time.monotonic() - begun >= 0.2
    assert str(os.getpid()) in caught.value.message
    assert "compacting" in caught.value.message
    with reading(hasty) as catalog:
        assert catalog.execute("SELECT 1").fetchall() == [(1,)]


def test_readers_do_not_shut_each_other_out(workspace: Workspace) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", READ, str(workspace.root)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "in\n"
    with reading(StoreHome(workspace.store.folder, Resources(lock_timeout=0.5))) as catalog:
        assert catalog.execute("SELECT 1").fetchall() == [(1,)]
    other.kill()
    other.communicate()


def test_an_explicit_period_that_cuts_a_bucket_is_answered_from_the_rows(
    workspace: Workspace, tmp_path: Path
) -> None:
    log = binary_log(2400, hours=240)
    log.write_parquet(tmp_path / "log.parquet")
    workspace.ingest(tmp_path / "log.parquet", model="m")
    report = workspace.performance_report("m", period="2024-02-02T06:00/2024-02-04T18:00")
    expected = log.filter(
        pl.col("timestamp").is_between(
            pl.datetime(2024, 2, 2, 6), pl.datetime(2024, 2, 4, 18), closed="left"
        )
    )
    assert report.whole.rows == expected.height
    assert round(report.whole.bad) == int((expected["prediction"] != expected["label"]).sum())
    assert report.period == Period(report.buckets[0].start, report.buckets[-1].end)
    assert [bucket.rows for bucket in report.buckets] == [180, 240, 180]
