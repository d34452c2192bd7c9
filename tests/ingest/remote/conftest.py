"""What the tests of remote files share: the services, and a site that asks them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ingest.remote.object_server import ENVIRONMENT, ObjectServer, object_server
from tests.ingest.remote.web_server import WebServer, web_server
from tests.logs import Site, binary_site
from workbench.clock import FixedClock
from workbench.ingest import web_files
from workbench.store.connections import StoreHome


@pytest.fixture
def site(tmp_path: Path, home: StoreHome, clock: FixedClock) -> Site:
    return binary_site(tmp_path, home, clock)


@pytest.fixture(scope="session")
def _objects() -> Iterator[ObjectServer]:
    with object_server() as server:
        yield server


@pytest.fixture
def objects(_objects: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectServer]:
    """An S3 service with one empty bucket, `logs`."""
    for name, value in (ENVIRONMENT | {"AWS_ENDPOINT_URL": _objects.url}).items():
        monkeypatch.setenv(name, value)
    client = _objects.client
    client.create_bucket(Bucket="logs")
    _objects.asked.clear()
    _objects.signed.clear()
    _objects.denied, _objects.cuts = "", 0
    yield _objects
    _objects.denied = ""
    for entry in client.list_objects_v2(Bucket="logs").get("Contents", []):
        client.delete_object(Bucket="logs", Key=entry["Key"])
    client.delete_bucket(Bucket="logs")


@pytest.fixture
def web(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WebServer]:
    """A web server over https that is trusted, asked again without a pause."""
    monkeypatch.setattr(web_files, "_PAUSE", 0.01)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    with web_server(tmp_path_factory.mktemp("web")) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server
