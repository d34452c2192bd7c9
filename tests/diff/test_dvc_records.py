"""What `.dvc` files and `dvc.lock` say, in every form that DVC gave them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.diff.repositories import git
from workbench.diff.dvc_records import LEGACY, PLAIN, Entry, entries_of, history_of, recorded
from workbench.diff.git_repository import DvcError, commit, initialise_git

A, B = "a" * 32, "b" * 32


def lock(**outputs: str) -> str:
    """A dvc.lock with one stage an output."""
    stages = "".join(
        f"  {name}:\n    cmd: x\n    outs:\n    - path: {name}.csv\n      md5: {md5}\n      hash: md5\n"
        for name, md5 in outputs.items()
    )
    return f"schema: '2.0'\nstages:\n{stages}"


def test_a_dvc_file_of_either_generation_is_read() -> None:
    new = f"outs:\n- md5: {A}\n  size: 7\n  hash: md5\n  path: train.csv\n"
    old = f"wdir: ..\nouts:\n- md5: {B}.dir\n  path: days\n  remote: cold\n"
    assert entries_of({"data/train.csv.dvc": new, "data/x/days.dvc": old}) == [
        Entry("data/train.csv", A, 7, "data/train.csv.dvc", PLAIN),
        Entry("data/days", f"{B}.dir", None, "data/x/days.dvc", LEGACY, "cold"),
    ]


def test_outputs_of_a_pipeline_lie_where_its_stages_work() -> None:
    pipeline = "stages:\n  one:\n    wdir: ../registry\n    cmd: x\n    outs: [one.csv]\n"
    texts = {"data/dvc.lock": lock(one=A, two=B), "data/dvc.yaml": pipeline}
    assert [(e.path, e.is_pipeline) for e in entries_of(texts)] == [
        ("registry/one.csv", True), ("data/two.csv", True)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "outs:", "outs: {}", "outs: [1, {}]", "outs:\n- path: x\n",
        "outs:\n- {path: x, md5: 3}", "outs:\n- {path: x, md5: ../../../../etc/passwd}",
    ],
)  # fmt: skip
def test_what_names_no_version_is_passed_over(text: str) -> None:
    assert entries_of({"x.dvc": text}) == []


@pytest.mark.parametrize("text", ["outs: [", "a: b: c", "!!python/object:os.system {}"])
def test_what_is_no_yaml_is_told(text: str) -> None:
    with pytest.raises(DvcError, match=r"cannot read x\.dvc"):
        entries_of({"x.dvc": text})


@pytest.mark.parametrize(
    "name", ["plain.csv", "with many spaces " * 8 + ".csv", "ümläut.csv", 'quo"te.csv', "[b].csv"]
)
def test_no_name_is_overlooked(tmp_path: Path, name: str) -> None:
    from ruamel.yaml import YAML

    initialise_git(tmp_path)
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / f"{name}.dvc").open("w", encoding="utf-8") as file:
        YAML().dump({"outs": [{"md5": A, "path": name, "hash": "md5"}]}, file)
    assert commit(tmp_path, "one", ["data"])

    path = f"data/{name}"
    for revision in (None, "HEAD"):
        found = recorded(tmp_path, path, revision)
        assert found is not None
        assert (found.path, found.md5) == (path, A)
    assert [entry.md5 for _, entry in history_of(tmp_path, path) if entry] == [A]


def test_history_tells_two_files_with_the_same_record_apart(tmp_path: Path) -> None:
    initialise_git(tmp_path)
    text = f"outs:\n- md5: {A}\n  hash: md5\n  path: train.csv\n"
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "train.csv.dvc").write_text(text, encoding="utf-8")
        commit(tmp_path, folder, [folder])
    for folder in ("one", "two"):
        ((made, entry),) = history_of(tmp_path, f"{folder}/train.csv")
        assert entry is not None
        assert (made.message, entry.path) == (folder, f"{folder}/train.csv")


def test_history_follows_a_lock_a_removal_and_a_merge(tmp_path: Path) -> None:
    initialise_git(tmp_path)
    path = tmp_path / "dvc.lock"

    def recording(message: str, text: str) -> None:
        path.write_text(text, encoding="utf-8")
        assert commit(tmp_path, message, ["dvc.lock"])

    recording("made", lock(train=A))
    recording("other changed", lock(train=A, other=A))
    git(tmp_path, "checkout", "--quiet", "-b", "side")
    recording("side", lock(train=B, other=A))
    git(tmp_path, "checkout", "--quiet", "-")
    (tmp_path / "note").write_text("x", encoding="utf-8")
    commit(tmp_path, "note", ["note"])
    assert len(history_of(tmp_path, "train.csv")) == 2
    assert len(history_of(tmp_path, "train.csv", everywhere=True)) == 3
    git(tmp_path, "merge", "--quiet", "-m", "merged", "side")
    recording("gone", lock(other=A))

    found = [
        (made.message, entry and entry.md5) for made, entry in history_of(tmp_path, "train.csv")
    ]

    assert found == [
        ("gone", None), ("merged", B), ("side", B), ("other changed", A), ("made", A)
    ]  # fmt: skip
