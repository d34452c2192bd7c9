"""What git is asked: commits, files as of them, tags; whatever the names."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.diff.repositories import git
from workbench.diff.git_repository import (
    DvcError,
    commit,
    commit_of,
    commits_of,
    files_of,
    has_commits,
    ignore,
    initialise_git,
    read_blobs,
    tags_of,
    working_files,
)

NAMES = ["plain.dvc", "a b.dvc", "ümläut.dvc", "new\nline.dvc", "tab\t.dvc", 'quo"te.dvc', "-x.dvc"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in a folder, on a machine where nobody has told git their name."""
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    folder = tmp_path / "a folder" / "ws"
    folder.mkdir(parents=True)
    return folder


def test_git_of_the_folder_above_is_left_alone(root: Path) -> None:
    above = root.parent
    subprocess.run(["git", "init", "-q", str(above)], check=True)
    initialise_git(root)
    (root / "note.txt").write_text("x", encoding="utf-8")
    assert commit(root, "note", ["note.txt", "not there"])
    assert git(root, "log", "--format=%an %s").strip() == "oncall-workbench note"
    assert git(above, "count-objects").startswith("0 objects")


def test_ignoring_adds_each_pattern_once_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine", encoding="utf-8")
    ignore(tmp_path, ["/a/", "mine"])
    ignore(tmp_path, ["/a/", "/b/"])
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "mine\n/a/\n/b/\n"


def test_every_name_is_told_as_it_is(root: Path) -> None:
    initialise_git(root)
    (root / "below").mkdir()
    for name in NAMES:
        (root / "below" / name).write_text(name, encoding="utf-8")
    commit(root, "a message\n\nof two parts", ["below"])

    files = files_of(root / "below", "HEAD")
    contents = read_blobs(root, files.values())

    assert {name: contents[blob].decode() for name, blob in files.items()} == {
        name: name for name in NAMES
    }
    (made,) = commits_of(root / "below", [":(glob)**/*.dvc"])
    assert made.changed == files
    assert (made.message, made.author) == ("a message", "oncall-workbench")
    assert working_files(root / "below", ["*.dvc"]) == sorted(NAMES)


def test_commits_without_a_message_and_removals_are_told(root: Path) -> None:
    initialise_git(root)
    assert not has_commits(root)
    assert commits_of(root, ["."]) == ()
    (root / "a").write_text("1", encoding="utf-8")
    git(root, "add", "a")
    git(root, "commit", "--quiet", "--allow-empty-message", "-m", "")
    git(root, "rm", "--quiet", "a")
    git(root, "commit", "--quiet", "-m", "gone")
    newest, oldest = commits_of(root, ["a"])
    assert (newest.message, newest.changed) == ("gone", {"a": None})
    assert (oldest.message, list(oldest.changed)) == ("", ["a"])
    assert has_commits(root)


def test_a_revision_is_a_commit_or_none(root: Path) -> None:
    initialise_git(root)
    (root / "a").write_text("1", encoding="utf-8")
    commit(root, "one", ["a"])
    head = git(root, "rev-parse", "HEAD").strip()
    git(root, "tag", "-a", "annotated", "-m", "x")
    assert (
        commit_of(root, "HEAD") == commit_of(root, "annotated") == commit_of(root, head[:9]) == head
    )
    for none in ("", "no", "-1", "--all", "HEAD:a", "a\0b", "HEAD^9"):
        assert commit_of(root, none) is None, none


def test_tags_go_to_the_last_commit_that_changed_the_file(root: Path) -> None:
    initialise_git(root)
    for number in (1, 2):
        (root / "a").write_text(str(number), encoding="utf-8")
        commit(root, "a", ["a"])
        (root / "b").write_text(str(number), encoding="utf-8")
        commit(root, "b", ["b"])
        git(root, "tag", f"v{number}")
    newest, oldest = commits_of(root, ["a"])
    assert tags_of(root, ["a"]) == {newest.id: ("v2",), oldest.id: ("v1",)}


def test_what_git_refuses_is_told(root: Path) -> None:
    with pytest.raises(DvcError, match="git ls-tree failed"):
        files_of(root, "HEAD")
    initialise_git(root)
    with pytest.raises(DvcError, match="has lost the object"):
        read_blobs(root, ["0" * 40])
    assert read_blobs(root, ["HEAD:./none"]) == {}
