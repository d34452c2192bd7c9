"""A damaged or read-only store, a closed pipe, an interrupt: an error and a hint, no traceback."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.command import done, make_workspace, stored_files, workbench
from tests.logs import binary_log

COMMAND = [sys.executable, "-c", "from workbench.cli.main import run; run()"]
QUESTIONS = (
    ("status",),
    ("performance", "m"),
    ("drift", "m"),
    ("quality", "m"),
    ("ingest", "x.csv", "--model", "m"),
)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_workspace(tmp_path_factory.mktemp("site"))


@pytest.fixture
def copy(healthy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "copy"
    shutil.copytree(healthy, root)
    monkeypatch.chdir(root)
    binary_log(5, first_id=8000).write_csv(root / "x.csv")
    return root


@pytest.mark.parametrize("damage", ["garbage", "nothing", "noise"])
def test_a_damaged_catalog_is_named_by_every_command(copy: Path, damage: str) -> None:
    catalog = copy / ".workbench" / "store.duckdb"
    raw = catalog.read_bytes()
    catalog.write_bytes(
        {"garbage": b"garbage" * 1000, "nothing": b"", "noise": b"\xa5" * len(raw)}[damage]
    )
    for question in QUESTIONS:
        workbench(*question).assert_refused("the store is damaged", ".workbench/")


def test_rows_without_their_catalog_are_kept_until_a_backup_is_restored(
    copy: Path, tmp_path: Path
) -> None:
    before = done("performance", "m", "--json").document
    done("store", "backup", str(tmp_path / "b.tar"))
    (copy / ".workbench" / "store.duckdb").unlink()
    rows = [name for name in stored_files(copy) if "/segments/" in name]
    for question in (*QUESTIONS, ("store", "compact"), ("sql", "SELECT 1"), ("init", str(copy))):
        workbench(*question).assert_refused("catalog (store.duckdb) is gone", "store restore FILE")
    assert [name for name in stored_files(copy) if "/segments/" in name] == rows
    done("store", "restore", str(tmp_path / "b.tar"), "--yes")
    assert done("performance", "m", "--json").document == before


def test_a_store_that_moved_with_its_workspace_answers_the_same(copy: Path, healthy: Path) -> None:
    there = done("-C", healthy, "performance", "m", "--json").document
    assert done("-C", copy, "performance", "m", "--json").document == there


def test_rows_that_are_gone_are_an_error_where_they_are_needed(copy: Path) -> None:
    for name in stored_files(copy):
        if "/segments/" in name:
            Path(name).unlink()
    done("status")
    workbench("performance", "m", "--by", "1h").assert_refused("the store is damaged")


def test_a_folder_that_cannot_be_written_is_said(copy: Path) -> None:
    shutil.rmtree(copy / ".workbench")
    (copy / ".workbench").write_text("in the way")
    for question in QUESTIONS:
        workbench(*question).assert_refused("store")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_workspace_is_said(copy: Path) -> None:
    folders = [copy, *(path for path in copy.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        workbench("ingest", "x.csv", "--model", "m").assert_refused()
        workbench(
            "model", "add", "n", "--reference", copy / "data" / "reference.parquet"
        ).assert_refused()
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[nope", "not valid TOML"),
        (b"\xff", "cannot read workbench.toml"),
        (b"[store]\nthreads = 'x'\n", "threads"),
        (b"[store]\nthread = 1\n", "thread"),
    ],
)
def test_settings_that_cannot_be_used_are_said(copy: Path, text: bytes, said: str) -> None:
    (copy / "workbench.toml").write_bytes(text)
    workbench("status").assert_refused(said)


def test_a_workspace_that_is_not_there_is_never_another_one(copy: Path) -> None:
    workbench("-C", copy / "typo", "status").assert_refused("there is no folder")
    workbench("status", "-C", "typo").assert_refused("there is no folder")


def test_a_reader_that_goes_away_is_no_traceback(copy: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    ended = subprocess.run(
        [*COMMAND, "drift", "m", "--json"],
        cwd=copy, stdout=write_end, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip
    os.close(write_end)
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert "unexpected" not in ended.stderr


def test_an_interrupted_ingest_ends_with_130_and_stores_nothing_half(copy: Path) -> None:
    big = copy / "big.csv"
    binary_log(120_000, first_id=10_000, hours=48).write_csv(big)
    process = subprocess.Popen(
        [*COMMAND, "ingest", str(big), "--model", "m"],
        cwd=copy, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    staging = copy / ".workbench" / "staging"
    deadline = time.monotonic() + 20
    while process.poll() is None and not list(staging.glob("*/*")):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "interrupted" in err
    assert done("status", "--json").document["models"][0]["rows"] == 500
    again = done("ingest", big, "--model", "m", "--json").document
    assert again["rows_stored"] == 120_000


@pytest.mark.parametrize("extra", [{}, {"NO_COLOR": "1"}])
def test_a_terminal_gets_colour_unless_no_color_is_set(copy: Path, extra: dict[str, str]) -> None:
    mine, theirs = pty.openpty()
    plain = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    subprocess.run(
        [*COMMAND, "status"],
        cwd=copy, stdout=theirs, stderr=subprocess.PIPE, check=True,
        env=plain | {"TERM": "xterm-256color"} | extra,
    )  # fmt: skip
    os.close(theirs)
    text = os.read(mine, 1 << 16).decode()
    os.close(mine)
    assert "model" in text
    assert ("\x1b[" in text) is (not extra)
