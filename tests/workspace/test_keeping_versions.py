"""What `doctor` says of git, DVC and the remote."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.diff.repositories import three_versions
from workbench.diff.git_repository import initialise_git
from workbench.workspace.keeping_versions import check_data_versions


def test_without_git_it_says_what_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = check_data_versions(tmp_path)
    assert found.status == "warning"
    assert "git is not installed: `data track`" in found.detail
    assert found.hint


def test_that_no_versions_are_kept_is_well(tmp_path: Path) -> None:
    assert check_data_versions(tmp_path).status == "ok"
    initialise_git(tmp_path)
    assert check_data_versions(tmp_path).status == "ok"


def test_a_repository_is_looked_at(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    three_versions(root)
    found = check_data_versions(root)
    assert (found.status, found.detail) == (
        "ok",
        "tables have versions in git and DVC, remote workspace",
    )

    config = root / ".dvc" / "config"
    whole = config.read_text(encoding="utf-8")
    config.write_text("[core]\n    analytics = false\n", encoding="utf-8")
    assert "no remote is set up" in check_data_versions(root).detail
    config.write_text(whole.replace("../.workbench/dvc/remote", "/mnt/none/here"), encoding="utf-8")
    assert "/mnt/none/here" in check_data_versions(root).detail
    config.write_text("x", encoding="utf-8")
    assert "cannot read the settings" in check_data_versions(root).detail
    config.write_text(whole, encoding="utf-8")
    shutil.rmtree(root / ".git")
    found = check_data_versions(root)
    assert (found.status, bool(found.hint)) == ("warning", True)
    assert "without a commit" in found.detail
