"""What all tests share: quiet threads, a fixed clock, and small real workspaces."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("POLARS_MAX_THREADS", "2")

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from workbench.clock import FixedClock
from workbench.store.connections import StoreHome

settings.register_profile(
    "quiet", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.load_profile("quiet")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that share something dear come first, one after another: no process waits for another's."""
    items.sort(key=lambda item: item.get_closest_marker("first") is None)


@pytest.fixture(autouse=True)
def _no_workspace_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKBENCH_WORKSPACE", raising=False)


@pytest.fixture
def clock() -> FixedClock:
    """A machine clock that stands in June 2024."""
    return FixedClock(datetime(2024, 6, 1, tzinfo=UTC))


@pytest.fixture
def home(tmp_path: Path) -> StoreHome:
    """An empty store."""
    made = StoreHome(tmp_path / ".workbench")
    made.create()
    return made
