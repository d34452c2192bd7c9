"""Which URL did the user mean, and what of it may be shown? No secret of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from workbench.errors import LogFileError

S3, GS, AZ, WEB = "s3", "gs", "az", "https"
_SCHEMES = {
    "s3": S3, "s3a": S3, "gs": GS, "gcs": GS, "az": AZ, "abfs": AZ, "abfss": AZ, "https": WEB, "http": WEB,
}  # fmt: skip
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_QUERY = re.compile(r"\?[^/]*=")
"""What tells a query from a `?` that stands for any character of an object's name."""
_SECRET_NAME = re.compile(
    r"token|secret|signature|passw|pwd|credential|api.?key|access.?key|auth|session"
    r"|^(sig|key|code|jwt|x-amz-.*|x-goog-.*|x-ms-.*)$"
)
_BESIDE_A_SECRET = frozenset(
    (
        "expires", "policy", "key-pair-id", "googleaccessid", "awsaccesskeyid", "sv", "se", "st", "sp", "sr",
        "spr", "ss", "srt", "sip", "sdd", "skoid", "sktid", "skt", "ske", "sks", "skv",
    )
)  # fmt: skip
"""Parts of a signature that are no secret by themselves, and change with each signing."""
_SECRET_VALUE = re.compile(r"(eyJ|AKIA|ASIA|ghp_|xox)\S{8,}|[A-Za-z0-9+_%=~-]{40,}")
_LONGEST_NAME = 200
"""Bytes of a file name; file systems allow 255, and endings are added to it."""


@dataclass(frozen=True)
class Address:
    """A URL, taken apart."""

    service: str
    """S3, GS, AZ or WEB."""
    shown: str
    """The URL without any secret, as it is printed and stored."""
    place: str
    """The bucket, the container or the host."""
    key: str
    """The object's name in it, or the decoded path of a web address."""
    is_whole: bool = True
    """Whether `shown` is all of it; two addresses that differ in a secret look alike."""
    account: str = ""
    """The storage account, where an Azure URL names it."""
    url: str = field(default="", repr=False)
    """A web address to ask for, without user and password."""
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The last part, which messages call the file by."""
        return self.key.rstrip("/").rpartition("/")[2] or self.place

    def sibling(self, key: str) -> Address:
        """Another object of the same place."""
        start = self.shown.removesuffix(self.key) if self.key else f"{self.shown.rstrip('/')}/"
        return Address(
            self.service, start + key, self.place, key, self.is_whole, self.account,
            user=self.user, password=self.password,
        )  # fmt: skip


def is_url(given: str | Path) -> bool:
    """Whether a path is a URL of any scheme."""
    return isinstance(given, str) and _URL.match(given) is not None


def parse_address(url: str) -> Address:
    """Takes a URL apart.

    Raises:
        LogFileError: it is of another scheme, cannot be understood, or would send what it
            carries over an open line.
    """
    scheme, _, rest = url.partition("://")
    service = _SCHEMES.get(scheme.lower())
    if service is None:
        raise LogFileError(
            f"{redacted(url)} is of a scheme that cannot be read",
            "Use s3://, gs://, az:// or https://, or the plain path of a file.",
        )
    if service == WEB:
        return _web_address(url)
    place, _, key = rest.partition("/")
    user, password, account = "", "", ""
    if service == AZ:
        place, at, host = place.partition("@")
        account = host.partition(".")[0] if at else ""
    elif "@" in place:
        user, _, place = place.rpartition("@")
        user, _, password = user.partition(":")
    if not place or ":" in place or _QUERY.search(rest):
        raise LogFileError(
            f"{redacted(url)} cannot be read: it names no {'container' if service == AZ else 'bucket'}, "
            "or carries a query",
            "Write SCHEME://BUCKET/NAME, and give credentials by the environment.",
        )
    return Address(
        service, redacted(url), place, key, not user, account,
        user=unquote(user), password=unquote(password),
    )  # fmt: skip


def _web_address(url: str) -> Address:
    shown = redacted(url)
    bad = LogFileError(f"{shown} is no web address", "Write https://HOST/PATH.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise bad from None
    if not host:
        raise bad
    require_private_line(url, shown)
    bare = f"[{host}]" if ":" in host else host
    where = bare if port is None else f"{bare}:{port}"
    query = f"?{parts.query}" if parts.query else ""
    plain = f"{parts.scheme.lower()}://{where}{parts.path or '/'}{query}"
    return Address(
        WEB, shown, where, unquote(parts.path).lstrip("/"), shown == url.partition("#")[0],
        url=plain, user=unquote(parts.username or ""), password=unquote(parts.password or ""),
    )  # fmt: skip


def require_private_line(url: str, shown: str) -> None:
    """Refuses a URL that is neither https nor of this machine.

    Raises:
        LogFileError: it is http to another machine, or no web address.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() == "https":
        return
    if parts.scheme.lower() != "http":
        raise LogFileError(
            f"{shown} leads to an address that is not of the web", "Give the address of the file."
        )
    if not is_this_machine(parts.hostname or ""):
        raise LogFileError(
            f"{shown} would be fetched over http, which anyone on the way can read and change",
            "Use https:// (http:// is for this machine only).",
        )


def is_this_machine(host: str) -> bool:
    """Whether a host name is that of the loopback interface."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def redacted(url: str) -> str:
    """A URL without user, password, fragment and what looks like a secret in its query.

    >>> redacted("https://me:pw@host/a.csv?day=2&X-Amz-Signature=ab&X-Amz-Date=1#x")
    'https://host/a.csv?day=2'
    >>> redacted("az://box@account.dfs.core.windows.net/a.csv?sv=1&sig=ab")
    'az://box@account.dfs.core.windows.net/a.csv'
    """
    scheme, mark, rest = url.partition("://")
    service = _SCHEMES.get(scheme.lower(), WEB)
    end = min((rest.find(c) for c in "/?#" if c in rest), default=len(rest))
    authority, tail = rest[:end], rest[end:]
    user, at, host = authority.rpartition("@")
    if at and service == AZ and ":" not in user:
        host = authority
    bare = re.sub(r"^\[[0-9A-Fa-f:.]*\]", "", host)
    if re.search(r":(?!\d*$)" if service == WEB else ":", bare):
        # A password with a / in it: where it ends cannot be told.
        return f"{scheme}{mark}…"
    if service == WEB:
        tail = tail.partition("#")[0]
    elif not _QUERY.search(tail):
        return f"{scheme}{mark}{host}{tail}"
    path, _, query = tail.partition("?")
    kept = _without_secrets(query)
    return f"{scheme}{mark}{host}{path}{'?' if kept else ''}{kept}"


def _without_secrets(query: str) -> str:
    parts = [part for part in re.split(r"[&;]", query) if part]
    kept = [part for part in parts if not _is_secret(part)]
    if len(kept) < len(parts):
        kept = [p for p in kept if p.partition("=")[0].lower() not in _BESIDE_A_SECRET]
    return "&".join(kept)


def _is_secret(part: str) -> bool:
    name, mark, value = part.partition("=")
    decoded = unquote(value if mark else name)
    return (
        _SECRET_NAME.search(unquote(name).lower()) is not None
        or _SECRET_VALUE.fullmatch(decoded) is not None
    )


def local_path(folder: Path, address: Address) -> Path:
    """Where a copy of it lies below a folder: its URL's own path, made safe as file names."""
    parts = [part for part in (address.place, *address.key.split("/")) if part]
    return folder.joinpath(*(_file_name(part) for part in parts))


def _file_name(part: str) -> str:
    name = part.replace("\0", "_").replace("/", "_")
    raw = name.encode("utf-8", "replace")
    if len(raw) > _LONGEST_NAME:  # the end says the format
        name = raw[-_LONGEST_NAME:].decode("utf-8", "ignore")
    return "_" if name in {".", "..", ""} else name
