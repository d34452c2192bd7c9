"""A real S3 service on this machine for tests: it counts what is asked of it and can misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import boto3
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

KEY_ID, SECRET = "AKIACANARYKEYID00001", "canary/secret+of/the+bucket0000000000000"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": "canary-session-token",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1",
}


@dataclass
class ObjectServer:
    """The service, and what was asked of it."""

    url: str
    asked: list[tuple[str, str]] = field(default_factory=list)
    """(method, path) of every request."""
    signed: list[bool] = field(default_factory=list)
    """Whether each request came with a signature."""
    denied: str = ""
    """What is in the names of objects that may not be read; empty: all may."""
    cuts: int = 0
    """How many downloads still break off in the middle."""

    @property
    def client(self) -> Any:
        """A client that is not the one under test."""
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
        )

    def put(self, bucket: str, key: str, content: bytes) -> None:
        """Stores an object."""
        self.client.put_object(Bucket=bucket, Key=key, Body=content)

    def downloads(self) -> list[str]:
        """The objects whose content was asked for, by their names."""
        return [
            path.split("/", 2)[2]
            for method, path in self.asked
            if method == "GET" and path.count("/") >= 2 and path.split("/", 2)[2]
        ]


@contextmanager
def object_server() -> Iterator[ObjectServer]:
    """The service on a free port of this machine."""
    inner = DomainDispatcherApplication(create_backend_app)
    server = ObjectServer("")

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], unquote(environ["PATH_INFO"])
        server.asked.append((method, path))
        server.signed.append("HTTP_AUTHORIZATION" in environ)
        if server.denied and server.denied in path:
            body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
            start("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"" if method == "HEAD" else body]
        answer: Iterable[bytes] = inner(environ, start)
        if method == "GET" and path.count("/") >= 2 and server.cuts > 0:
            server.cuts -= 1
            return _half(b"".join(answer))
        return answer

    http = make_server("127.0.0.1", 0, application, True, request_handler=MotoRequestHandler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


def _half(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    raise ConnectionResetError
