"""Files of the web arrive whole and unchanged, over a line that nobody else reads."""

from __future__ import annotations

import gzip
import hashlib
import os
import resource
import socket
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.ingest.remote.web_server import OLD, Page, WebServer, web_server
from workbench.errors import LogFileError, StoreError
from workbench.ingest import web_files
from workbench.ingest.addresses import parse_address
from workbench.ingest.copying import Copy, StoppedError
from workbench.ingest.remote_errors import UnreachableError
from workbench.ingest.web_files import copy_web_file
from workbench.store.remote_objects import ObjectVersion

CONTENT = os.urandom(1_000_000)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_files, "CHUNK", 1 << 16)


def fetch(
    url: str, target: Path, known: ObjectVersion | None = None
) -> tuple[ObjectVersion | None, str]:
    with Copy(target, Event()) as copy:
        return copy_web_file(parse_address(url), copy, known), copy.sha256


def test_a_file_arrives_with_its_hash_and_version(web: WebServer, tmp_path: Path) -> None:
    web.pages["/a.bin"] = Page(CONTENT)
    version, sha256 = fetch(f"{web.url}/a.bin", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert version == ObjectVersion(len(CONTENT), OLD, '"1"')
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_file_without_a_length_arrives(web: WebServer, tmp_path: Path) -> None:
    web.pages["/a.bin"] = Page(CONTENT, is_measured=False)
    fetch(f"{web.url}/a.bin", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize("is_measured", [True, False])
@pytest.mark.parametrize("has_ranges", [True, False])
@pytest.mark.parametrize("etag", ['"1"', 'W/"1"', None])
@pytest.mark.parametrize("modified", [OLD, None])
def test_a_file_whose_line_breaks_arrives_whole(
    web: WebServer,
    tmp_path: Path,
    is_measured: bool,
    has_ranges: bool,
    etag: str | None,
    modified: int | None,
) -> None:
    page = Page(CONTENT, etag, modified, cuts=2, is_measured=is_measured, has_ranges=has_ranges)
    web.pages["/a.bin"] = page
    _, sha256 = fetch(f"{web.url}/a.bin", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert page.cuts == 0


def test_what_came_before_the_line_broke_is_not_sent_again(web: WebServer, tmp_path: Path) -> None:
    web.pages["/a.bin"] = Page(CONTENT, cuts=3)
    fetch(f"{web.url}/a.bin", tmp_path / "a")
    # What is read of a block before the line breaks may be lost; never what was written.
    assert web.sent < 1.6 * len(CONTENT)


def test_a_file_that_changes_between_two_parts_is_read_from_its_start(
    web: WebServer, tmp_path: Path
) -> None:
    page = web.pages["/a.bin"] = Page(CONTENT, cuts=1)
    new = bytes(reversed(CONTENT))

    class Changing(Copy):
        def pause(self, seconds: float) -> None:
            super().pause(seconds)
            page.content, page.etag, page.modified = new, '"2"', OLD + 5

    with Changing(tmp_path / "a", Event()) as copy:
        version = copy_web_file(parse_address(f"{web.url}/a.bin"), copy, None)
    assert (tmp_path / "a").read_bytes() == new
    assert version == ObjectVersion(len(new), OLD + 5, '"2"')


def test_a_line_that_always_breaks_is_given_up(web: WebServer, tmp_path: Path) -> None:
    web.pages["/a.bin"] = Page(b"x" * 100, etag=None, modified=None, cuts=1000)
    with pytest.raises(UnreachableError, match="broke off"):
        fetch(f"{web.url}/a.bin", tmp_path / "a")


@pytest.mark.parametrize("statuses", [[503], [500, 502, 504], [429, 408]])
def test_a_busy_server_is_asked_again(web: WebServer, tmp_path: Path, statuses: list[int]) -> None:
    web.pages["/a.csv"] = Page(b"id\n1\n", statuses=list(statuses))
    fetch(f"{web.url}/a.csv", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"id\n1\n"
    assert len(web.asked) == len(statuses) + 1


@pytest.mark.parametrize(
    ("status", "said"),
    [(404, "there is no file"), (410, "there is no file"), (403, "may not be read"), (401, "may not be read"),
     (400, "cannot be read"), (304, "cannot be read")],
)  # fmt: skip
def test_a_refusal_is_said_at_once(web: WebServer, tmp_path: Path, status: int, said: str) -> None:
    web.pages["/a.csv"] = Page(statuses=[status] * 9)
    with pytest.raises(LogFileError, match=said) as caught:
        fetch(f"{web.url}/a.csv", tmp_path / "a")
    assert caught.value.hint
    assert f"HTTP {status}" in caught.value.message
    assert len(web.asked) == 1


def test_a_file_of_the_known_version_is_not_sent(web: WebServer, tmp_path: Path) -> None:
    page = web.pages["/a.bin"] = Page(CONTENT)
    version, _ = fetch(f"{web.url}/a.bin", tmp_path / "a")
    web.sent = 0
    assert fetch(f"{web.url}/a.bin", tmp_path / "b", version)[0] is None
    assert web.sent == 0
    page.etag, page.content = '"2"', b"new"
    fetch(f"{web.url}/a.bin", tmp_path / "c", version)
    assert (tmp_path / "c").read_bytes() == b"new"


def test_without_a_tag_time_and_size_tell_the_version(web: WebServer, tmp_path: Path) -> None:
    page = web.pages["/a.bin"] = Page(b"old!", etag=None)
    version, _ = fetch(f"{web.url}/a.bin", tmp_path / "a")
    assert fetch(f"{web.url}/a.bin", tmp_path / "b", version)[0] is None
    page.content, page.modified = b"new!", OLD + 1
    assert fetch(f"{web.url}/a.bin", tmp_path / "c", version)[0] is not None
    assert (tmp_path / "c").read_bytes() == b"new!"


def test_redirects_are_followed_over_https(web: WebServer, tmp_path: Path) -> None:
    web.pages["/a.csv"] = Page(b"id\n1\n")
    web.pages["/b"] = Page(location="/a.csv")
    web.pages["/c"] = Page(location=f"{web.url}/b")
    fetch(f"{web.url}/c", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"id\n1\n"


@pytest.mark.parametrize(
    "location",
    ["http://example.com/a.csv", "file:///etc/passwd", "ftp://host/a", "//example.com:x/"],
)
def test_a_redirect_off_the_encrypted_line_is_refused(
    web: WebServer, tmp_path: Path, location: str
) -> None:
    web.pages["/a.csv"] = Page(location=location)
    with pytest.raises(LogFileError):
        fetch(f"{web.url}/a.csv", tmp_path / "a")
    assert len(web.asked) <= web_files._TRIES
    assert (tmp_path / "a").read_bytes() == b""


def test_redirects_without_end_are_given_up(web: WebServer, tmp_path: Path) -> None:
    web.pages["/a.csv"] = Page(location="/a.csv")
    with pytest.raises(LogFileError, match="without end"):
        fetch(f"{web.url}/a.csv", tmp_path / "a")
    assert len(web.asked) < 10


def test_a_certificate_that_is_not_trusted_is_refused(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    web.pages["/a.csv"] = Page(b"id\n1\n")
    with pytest.raises(LogFileError, match="certificate is not trusted") as caught:
        fetch(f"{web.url}/a.csv", tmp_path / "a")
    assert "SSL_CERT_FILE" in caught.value.hint
    assert web.asked == []


def test_http_is_for_this_machine(tmp_path: Path) -> None:
    with web_server(tmp_path, is_encrypted=False) as server:
        server.pages["/a.csv"] = Page(b"id\n1\n")
        fetch(f"{server.url}/a.csv", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"id\n1\n"


def test_user_and_password_are_sent_to_the_server_that_they_are_for(
    web: WebServer, tmp_path: Path
) -> None:
    with web_server(tmp_path, is_encrypted=False) as other:
        other.pages["/a.csv"] = Page(b"id\n1\n")
        web.pages["/a.csv"] = Page(location=other.url.replace("127.0.0.1", "localhost") + "/a.csv")
        fetch(web.url.replace("//", "//me:pass%20word@") + "/a.csv", tmp_path / "a")
    assert web.asked[0][1]["Authorization"] == "Basic bWU6cGFzcyB3b3Jk"
    assert "Authorization" not in other.asked[0][1]


def test_a_packed_file_stays_packed(web: WebServer, tmp_path: Path) -> None:
    web.pages["/a.csv.gz"] = Page(gzip.compress(b"id\n1\n"))
    fetch(f"{web.url}/a.csv.gz", tmp_path / "a")
    assert gzip.decompress((tmp_path / "a").read_bytes()) == b"id\n1\n"


@pytest.mark.parametrize("host", ["127.0.0.1:9", "no-such-host.invalid"])
def test_a_host_that_is_not_there_is_said(web: WebServer, tmp_path: Path, host: str) -> None:
    with pytest.raises(UnreachableError, match="cannot be reached"):
        fetch(f"https://{host}/a.csv", tmp_path / "a")


def test_a_server_that_says_nothing_is_not_waited_for(
    web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_files, "_TIMEOUTS", (0.2, 0.2))
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(UnreachableError, match="did not answer in time"),
    ):
        fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/a.csv", tmp_path / "a")
    web.pages["/a.bin"] = Page(b"x" * 1000, stalls=True)
    with pytest.raises(UnreachableError):
        fetch(f"{web.url}/a.bin", tmp_path / "b")


def test_a_copy_that_is_stopped_ends(web: WebServer, tmp_path: Path) -> None:
    web.pages["/a.bin"] = Page(zeros=1 << 40)
    stop, ended = Event(), []

    def run() -> None:
        with Copy(tmp_path / "a", stop) as copy:
            try:
                copy_web_file(parse_address(f"{web.url}/a.bin"), copy, None)
            except (StoppedError, LogFileError) as error:
                ended.append(error)

    web.pages["/a.bin"].is_measured = False
    thread = Thread(target=run)
    thread.start()
    stop.set()
    thread.join(30)
    assert isinstance(ended[0], StoppedError)


def test_a_disk_that_takes_no_more_ends_the_copy(web: WebServer, tmp_path: Path) -> None:
    web.pages["/a.bin"] = Page(CONTENT, is_measured=False)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 17, hard))
    try:
        with pytest.raises(StoreError, match="cannot write to the store") as caught:
            fetch(f"{web.url}/a.bin", tmp_path / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.hint


def test_no_message_holds_a_secret_of_the_url(web: WebServer, tmp_path: Path) -> None:
    web.pages["/denied.csv"] = Page(statuses=[403])
    canary = "Zx9canary"
    urls = [
        web.url.replace("//", f"//me:{canary}@") + "/denied.csv?sig=" + canary,
        web.url + "/none.csv?X-Amz-Signature=" + canary,
        f"https://me:{canary}@127.0.0.1:9/a.csv?token={canary}",
    ]
    for url in urls:
        with pytest.raises(LogFileError) as caught:
            fetch(url, tmp_path / "a")
        assert canary not in caught.value.message + caught.value.hint
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
