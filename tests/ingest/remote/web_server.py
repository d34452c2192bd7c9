"""A web server with a certificate of its own, for tests: it counts, and it misbehaves as asked."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_BLOCK = 1 << 16
OLD = 1_700_000_000


@dataclass
class Page:
    """What lies at a path, and how the server treats who asks for it."""

    content: bytes = b""
    etag: str | None = '"1"'
    modified: int | None = OLD
    zeros: int = 0
    """Bytes of nothing, made as they are sent, instead of a content."""
    cuts: int = 0
    """How many answers still break off in the middle."""
    statuses: list[int] = field(default_factory=list)
    """Answers to give first, one after the other."""
    location: str = ""
    is_measured: bool = True
    """Whether the answer says its length."""
    has_ranges: bool = True
    stalls: bool = False
    """Whether the second half never comes."""


@dataclass
class WebServer:
    """The server, and what was asked of it."""

    url: str
    certificate: Path
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """(path with query, headers) of every request."""
    sent: int = 0
    """Bytes of content."""
    stop: threading.Event = field(default_factory=threading.Event)


@contextmanager
def web_server(folder: Path, *, is_encrypted: bool = True) -> Iterator[WebServer]:
    """The server on a free port of this machine."""
    certificate = folder / "authority.pem"
    key = _make_certificate(certificate)
    state = WebServer("", certificate)
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    http.daemon_threads = True
    if is_encrypted:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        http.socket = context.wrap_socket(http.socket, server_side=True)
    scheme = "https" if is_encrypted else "http"
    state.url = f"{scheme}://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.stop.set()
        http.shutdown()
        thread.join()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    state: WebServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Says nothing."""

    def do_GET(self) -> None:
        with suppress(OSError):
            self._answer()

    def _answer(self) -> None:
        self.state.asked.append((self.path, dict(self.headers)))
        page = self.state.pages.get(self.path.partition("?")[0])
        if page is None:
            return self._say(404)
        if page.statuses:
            return self._say(page.statuses.pop(0))
        if page.location:
            return self._say(302, {"Location": page.location})
        tags = {}
        if page.etag is not None:
            tags["ETag"] = page.etag
        if page.modified is not None:
            tags["Last-Modified"] = formatdate(page.modified, usegmt=True)
        if page.etag is not None and self.headers.get("If-None-Match") == page.etag:
            return self._say(304, tags)
        size = page.zeros or len(page.content)
        start = self._start(page, tags)
        if start:
            tags["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
        self.send_response(206 if start else 200)
        if page.is_measured:
            tags["Content-Length"] = str(size - start)
        else:
            tags["Transfer-Encoding"] = "chunked"
        for name, value in tags.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(page, start, size)
        return None

    def _start(self, page: Page, tags: dict[str, str]) -> int:
        asked = self.headers.get("Range", "")
        same = self.headers.get("If-Range") in tags.values()
        return int(asked[6:-1]) if asked and same and page.has_ranges else 0

    def _send(self, page: Page, start: int, size: int) -> None:
        end = size
        is_cut = page.cuts > 0
        if is_cut:
            page.cuts -= 1
        if is_cut or page.stalls:
            end = start + (size - start) // 2
        for at in range(start, end, _BLOCK):
            length = min(_BLOCK, end - at)
            block = bytes(length) if page.zeros else page.content[at : at + length]
            self.state.sent += length
            if page.is_measured:
                self.wfile.write(block)
            else:
                self.wfile.write(b"%x\r\n%s\r\n" % (length, block))
        if page.stalls:
            self.wfile.flush()
            self.state.stop.wait(60)
        if is_cut or page.stalls:
            self.close_connection = True
        elif not page.is_measured:
            self.wfile.write(b"0\r\n\r\n")

    def _say(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", "0")
        self.end_headers()


def _make_certificate(path: Path) -> Path:
    """Writes a certificate for this machine that signs itself; returns its key's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = path.with_suffix(".key")
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return secret
