"""Objects of a bucket are found as local files are, and read through a real S3 service."""

from __future__ import annotations

import glob
import gzip
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import quote

import pytest

from tests.ingest.remote.object_server import KEY_ID, SECRET, ObjectServer
from workbench.errors import LogFileError
from workbench.ingest import object_services
from workbench.ingest.addresses import parse_address
from workbench.ingest.copying import Copy
from workbench.ingest.files import expand_paths
from workbench.ingest.object_stores import ObjectStore
from workbench.store.remote_objects import ObjectVersion

KEYS = (
    "a.csv", "day-1/a.csv", "day-1/b.jsonl.gz", "day-1/b.txt", "day-1/.hidden.csv", "day-1/deep/c.parquet",
    "day-2/a.csv", "day-2/[x].csv", "day-2/x.csv", "day-10/a.csv", ".tmp/a.csv", "day-1.csv", "day-1/deep.csv",
)  # fmt: skip


def find(url: str) -> list[str]:
    address = parse_address(url)
    return [file.address.shown for file in ObjectStore.of(address).find(address)]


def fetch(url: str, target: Path, known: ObjectVersion | None = None) -> Any:
    address = parse_address(url)
    with Copy(target, Event()) as copy:
        return ObjectStore.of(address).copy(address, copy, known), copy.sha256


@pytest.fixture
def folder(objects: ObjectServer, tmp_path: Path) -> Path:
    """The same tree on the disk and in the bucket."""
    root = tmp_path / "tree"
    for key in KEYS:
        path = root / "logs" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(key)
        objects.put("logs", key, key.encode())
    return root


@pytest.mark.parametrize(
    "pattern",
    [
        "*.csv", "*/a.csv", "day-?/*.csv", "day-1*/*", "day-[12]/*.csv", "day-1/**", "**/a.csv", "**", "**/*.parquet",
        "day-1/.h*", "*/deep/*", "day-2/x.csv*", "*/*/*", "**/deep/**", "day-1/d*", ".t*/*",
    ],
)  # fmt: skip
def test_a_pattern_matches_what_it_matches_on_the_disk(folder: Path, pattern: str) -> None:
    local = glob.glob(str(folder / "logs" / pattern), recursive=True)  # noqa: PTH207 - as given
    expected = {str(Path(p).relative_to(folder)) for p in local if Path(p).is_file()}
    assert expected
    found = find(f"s3://logs/{pattern}")
    assert {url.removeprefix("s3://") for url in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("below", ["", "day-1", "day-1/", "day-1/deep"])
def test_a_folder_stands_for_what_it_stands_for_on_the_disk(folder: Path, below: str) -> None:
    local = [str(path.relative_to(folder)) for path, _ in expand_paths([folder / "logs" / below])]
    assert [url.removeprefix("s3://") for url in find(f"s3://logs/{below}")] == local


def test_a_name_that_exists_is_no_pattern(folder: Path) -> None:
    assert find("s3://logs/day-2/[x].csv") == ["s3://logs/day-2/[x].csv"]


def test_an_object_is_found_beside_a_folder_of_its_name(objects: ObjectServer) -> None:
    objects.put("logs", "x.csv", b"1")
    objects.put("logs", "x.csv/y.csv", b"2")
    assert find("s3://logs/x.csv") == ["s3://logs/x.csv"]
    assert find("s3://logs/x.csv/") == ["s3://logs/x.csv/y.csv"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://logs/none.csv", "there is no object s3://logs/none.csv"),
        ("s3://logs/none/", "there is no object"),
        ("s3://nothing-here/a.csv", "there is no bucket nothing-here"),
        ("s3://nothing-here", "there is no bucket nothing-here"),
        ("s3://nothing-here/*.csv", "there is no bucket nothing-here"),
        ("s3://logs/*.parquet", "nothing matches s3://logs/*.parquet"),
        ("s3://logs/plain", "no log file in the folder s3://logs/plain"),
        ("s3://logs/a//b.csv", "cannot be read"),
    ],
)
def test_what_is_not_there_is_said(objects: ObjectServer, url: str, said: str) -> None:
    objects.put("logs", "plain/a.txt", b"1")
    with pytest.raises(LogFileError) as caught:
        find(url)
    assert said in caught.value.message
    assert caught.value.hint


def test_what_may_not_be_read_says_which_credentials_are_meant(
    objects: ObjectServer, tmp_path: Path
) -> None:
    objects.put("logs", "private/a.csv", b"1")
    objects.denied = "private"
    with pytest.raises(LogFileError, match="may not be read") as caught:
        find("s3://logs/private/a.csv")
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint
    with pytest.raises(LogFileError, match="may not be read"):
        fetch("s3://logs/private/a.csv", tmp_path / "a")


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_a_service_that_is_not_there_is_said(
    objects: ObjectServer, monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setattr(object_services, "_TRIES", 1)
    with pytest.raises(LogFileError, match="cannot be reached") as caught:
        find("s3://logs/a.csv")
    assert "AWS_ENDPOINT_URL" in caught.value.hint


def test_requests_go_unsigned_only_when_that_is_asked_for(
    objects: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.client.put_object(Bucket="logs", Key="a.csv", Body=b"1", ACL="public-read")
    objects.signed.clear()
    assert find("s3://logs/a.csv")
    assert objects.signed
    assert all(objects.signed)
    monkeypatch.setenv("AWS_NO_SIGN_REQUEST", "YES")
    objects.signed.clear()
    assert find("s3://logs/a.csv")
    assert objects.signed
    assert not any(objects.signed)


def test_keys_in_the_url_are_used(objects: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    objects.put("logs", "a.csv", b"1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    assert find(f"s3://{KEY_ID}:{quote(SECRET, safe='')}@logs/a.csv") == ["s3://logs/a.csv"]
    assert objects.signed[-1]


def test_a_large_object_comes_whole_although_the_line_breaks(
    objects: ObjectServer, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 80_000
    objects.put("logs", "a.bin", content)
    objects.cuts = 2
    version, _ = fetch("s3://logs/a.bin", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == content
    assert objects.cuts == 0
    assert version.size == len(content)
    assert len(objects.downloads()) >= 5


def test_an_object_of_the_known_version_is_not_fetched(
    objects: ObjectServer, tmp_path: Path
) -> None:
    objects.put("logs", "a.csv", b"old")
    version, _ = fetch("s3://logs/a.csv", tmp_path / "a")
    objects.asked.clear()
    assert fetch("s3://logs/a.csv", tmp_path / "b", version)[0] is None
    assert objects.downloads() == []
    objects.put("logs", "a.csv", b"new")
    changed, _ = fetch("s3://logs/a.csv", tmp_path / "c", version)
    assert changed != version
    assert (tmp_path / "c").read_bytes() == b"new"


def test_an_object_that_is_replaced_while_it_is_read_is_read_again(
    objects: ObjectServer, tmp_path: Path
) -> None:
    old, new = b"o" * 20_000_000, b"n" * 20_000_000
    objects.put("logs", "a.bin", old)
    address = parse_address("s3://logs/a.bin")

    class Replacing(Copy):
        def write(self, chunk: bytes) -> None:
            super().write(chunk)
            if chunk.startswith(b"o"):
                objects.put("logs", "a.bin", new)

    with Replacing(tmp_path / "a", Event()) as copy:
        ObjectStore.of(address).copy(address, copy, None)
    assert (tmp_path / "a").read_bytes() == new


def test_what_does_not_fit_on_the_disk_is_not_begun(
    objects: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.put("logs", "a.csv", b"x" * 1000)
    monkeypatch.setattr("workbench.ingest.copying._RESERVE", 1 << 60)
    with pytest.raises(LogFileError, match="does not fit on the disk"):
        fetch("s3://logs/a.csv", tmp_path / "a")
    assert objects.downloads() == []


def test_a_packed_object_arrives_packed(objects: ObjectServer, tmp_path: Path) -> None:
    packed = gzip.compress(b"id,x\n1,2\n")
    objects.client.put_object(
        Bucket="logs", Key="a.csv.gz", Body=packed, ContentEncoding="gzip", ContentType="text/csv"
    )
    fetch("s3://logs/a.csv.gz", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == packed
