"""The workspace in trouble, made once: nothing here writes to its store."""

from __future__ import annotations

import pytest

from tests.report.site import incident_workspace
from workbench.workspace import Workspace


@pytest.fixture(scope="session")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A real workspace with one model whose feed broke half-way."""
    return incident_workspace(tmp_path_factory.mktemp("incident work") / "space")
