"""A workspace's DVC repository: real git, real DVC, a pipeline of two small stages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.diff.repositories import git
from workbench.diff.dvc_repository import DvcError, commit, reproduce

PIPELINE = """\
stages:
  first:
    cmd: python first.py
    deps: [first.py]
    outs: [first.txt]
  second:
    cmd: python second.py
    deps: [second.py, first.txt]
    outs: [second.txt]
"""
FIRST = "import sys; print('noise'); open('first.txt', 'w').write(sys.executable)"
SECOND = "open('second.txt', 'w').write(open('first.txt').read().upper())"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a pipeline, on a machine where nobody has told git their name."""
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    data = tmp_path / "it's a workspace" / "data"
    data.mkdir(parents=True)
    for name, text in (("dvc.yaml", PIPELINE), ("first.py", FIRST), ("second.py", SECOND)):
        (data / name).write_text(text, encoding="utf-8")
    return data.parent


def test_runs_what_is_not_up_to_date_with_this_interpreter(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    started: list[str] = []
    assert reproduce(root, "data/dvc.yaml", started.append).ran == ("first", "second")
    assert started == ["first", "second"]
    ran_by = (root / "data" / "first.txt").read_text(encoding="utf-8")
    assert Path(ran_by) == Path(sys.executable)

    assert reproduce(root, "data/dvc.yaml").ran == ()

    (root / "data" / "second.py").write_text(SECOND + " # changed", encoding="utf-8")
    assert reproduce(root, "data/dvc.yaml").ran == ("second",)

    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_settings_and_remote_are_in_the_first_commit(root: Path) -> None:
    reproduce(root, "data/dvc.yaml")
    first = git(root, "rev-list", "--max-parents=0", "HEAD").strip()
    config = git(root, "show", f"{first}:.dvc/config")
    assert "analytics = false" in config
    assert "url = ../.workbench/dvc/remote" in config
    assert str(root) not in config, "a workspace can be moved"


def test_an_old_version_outlives_its_file_and_the_cache(root: Path) -> None:
    reproduce(root, "data/dvc.yaml")
    assert commit(root, "one", ["data"])
    (root / "data" / "first.py").write_text(
        FIRST.replace("sys.executable", "'new'"), encoding="utf-8"
    )
    reproduce(root, "data/dvc.yaml")
    assert commit(root, "two", ["data"])
    assert not commit(root, "nothing", ["data"])
    subprocess.run(["rm", "-r", str(root / ".dvc" / "cache")], check=True)

    script = (
        "import dvc.api, sys; "
        "print(dvc.api.read('data/first.txt', repo=sys.argv[1], rev='HEAD~1'), end='')"
    )
    old = subprocess.run(
        [sys.executable, "-c", script, str(root)], capture_output=True, text=True, check=True
    )
    assert old.stdout == sys.executable


def test_a_failing_stage_is_named_with_its_last_words(root: Path) -> None:
    (root / "data" / "second.py").write_text("raise SystemExit('no such wind')", encoding="utf-8")
    with pytest.raises(DvcError, match=r"second.*no such wind"):
        reproduce(root, "data/dvc.yaml")
    (root / "data" / "second.py").write_text(SECOND, encoding="utf-8")
    assert reproduce(root, "data/dvc.yaml").ran == ("second",)


def test_a_pipeline_that_is_no_pipeline_is_an_error(root: Path) -> None:
    (root / "data" / "dvc.yaml").write_text("stages: [", encoding="utf-8")
    with pytest.raises(DvcError):
        reproduce(root, "data/dvc.yaml")


def test_without_git_it_says_so(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root))
    with pytest.raises(DvcError, match="git is not installed"):
        reproduce(root, "data/dvc.yaml")
