"""What the tests of the terminal UI share: a real workspace, a stand-in, and a way to drive both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
import pytest_textual_snapshot
from textual.pilot import Pilot

from tests.logs import binary_log
from tests.tui.decisions import StandInDesk
from tests.tui.standin import StandIn
from workbench.clock import FixedClock
from workbench.tui.application import WorkbenchApp
from workbench.tui.desk import Desk
from workbench.tui.glyphs import UNICODE
from workbench.tui.source import Source
from workbench.workspace import Workspace

# syrupy 7 renamed the attribute that plugin 1.0 sets, which would leave files ending in .raw.
pytest_textual_snapshot.SVGImageExtension.file_extension = "svg"

HOSTILE = "[/b]risk \x1b[31m🚀"
"""A model's name that would break a screen which parsed it."""
_START = datetime(2024, 2, 1, tzinfo=UTC)

Steps = Callable[[Pilot[None]], Awaitable[None]]


async def settled(pilot: Pilot[None]) -> None:
    """Waits until no query runs and every message was handled."""
    calm = 0
    while calm < 2:
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        # What was handled may have asked something; its answer is then handled as well.
        calm = 0 if len(pilot.app.workers) else calm + 1


def drive(
    source: Source,
    steps: Steps,
    size: tuple[int, int] = (80, 24),
    low_bandwidth: bool = True,
    desk: Desk | None = None,
) -> None:
    """Runs the app without a terminal and goes through the steps."""

    async def run() -> None:
        app = WorkbenchApp(source, low_bandwidth=low_bandwidth, glyphs=UNICODE, desk=desk)
        async with app.run_test(size=size, notifications=True) as pilot:
            await steps(pilot)

    asyncio.run(run())


@pytest.fixture(autouse=True)
def _plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have chosen colours; the pictures do not follow them."""
    for name in ("NO_COLOR", "TEXTUAL_THEME", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    """A stand-in whose gate is open at the end, whatever the test did."""
    made = StandIn()
    yield made
    made.gate.set()


@pytest.fixture
def desk() -> Iterator[StandInDesk]:
    """Decisions from memory, whose gate is open at the end."""
    made = StandInDesk()
    yield made
    made.gate.set()


def _week_gone_wrong(rows: int) -> pl.DataFrame:
    """Labels against the predictions, one feature moved far, and a category nobody knew."""
    return binary_log(
        rows, seed=7, first_id=50_000, start=_START + timedelta(days=14), hours=168
    ).with_columns(
        pl.col("x") * 60.0,
        (1 - pl.col("prediction")).alias("label"),
        pl.lit("\x1b]0;new\x07").alias("c"),
    )


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace built through the facade: one model well, one on fire, one without rows."""
    root = tmp_path_factory.mktemp("fleet")
    workspace = replace(Workspace.create(root), clock=FixedClock(datetime(2024, 6, 1, tzinfo=UTC)))
    reference = root / "data" / "reference.parquet"
    binary_log(
        2000, seed=99, first_id=10**6, start=datetime(2024, 1, 1, tzinfo=UTC), hours=480
    ).write_parquet(reference)
    calm, bad = root / "calm.parquet", root / "bad.parquet"
    binary_log(3000, seed=1, start=_START, hours=21 * 24).write_parquet(calm)
    _week_gone_wrong(1500).write_parquet(bad)
    for name in ("calm", HOSTILE, "silent"):
        workspace.add_model(name, reference, task="binary")
    workspace.ingest(calm, "calm")
    workspace.ingest([calm, bad], HOSTILE)
    return workspace
