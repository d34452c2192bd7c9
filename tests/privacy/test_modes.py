"""Nobody but the owner may read the store, whatever the umask, also while it is written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.logs import binary_log
from workbench.store.connections import StoreHome, scratch
from workbench.store.modes import private_files
from workbench.workspace import Workspace

PRIVATE = 'pseudonymise = ["c"]'


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def everything(folder: Path) -> Iterator[Path]:
    """A folder and all in it, also while another process removes parts of it."""
    yield folder
    for root, folders, files in os.walk(folder):
        yield from (Path(root, name) for name in (*folders, *files))


def loose(folder: Path) -> dict[str, str]:
    """Everything in a store that others may look into."""
    found = {}
    for path in everything(folder):
        try:
            mode = stat.S_IMODE(path.lstat().st_mode)
        except FileNotFoundError:
            continue
        if mode & 0o077:
            found[str(path.relative_to(folder.parent))] = oct(mode)
    return found


def make(root: Path) -> Workspace:
    ws = Workspace.create(root)
    binary_log(500, seed=99).write_parquet(root / "data" / "reference.parquet")
    card = ws.add_model("m", root / "data" / "reference.parquet", task="binary")
    card.write_text(card.read_text().replace("# pseudonymise = []", PRIVATE))
    return ws


def test_everything_in_the_store_is_the_owners(tmp_path: Path, open_umask: None) -> None:
    ws = make(tmp_path / "w")
    for number, name in enumerate(("a.csv", "b.jsonl", "c.parquet", "d.arrow")):
        frame = binary_log(200, first_id=1000 * number)
        path = tmp_path / name
        if name == "a.csv":
            path.write_text(frame.write_csv() + "broken,line\n")
        elif name == "b.jsonl":
            frame.write_ndjson(path)
        elif name == "c.parquet":
            frame.write_parquet(path)
        else:
            frame.write_ipc(path)
        assert not ws.ingest(path, "m").failed
    ws.drift("m")
    ws.performance("m", by="1h")
    ws.housekeeping.compact()
    assert len(list((tmp_path / "w" / ".workbench").rglob("*"))) > 8
    assert loose(tmp_path / "w" / ".workbench") == {}


def test_it_is_the_owners_at_every_moment_of_an_ingest(tmp_path: Path) -> None:
    make(tmp_path / "w")
    binary_log(150_000, hours=24.0 * 20).write_csv(tmp_path / "a.csv")
    code = (
        "import os, sys; os.umask(0)\n"
        "from workbench.workspace import Workspace\n"
        "Workspace.open(sys.argv[1]).ingest(sys.argv[2], 'm')\n"
    )
    words = [sys.executable, "-c", code, str(tmp_path / "w"), str(tmp_path / "a.csv")]
    seen: set[str] = set()
    found: dict[str, str] = {}
    with subprocess.Popen(words) as process:
        while process.poll() is None:
            found |= loose(tmp_path / "w" / ".workbench")
            seen |= {path.suffix for path in everything(tmp_path / "w" / ".workbench")}
            time.sleep(0.002)
    assert process.returncode == 0
    assert ".parquet" in seen
    assert ".wal" in seen or ".duckdb" in seen
    assert found == {}


def test_what_spills_is_the_owners(home: StoreHome, tmp_path: Path, open_umask: None) -> None:
    spill = home.staging / "spill"
    spill.mkdir(mode=0o700)
    from dataclasses import replace

    from workbench.store.connections import Resources

    small = replace(home, resources=Resources(memory_limit="60MB", threads=1))
    with scratch(small, spill) as connection:
        connection.execute("CREATE TABLE t AS SELECT range, hash(range) AS h FROM range(8000000)")
        assert list(spill.iterdir())
        assert loose(spill) == {}


def test_the_umask_is_the_processes_own_again_when_all_are_done(open_umask: None) -> None:
    inside, go = threading.Event(), threading.Event()

    def hold() -> None:
        with private_files():
            inside.set()
            go.wait()

    other = threading.Thread(target=hold)
    with private_files():
        other.start()
        inside.wait()
    assert _umask() == 0o077  # the other one is at it still
    go.set()
    other.join()
    assert _umask() == 0


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current
