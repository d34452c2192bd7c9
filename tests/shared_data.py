"""Real data sets that lie beside the repository, not in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """The folder of a data set: its README and its files; skips the test where it is absent.

    `WORKBENCH_SHARED_DATA` names another folder of all data sets.
    """
    folder = Path(os.environ.get("WORKBENCH_SHARED_DATA") or FOLDER) / name
    if not folder.is_dir():
        pytest.skip(f"the data set {name} is not at {folder}")
    return folder
