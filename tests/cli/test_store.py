"""The commands `store …`: what they print, what they ask, and what they refuse."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.command import done, make_workspace, stored_files, workbench
from tests.logs import binary_log


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with ten days of a model named m in several batches."""
    made = make_workspace(tmp_path / "ws", monkeypatch)
    for number in range(3):
        binary_log(240, seed=number, first_id=1000 * (number + 1), hours=240).write_csv("more.csv")
        done("ingest", "more.csv", "--model", "m")
    return made


def rows(period: str = "all") -> int:
    document = done("performance", "m", "--period", period, "--by", "all", "--json").document
    return sum(bucket["rows"] for bucket in document["buckets"])


def test_compact_says_what_became_of_the_segments(root: Path) -> None:
    before = rows()
    document = done("store", "compact", "--json").document
    found = document["models"][0]
    assert found["model"] == "m"
    assert found["segments_before"] == 4
    assert found["segments_after"] == 1
    assert found["counts_saved"] > 0
    text = done("store", "compact", "m").out
    assert re.search(r"m +1 +1 +0 +0", text)
    assert rows() == before == 500 + 720


def test_retain_asks_before_anything_goes(root: Path) -> None:
    files = stored_files(root)
    workbench("store", "retain", "3d", "m").assert_refused("--yes", code=2)
    workbench("store", "retain", "3d", "--json").assert_refused("--yes", code=2)
    assert stored_files(root) == files
    found = done("store", "retain", "3d", "--yes", "--json").document["models"][0]
    assert found["before"] == "2024-02-08T00:00:00Z"
    assert found["rows_removed"] == 500 + 720 - 3 * 72
    assert rows() == 500 + 720
    assert rows("3d") == 3 * 72
    assert "0 rows" in done("store", "retain", "3d", "m").out


def test_retain_wants_whole_days(root: Path) -> None:
    workbench("store", "retain", "36h", "--yes").assert_refused("'36h'", "90d")
    workbench("store", "retain", "long", "--yes").assert_refused("'long'")


def test_rebuild_counts_the_rows(root: Path) -> None:
    before = rows()
    assert done("store", "rebuild", "--json").document["models"][0]["rows"] == before
    assert f"{before:,} rows counted" in done("store", "rebuild", "m").out
    assert rows() == before


def test_a_backup_goes_there_and_back_again(root: Path) -> None:
    file = root.parent / "backup.tar"
    made = done("store", "backup", file, "--json").document
    assert made["files"] >= 4 + 4
    assert made["models"] == ["m"]
    workbench("store", "backup", file).assert_refused("--yes", code=2)
    assert "the references" in done("store", "backup", file, "--yes").out
    before = rows()
    binary_log(100, seed=9, first_id=90_000).write_csv("late.csv")
    done("ingest", "late.csv", "--model", "m")
    workbench("store", "restore", file).assert_refused("--yes", code=2)
    assert rows() == before + 100
    done("store", "restore", file, "--yes")
    assert rows() == before
    new = root.parent / "new"
    found = done("store", "restore", file, "--into", new, "--json").document
    assert found["is_new"]
    document = done(
        "-C", new, "performance", "m", "--period", "all", "--by", "all", "--json"
    ).document
    assert document["buckets"][0]["rows"] == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("compact", "nobody"), ("retain", "3d", "nobody", "--yes"), ("rebuild", "nobody"),
        ("restore", "nothing.tar", "--yes"), ("restore", "log.csv", "--yes"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said(root: Path, arguments: tuple[str, ...]) -> None:
    ended = workbench("store", *arguments)
    ended.assert_refused()
    assert rows() == 500 + 720


@pytest.mark.parametrize("arguments", [("compact",), ("retain", "3d", "--yes"), ("rebuild",)])
def test_housekeeping_is_of_now(root: Path, arguments: tuple[str, ...]) -> None:
    workbench("store", *arguments, "--as-of", "2024-02-05").assert_refused("--as-of")


@pytest.mark.parametrize("arguments", [("retain", "3d", "--yes"), ("rebuild",)])
def test_a_model_that_fails_does_not_stop_the_others(
    root: Path, arguments: tuple[str, ...]
) -> None:
    (root / "models" / "a.toml").write_text(
        '[model]\nname = "a"\ntask = "binary"\n[reference]\ndata = "no"\n'
    )
    (root / "models" / "z.toml").write_text("broken")
    ended = workbench("store", *arguments, "--json")
    ended.assert_refused("a: the reference", "z: ")
    found = {one["model"]: one for one in ended.document["models"]}
    assert found["m"]["problem"] is None
    assert found["a"]["problem"]
    assert found["z"]["problem"]
    workbench("store", *arguments[:1], *arguments[1:], "a").assert_refused("the reference of a")


def test_help_names_the_commands(root: Path) -> None:
    text = done("store", "--help").out
    for name in ("compact", "retain", "rebuild", "backup", "restore"):
        assert name in text
