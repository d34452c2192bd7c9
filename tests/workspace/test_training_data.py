"""Whether a table changed since the champion was trained on it, and what that cannot be told from."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.diff.repositories import copied, git, table
from workbench.diff.data_versions import record_version
from workbench.domain.card import Identity, ModelCard, Reference, Training
from workbench.workspace.training_data import REFERENCE, TRAINING, TableState, table_states

CARD = ModelCard(
    model=Identity(name="m", task="binary"),
    training=Training(data="data/train.csv"),
    reference=Reference(data="data/reference.csv"),
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose two tables have two versions each, v1 and v2, a moment apart."""
    root = tmp_path_factory.mktemp("states") / "ws"
    (root / "data").mkdir(parents=True)
    (root / "workbench.toml").touch()
    for number in (1, 2):
        # The reference first, so that a commit that has this training table has it too.
        for name in ("reference", "train"):
            path = root / "data" / f"{name}.csv"
            path.write_text(name + table(number), encoding="utf-8")
            record_version(root, path, None, 10.0)
        git(root, "tag", f"v{number}")
        time.sleep(1.1)  # git counts whole seconds
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    return copied(template, tmp_path / "ws")


def trained(root: Path, version: str = "1", **metadata: object) -> None:
    folder = root / "registry" / "m" / version
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")


def md5_at(root: Path, name: str, revision: str) -> str:
    from workbench.diff.revisions import located

    return located(root, f"data/{name}.csv", revision).md5


def states(root: Path, as_of: datetime | None = None) -> tuple[TableState, TableState]:
    training, reference = table_states(root, CARD, "1", as_of)
    assert (training.table, reference.table) == (TRAINING, REFERENCE)
    for state in (training, reference):
        assert (state.changed is None) == (state.reason is not None)
        assert (state.since is not None) == bool(state.changed)
    return training, reference


def test_the_newest_version_is_the_same_and_an_older_one_has_changed(root: Path) -> None:
    trained(root, data_version=md5_at(root, "train", "v2"))
    training, reference = states(root)
    assert (training.changed, training.then_from) == (False, "registry")
    assert (reference.changed, reference.then_from) == (False, "history")

    trained(root, data_version=md5_at(root, "train", "v1"))
    training, reference = states(root)
    assert (training.changed, reference.changed) == (True, True)
    assert training.then == md5_at(root, "train", "v1")
    assert training.now == md5_at(root, "train", "v2")
    made = int(git(root, "log", "-1", "--format=%ct", "v2", "--", "data/train.csv.dvc"))
    assert training.since == datetime.fromtimestamp(made, UTC)
    assert reference.then == md5_at(root, "reference", "v1")


def test_a_revision_of_the_registry_is_looked_up(root: Path) -> None:
    trained(root, data_version="v1")
    assert states(root)[0].then == md5_at(root, "train", "v1")
    trained(root, data_version="v9")
    training, _ = states(root)
    assert training.changed is None
    assert training.reason == "revision v9 records no version of data/train.csv"


def test_where_only_the_time_is_known_the_version_of_then_counts(root: Path) -> None:
    made = datetime.fromtimestamp(int(git(root, "log", "-1", "--format=%ct", "v2")), UTC)
    trained(root, trained_at=(made + timedelta(hours=1)).isoformat())
    training, reference = states(root)
    assert (training.changed, training.then_from) == (False, "history")
    assert (reference.changed, reference.then_from) == (False, "history")
    trained(root, trained_at="2001-01-01T00:00:00Z")
    assert "no recorded version when the champion was made" in str(states(root)[0].reason)


def test_a_file_changed_and_not_recorded_has_changed_since_it_was_written(root: Path) -> None:
    trained(root, data_version=md5_at(root, "train", "v2"))
    path = root / "data" / "train.csv"
    path.write_text("changed", encoding="utf-8")
    training, _ = states(root)
    assert training.changed
    assert training.since == datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def test_neither_git_nor_a_repository_is_needed_where_the_registry_has_the_hash(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(root, data_version=md5_at(root, "train", "v1"))
    monkeypatch.setenv("PATH", str(tmp_path))
    training, reference = states(root)
    assert training.changed
    assert reference.changed is None
    shutil.rmtree(root / ".git")
    shutil.rmtree(root / ".dvc")
    assert states(root)[0].changed


def test_what_is_not_known_has_its_reason(root: Path) -> None:
    training, reference = states(root)
    assert training.reason is not None
    assert "does not say which training table" in training.reason
    assert training.now == md5_at(root, "train", "v2")
    trained(root, data_version=md5_at(root, "train", "v1"))
    (root / "data" / "train.csv").unlink()
    training, reference = states(root)
    assert training.reason == "there is no data/train.csv"
    assert reference.changed


def test_a_path_of_the_registry_counts_only_within_the_workspace(root: Path) -> None:
    md5 = md5_at(root, "reference", "v2")
    trained(root, training={"data": "data/reference.csv", "md5": md5})
    training, _ = states(root)
    assert (training.path, training.changed) == ("data/reference.csv", False)
    for path in ("/etc/passwd", "../../x.csv", "data/gone.csv"):
        trained(root, training={"data": path, "md5": md5})
        assert states(root)[0].path == "data/train.csv"


def test_as_of_an_earlier_moment_later_versions_do_not_exist(root: Path) -> None:
    trained(root, data_version=md5_at(root, "train", "v1"))
    training, _ = states(root, datetime(2001, 1, 1, tzinfo=UTC))
    assert training.reason == "no version of data/train.csv was recorded by then"
    first = datetime.fromtimestamp(int(git(root, "log", "-1", "--format=%ct", "v1")), UTC)
    second = datetime.fromtimestamp(
        int(git(root, "log", "-1", "--format=%ct", "v2", "--", "data/train.csv.dvc")), UTC
    )
    assert first < second
    assert states(root, first)[0].changed is False
    assert states(root, second)[0].changed is True
