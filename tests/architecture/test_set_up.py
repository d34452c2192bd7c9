"""What a fresh clone needs is pinned, and an old Python is told so in words."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text("utf-8").splitlines()


def plain(requirement: str) -> str:
    """The name that a requirement is for, as the index spells it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def test_the_lock_holds_exact_versions_and_no_place_to_download_from() -> None:
    assert len(LOCK) > 100
    for line in LOCK:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.+!]*( ; [^@/]+)?", line), line


def test_the_lock_holds_everything_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wanted = {
        *map(plain, project["project"]["dependencies"]),
        *map(plain, project["project"]["optional-dependencies"]["demo"]),
        *map(plain, project["dependency-groups"]["dev"]),
        *map(plain, project["build-system"]["requires"]),
    }

    assert wanted - {plain(line) for line in LOCK} == set()


def test_the_first_file_that_runs_is_read_by_an_old_python() -> None:
    ast.parse((ROOT / "bootstrap.py").read_text("utf-8"), feature_version=(3, 6))


def test_an_old_python_is_told_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    import bootstrap

    monkeypatch.setattr(bootstrap, "OLDEST", (sys.version_info[0], sys.version_info[1] + 1))
    with pytest.raises(bootstrap.SetupError, match=r"or newer is needed, and this is 3\."):
        bootstrap.check_python()


def test_without_a_command_it_says_what_it_can_do(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "bootstrap.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "bootstrap.py demo" in result.stdout
    assert "bootstrap.py test" in result.stdout
