"""Recording and listing versions of tables: real git and DVC in real workspaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.diff.repositories import cached, copied, git, kept, table, three_versions
from workbench.diff.data_versions import Recorded, record_version, versions_of
from workbench.diff.dvc_repository import DvcError, add, initialise_git
from workbench.diff.revisions import Tracked, located, repository_of


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    root = tmp_path_factory.mktemp("versions") / "ws"
    return root, [one.md5 for one in three_versions(root)]


def workspace(root: Path) -> Path:
    (root / "data").mkdir(parents=True)
    (root / "workbench.toml").touch()
    return root


def record(root: Path, name: str = "data/train.csv", message: str | None = None) -> Recorded:
    return record_version(root, root / name, message, 30.0)


def tracked(root: Path, name: str = "data/train.csv") -> Tracked:
    found = repository_of(root / name)
    assert found is not None
    return found


def test_a_version_is_recorded_pushed_and_recorded_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    root = workspace(tmp_path / "ws")
    (root / "data" / "train.csv").write_text(table(1), encoding="utf-8")
    (root / "notes.txt").write_text("not ours", encoding="utf-8")

    first, again = record(root, message="the first"), record(root)

    assert (first.is_new, again.is_new) == (True, False)
    assert (first.md5, first.revision) == (again.md5, again.revision)
    assert (first.not_pushed, again.not_pushed, first.notes) == (None, None, ())
    assert kept(root, first.md5).read_text() == table(1)
    assert git(root, "log", "--format=%s").split("\n")[:2] == ["the first", "Set up data versions"]
    assert git(root, "ls-files", "data", "notes.txt").split() == [
        "data/.gitignore", "data/train.csv.dvc"
    ]  # fmt: skip
    printed = capfd.readouterr()
    assert (printed.out, printed.err) == ("", "")


def test_what_was_not_pushed_is_pushed_by_the_same_call(
    versions: tuple[Path, list[str]], tmp_path: Path
) -> None:
    root = copied(versions[0], tmp_path / "ws")
    remote = root / ".workbench" / "dvc" / "remote"
    shutil.rmtree(remote)
    remote.write_text("a file where the remote's folder was", encoding="utf-8")
    (root / "data" / "train.csv").write_text(table(4), encoding="utf-8")

    made = record(root)

    assert made.is_new
    assert made.not_pushed
    assert cached(root, made.md5).read_text() == table(4)
    remote.unlink()
    again = record(root)
    assert (again.is_new, again.not_pushed) == (False, None)
    assert kept(root, made.md5).read_text() == table(4)


def test_versions_are_listed_newest_first_with_their_tags_and_places(
    versions: tuple[Path, list[str]], tmp_path: Path
) -> None:
    root = copied(versions[0], tmp_path / "ws")
    (root / "data" / "other.csv").write_text("x\n", encoding="utf-8")
    add(root, "data/other.csv", "another table")
    git(root, "tag", "later")
    kept(root, versions[1][2]).unlink()

    found = versions_of(tracked(root))

    assert [one.md5 for one in found] == versions[1][::-1]
    assert [one.message for one in found] == ["version 3", "version 2", "version 1"]
    assert [one.tags for one in found] == [("later", "v3"), ("v2",), ("v1",)]
    assert [(one.in_cache, one.in_remote) for one in found] == [
        (True, False), (False, True), (False, True)
    ]  # fmt: skip
    assert [one.size for one in found] == [len(table(n)) for n in (3, 2, 1)]
    assert {one.rows for one in found} == {None}
    assert found[0].time >= found[1].time >= found[2].time


def test_a_version_that_returns_is_listed_again(tmp_path: Path) -> None:
    root = workspace(tmp_path / "ws")
    frame = pl.DataFrame({"x": [1, 2, 3]})
    for rows in (3, 2, 3):
        frame.head(rows).write_parquet(root / "data" / "train.parquet")
        record(root, "data/train.parquet")
    found = versions_of(tracked(root, "data/train.parquet"))
    assert [one.rows for one in found] == [3, 2, 3]
    assert found[0].md5 == found[2].md5
    shutil.rmtree(root / ".workbench" / "dvc" / "remote")
    assert [one.rows for one in versions_of(tracked(root, "data/train.parquet"))] == [3, 2, 3]
    shutil.rmtree(root / ".dvc" / "cache")
    assert [one.rows for one in versions_of(tracked(root, "data/train.parquet"))] == [None] * 3


def test_appending_in_place_leaves_the_old_version_as_it_was(
    versions: tuple[Path, list[str]], tmp_path: Path
) -> None:
    root = copied(versions[0], tmp_path / "ws")
    with (root / "data" / "train.csv").open("a", encoding="utf-8") as file:
        file.write("9,9\n")

    made = record(root)

    assert made.is_new
    assert located(root, "data/train.csv", "v3").path.read_text() == table(3)
    assert located(root, "data/train.csv", "HEAD").path.read_text() == table(3) + "9,9\n"


def test_a_cache_of_hard_links_that_was_written_through_is_mended(
    versions: tuple[Path, list[str]], tmp_path: Path
) -> None:
    root = copied(versions[0], tmp_path / "ws")
    md5 = versions[1][2]
    config = root / ".dvc" / "config"
    config.write_text(config.read_text().replace("reflink,copy", "hardlink"), encoding="utf-8")
    file = root / "data" / "train.csv"
    file.unlink()
    os.link(cached(root, md5), file)
    file.chmod(0o644)
    with file.open("a", encoding="utf-8") as opened:
        opened.write("9,9\n")

    made = record(root)

    assert "the remote has it" in made.notes[0]
    assert located(root, "data/train.csv", "v3").path.read_text() == table(3)
    assert cached(root, made.md5).read_text() == table(3) + "9,9\n"
    assert file.stat().st_nlink == 1
    file.write_text("in place", encoding="utf-8")
    assert cached(root, made.md5).read_text() == table(3) + "9,9\n"


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("data/none.csv", "no file data/none.csv", "path"),
        ("outside.csv", "outside.csv does not lie in data/", "copy"),
        ("data", "does not lie in data/", "copy"),
        ("data/link.csv", "data/link.csv is a link", "copy"),
        ("data/git.csv", "kept in git itself", "git rm"),
        ("data/days/1.csv", "part of the folder data/days", "data track data/days"),
        ("data/made.csv", "made by a pipeline", "Run the pipeline"),
    ],
)
def test_what_is_no_table_of_its_own_is_refused(
    refusing: Path, name: str, said: str, hint: str
) -> None:
    before = git(refusing, "rev-parse", "HEAD")
    with pytest.raises(DvcError, match=said) as raised:
        record(refusing, name)
    assert hint in raised.value.hint
    assert git(refusing, "rev-parse", "HEAD") == before


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workspace(tmp_path_factory.mktemp("refusing") / "ws")
    for name in ("outside.csv", "data/git.csv", "data/days/1.csv", "data/made.csv"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("x\n", encoding="utf-8")
    (root / "data" / "link.csv").symlink_to(root / "outside.csv")
    record(root, "data/days")
    (root / "data" / "dvc.lock").write_text(
        "schema: '2.0'\nstages:\n  one:\n    cmd: x\n    outs:\n    - path: made.csv\n"
        f"      md5: {'a' * 32}\n      hash: md5\n",
        encoding="utf-8",
    )
    git(root, "add", "data/git.csv", "data/dvc.lock")
    git(root, "commit", "--quiet", "-m", "more")
    return root


def test_settings_that_nobody_committed_yet_are_kept(tmp_path: Path) -> None:
    root = workspace(tmp_path / "ws")
    initialise_git(root)
    (root / ".dvc").mkdir()
    config = f"[core]\n    remote = mine\n['remote \"mine\"']\n    url = {tmp_path}/mine\n"
    (root / ".dvc" / "config").write_text(config, encoding="utf-8")
    (root / "data" / "train.csv").write_text(table(1), encoding="utf-8")
    made = record(root)
    assert (root / ".dvc" / "config").read_text() == config
    assert made.not_pushed is None
    assert (tmp_path / "mine" / "files" / "md5" / made.md5[:2] / made.md5[2:]).is_file()


def test_a_workspace_whose_files_another_repository_keeps_is_part_of_it(tmp_path: Path) -> None:
    initialise_git(tmp_path)
    root = workspace(tmp_path / "ops" / "ws")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "a workspace")
    (root / "data" / "train.csv").write_text(table(1), encoding="utf-8")

    made = record(root)

    assert not (root / ".git").exists()
    assert (root / ".dvc" / "config").exists()
    assert git(tmp_path, "log", "-1", "--format=%H").strip() == made.revision
    assert located(root, "data/train.csv", "HEAD").path.read_text() == table(1)
    assert len(versions_of(tracked(root))) == 1


def test_two_processes_record_one_after_the_other(
    versions: tuple[Path, list[str]], tmp_path: Path
) -> None:
    root = copied(versions[0], tmp_path / "ws")
    script = (
        "import sys; from pathlib import Path; "
        "from workbench.diff.data_versions import record_version; "
        "root = Path(sys.argv[1]); record_version(root, root / sys.argv[2], None, 60.0)"
    )
    names = ["data/a.csv", "data/b.csv"]
    for name in names:
        (root / name).write_text(name, encoding="utf-8")
    running = [subprocess.Popen([sys.executable, "-c", script, str(root), name]) for name in names]
    assert [process.wait(120) for process in running] == [0, 0]
    for name in names:
        assert located(root, name, "HEAD").path.read_text() == name


def test_who_waits_in_vain_is_told(versions: tuple[Path, list[str]], tmp_path: Path) -> None:
    from workbench.store.locking import queue_at

    root = copied(versions[0], tmp_path / "ws")
    lock = root / ".workbench" / "dvc" / "track.lock"
    with queue_at(lock, 0.0) as is_ours:
        assert is_ours
        with pytest.raises(DvcError, match="another process is recording"):
            record_version(root, root / "data" / "train.csv", None, 0.01)


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = workspace(tmp_path / "ws")
    (root / "data" / "train.csv").write_text(table(1), encoding="utf-8")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DvcError, match="git is not installed"):
        record(root)
    assert not (root / ".dvc").exists()
