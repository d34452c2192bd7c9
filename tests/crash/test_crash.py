"""A process killed at any moment loses nothing: the same command given again finishes the work.

`just crash` kills 200 times; here WORKBENCH_CRASH_RUNS says how often.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.crash.run import kill_often

RUNS = int(os.environ.get("WORKBENCH_CRASH_RUNS", "20"))
NAMES = ("both", "reference", "compact", "rebuild", "retain", "replaced", "halves", "erase")


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_command_given_again_ends_as_if_nothing_had_been(
    name: str, tmp_path: Path
) -> None:
    runs = RUNS // len(NAMES) + (NAMES.index(name) < RUNS % len(NAMES))
    (trial,) = kill_often(tmp_path, [name], runs)
    assert trial.killed.total() >= runs
