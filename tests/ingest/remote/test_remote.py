"""A call that names URLs stores what the same files would store from the disk, and fetches once."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import polars as pl
import pytest

from tests.ingest.remote.object_server import ENVIRONMENT, SECRET, ObjectServer
from tests.ingest.remote.web_server import Page, WebServer
from tests.logs import Site, binary_log, binary_site
from workbench.clock import FixedClock
from workbench.domain.ingested import FileResult, RowCounts
from workbench.ingest import fetching, object_services, remote
from workbench.ingest.loading import IngestProgress, ingest_files
from workbench.store.connections import StoreHome, reading
from workbench.store.remote_objects import known_objects
from workbench.store.staging import sweep
from workbench.workspace import Workspace

SCRIPT = str(Path(sys.executable).parent / "workbench")


def packed(frame: pl.DataFrame, name: str) -> bytes:
    out = io.BytesIO()
    if ".csv" in name:
        frame.write_csv(out)
    elif ".jsonl" in name:
        frame.write_ndjson(out)
    elif ".arrow" in name:
        frame.write_ipc(out)
    else:
        frame.write_parquet(out)
    return gzip.compress(out.getvalue()) if name.endswith(".gz") else out.getvalue()


def ingest(site: Site, *paths: str | Path, kind: str = "auto") -> tuple[FileResult, ...]:
    return ingest_files(site.context, list(paths), kind=kind).files


def sums_hold(results: tuple[FileResult, ...]) -> bool:
    for result in results:
        c = result.counts
        stored = c.rows_stored if result.kind == "predictions" else 0
        matched = c.labels_matched + c.labels_pending if result.kind == "labels" else 0
        if c.rows_read != stored + matched + c.rows_duplicate + c.rows_quarantined:
            return False
    return True


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.csv", "a.csv.gz", "a.jsonl", "a.jsonl.gz", "a.arrow", "a.parquet.gz"]
)
def test_an_object_of_any_format_is_stored_and_fetched_once(
    site: Site, objects: ObjectServer, name: str
) -> None:
    objects.put("logs", f"day/{name}", packed(binary_log(300), name))
    first = ingest(site, f"s3://logs/day/{name}")
    assert [(r.path, r.status, r.kind) for r in first] == [
        (f"s3://logs/day/{name}", "stored", "predictions")
    ]
    assert first[0].counts == RowCounts(rows_read=300, rows_stored=300)
    assert objects.downloads() == [f"day/{name}"]
    objects.asked.clear()
    again = ingest(site, f"s3://logs/day/{name}")
    assert (again[0].status, again[0].format) == ("already_ingested", first[0].format)
    assert again[0].counts == RowCounts(rows_read=300, rows_duplicate=300)
    assert objects.downloads() == []


def test_a_prefix_and_a_pattern_store_what_the_folder_would(
    objects: ObjectServer, clock: FixedClock, tmp_path: Path
) -> None:
    log = binary_log(1000)
    frames = {
        "2024-02-01/a.parquet": log.slice(0, 300),
        "2024-02-01/b.csv.gz": log.slice(200, 300),
        "2024-02-02/a.jsonl": log.slice(500, 300).drop("label"),
        "2024-02-02/labels.csv": log.slice(400, 400).select("prediction_id", "label"),
        "2024-02-03/broken.parquet": log.slice(0, 10),
        "2024-02-03/.hidden.csv": log,
    }
    results = []
    for root in (tmp_path / "here", tmp_path / "there"):
        root.mkdir()
        home = StoreHome(root / ".workbench")
        home.create()
        site = binary_site(root, home, clock)
        for name, frame in frames.items():
            content = packed(frame, name)[: 100 if "broken" in name else None]
            path = root / "logs" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            objects.put("logs", name, content)
        place = f"{root}/logs" if root.name == "here" else "s3://logs"
        results.append(
            [
                (r.path.replace(place, ""), r.status, r.kind, r.counts, r.reasons)
                for given in (f"{place}/2024-02-01", f"{place}/*/*.jsonl", f"{place}/")
                for r in ingest(site, given)
            ]
        )
    assert results[0] == results[1]
    assert [status for _, status, *_ in results[1]] == [
        "stored", "stored", "stored", "already_ingested", "already_ingested", "already_ingested", "stored", "failed",
    ]  # fmt: skip


def test_the_hourly_call_fetches_only_what_is_new(site: Site, objects: ObjectServer) -> None:
    log = binary_log(600)
    for hour in range(5):
        objects.put("logs", f"h{hour}.csv", packed(log.slice(hour * 100, 100), ".csv"))
    ingest(site, "s3://logs/")
    objects.asked.clear()
    objects.put("logs", "h5.csv", packed(log.slice(500, 100), ".csv"))
    objects.put("logs", "h0.csv", packed(log.slice(0, 100).with_columns(x=pl.lit(1.5)), ".csv"))
    results = ingest(site, "s3://logs/")
    assert sorted(objects.downloads()) == ["h0.csv", "h5.csv"]
    assert [result.status for result in results] == ["stored", *["already_ingested"] * 4, "stored"]
    assert sums_hold(results)
    assert results[0].reasons == (("conflicting_id", 100),)
    objects.asked.clear()
    ingest(site, "s3://logs/*.csv")
    assert objects.downloads() == []


def test_a_listing_is_enough_once_objects_have_settled(
    site: Site, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "_SETTLED", -1000)
    for part in range(3):
        objects.put("logs", f"{part}.csv", packed(binary_log(50, first_id=part * 50), ".csv"))
    ingest(site, "s3://logs/")
    objects.asked.clear()
    assert {r.status for r in ingest(site, "s3://logs/")} == {"already_ingested"}
    assert not [path for _, path in objects.asked if path.endswith(".csv")]


def test_an_object_replaced_in_the_second_of_its_making_is_seen(
    site: Site, objects: ObjectServer
) -> None:
    log = binary_log(100)
    for first_id in (0, 100):
        frame = log.with_columns(
            prediction_id=pl.format("p{}", pl.int_range(pl.len()) + first_id + 1000)
        )
        objects.put("logs", "a.csv", packed(frame, ".csv"))
        (result,) = ingest(site, "s3://logs/a.csv")
        assert result.counts.rows_stored == 100


def test_content_that_is_known_from_elsewhere_is_fetched_once(
    site: Site, objects: ObjectServer
) -> None:
    log = binary_log(100)
    path = site.write("a.parquet", log)
    ingest(site, path)
    for key in ("a.parquet", "copy/a.parquet"):
        objects.put("logs", key, path.read_bytes())
    assert {r.status for r in ingest(site, "s3://logs/")} == {"already_ingested"}
    assert len(objects.downloads()) == 2
    objects.asked.clear()
    assert {r.status for r in ingest(site, "s3://logs/")} == {"already_ingested"}
    assert objects.downloads() == []


def test_an_object_known_as_another_kind_is_looked_at_again(
    site: Site, objects: ObjectServer
) -> None:
    objects.put("logs", "a.csv", packed(binary_log(100), ".csv"))
    ingest(site, "s3://logs/a.csv", kind="predictions")
    (as_labels,) = ingest(site, "s3://logs/a.csv", kind="labels")
    assert (as_labels.status, as_labels.kind) == ("stored", "labels")


def test_trouble_with_one_file_stops_no_other(
    site: Site, objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_services, "_TRIES", 1)
    objects.put("logs", "good.csv", packed(binary_log(100), ".csv"))
    objects.put("logs", "private.csv", packed(binary_log(100), ".csv"))
    objects.put("logs", "junk.csv", b"")
    objects.denied = "private"
    given = [
        "s3://logs/none.csv", "s3://no-bucket-here/x.csv", "s3://logs/private.csv", "ftp://host/x.csv",
        "http://example.com/x.csv", "https://127.0.0.1:9/x.csv", "s3://logs/junk.csv", "s3://logs/good.csv",
        "s3://logs/", "none.csv",
    ]  # fmt: skip
    results = ingest(site, *given)
    by_path = {result.path: result for result in results}
    assert [path for path, result in by_path.items() if result.status == "stored"] == [
        "s3://logs/good.csv"
    ]
    assert set(by_path) == set(given) - {"s3://logs/"}
    assert all(result.error and result.hint for result in results if result.status == "failed")


def test_the_same_object_named_twice_is_one_file(site: Site, objects: ObjectServer) -> None:
    objects.put("logs", "a.csv", packed(binary_log(100), ".csv"))
    results = ingest(site, "s3://logs/a.csv", "s3://logs/", "s3://logs/*.csv", "s3://logs/a.csv")
    assert [result.path for result in results] == ["s3://logs/a.csv"]


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


def test_an_export_of_a_serving_system_is_recognised_by_its_content(
    site: Site, objects: ObjectServer
) -> None:
    record = {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "0.5,a", "encoding": "CSV"},
            "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "0.7", "encoding": "CSV"},
        },
        "eventMetadata": {"eventId": "e1", "inferenceTime": "2024-02-01T10:00:00Z"},
        "eventVersion": "0",
    }  # fmt: skip
    objects.put("logs", "ep/AllTraffic/2024/02/01/10/a.jsonl", json.dumps(record).encode())
    (result,) = ingest(site, "s3://logs/ep/AllTraffic")
    assert result.format.startswith("sagemaker")


def test_a_file_of_the_web_is_stored_and_sent_once(site: Site, web: WebServer) -> None:
    web.pages["/export/a.csv.gz"] = Page(packed(binary_log(300), ".csv.gz"))
    url = f"{web.url}/export/a.csv.gz"
    (first,) = ingest(site, url)
    assert (first.path, first.counts) == (url, RowCounts(rows_read=300, rows_stored=300))
    web.sent = 0
    (again,) = ingest(site, url)
    assert again.counts == RowCounts(rows_read=300, rows_duplicate=300)
    assert web.sent == 0


def test_two_urls_that_differ_in_a_secret_are_two_files(site: Site, web: WebServer) -> None:
    web.pages["/a.csv"] = Page(packed(binary_log(100), ".csv"), etag=None)
    first, second = ingest(site, f"{web.url}/a.csv?token=one", f"{web.url}/a.csv?token=two")
    assert first.path == second.path == f"{web.url}/a.csv"
    assert (first.status, second.status) == ("stored", "already_ingested")
    # Without a tag nothing tells the file of one token from that of another.
    with reading(site.context.home) as catalog:
        assert known_objects(catalog, "m") == {}
    web.pages["/a.csv"].content = packed(binary_log(100, first_id=100), ".csv")
    web.sent = 0
    (third,) = ingest(site, f"{web.url}/a.csv?token=three")
    assert third.counts.rows_stored == 100


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
