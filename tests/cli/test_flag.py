"""`flag`: a model that is to be redesigned, until it is lifted."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import workbench as package
from tests.cli.command import done, make_workspace, workbench
from workbench.workspace.flagging import standing_flag


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("flag") / "ws")


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "ws")
    return tmp_path / "ws"


def status(root: Path, *options: str) -> Any:
    return done("-C", root, *options, "status", "--json").document["models"][0]


def flagged(root: Path) -> bool:
    with package.open(root) as ws:
        return standing_flag(ws, "m") is not None


def test_a_flag_opens_an_incident_stands_in_the_status_and_is_lifted(root: Path) -> None:
    assert status(root)["flagged"] is False
    made = done(
        "-C", root, "flag", "m", "--reason", "no [b]weather[/b]", "--author", "ann", "--json"
    )
    assert made.document["incident"] == "INC-1"
    assert status(root)["flagged"] is True
    assert status(root)["flag"]["who"] == "ann"
    assert flagged(root)
    said = done("-C", root, "status").out
    assert "flagged for redesign by ann" in said
    assert "no [b]weather[/b]" in said

    done("-C", root, "flag", "m", "--lift", "--reason", "it has it now", "--author", "bob")
    assert status(root)["flagged"] is False
    assert not flagged(root)
    incident = done("-C", root, "incident", "show", "1", "--json").document
    assert incident["state"] == "open"
    assert [e["text"] for e in incident["entries"]] == [
        "flagged for redesign: no [b]weather[/b]", "flag lifted: it has it now",
    ]  # fmt: skip


def test_an_open_incident_is_updated_and_none_is_opened(root: Path) -> None:
    done("-C", root, "incident", "open", "m", "late")
    done("-C", root, "flag", "m", "--reason", "x")
    (one,) = done("-C", root, "incident", "list", "--json").document["incidents"]
    assert [e["text"] for e in one["entries"]] == ["late", "flagged for redesign: x"]


def test_it_is_flagged_once_and_lifted_once(root: Path) -> None:
    workbench("-C", root, "flag", "m", "--lift", "--reason", "x").assert_refused("not flagged")
    done("-C", root, "flag", "m", "--reason", "first", "--author", "ann")
    workbench("-C", root, "flag", "m", "--reason", "again").assert_refused(
        "already, by ann", "first"
    )
    workbench("-C", root, "flag", "m", "--reason", " ").assert_refused("empty")
    assert workbench("-C", root, "flag", "m").code == 2
    decided = done("-C", root, "model", "history", "m", "--json").document["decisions"]
    assert [d["kind"] for d in decided] == ["flag"]


def test_the_newest_verdict_is_the_evidence(root: Path) -> None:
    verdict = done("-C", root, "triage", "m", "--json").document
    made = done("-C", root, "flag", "m", "--reason", "x", "--json").document
    assert made["evidence"]["verdict"]["id"] == verdict["id"]
    assert made["evidence"]["verdict"]["verdict"] == verdict["verdict"]


def test_as_of_a_moment_before_it_nothing_is_flagged(root: Path) -> None:
    before = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    done("-C", root, "flag", "m", "--reason", "x")
    assert status(root, "--as-of", before)["flagged"] is False
    workbench("-C", root, "--as-of", before, "flag", "m", "--reason", "x").assert_refused("now")
