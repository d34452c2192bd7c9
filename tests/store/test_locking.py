"""The store's lock: who waits for whom, for how long, and what those who waited in vain are told."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import pytest

from workbench.errors import StoreLockedError
from workbench.store.connections import Resources, StoreHome, reading, writing
from workbench.store.holders import READERS, sweep_readers
from workbench.store.locking import store_lock

HOLD = """
import sys, time
from pathlib import Path
from workbench.store.locking import store_lock
with store_lock(Path(sys.argv[1]), exclusive=sys.argv[2] == "write", timeout=20, purpose=sys.argv[3]):
    print("in", flush=True)
    time.sleep(60)
"""
HAMMER = """
import sys, time
from pathlib import Path
from workbench.store.locking import store_lock
print("in", flush=True)
while True:
    with store_lock(Path(sys.argv[1]), exclusive=sys.argv[2] == "write", timeout=30, purpose="hammering"):
        time.sleep(0.05)
"""
FOREIGN = """
import sys, duckdb, time
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read")
print("in", flush=True)
time.sleep(float(sys.argv[3]))
connection.close()
"""


@contextmanager
def started(code: str, *arguments: object, waits: bool = True) -> Iterator[subprocess.Popen[str]]:
    """A process that has said that it is in; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        if waits:
            assert process.stdout.readline() == "in\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def hasty(home: StoreHome, seconds: float = 0.3) -> StoreHome:
    return StoreHome(home.folder, Resources(lock_timeout=seconds))


def refused(home: StoreHome, exclusive: bool, seconds: float = 0.3) -> str:
    """What who waits in vain is told."""
    begun = time.monotonic()
    with (
        pytest.raises(StoreLockedError) as caught,
        store_lock(home.folder, exclusive=exclusive, timeout=seconds, purpose="waiting"),
    ):
        pass
    assert time.monotonic() - begun >= seconds
    assert "lock_timeout" in caught.value.hint
    return caught.value.message


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_writer_is_named_to_whoever_waits(home: StoreHome, exclusive: bool) -> None:
    with started(HOLD, home.folder, "write", "compacting") as writer:
        said = refused(home, exclusive)
    assert said == f"the store is busy: process {writer.pid} is writing to it (compacting)"


def test_a_reader_is_named_to_a_writer(home: StoreHome) -> None:
    with started(HOLD, home.folder, "read", "drawing a chart") as reader:
        said = refused(home, exclusive=True)
        assert said == f"the store is busy: process {reader.pid} is reading it (drawing a chart)"
        with reading(hasty(home)):
            pass  # readers share


def test_several_readers_are_counted(home: StoreHome) -> None:
    with (
        started(HOLD, home.folder, "read", "one") as first,
        started(HOLD, home.folder, "read", "two") as second,
    ):
        said = refused(home, exclusive=True)
    assert said.endswith(", and 1 more")
    assert any(f"process {one.pid} is reading it" in said for one in (first, second))


def test_the_dead_are_not_named_and_what_they_left_is_swept(home: StoreHome) -> None:
    with started(HOLD, home.folder, "read", "dying") as dead:
        dead.send_signal(signal.SIGKILL)
        dead.wait()
    with started(HOLD, home.folder, "write", "dying too") as dead:
        dead.send_signal(signal.SIGKILL)
        dead.wait()
    assert len(list((home.folder / READERS).iterdir())) == 1
    with started(HOLD, home.folder, "read", "alive") as alive:
        assert refused(home, exclusive=True) == (
            f"the store is busy: process {alive.pid} is reading it (alive)"
        )
        assert sweep_readers(home.folder) == 1
        assert [path.name.split("-")[0] for path in (home.folder / READERS).iterdir()] == [
            str(alive.pid)
        ]
    with writing(hasty(home), "after all"):
        pass


def test_who_waits_behind_a_waiting_writer_hears_of_the_reader_that_holds_the_store(
    home: StoreHome,
) -> None:
    with (
        started(HOLD, home.folder, "read", "long") as reader,
        started(HOLD, home.folder, "write", "next", waits=False),
    ):
        while not (home.folder / "turnstile.lock").read_text():
            time.sleep(0.02)
        assert f"process {reader.pid} is reading it (long)" in refused(home, exclusive=False)


def test_a_writer_that_stands_still_in_the_queue_is_named(home: StoreHome) -> None:
    with ExitStack() as running:
        reader = running.enter_context(started(HOLD, home.folder, "read", "short"))
        stuck = running.enter_context(started(HOLD, home.folder, "write", "stuck", waits=False))
        while not (home.folder / "turnstile.lock").read_text():
            time.sleep(0.02)
        stuck.send_signal(signal.SIGSTOP)
        reader.kill()
        reader.wait()
        said = refused(home, exclusive=False)
    assert said == f"the store is busy: process {stuck.pid} is next to use it (stuck)"


def test_a_holder_in_the_same_process_is_called_that(home: StoreHome) -> None:
    said: list[str] = []
    with writing(home, "compacting"):
        other = threading.Thread(target=lambda: said.append(refused(home, exclusive=False)))
        other.start()
        other.join()
    with reading(home, "drawing"):
        other = threading.Thread(target=lambda: said.append(refused(home, exclusive=True)))
        other.start()
        other.join()
    me = f"the store is busy: this process ({os.getpid()})"
    assert said == [f"{me} is writing to it (compacting)", f"{me} is reading it (drawing)"]


@pytest.mark.parametrize(("many", "one"), [("read", True), ("write", False), ("write", True)])
def test_a_stream_of_others_starves_nobody(home: StoreHome, many: str, one: bool) -> None:
    with (
        started(HAMMER, home.folder, many),
        started(HAMMER, home.folder, many),
        started(HAMMER, home.folder, many),
    ):
        for _ in range(5):
            with store_lock(home.folder, exclusive=one, timeout=20, purpose="waiting"):
                pass


@pytest.mark.parametrize("how", ["read", "write"])
def test_a_foreign_opener_of_the_catalog_is_waited_for(home: StoreHome, how: str) -> None:
    with started(FOREIGN, home.catalog, how, 0.5), writing(home, "waiting") as catalog:
        catalog.execute("INSERT INTO commits VALUES (1, now()::TIMESTAMP, 'm', 'x')")
    with reading(home) as catalog:
        assert catalog.execute("SELECT count(*) FROM commits").fetchall() == [(1,)]


def test_a_foreign_opener_that_stays_is_named_and_readers_pass_one_that_reads(
    home: StoreHome,
) -> None:
    with started(FOREIGN, home.catalog, "write", 60) as foreign:
        with pytest.raises(StoreLockedError, match=str(foreign.pid)) as caught:
            _write(hasty(home))
        assert caught.value.hint
        with pytest.raises(StoreLockedError, match=str(foreign.pid)), reading(hasty(home)):
            pass
    with started(FOREIGN, home.catalog, "read", 60) as foreign:
        with reading(hasty(home)):
            pass
        with pytest.raises(StoreLockedError, match=str(foreign.pid)):
            _write(hasty(home))
    _write(hasty(home))


def test_readers_do_not_wait_for_a_writer_that_waits_for_a_foreign_reader(home: StoreHome) -> None:
    with started(FOREIGN, home.catalog, "read", 60):
        writer = threading.Thread(target=_write_in_vain, args=(hasty(home, 3),))
        writer.start()
        time.sleep(0.3)
        with reading(hasty(home, 1)):
            assert writer.is_alive()
        writer.join()


def test_a_catalog_that_this_process_has_open_itself_is_said_to_be(home: StoreHome) -> None:
    own = duckdb.connect(str(home.catalog), read_only=True)
    with pytest.raises(StoreLockedError, match=f"this process \\({os.getpid()}\\)"):
        _write(hasty(home))
    own.close()
    _write(hasty(home))


def test_writing_while_this_thread_reads_is_refused_at_once(
    home: StoreHome, tmp_path: Path
) -> None:
    other = StoreHome(tmp_path / "other")
    other.create()
    with reading(home, "drawing"):
        with pytest.raises(Exception, match="while it is being read \\(drawing\\)"):
            _write(home)
        _write(other)


def _write(home: StoreHome) -> None:
    with writing(home, "x"):
        pass


def _write_in_vain(home: StoreHome) -> None:
    with pytest.raises(StoreLockedError):
        _write(home)
