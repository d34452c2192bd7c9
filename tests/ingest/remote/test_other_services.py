"""Google's and Azure's stores: read from an emulator where there is one, and said to be away."""

from __future__ import annotations

import http.server
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

import polars as pl
import pytest
from gcp_storage_emulator.server import create_server

from tests.logs import Site, binary_log
from workbench.domain.ingested import RowCounts
from workbench.errors import LogFileError
from workbench.ingest import object_services
from workbench.ingest.addresses import parse_address
from workbench.ingest.loading import ingest_files
from workbench.ingest.object_stores import ObjectStore

CANARY = "Zx9canaryZx9canaryZx9canaryZx9canaryZx9canary"


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an emulator with an empty bucket, `logs`."""
    monkeypatch.setattr(http.server, "HTTPServer", http.server.ThreadingHTTPServer)
    logging.getLogger("gcp_storage_emulator").setLevel(logging.CRITICAL)
    server = create_server("127.0.0.1", 0, in_memory=True, default_bucket="logs")
    server.start()
    port = server._api._httpd.server_address[1]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    yield f"http://127.0.0.1:{port}"
    server.stop()


def put(google: str, key: str, content: bytes) -> None:
    url = f"{google}/upload/storage/v1/b/logs/o?uploadType=media&name={quote(key, safe='')}"
    urlopen(Request(url, content, {"Content-Type": "text/csv"}, method="POST")).read()  # noqa: S310


def test_objects_of_google_are_listed_and_read(site: Site, google: str, tmp_path: Path) -> None:
    log = binary_log(300)
    for day in range(3):
        path = tmp_path / "part.csv"
        log.slice(day * 100, 100).write_csv(path)
        put(google, f"exports/2024-02-0{day + 1}/part.csv", path.read_bytes())
    put(google, "exports/2024-02-01/note.txt", b"x")
    (first,) = ingest_files(site.context, ["gs://logs/exports/2024-02-01/part.csv"]).files
    assert (first.path, first.counts) == (
        "gs://logs/exports/2024-02-01/part.csv", RowCounts(rows_read=100, rows_stored=100),
    )  # fmt: skip
    result = ingest_files(
        site.context, ["gs://logs/exports/2024-02-0[12]/*.csv", "gs://logs/exports"]
    )
    assert [(file.path[-19:], file.status) for file in result.files] == [
        ("2024-02-01/part.csv", "already_ingested"), ("2024-02-02/part.csv", "stored"),
        ("2024-02-03/part.csv", "stored"),
    ]  # fmt: skip
    assert result.counts == RowCounts(rows_read=300, rows_stored=200, rows_duplicate=100)
    log.slice(0, 100).with_columns(x=pl.lit(1.5)).write_csv(tmp_path / "part.csv")
    put(google, "exports/2024-02-01/part.csv", (tmp_path / "part.csv").read_bytes())
    again = ingest_files(site.context, ["gs://logs/exports"])
    assert [file.status for file in again.files] == ["stored", *["already_ingested"] * 2]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("gs://logs/none.csv", "there is no object gs://logs/none.csv"),
        ("gs://logs/*.parquet", "nothing matches"),
        ("gs://no-bucket/a.csv", "there is no bucket no-bucket"),
    ],
)
def test_what_google_does_not_have_is_said(google: str, url: str, said: str) -> None:
    address = parse_address(url)
    with pytest.raises(LogFileError, match=re.escape(said)) as caught:
        ObjectStore.of(address).find(address)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("url", "environment"),
    [
        ("gs://logs/a.csv", {"STORAGE_EMULATOR_HOST": "127.0.0.1:9"}),
        (
            "az://box/a.csv",
            {
                "AZURE_STORAGE_CONNECTION_STRING": "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
                f"AccountKey={CANARY}aaa;BlobEndpoint=http://127.0.0.1:9/devstoreaccount1;"
            },
        ),
        (
            "abfs://box@devstoreaccount1.dfs.core.windows.net/a.csv",
            {
                "AZURE_STORAGE_CONNECTION_STRING": f"SharedAccessSignature=sv=1&sig={CANARY};"
                "BlobEndpoint=http://127.0.0.1:9/devstoreaccount1"
            },
        ),
    ],
)
def test_a_service_that_is_not_there_is_said_without_secrets(
    url: str, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_services, "_RETRY_SECONDS", 1)
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    address = parse_address(url)
    with pytest.raises(LogFileError, match="cannot be reached") as caught:
        ObjectStore.of(address).find(address)
    assert url in caught.value.message
    assert caught.value.hint
    assert CANARY not in caught.value.message + caught.value.hint


def test_a_key_that_is_none_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "devstoreaccount1")
    monkeypatch.setenv("AZURE_STORAGE_KEY", CANARY)
    address = parse_address("az://box/a.csv")
    with pytest.raises(LogFileError, match="may not be read") as caught:
        ObjectStore.of(address).find(address)
    assert "AZURE_STORAGE_KEY" in caught.value.hint
    assert CANARY not in caught.value.message


def test_azure_needs_to_know_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    with pytest.raises(LogFileError, match="which storage account") as caught:
        ObjectStore.of(parse_address("az://box/a.csv"))
    assert "AZURE_STORAGE_ACCOUNT" in caught.value.hint


@pytest.mark.parametrize(
    "environment",
    [
        {"AZURE_STORAGE_ACCOUNT": "acc", "AZURE_STORAGE_KEY": "Zm9v"},
        {"AZURE_STORAGE_ACCOUNT_NAME": "acc", "AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=x"},
        {"AZURE_STORAGE_ACCOUNT": "acc", "AZURE_NO_SIGN_REQUEST": "1"},
        {"AZURE_STORAGE_CONNECTION_STRING": "AccountName=acc;AccountKey=Zm9v;EndpointSuffix=x"},
    ],
)
def test_azure_takes_the_account_from_the_environment(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("AZURE_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ObjectStore.of(parse_address("az://box/a.csv")).files.type_name == "abfs"
