"""What a fit may take: less than the machine has, held by the system, and let go afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from workbench.retrain.fit_memory import (
    SHARE,
    bounded_memory,
    ended_by,
    fit_memory,
    is_of_memory,
    lacked_memory,
    machine_memory,
    too_much,
)
from workbench.retrain.plan import Limits

MUCH = 200_000_000
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds a process's memory")


@linux
def test_what_is_within_the_bound_is_given_and_what_is_beyond_is_not() -> None:
    with bounded_memory(MUCH):
        assert np.ones(MUCH // 16).sum() == MUCH // 16  # half of it
        with pytest.raises(MemoryError):
            np.ones(MUCH // 4)  # twice as much
        with pytest.raises(MemoryError):
            [np.ones(MUCH // 80) for _ in range(12)]  # little by little
        assert len([np.ones(MUCH // 80) for _ in range(6)]) == 6
    assert np.ones(MUCH // 4).sum() == MUCH // 4


@linux
def test_the_bound_is_that_of_processes_which_the_block_starts_and_ends_with_an_error() -> None:
    # Of more than a process of tests has by itself; nothing of it is touched.
    program = f"b = bytearray({20 * MUCH}); print(len(b))"

    def child() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-S", "-c", program]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    refused = []

    def fails() -> None:
        with bounded_memory(MUCH):
            refused.append(child())
            raise ValueError("by the block")

    with pytest.raises(ValueError, match="by the block"):
        fails()
    free = child()
    assert [one.returncode for one in refused] == [1]
    assert "MemoryError" in refused[0].stderr
    assert free.stdout.strip() == str(20 * MUCH)


def test_the_default_is_a_share_of_the_machine_or_of_the_container(tmp_path: Path) -> None:
    whole = machine_memory(())
    small, none, old = tmp_path / "small", tmp_path / "none", tmp_path / "old"
    small.write_text("1000000000\n")
    none.write_text("max\n")
    old.write_text(f"{2**63 - 4096}\n")
    assert machine_memory((none, old, tmp_path / "absent")) == whole
    assert machine_memory((none, small)) == 10**9
    assert fit_memory(Limits(at_once=4)) == int(SHARE * machine_memory() / 4)
    assert fit_memory(Limits(at_once=4, memory_bytes=7)) == 7


def test_the_message_names_the_limit_and_the_setting() -> None:
    said = too_much(Limits(memory_bytes=2_500_000_000))
    assert "2.5 GB" in said
    assert "[retrain] memory_limit" in said
    by_default = too_much(Limits(at_once=2))
    assert f"{fit_memory(Limits(at_once=2)) / 1e9:.1f} GB" in by_default
    assert "the default of [retrain] memory_limit, of this machine's" in by_default


def test_a_process_that_a_library_ended_may_have_lacked_memory_and_a_killed_one_was_killed() -> (
    None
):
    limits = Limits(memory_bytes=10**9)
    assert lacked_memory(-signal.SIGABRT)
    assert "memory_limit" in ended_by(-signal.SIGABRT, limits)
    assert not lacked_memory(-signal.SIGKILL)
    assert ended_by(-signal.SIGKILL, limits) == "by signal 9"
    assert ended_by(3, limits) == "with code 3"


def test_an_error_that_comes_from_a_lack_of_memory_is_known_whatever_wraps_it() -> None:
    def wrapped(first: Exception) -> Exception:
        try:
            try:
                raise first
            except type(first) as error:
                raise RuntimeError("the library says") from error
        except RuntimeError as error:
            return error

    assert is_of_memory(wrapped(MemoryError()))
    assert not is_of_memory(wrapped(ValueError()))
    assert not is_of_memory(None)
