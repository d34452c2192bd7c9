"""Free cores are counted as they are, and results come in order wherever they are made."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import WorkbenchError
from workbench.workspace.other_cores import Idle, free_cores, idle_now, other_processes


def where(number: int) -> tuple[int, int]:
    """A number, and the process that it was asked in."""
    time.sleep(0.005)
    return number, os.getpid()


def picky(number: int) -> int:
    """Fails for one number."""
    if number == 3:
        raise WorkbenchError("not three", "try another")
    return number


def test_the_environment_decides_how_many_cores_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = Idle(0, 0), Idle(0, 400)
    for wanted, free in (("1", 0), ("2", 1), ("9", 3)):
        monkeypatch.setenv("OMP_NUM_THREADS", wanted)
        assert free_cores(*busy, cores=4) == free


@given(st.integers(1, 8), st.floats(0, 1))
def test_a_core_is_free_if_it_was_idle_most_of_the_time(cores: int, share: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OMP_NUM_THREADS", raising=False)
        patch.setattr(os, "cpu_count", lambda: cores)
        found = free_cores(Idle(0, 0), Idle(round(share * 1000), 1000), cores)
    idle = round(share * 1000) / 1000 * cores
    assert 0 <= found <= cores - 1
    assert found <= idle + 0.4
    assert found == cores - 1 or found > idle - 0.6 - 1e-9


def test_without_counters_the_load_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert idle_now(tmp_path / "nothing") is None
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.1, 0.0, 0.0), raising=False)
    assert free_cores(None, None, cores=2) == 1
    monkeypatch.setattr(os, "getloadavg", lambda: (5.0, 0.0, 0.0), raising=False)
    assert free_cores(None, None, cores=2) == 0


def test_counters_of_the_machine_go_up(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  10 1 5 70 4 0 2 0 0 0\ncpu0 5 0 2 35 2 0 1 0 0 0\n")
    assert idle_now(stat) == Idle(74, 92)


def test_without_other_processes_all_is_done_here() -> None:
    with other_processes() as others:
        assert others.each(where, [(n,) for n in range(3)]) == [(n, os.getpid()) for n in range(3)]


def test_results_are_in_order_and_an_error_comes_as_it_would_here() -> None:
    with other_processes() as others:
        others.start(1)
        until = time.monotonic() + 60
        while not others.are_ready and time.monotonic() < until:
            time.sleep(0.05)
        found = others.each(where, [(n,) for n in range(200)])
        assert [number for number, _ in found] == list(range(200))
        assert len({process for _, process in found}) == 2
        # What cannot be sent is done here.
        frame = pl.DataFrame({"x": [1.0, 4.0]})
        assert (
            others.each(lambda f, g: g(f["x"].sum()), [(frame, math.sqrt)] * 2)
            == [math.sqrt(5)] * 2
        )
        with pytest.raises(WorkbenchError) as error:
            others.each(picky, [(n,) for n in range(8)])
        assert error.value.hint == "try another"
    assert others.each(where, [(1,), (2,)]) == [(1, os.getpid()), (2, os.getpid())]


@pytest.mark.parametrize(
    "stream",
    [
        "from textual.app import App, _PrintCapture as P; sys.stderr = P(App(), stderr=True)",
        "sys.stderr = None",
    ],
    ids=["terminal ui", "none"],
)
def test_a_standard_error_without_a_file_is_no_obstacle(stream: str) -> None:
    # In a process of its own: the pool's helper is started once a process.
    code = (
        "import sys, time, math\n"
        "from workbench.workspace.other_cores import other_processes\n"
        f"{stream}\n"
        "kept = sys.stderr\n"
        "with other_processes() as others:\n"
        "    others.start(1)\n"
        "    assert sys.stderr is kept\n"
        "    deadline = time.monotonic() + 60\n"
        "    while not others.are_ready and time.monotonic() < deadline:\n"
        "        time.sleep(0.05)\n"
        "    print(others.are_ready, others.each(math.sqrt, [(4.0,), (9.0,), (16.0,)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "True [2.0, 3.0, 4.0]"
