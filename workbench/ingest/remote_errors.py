"""Why could an object not be had? What the services say, in the operator's words and without secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from workbench.errors import LogFileError, WorkbenchError
from workbench.ingest.addresses import AZ, GS, S3, Address

_CREDENTIALS = {
    S3: "Check AWS_ACCESS_KEY_ID or AWS_PROFILE; for a public bucket set AWS_NO_SIGN_REQUEST=1.",
    GS: "Check GOOGLE_APPLICATION_CREDENTIALS; for a public bucket set GS_NO_SIGN_REQUEST=1.",
    AZ: "Check AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN; for a public container set "
    "AZURE_NO_SIGN_REQUEST=1.",
}
_ENDPOINTS = {
    S3: "Check the network, AWS_REGION and AWS_ENDPOINT_URL.",
    GS: "Check the network and STORAGE_EMULATOR_HOST.",
    AZ: "Check the network and the account's name.",
}
_DENIED = re.compile(
    r"access.?denied|forbidden|permission.?denied|unauthenticated|unauthorized|\b401\b|\b403\b|"
    r"invalid.?access.?key|signature|expired.?token|invalid.?token|authentication.?failed|"
    r"authorization|credential|base64",
    re.IGNORECASE,
)
_NO_BUCKET = re.compile(
    r"no.?such.?bucket|container.?not.?found|bucket does not exist", re.IGNORECASE
)
_LATE = re.compile(r"curlCode: 28|CURL error \[28\]|timed? ?out|deadline", re.IGNORECASE)
_UNTRUSTED = re.compile(
    r"curlCode: (35|60)\b|CURL error \[(35|60)\]|certificate|SSL", re.IGNORECASE
)
_UNREACHED = re.compile(
    r"NETWORK_CONNECTION|curlCode|CURL error|get a new connection|could not (connect|resolve)|"
    r"connection (reset|refused|closed)|UNAVAILABLE",
    re.IGNORECASE,
)


class UnreachableError(LogFileError):
    """The service did not answer, or stopped in the middle; asking again may help."""


def missing(address: Address) -> LogFileError:
    """The failure of a name that nothing has."""
    return LogFileError(
        f"there is no object {address.shown}",
        "Check the name; what is asked for is one object, all below a /, or a pattern.",
    )


def missing_place(address: Address) -> LogFileError:
    """The failure of a bucket or container that does not exist."""
    what = "container" if address.service == AZ else "bucket"
    return LogFileError(
        f"there is no {what} {address.place}, which {address.shown} is in", "Check its name."
    )


@contextmanager
def translated(address: Address) -> Iterator[None]:
    """Turns what a file system raises inside the block into a `LogFileError`."""
    from pyarrow import ArrowException

    try:
        yield
    except WorkbenchError:
        raise
    except FileNotFoundError:
        raise missing(address) from None
    except (ArrowException, OSError, ValueError) as error:
        raise _meaning(str(error), address) from None


def _meaning(text: str, address: Address) -> LogFileError:
    shown = address.shown
    if _NO_BUCKET.search(text):
        return missing_place(address)
    if _LATE.search(text):
        return UnreachableError(f"{shown} did not answer in time", _ENDPOINTS[address.service])
    if _UNTRUSTED.search(text):
        return LogFileError(
            f"{shown} cannot be read safely: the server's certificate is not trusted",
            "Name the authority's certificate file in SSL_CERT_FILE.",
        )
    if _UNREACHED.search(text):
        return UnreachableError(f"{shown} cannot be reached", _ENDPOINTS[address.service])
    if _DENIED.search(text):
        return LogFileError(f"{shown} may not be read", _CREDENTIALS[address.service])
    return LogFileError(
        f"{shown} cannot be read: {scrubbed(text, address)}", _ENDPOINTS[address.service]
    )


def scrubbed(text: str, address: Address) -> str:
    """The first line of a library's message, without queries and without any credential."""
    line = re.sub(r"\?\S*", "", (text.splitlines() or [""])[0])
    secrets = [address.password] + [
        value
        for name, value in os.environ.items()
        if re.match(r"AWS_|AZURE_|GOOGLE_", name) and re.search(r"KEY|SECRET|TOKEN|STRING", name)
    ]
    for secret in secrets:
        if len(secret) > 3:
            line = line.replace(secret, "…")
    return line[:200]
