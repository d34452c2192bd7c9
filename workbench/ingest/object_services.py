"""Which service holds a bucket, and who asks? The file systems of PyArrow, set up from the environment."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from workbench.errors import LogFileError
from workbench.ingest.addresses import AZ, GS, Address

_CONNECT_SECONDS, _REQUEST_SECONDS = 10.0, 60.0
_TRIES = 3
_RETRY_SECONDS = 20
_YES = frozenset({"1", "yes", "true", "on"})


def file_system(address: Address) -> Any:
    """The file system that holds an address's bucket.

    Raises:
        LogFileError: the environment does not say enough.
    """
    if address.service == GS:
        return _google()
    return _azure(address) if address.service == AZ else _amazon(address)


def _amazon(address: Address) -> Any:
    from pyarrow import fs

    endpoint = _first("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    region = _first("AWS_REGION", "AWS_DEFAULT_REGION")
    if not region and not endpoint:
        region = _region_of(address.place)
    options: dict[str, Any] = {"region": region} if region else {}
    if endpoint:
        options["endpoint_override"] = endpoint
    authorities = _first("AWS_CA_BUNDLE", "SSL_CERT_FILE")
    if authorities:
        options["tls_ca_file_path"] = authorities
    if _asked("AWS_NO_SIGN_REQUEST"):
        options["anonymous"] = True
    elif address.user:
        options |= {"access_key": address.user, "secret_key": address.password}
    return fs.S3FileSystem(
        connect_timeout=_CONNECT_SECONDS,
        request_timeout=_REQUEST_SECONDS,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=_TRIES),
        **options,
    )


def _region_of(bucket: str) -> str:
    from pyarrow import fs

    try:
        return str(fs.resolve_s3_region(bucket))
    except OSError:  # the first request will say what is wrong
        return ""


def _google() -> Any:
    from pyarrow import fs

    options: dict[str, Any] = {}
    emulator = _first("STORAGE_EMULATOR_HOST")
    if emulator:
        scheme, mark, host = emulator.rpartition("://")
        options = {"endpoint_override": host, "scheme": scheme if mark else "http"}
    if emulator or _asked("GS_NO_SIGN_REQUEST"):
        options["anonymous"] = True
    return fs.GcsFileSystem(retry_time_limit=timedelta(seconds=_RETRY_SECONDS), **options)


def _azure(address: Address) -> Any:
    from pyarrow import fs

    given = _connection_string(os.environ.get("AZURE_STORAGE_CONNECTION_STRING", ""))
    account = (
        address.account
        or given.get("accountname", "")
        or _first("AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_ACCOUNT_NAME")
    )
    if not account:
        raise LogFileError(
            f"it is not known which storage account holds {address.shown}",
            "Set AZURE_STORAGE_ACCOUNT, or write az://CONTAINER@ACCOUNT.dfs.core.windows.net/NAME.",
        )
    if _asked("AZURE_NO_SIGN_REQUEST"):
        return fs.FileSystem.from_uri(
            f"abfs://{address.place}@{account}.dfs.core.windows.net/?credential_kind=anonymous"
        )[0]
    options: dict[str, Any] = {}
    key = given.get("accountkey", "") or _first(
        "AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_ACCESS_KEY"
    )
    token = given.get("sharedaccesssignature", "") or _first("AZURE_STORAGE_SAS_TOKEN")
    if key:
        options["account_key"] = key
    elif token:
        options["sas_token"] = token
    for service in ("blob", "dfs"):
        endpoint = urlsplit(given.get(f"{service}endpoint", "") or given.get("blobendpoint", ""))
        if endpoint.netloc:
            host = endpoint.netloc.removeprefix(account)
            options[f"{service}_storage_authority"] = host
            options[f"{service}_storage_scheme"] = endpoint.scheme
    return fs.AzureFileSystem(account, **options)


def _connection_string(text: str) -> dict[str, str]:
    parts = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, mark, value in parts if mark}


def _first(*names: str) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _asked(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in _YES
