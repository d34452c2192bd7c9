"""`workbench notebook` lists the notebooks, and serves one to this machine only."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.report.site import MODEL
from workbench.cli.notebook import marimo_command
from workbench.workspace import Workspace

COMMAND = [sys.executable, "-c", "from workbench.cli.main import run; run()", "notebook"]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """The command's result, in a process of its own."""
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, timeout=60
    )


def test_without_a_name_it_lists_the_notebooks() -> None:
    assert "drift" in run().stdout
    listed = json.loads(run("--json").stdout)["notebooks"]
    assert [entry["name"] for entry in listed] == ["drift"]
    assert listed[0]["question"].startswith("Which inputs of a model moved")


def test_an_unknown_notebook_or_model_is_told_before_anything_starts(incident: Workspace) -> None:
    for words, message in (
        (["drfit"], "error: there is no notebook 'drfit'"),
        (["drift", "--model", "nobody"], "error: there is no model 'nobody'"),
    ):
        done = run("-C", str(incident.root), *words)
        assert done.returncode == 1
        assert done.stderr.startswith(message)


def test_arguments_that_look_like_options_stay_values() -> None:
    words = marimo_command(Path("n.py"), {"model": "--port", "period": None}, None, headless=True)
    assert words[words.index("--") + 1 :] == ["--model=--port"]
    assert words[words.index("--host") + 1] == "127.0.0.1"
    assert "--token" in words


@pytest.fixture
def address(incident: Workspace) -> Iterator[str]:
    """The address that a served notebook prints."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["drift", "--headless", "--port", str(port), "-C", str(incident.root), "--model", MODEL]
    with subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                found = re.search(r"http://\S+", line)
                if found:
                    yield found.group()
                    break
            else:
                pytest.fail("no address was printed")
        finally:
            # Both are interrupted, as a terminal would.
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=20)


def wait_until_it_listens(port: int) -> None:
    """Returns once the port takes connections: the address is printed a little before."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the notebook does not listen")


def answer(port: int, path: str) -> http.client.HTTPResponse:
    """The answer to one request, redirects not followed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    return connection.getresponse()


def test_only_who_has_the_token_sees_the_page(address: str) -> None:
    port = int(address.rpartition(":")[2].partition("/")[0].partition("?")[0])
    wait_until_it_listens(port)
    token = re.search(r"access_token=([^&\s]+)", address)
    assert token is not None
    for path in ("/", "/?access_token=guessed"):
        refused = answer(port, path)
        assert refused.status != HTTPStatus.OK
        assert str(refused.getheader("location")).startswith("/auth/login")
    let_in = answer(port, f"/?access_token={token.group(1)}")
    assert let_in.getheader("location") == "/"
    assert let_in.getheader("set-cookie")
