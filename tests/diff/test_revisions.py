"""A file as of a revision: real git and DVC, nothing checked out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.diff.repositories import cached, copied, git, kept, table, three_versions, tree
from workbench.diff.dvc_repository import DvcError, add, initialise_git, reproduce
from workbench.diff.revisions import located

PATH = "data/train.csv"


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    root = tmp_path_factory.mktemp("versions") / "a workspace"
    return root, [one.md5 for one in three_versions(root)]


@pytest.fixture(scope="module")
def folder_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a pipeline that makes a table elsewhere, and a tracked folder."""
    root = tmp_path_factory.mktemp("folder")
    (root / "data" / "days").mkdir(parents=True)
    (root / "workbench.toml").touch()
    (root / "registry").mkdir()
    (root / "data" / "dvc.yaml").write_text(
        "stages:\n"
        "  plain:\n    cmd: cp in.csv ../registry/out.csv\n    deps: [in.csv]\n"
        "    outs: [../registry/out.csv]\n"
        "  moved:\n    wdir: ../registry\n    cmd: cp out.csv second.csv\n    deps: [out.csv]\n"
        "    outs: [second.csv]\n"
        "  small:\n    cmd: cp in.csv small.csv\n    deps: [in.csv]\n"
        "    outs:\n    - small.csv:\n        cache: false\n",
        encoding="utf-8",
    )
    for number in (1, 2):
        (root / "data" / "in.csv").write_text(table(number), encoding="utf-8")
        reproduce(root, "data/dvc.yaml")
        for day in range(number + 1):
            (root / "data" / "days" / f"day {day}.csv").write_text(table(day), encoding="utf-8")
        git(root, "add", "data/dvc.yaml", "data/dvc.lock", "data/small.csv")
        git(root, "commit", "--quiet", "-m", f"pipeline {number}")
        add(root, "data/days", f"days {number}")
        git(root, "tag", f"v{number}")
    shutil.rmtree(root / ".dvc" / "cache")
    return root


def test_versions_that_only_the_remote_has_are_read_without_touching_the_tree(
    versions: tuple[Path, list[str]],
) -> None:
    root, hashes = versions
    (root / PATH).write_text("id,x\n9,9\n", encoding="utf-8")  # an edit that nobody recorded
    before, status = tree(root), git(root, "status", "--porcelain")

    found = [located(root, PATH, f"v{number}") for number in (1, 2, 3)]

    assert [one.path.read_text() for one in found] == [table(1), table(2), table(3)]
    assert [one.md5 for one in found] == hashes
    assert [one.path for one in found] == [
        kept(root, hashes[0]), kept(root, hashes[1]), cached(root, hashes[2])
    ]  # fmt: skip
    assert (found[0].name, found[0].suffix) == ("data/train.csv@v1", ".csv")
    assert tree(root) == before
    assert git(root, "status", "--porcelain") == status


def test_a_version_has_many_names(versions: tuple[Path, list[str]]) -> None:
    root, (first, second, third) = versions
    short = git(root, "rev-parse", "--short", "v2").strip()
    branch = git(root, "rev-parse", "--abbrev-ref", "HEAD").strip()
    for name, md5 in [
        ("HEAD", third), (branch, third), ("HEAD~1", second), (short, second),
        ("refs/tags/v1", first), (first, first), (second[:6], second),
    ]:  # fmt: skip
        assert located(root, PATH, name).md5 == md5, name


def test_the_repository_is_found_from_the_path_upwards(
    versions: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, hashes = versions
    assert located(tmp_path, str(root / PATH), "v1").md5 == hashes[0]
    monkeypatch.chdir(root / "data")
    assert located(Path(), "train.csv", "v1").md5 == hashes[0]
    assert located(Path(), "../data/train.csv", "v1").md5 == hashes[0]


@pytest.mark.parametrize(
    ("path", "revision", "said"),
    [
        (PATH, "v9", "no revision 'v9'"),
        (PATH, "", "no revision ''"),
        (PATH, "--all", "no revision '--all'"),
        (PATH, "abcdef", "no revision 'abcdef'"),
        (PATH, "HEAD:data", "no revision"),
        ("data/other.csv", "v1", "data/other.csv is not tracked by DVC as of v1"),
        ("workbench.toml", "HEAD", "not tracked"),
    ],
)
def test_what_cannot_be_located_is_told(
    versions: tuple[Path, list[str]], path: str, revision: str, said: str
) -> None:
    with pytest.raises(DvcError, match=said) as raised:
        located(versions[0], path, revision)
    assert raised.value.hint


def test_an_object_that_is_nowhere_is_told(
    versions: tuple[Path, list[str]], tmp_path: Path
) -> None:
    root = copied(versions[0], tmp_path / "copy")
    first, second, third = versions[1]
    kept(root, first).unlink()
    with pytest.raises(DvcError, match="neither in the cache nor in the remote"):
        located(root, PATH, "v1")

    kept(root, second).write_text("torn", encoding="utf-8")
    with pytest.raises(DvcError, match="damaged"):
        located(root, PATH, "v2")

    # A damaged object in the cache does no harm where the remote has the right one.
    cached(root, third).unlink()
    cached(root, third).write_text("torn", encoding="utf-8")
    assert located(root, PATH, "v3").path.read_text() == table(3)

    shutil.rmtree(root / ".workbench" / "dvc" / "remote")
    with pytest.raises(DvcError, match=r"the remote .* is not there"):
        located(root, PATH, "v1")

    (root / ".dvc" / "config").write_text("[core]\n    analytics = false\n", encoding="utf-8")
    git(root, "commit", "--quiet", "-am", "no remote")
    with pytest.raises(DvcError, match="is not there"):  # the remote of that commit
        located(root, PATH, "v1")


def test_without_any_remote_only_the_cache_is_read(tmp_path: Path) -> None:
    root = tmp_path / "ws"
    path = root / "train.csv"
    path.parent.mkdir()
    initialise_git(root)
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text("[core]\n    analytics = false\n", encoding="utf-8")
    path.write_text(table(1), encoding="utf-8")

    made = add(root, "train.csv", "one")

    assert made.not_pushed
    assert "remote" in made.not_pushed
    assert located(root, "train.csv", "HEAD").path.read_text() == table(1)
    shutil.rmtree(root / ".dvc" / "cache")
    with pytest.raises(DvcError, match="not in the cache, and no remote is set up"):
        located(root, "train.csv", "HEAD")


def test_outside_of_a_repository_and_without_git(
    versions: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DvcError, match="in no DVC repository"):
        located(tmp_path, "train.csv", "v1")
    root, hashes = versions
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DvcError, match="git is not installed"):
        located(root, PATH, "v1")
    assert located(root, PATH, hashes[2]).md5 == hashes[2], "the working tree records it"


def test_outputs_of_a_pipeline_have_versions_too(folder_root: Path) -> None:
    for number in (1, 2):
        for name in ("out", "second"):
            found = located(folder_root, f"registry/{name}.csv", f"v{number}")
            assert found.path.read_text() == table(number)


def test_an_output_that_is_kept_in_git_is_read_from_there(folder_root: Path) -> None:
    (folder_root / "data" / "small.csv").unlink(missing_ok=True)
    found = [located(folder_root, "data/small.csv", revision) for revision in ("v1", "v2")]
    assert [one.path.read_text() for one in found] == [table(1), table(2)]
    assert found[0].suffix == ".csv"


def test_a_folder_is_put_together_under_its_own_names(folder_root: Path) -> None:
    shutil.rmtree(folder_root / "data" / "days")
    one, two = located(folder_root, "data/days", "v1"), located(folder_root, "data/days", "v2")
    assert sorted(p.name for p in one.path.iterdir()) == ["day 0.csv", "day 1.csv"]
    assert sorted(p.name for p in two.path.iterdir()) == ["day 0.csv", "day 1.csv", "day 2.csv"]
    assert [(two.path / f"day {day}.csv").read_text() for day in range(3)] == [
        table(0), table(1), table(2)
    ]  # fmt: skip
    assert (one.suffix, one.md5[-4:]) == ("", ".dir")
    assert located(folder_root, "data/days", two.md5[:8]).path == two.path
    assert not (folder_root / "data" / "days").exists()


def test_a_file_of_a_folder_is_found_in_it(folder_root: Path) -> None:
    found = located(folder_root, "data/days/day 2.csv", "v2")
    assert (found.path.read_text(), found.suffix) == (table(2), ".csv")
    with pytest.raises(DvcError, match=r"no day 2\.csv in that version of data/days") as raised:
        located(folder_root, "data/days/day 2.csv", "v1")
    assert "day 0.csv, day 1.csv" in raised.value.hint


def test_folders_are_put_together_again_where_the_workspace_was_moved(
    folder_root: Path, tmp_path: Path
) -> None:
    located(folder_root, "data/days", "v1")
    root = copied(folder_root, tmp_path / "moved")
    kept_at = root / ".workbench" / "dvc"
    assert located(root, "data/days", "v1").path.is_relative_to(kept_at)
    other = tmp_path / "again"
    root.rename(other)
    found = located(other, "data/days", "v1").path
    assert (found / "day 1.csv").read_text() == table(1)
