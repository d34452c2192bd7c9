"""`doctor` tells where registry and store say different things of the champion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import workbench as package
from tests.candidates import add_candidate, workspace_with_candidate
from tests.cli.command import done, workbench
from workbench.domain.health import Check
from workbench.workspace.keeping_champions import check_champions


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workspace_with_candidate(tmp_path_factory.mktemp("doctor") / "ws")
    add_candidate(root, "3")
    done("-C", root, "promote", "m", "2", "--yes")
    done("-C", root, "promote", "m", "3", "--yes")
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    shutil.copytree(template, tmp_path / "ws")
    return tmp_path / "ws"


def findings(root: Path) -> list[Check]:
    with package.open(root) as ws:
        return list(check_champions(ws, [ws.card("m")]))


def folder(root: Path) -> Path:
    return root / "registry" / "m"


def test_all_is_well_where_both_say_the_same(root: Path) -> None:
    (only,) = findings(root)
    assert (only.status, only.detail) == ("ok", "1 champion of the registry, each recorded")
    checks = done("-C", root, "doctor", "--json").document["checks"]
    assert "champions" in {check["name"] for check in checks}


def test_a_store_that_was_made_anew_lacks_the_decisions_and_gets_them_back(root: Path) -> None:
    shutil.rmtree(root / ".workbench")
    (only,) = findings(root)
    assert "lacks 2 decisions" in only.detail
    assert "promote m 3 --yes" in only.hint
    done("-C", root, "promote", "m", "3", "--yes")
    assert [check.status for check in findings(root)] == ["ok"]
    workbench("-C", root, "promote", "m", "3", "--yes").assert_refused("champion already")


def test_an_older_registry_is_told_and_followed(root: Path) -> None:
    history = folder(root) / "history.jsonl"
    first = history.read_text("utf-8").splitlines(keepends=True)[0]
    history.write_text(first)
    (folder(root) / "champion.json").write_text(first)
    (only,) = findings(root)
    assert only.status == "warning"
    assert "the store has 1 decision about m that the registry lacks" in only.detail
    assert "version 2 all the same" in only.detail


def test_a_champion_without_its_file_is_an_error(root: Path) -> None:
    (folder(root) / "3" / "model.skops").unlink()
    assert [(c.status, "no artifact" in c.detail) for c in findings(root)] == [("error", True)]
    assert workbench("-C", root, "doctor").code == 1


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"path": "x"}', "\xff"])
def test_a_pointer_that_cannot_be_read_is_an_error_with_the_file_named(
    root: Path, text: str
) -> None:
    (folder(root) / "champion.json").write_text(text, encoding="latin-1")
    found = [c for c in findings(root) if c.status == "error"]
    assert len(found) == 1
    assert "champion.json" in found[0].hint
    workbench("-C", root, "rollback", "m", "--yes").assert_refused("champion")
    workbench("-C", root, "promote", "m", "2", "--yes").assert_refused("champion")


def test_a_history_of_another_champion_is_told(root: Path) -> None:
    record = json.loads((folder(root) / "champion.json").read_text("utf-8"))
    lines = (folder(root) / "history.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder(root) / "champion.json").write_text(lines[0])
    assert record["version"] == "3"
    (only,) = findings(root)
    assert "names version 2, and the newest decision of its history is for 3" in only.detail
