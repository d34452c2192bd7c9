"""How is a file of the web fetched? Over https, resumed where it broke off, and only if it is new."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import requests
from requests import exceptions
from urllib3.exceptions import HTTPError

from workbench.errors import LogFileError
from workbench.ingest.addresses import Address, is_this_machine, require_private_line
from workbench.ingest.copying import CHUNK, Copy, is_same
from workbench.ingest.remote_errors import UnreachableError
from workbench.store.remote_objects import ObjectVersion

_TIMEOUTS = (10.0, 60.0)
"""Seconds to connect, and between two pieces of an answer."""
_TRIES = 4
"""Without any progress between them."""
_PAUSE = 0.5
"""Seconds before the second try; doubled before each further one."""
_LONGEST_PAUSE = 30.0
_REDIRECTS = 5
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
_NETWORK = "Check the network and the host's name."


class _Session(requests.Session):
    """A session that never follows a redirect off an encrypted line."""

    def __init__(self, shown: str) -> None:
        super().__init__()
        self.shown = shown

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is not None:
            require_private_line(urljoin(resp.url, target), f"{self.shown} (redirected)")
        return target


@dataclass
class _Progress:
    """What is known of the file that is being fetched."""

    version: ObjectVersion | None = None
    modified: str = ""
    """As the server wrote it."""
    wait: float = 0.0
    """Seconds that the server asked for."""


def copy_web_file(
    address: Address, copy: Copy, known: ObjectVersion | None
) -> ObjectVersion | None:
    """Fetches a web address; None, and no content, when it is of the known version.

    Raises:
        LogFileError: it cannot be read, or does not fit on the disk.
    """
    progress, failures = _Progress(), 0
    copy.restart()
    with _session(address) as session:
        while True:
            before = copy.written
            try:
                return _attempt(session, address, copy, known, progress)
            except UnreachableError:
                failures = 0 if copy.written > before else failures + 1
                if failures >= _TRIES:
                    raise
            pause = max(progress.wait, _PAUSE * 2 ** max(failures - 1, 0))
            copy.pause(min(pause, _LONGEST_PAUSE))


def _session(address: Address) -> requests.Session:
    session = _Session(address.shown)
    session.max_redirects = _REDIRECTS
    # What the server stores is wanted, not what it would pack for the way.
    session.headers["Accept-Encoding"] = "identity"
    if is_this_machine(urlsplit(address.url).hostname or ""):
        session.trust_env = False  # no proxy
    if address.user or address.password:
        session.auth = (address.user, address.password)
    return session


def _attempt(
    session: requests.Session,
    address: Address,
    copy: Copy,
    known: ObjectVersion | None,
    progress: _Progress,
) -> ObjectVersion | None:
    headers = _conditions(copy, known, progress)
    progress.wait = 0.0
    try:
        with session.get(
            address.url, headers=headers, stream=True, timeout=_TIMEOUTS, verify=_authorities()
        ) as response:
            if response.status_code == 304 and known is not None:
                return None
            _require_success(response, address, progress)
            version = _version(response)
            if _goes_on(response, copy, progress):
                version = progress.version or version
            else:
                copy.restart()
                progress.version = version
                progress.modified = response.headers.get("Last-Modified", "")
                if is_same(version, known):
                    return None
            if version.size is not None:
                copy.require_room(address, version.size - copy.written)
            while chunk := response.raw.read(CHUNK, decode_content=False):
                copy.write(chunk)
    except exceptions.SSLError as error:
        raise _unsafe(address, str(error)) from None
    except exceptions.TooManyRedirects:
        raise LogFileError(
            f"{address.shown} leads from one address to the next without end",
            "Give the address of the file itself.",
        ) from None
    except (exceptions.Timeout, TimeoutError):
        raise UnreachableError(f"{address.shown} did not answer in time", _NETWORK) from None
    except (exceptions.RequestException, HTTPError, OSError):
        what = "broke off" if copy.written else "cannot be reached"
        raise UnreachableError(f"{address.shown} {what}", _NETWORK) from None
    if version.size is not None and copy.written != version.size:
        raise UnreachableError(
            f"{address.shown} broke off: {copy.written:,} of {version.size:,} bytes came", _NETWORK
        )
    return version


def _conditions(copy: Copy, known: ObjectVersion | None, progress: _Progress) -> dict[str, str]:
    """What an attempt asks for: the rest of what has begun to come, or all of what is new."""
    version = progress.version
    if copy.written and version is not None:
        is_exact = version.etag is not None and not version.etag.startswith("W/")
        same = version.etag if is_exact else progress.modified
        if same:
            return {"Range": f"bytes={copy.written}-", "If-Range": same}
    copy.restart()
    return {"If-None-Match": known.etag} if known is not None and known.etag is not None else {}


def _goes_on(response: requests.Response, copy: Copy, progress: _Progress) -> bool:
    """Whether the answer is the rest of what came before; False: it is all of it, from the start.

    Raises:
        UnreachableError: it is a part that was not asked for.
    """
    if response.status_code != 206:
        return False
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    size = progress.version.size if progress.version is not None else None
    if found and int(found[1]) == copy.written and found[2] in {"*", str(size)}:
        return True
    copy.restart()
    raise UnreachableError("the server sent another part than it was asked for", _NETWORK)


def _require_success(response: requests.Response, address: Address, progress: _Progress) -> None:
    status, shown = response.status_code, address.shown
    if status in {200, 206}:
        return
    if status in {401, 403, 407}:
        raise LogFileError(
            f"{shown} may not be read (HTTP {status})",
            "Check the credentials in the URL or in ~/.netrc; a signed URL may have expired.",
        )
    if status in {404, 410}:
        raise LogFileError(f"there is no file {shown} (HTTP {status})", "Check the address.")
    if status in _BUSY or status == 416:
        after = response.headers.get("Retry-After", "")
        progress.wait = float(after) if after.isdecimal() else 0.0
        if status == 416:  # what came before is not of this file any more
            progress.version = None
        raise UnreachableError(f"{shown} cannot be had now (HTTP {status})", "Try again later.")
    raise LogFileError(f"{shown} cannot be read (HTTP {status})", "Check the address.")


def _version(response: requests.Response) -> ObjectVersion:
    size = response.headers.get("Content-Length", "")
    try:
        changed = parsedate_to_datetime(response.headers.get("Last-Modified", ""))
        modified = int(changed.timestamp())
    except (ValueError, TypeError):
        modified = None
    return ObjectVersion(
        int(size) if size.isdecimal() else None, modified, response.headers.get("ETag") or None
    )


def _authorities() -> str | bool:
    """The file of the authorities to trust, where the environment names one."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next((os.environ[name] for name in names if os.environ.get(name)), True)


def _unsafe(address: Address, text: str) -> LogFileError:
    if "certificate" not in text.lower():
        return UnreachableError(f"{address.shown} cannot be reached safely", _NETWORK)
    return LogFileError(
        f"{address.shown} cannot be read safely: the server's certificate is not trusted",
        "Name the authority's certificate file in SSL_CERT_FILE.",
    )
