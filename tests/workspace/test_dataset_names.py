"""What a name of a dataset stands for: files first, then models, versions and what they were trained on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from workbench.errors import WorkbenchError
from workbench.workspace import Workspace
from workbench.workspace.dataset_names import dataset_named
from workbench.workspace.differing import diff_datasets

BIN = Path(sys.executable).parent


def test_a_file_goes_before_everything_else_of_its_name(tmp_path: Path) -> None:
    for name in ("m:7d", "t.csv@v1", "m@1:train", "a*b.csv"):
        (tmp_path / name).write_text("id\n1\n", "utf-8")

        assert dataset_named(name, None, tmp_path).files == (tmp_path / name,)


def test_a_folder_stands_for_its_files_in_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden.csv", "notes.md", "deep/c.parquet"):
        (tmp_path / "t" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "t" / name).touch()

    files = dataset_named("t", None, tmp_path).files

    assert [path.name for path in files] == ["a.csv", "b.csv", "c.parquet"]


def test_the_longest_model_name_is_meant(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path)
    for name in ("m", "m:x"):
        stem = name.replace(":", "%3A")
        (tmp_path / "models" / f"{stem}.toml").write_text(f'[model]\nname = "{name}"\n', "utf-8")

    assert dataset_named("m:7d", workspace, tmp_path).model == "m"
    assert dataset_named("m:x:7d", workspace, tmp_path).model == "m:x"
    assert dataset_named("m:x:7d", workspace, tmp_path).period == "7d"


@pytest.mark.parametrize(
    "name", ["nothing.csv", "m:7d", "m@3:train", "s3://bucket/t.parquet", "no*.csv"]
)
def test_what_is_not_there_is_said_with_a_hint(tmp_path: Path, name: str) -> None:
    with pytest.raises(WorkbenchError) as caught:
        dataset_named(name, None, tmp_path)

    assert caught.value.hint


def test_versions_that_only_the_remote_has_are_compared_without_a_checkout(tmp_path: Path) -> None:
    repository, environment = (
        tmp_path / "repo",
        os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"},
    )
    repository.mkdir()

    def run(*arguments: str) -> None:
        subprocess.run(arguments, cwd=repository, env=environment, check=True, capture_output=True)

    run("git", "init", "-q")
    run("git", "config", "user.email", "someone@example.org")
    run("git", "config", "user.name", "someone")
    run("dvc", "init", "-q")
    run("dvc", "remote", "add", "-q", "-d", "far", str(tmp_path / "far"))
    for version in (1, 2, 3):
        frame = pl.DataFrame(
            {"id": range(version, version + 30), "x": [float(version)] + [1.0] * 29}
        )
        frame.write_parquet(repository / "t.parquet")
        run("dvc", "add", "-q", "t.parquet")
        run("git", "add", "-A")
        run("git", "commit", "-qm", f"version {version}")
        run("git", "tag", f"v{version}")
        run("dvc", "push", "-q")
        shutil.rmtree(repository / ".dvc" / "cache")
    before = (repository / "t.parquet").read_bytes()

    found = diff_datasets("t.parquet@v1", "t.parquet@v2", here=repository)
    newest = diff_datasets("t.parquet@v3", "t.parquet", here=repository)

    assert (found.rows.added, found.rows.removed, found.rows.changed) == (1, 1, 1)
    assert found.a.digest.startswith("md5:")
    assert newest.is_same
    assert (repository / "t.parquet").read_bytes() == before
