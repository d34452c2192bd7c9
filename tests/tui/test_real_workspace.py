"""The screens on a real workspace: what the facade answers is what is seen."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot

from tests.tui.conftest import HOSTILE, drive, settled
from tests.tui.test_screens import lines, press, text
from workbench.tui.screens.drift import DriftScreen
from workbench.tui.screens.model import ModelScreen
from workbench.tui.widgets.records import Records
from workbench.tui.wording import percent
from workbench.workspace import Workspace


def test_the_model_on_fire_leads_and_its_hostile_name_does_no_harm(real: Workspace) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        assert pilot.app.screen.query_one(Records).current_key == HOSTILE
        seen = text(pilot)
        assert "ALERT !   [/b]risk \\x1b" in seen
        assert "[/b]risk \\x1b[31m🚀@1  ALERT !  binary" in seen
        assert "\x1b" not in seen
        assert percent(real.status()[0].current_rate) in seen

    drive(real, steps)


def test_its_suspects_are_the_columns_that_were_broken(real: Workspace) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, ModelScreen)
        rate = real.performance_report(HOSTILE).whole.bad_rate
        assert percent(rate) in lines(pilot)[1]
        table = pilot.app.screen.query_one(Records)
        assert [key.value for key in table.rows] == ["x", "c"]
        assert "1 unseen (60.0% of rows): \\x1b]0;" in text(pilot, Records)
        await press(pilot, "down", "enter")
        assert isinstance(pilot.app.screen, DriftScreen)
        assert pilot.app.screen.query_one(Records).current_key == "c"

    drive(real, steps)


def test_every_period_can_be_looked_at(real: Workspace) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter")
        for name in ("24h", "7d", "30d", "all"):
            await press(pilot, "t")
            assert name in lines(pilot)[0]
            assert "error" not in text(pilot).lower()

    drive(real, steps, (120, 40))


def test_a_model_without_rows_says_how_to_ingest(real: Workspace) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        assert "NO DATA ? silent@1" in text(pilot)
        names = [s.name for s in real.status()]
        await press(pilot, *["down"] * names.index("silent"), "enter")
        assert "workbench ingest" in text(pilot)
        assert "--model silent" in text(pilot)
        assert "Error" not in text(pilot)

    drive(real, steps)


def test_a_new_workspace_says_how_to_begin(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        assert "workbench model add" in text(pilot)
        assert "workbench demo" in text(pilot)
        await press(pilot, "enter", "d")
        assert len(pilot.app.screen_stack) == 1

    drive(Workspace.create(tmp_path), steps)
