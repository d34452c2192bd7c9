"""Many processes on one workspace: nobody is locked out, and every row and label counts once.

`just soak` does this for a minute, and watches the time of a status.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.run import soak


@pytest.mark.parametrize("upkeep", [False, True])
def test_many_processes_on_one_workspace(tmp_path: Path, upkeep: bool) -> None:
    found = soak(tmp_path, 5, upkeep=upkeep)
    assert found.statuses
    assert sum(found.chunks) >= 2
