"""A full disk ends a command with an error and a hint; with space again it ends as if nothing had been."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import done
from tests.crash.operations import operations
from tests.crash.state import assert_tidy, facts, status_rows

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from workbench.cli.main import run
run(sys.argv[2:])
"""
FREE = os.environ.get("WORKBENCH_DISK_FREE", "0 120 260 1500 4000").split()
"""KB; the largest is enough."""


@pytest.mark.parametrize("name", ["both", "reference"])
def test_a_small_disk_that_runs_full(name: str, tmp_path: Path) -> None:
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    try:
        allowed = subprocess.run(probe, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("nothing may be mounted here")
    module = [sys.executable, "-m", "tests.crash.filling"]
    ended = subprocess.run(
        ["unshare", "--mount", *module, str(tmp_path), name, *FREE],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    codes = [line.split()[1] for line in ended.stdout.splitlines()]
    assert codes[0] == "1"
    assert codes[-1] == "0"


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    (operation,) = operations(tmp_path, ("both",))
    whole = tmp_path / "whole"
    done(*operation.prepare(whole))
    expected = facts(whole)
    codes = []
    for kilobytes in (10, 60, 200, 600):
        root = tmp_path / f"limit-{kilobytes}"
        arguments = operation.prepare(root)
        ended = subprocess.run(
            [sys.executable, "-c", LIMITED, str(kilobytes * 1024), *arguments],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        codes.append(ended.returncode)
        if ended.returncode:
            lines = ended.stderr.splitlines()
            assert lines[0] == "error: the disk is full", kilobytes
            assert lines[1].startswith("hint: "), kilobytes
        assert status_rows(root) in (1500, 4497, 4500)
        done(*arguments)
        found = facts(root)
        for key, value in expected.items():
            assert found[key] == value, (kilobytes, key)
        assert_tidy(root)
    # With 600 KB the log of the commits still fits: then it is they that are read.
    assert codes[:3] == [1, 1, 1]
