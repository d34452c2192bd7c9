"""A call that names URLs stores what the same files would store from the disk, and fetches once."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.ingest.remote.exports import ingest, packed
from tests.ingest.remote.object_server import ObjectServer
from tests.ingest.remote.web_server import Page, WebServer
from tests.logs import Site, binary_log, binary_site
from workbench.clock import FixedClock
from workbench.domain.ingested import FileResult, RowCounts
from workbench.ingest import object_services, remote
from workbench.store.connections import StoreHome, reading
from workbench.store.remote_objects import known_objects


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
