"""The keeper: what outlives a killed supervisor is ended, and nobody else's process is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.retrain.runs import until
from workbench.retrain.keeper import Keeper, descendants

SLEEP = "import time; time.sleep(60)"


def sleeper(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SLEEP, *words], start_new_session=True)


def test_it_ends_what_it_was_told_of_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "wb-ray-x"
    folder.mkdir()
    own, other, untold = sleeper(str(folder)), sleeper("other"), sleeper(str(folder))
    try:
        keeper = Keeper(folder)
        keeper.note([own.pid, other.pid])
        keeper.close()
        assert own.wait(5) == -signal.SIGKILL
        # A number that is another process's by now, and one that was never told.
        assert (other.poll(), untold.poll()) == (None, None)
        assert not folder.exists()
    finally:
        for one in (own, other, untold):
            one.kill()
            one.wait()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_what_is_left_when_its_supervisor_is_killed(tmp_path: Path, how: int) -> None:
    folder = tmp_path / "wb-ray-x"
    folder.mkdir()
    program = (
        "import sys, time; from pathlib import Path; from workbench.retrain.keeper import Keeper; "
        "k = Keeper(Path(sys.argv[1])); k.note([int(sys.argv[2])]); print(1, flush=True); "
        "time.sleep(60)"
    )
    own = sleeper(str(folder))
    supervisor = subprocess.Popen(
        [sys.executable, "-c", program, str(folder), str(own.pid)], stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    try:
        assert supervisor.stdout is not None
        supervisor.stdout.readline()
        (keeper,) = descendants([supervisor.pid])
        supervisor.send_signal(how)
        supervisor.wait()
        supervisor.stdout.close()
        assert own.wait(30) == -signal.SIGKILL
        until(lambda: not folder.exists())
        until(lambda: not Path(f"/proc/{keeper}").exists())
    finally:
        for one in (own, supervisor):
            one.kill()
            one.wait()
