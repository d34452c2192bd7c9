"""However many or however large the files, wherever the call dies: little lies on the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.ingest.remote.exports import ingest, packed
from tests.ingest.remote.object_server import ENVIRONMENT, SECRET, ObjectServer
from tests.ingest.remote.web_server import Page, WebServer
from tests.logs import Site, binary_log
from workbench.domain.ingested import RowCounts
from workbench.ingest import fetching, object_services
from workbench.ingest.loading import IngestProgress, ingest_files
from workbench.store.staging import sweep
from workbench.workspace import Workspace

SCRIPT = str(Path(sys.executable).parent / "workbench")


def test_a_bucket_never_lies_on_the_disk_as_a_whole(
    site: Site, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = binary_log(2000)
    parts = [packed(log.slice(start, 100), ".csv") for start in range(0, 2000, 100)]
    for number, part in enumerate(parts):
        objects.put("logs", f"p{number:02}.csv", part)
    room = 3 * max(map(len, parts))
    monkeypatch.setattr(fetching, "_WAVE_BYTES", room)
    most = 0

    def look(_: IngestProgress) -> None:
        nonlocal most
        copies = site.context.home.staging.glob("*/work/objects/**/*.csv")
        most = max(most, sum(path.stat().st_size for path in copies if path.exists()))

    result = ingest_files(site.context, ["s3://logs/"], progress=look)
    assert result.counts == RowCounts(rows_read=2000, rows_stored=2000)
    assert 0 < most <= room
    assert list(site.context.home.staging.iterdir()) == []


def test_labels_that_come_in_an_earlier_wave_find_their_predictions(
    tmp_path: Path, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.create(tmp_path / "ws")
    binary_log(2000, seed=99, first_id=10**6).write_parquet(tmp_path / "reference.parquet")
    workspace.add_model("m", tmp_path / "reference.parquet")
    log = binary_log(500)
    objects.put("logs", "1.csv", packed(log.select("prediction_id", "label"), ".csv"))
    objects.put("logs", "2.csv", packed(log.drop("label"), ".csv"))
    monkeypatch.setattr(fetching, "_WAVE_BYTES", 1)
    result = workspace.ingest("s3://logs", "m")
    assert result.counts == RowCounts(rows_read=1000, rows_stored=500, labels_pending=500)
    whole = workspace.performance_report("m", period="all").whole
    wrong = log.filter(pl.col("prediction") != pl.col("label")).height
    assert (whole.rows, whole.labelled, round(whole.bad)) == (500, 500, wrong)


def test_progress_never_falls_and_ends_whole(site: Site, objects: ObjectServer) -> None:
    for part in range(3):
        objects.put("logs", f"{part}.csv", packed(binary_log(50, first_id=part * 50), ".csv"))
    seen: list[IngestProgress] = []
    local = site.write("b.csv", binary_log(50, first_id=1000))
    ingest_files(site.context, ["s3://logs/", local], progress=seen.append)
    assert [p.done_bytes for p in seen] == sorted(p.done_bytes for p in seen)
    assert all(p.done_bytes <= p.total_bytes for p in seen)
    last = seen[-1]
    assert (last.done_bytes, last.done_files, last.total_files) == (last.total_bytes, 4, 4)


def test_names_that_a_disk_cannot_hold_side_by_side_are_read(
    site: Site, objects: ObjectServer
) -> None:
    keys = [
        "a.csv",
        "a.csv/b.csv",
        "x/../c.csv",
        "x/./c.csv",
        f"{'n' * 300}.csv",
        f"m{'n' * 300}.csv",
        "ü [1] *?.csv",
    ]
    for number, key in enumerate(keys):
        objects.put("logs", key, packed(binary_log(10, first_id=number * 10), ".csv"))
    results = ingest(site, *(f"s3://logs/{key}" for key in keys))
    assert [
        (r.path.removeprefix("s3://logs/"), r.status) for r in results if r.status == "stored"
    ] == [(key, "stored") for key in keys if "/./" not in key and "/../" not in key]


def test_a_place_that_stays_silent_is_not_asked_for_every_file(
    site: Site, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_services, "_TRIES", 1)
    monkeypatch.setattr(fetching, "AT_ONCE", 1)
    for number in range(20):
        objects.put(
            "logs", f"{number:02}.csv", packed(binary_log(10, first_id=number * 10), ".csv")
        )
    objects.cuts = 10**6
    results = ingest(site, "s3://logs/")
    assert {result.status for result in results} == {"failed"}
    assert sum("was not tried" in (result.error or "") for result in results) >= 12
    objects.cuts = 0
    assert {result.status for result in ingest(site, "s3://logs/")} == {"stored"}


def test_no_secret_lies_in_the_workspace_or_the_output(
    tmp_path: Path, objects: ObjectServer, web: WebServer
) -> None:
    root = tmp_path / "ws"
    workspace = Workspace.create(root)
    binary_log(2000, seed=99, first_id=10**6).write_parquet(tmp_path / "reference.parquet")
    workspace.add_model("m", tmp_path / "reference.parquet")
    web.pages["/a.csv"] = Page(packed(binary_log(100), ".csv") + b"broken,line\n")
    web.pages["/denied.csv"] = Page(statuses=[403] * 9)
    objects.put("logs", "a.csv", packed(binary_log(100, first_id=100), ".csv"))
    objects.put("logs", "private.csv", b"1")
    objects.denied = "private"
    canary = "Zx9canaryZx9"
    user = web.url.replace("//", f"//me:{canary}@")
    urls = [
        f"{user}/a.csv?X-Amz-Signature={canary}&X-Amz-Credential={canary}",
        f"{user}/denied.csv?sig={canary}",
        f"{user}/none.csv?token={canary}",
        f"https://me:{canary}@127.0.0.1:9/a.csv",
        f"ftp://me:{canary}@host/a.csv",
        f"s3://{canary}:{canary}@logs/none.csv",
        f"s3://logs/a.csv?secret={canary}",
        f"az://box/a.csv?sig={canary}",
        "s3://logs/a.csv", "s3://logs/private.csv", "s3://no-such-bucket/a.csv",
    ]  # fmt: skip
    outputs = []
    for options in ([], ["--json"], ["--debug"]):
        done = subprocess.run(
            [SCRIPT, "ingest", *urls, "--model", "m", *options],
            cwd=root, capture_output=True, check=False, env=os.environ | {"COLUMNS": "1000"},
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        outputs += [done.stdout, done.stderr]
    assert b"already_ingested" in outputs[2]
    files = [path for path in root.rglob("*") if path.is_file()]
    assert any(path.name == "store.duckdb" for path in files)
    secrets = [canary, SECRET, ENVIRONMENT["AWS_SESSION_TOKEN"]]
    for content in [*outputs, *(path.read_bytes() for path in files)]:
        for secret in secrets:
            assert secret.encode() not in content
    catalog = duckdb.connect(str(workspace.store.catalog), read_only=True)
    for (table,) in catalog.execute("SELECT table_name FROM duckdb_tables()").fetchall():
        text = str(catalog.execute(f'SELECT * FROM "{table}"').fetchall())
        assert not [secret for secret in secrets if secret in text]


KILLED = """
import sys, workbench
with workbench.open(sys.argv[1]) as ws:
    ws.ingest(sys.argv[2], model="m")
"""


def test_what_a_killed_ingest_fetched_is_swept(tmp_path: Path, web: WebServer) -> None:
    root = tmp_path / "ws"
    workspace = Workspace.create(root)
    binary_log(2000, seed=99, first_id=10**6).write_parquet(tmp_path / "reference.parquet")
    workspace.add_model("m", tmp_path / "reference.parquet")
    content = packed(binary_log(100_000), ".csv")
    web.pages["/a.csv"] = Page(content, stalls=True)
    web.pages["/a.csv"].content = content * 3
    url = f"{web.url}/a.csv"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(root), url])
    copies = workspace.store.staging
    deadline = time.monotonic() + 60
    while not any(
        path.is_file() and path.stat().st_size for path in copies.glob("*/work/objects/**/*")
    ):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(copies.iterdir())
    sweep(workspace.store)
    assert list(copies.iterdir()) == []
    web.pages["/a.csv"] = Page(content)
    assert workspace.ingest(url, "m").counts.rows_stored == 100_000
