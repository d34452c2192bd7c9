"""The workspace in trouble, and the notebook's file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.site import incident_workspace
from workbench.workspace import Workspace


@pytest.fixture(scope="session")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A real workspace with one model whose feed broke half-way."""
    return incident_workspace(tmp_path_factory.mktemp("notebook") / "space")


@pytest.fixture(scope="session")
def notebook() -> Path:
    """The notebook, where the command finds it."""
    from workbench.resources import notebooks_dir

    return notebooks_dir() / "drift.py"
