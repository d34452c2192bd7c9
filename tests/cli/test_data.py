"""`data track`, `log` and `status`, and what `check` says of changed training data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.cli.command import done, reference_log, workbench, write_card
from tests.diff.repositories import copied
from tests.workspace.daily_site import make_site

TRAIN = "data/train.parquet"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a model m 1, trained on the first of two recorded versions."""
    root = tmp_path_factory.mktemp("data") / "ws"
    done("init", root)
    reference_log().write_parquet(root / "data" / "reference.parquet")
    write_card(root)
    for rows in (1000, 900):
        reference_log().head(rows).write_parquet(root / TRAIN)
        document = done(
            "-C", root, "data", "track", root / TRAIN, "-m", f"{rows}", "--json"
        ).document
        if rows == 1000:
            trained(root, document["md5"])
    return root


@pytest.fixture
def root(template: Path, tmp_path: Path) -> Path:
    return copied(template, tmp_path / "ws")


def trained(root: Path, md5: str) -> None:
    folder = root / "registry" / "m" / "1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.json").write_text(json.dumps({"data_version": md5}), encoding="utf-8")


def narrow(text: str) -> bool:
    return max(map(len, text.splitlines()), default=0) <= 80


def test_tracking_again_says_that_nothing_changed(root: Path) -> None:
    ended = done("-C", root, "data", "track", root / TRAIN)
    assert ended.out.splitlines()[0] == f"{TRAIN}: unchanged, recorded before"
    assert ended.err == ""
    document = done("-C", root, "data", "track", TRAIN, "--json").document
    assert document.keys() == {
        "path", "md5", "size", "status", "revision", "pushed", "reason", "notes"
    }  # fmt: skip
    assert (document["path"], document["status"], document["pushed"]) == (TRAIN, "unchanged", True)


def test_a_file_is_named_from_here_or_from_the_workspace(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = done("-C", root, "data", "log", root / TRAIN).out
    assert done("-C", root, "data", "log", TRAIN).out == whole
    monkeypatch.chdir(root / "data")
    assert done("data", "log", "train.parquet").out == whole
    (root / TRAIN).unlink()
    gone = done("data", "log", "train.parquet").out
    assert gone == whole.replace("; the file now", "")


def test_the_log_lists_versions_and_what_was_trained_on_them(root: Path) -> None:
    ended = done("-C", root, "data", "log", TRAIN)
    lines = ended.out.splitlines()
    assert lines[0] == f"{TRAIN}: 2 recorded"
    assert lines[1].endswith("900 rows")
    assert lines[2].strip() == "in cache and remote; the file now"
    assert lines[-1].strip() == "trained on it: m 1"
    assert (narrow(ended.out), ended.err) == (True, "")

    document = done("-C", root, "data", "log", TRAIN, "--json").document
    newest, oldest = document["versions"]
    assert [newest["rows"], oldest["rows"]] == [900, 1000]
    assert [newest["current"], oldest["current"]] == [True, False]
    assert [newest["models"], oldest["models"]] == [[], [{"name": "m", "version": "1"}]]
    assert (newest["in_cache"], newest["in_remote"], newest["reason"]) == (True, True, None)
    assert (document["path"], document["recorded"]) == (TRAIN, True)
    assert document["now"] == newest["md5"]

    (root / TRAIN).write_text("else", encoding="utf-8")
    ended = done("-C", root, "data", "log", TRAIN)
    assert "the file is as none of them" in ended.err
    assert done("-C", root, "data", "log", TRAIN, "--json").document["recorded"] is False


def test_the_status_tells_what_changed(root: Path) -> None:
    ended = done("-C", root, "data", "status")
    assert ended.out.startswith("m, version 1\n  training   CHANGED")
    assert narrow(ended.out)
    document = done("-C", root, "data", "status", "m", "--json").document
    training, reference = document["tables"]
    assert document["changed"] is True
    assert (training["changed"], reference["changed"]) == (True, None)
    assert training["since"].endswith("Z")
    assert reference["reason"]

    trained(root, training["now"])
    assert done("-C", root, "data", "status", "--json").document["changed"] is False


def test_a_card_that_cannot_be_used_hides_no_other(root: Path) -> None:
    write_card(root, "nonsense = 1\n", name="broken")
    tables = done("-C", root, "data", "status", "--json").document["tables"]
    assert [(t["model"], t["changed"]) for t in tables] == [
        ("broken", None), ("m", True), ("m", None)
    ]  # fmt: skip
    workbench("-C", root, "data", "status", "broken").assert_refused("nonsense")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("track", "none.parquet"), "no file none.parquet"),
        (("track", "workbench.toml"), "does not lie in data/"),
        (("log", "data/reference.parquet"), "no version of data/reference.parquet was recorded"),
        (("log", "/etc/passwd"), "no versions of /etc/passwd are kept"),
        (("status", "nobody"), "there is no model"),
        (("--as-of", "2024-01-01", "track", TRAIN), "as of an earlier moment"),
        (("--as-of", "2024-01-01", "log", TRAIN), "by then"),
    ],
)
def test_what_cannot_be_done_is_told(root: Path, arguments: tuple[str, ...], said: str) -> None:
    workbench("-C", root, "data", *arguments).assert_refused(said)


def test_a_folder_is_tracked_as_a_whole(root: Path) -> None:
    folder = root / "data" / "days [1]"
    folder.mkdir()
    (folder / "a*.csv").write_text("x\n", encoding="utf-8")
    (root / "data" / "days 1").mkdir()
    assert done("-C", root, "data", "track", "data/days [1]", "--json").document["pushed"]
    (folder / "b.csv").write_text("y\n", encoding="utf-8")
    done("-C", root, "data", "track", "data/days [1]")
    for name in ("data/days [1]", "data/days [1]/b.csv"):
        document = done("-C", root, "data", "log", name, "--json").document
        assert (document["path"], document["recorded"]) == ("data/days [1]", True)
        assert [one["current"] for one in document["versions"]] == [True, False]
    workbench("-C", root, "data", "track", "data/days [1]/b.csv").assert_refused("is part of")


def test_names_from_files_do_no_harm(root: Path) -> None:
    name = "\x1b[31mred\u202e.csv"
    (root / "data" / name).write_text("x\n", encoding="utf-8")
    ended = done("-C", root, "data", "track", f"data/{name}", "-m", "\x1b[2Jcleared")
    listed = done("-C", root, "data", "log", f"data/{name}")
    for text in (ended.out, ended.err, listed.out, listed.err):
        assert not set("\x1b\u202e") & set(text)
    assert "cleared" in listed.out


def test_the_remote_that_is_away_is_an_error_and_the_version_is_kept(root: Path) -> None:
    config = root / ".dvc" / "config"
    config.write_text("[core]\n    analytics = false\n    autostage = true\n", encoding="utf-8")
    reference_log().head(10).write_parquet(root / TRAIN)
    ended = workbench("-C", root, "data", "track", TRAIN, "--json")
    assert ended.code == 1
    assert (ended.document["status"], ended.document["pushed"]) == ("recorded", False)
    assert "remote" in ended.document["reason"]
    assert ended.err.splitlines()[0].startswith("error: not pushed: ")
    assert done("-C", root, "data", "log", TRAIN, "--json").document["versions"][0]["in_cache"]


def test_a_workspace_without_git_works_and_says_what_it_lacks(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert done("-C", root, "data", "status", "m", "--json").document["changed"] is True
    workbench("-C", root, "data", "track", TRAIN).assert_refused("git is not installed")
    workbench("-C", root, "data", "log", TRAIN).assert_refused("git is not installed")
    checks = workbench("-C", root, "doctor", "--json").document["checks"]
    (versions,) = [check for check in checks if check["name"] == "versions"]
    assert versions["status"] == "warning"


def test_check_tells_of_it_and_pages_nobody(tmp_path: Path) -> None:
    root = make_site(tmp_path).root
    train = root / TRAIN
    pl.DataFrame({"x": [1.0]}).write_parquet(train)
    before = workbench("-C", root, "check", "--json")
    trained(root, "0" * 32)

    ended = workbench("-C", root, "check")
    document = workbench("-C", root, "check", "--json").document

    first, second = ended.out.splitlines()
    assert first.startswith("OK - 1 model, no alert | ")
    assert second.startswith(f"INFO - m training_data_changed: {TRAIN} has changed since version 1")
    assert (ended.code, document["exit_code"]) == (0, 0)
    (alert,) = document["alerts"]
    assert (alert["model"], alert["kind"], alert["status"]) == ("m", "training_data_changed", "ok")
    assert (alert["id"], alert["incident"], alert["new"]) == (None, None, False)
    assert alert["since"].endswith("Z")
    assert before.document["alerts"] == []
    assert workbench("-C", root, "check", "--since-last").out == ""
    assert workbench("-C", root, "incident", "list", "--json").document == {"incidents": []}


def test_check_and_status_load_no_dvc(root: Path) -> None:
    script = (
        "import sys, workbench\n"
        "ws = workbench.open(sys.argv[1])\n"
        "assert ws.data.status()[0].changed\n"
        "assert ws.check().information\n"
        "assert not {'dvc', 'dvc_data', 'scmrepo'} & set(sys.modules), 'loaded'\n"
    )
    subprocess.run([sys.executable, "-c", script, str(root)], check=True)


def test_the_versions_are_a_frame_too(root: Path) -> None:
    from workbench.workspace import Workspace

    with Workspace.open(root) as ws:
        frame = ws.data.log(root / TRAIN).frame()
    assert frame["rows"].to_list() == [900, 1000]
    assert frame["models"].to_list() == ["", "m 1"]
    assert frame.schema["time"] == pl.Datetime("us", "UTC")
