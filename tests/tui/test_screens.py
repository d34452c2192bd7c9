"""Driving the screens: where keys lead, what stays in view, and what is said."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from tests.tui.conftest import drive, settled
from tests.tui.standin import COLUMNS, FLEET, StandIn, model_status
from workbench.domain.rates import PerformanceReport
from workbench.errors import NoRowsError, StoreLockedError
from workbench.tui.screens.drift import DriftScreen
from workbench.tui.screens.fleet import FleetScreen
from workbench.tui.screens.help import HelpScreen
from workbench.tui.screens.model import ModelScreen
from workbench.tui.widgets.header import HeaderLine
from workbench.tui.widgets.keyline import KeyLine
from workbench.tui.widgets.notice import Notice
from workbench.tui.widgets.records import Records
from workbench.tui.widgets.timeline import Timeline
from workbench.tui.widgets.too_small import TooSmall


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def lines(pilot: Pilot[None], kind: type[Widget] | str = "Screen") -> list[str]:
    """What stands on the screen, or in one widget, line by line."""
    widget = pilot.app.screen if kind == "Screen" else pilot.app.screen.query_one(kind)
    region = widget.region
    strips = pilot.app.screen._compositor.render_strips(pilot.app.size)
    rows = [strip.text for strip in strips][region.y : region.bottom]
    return [row[region.x : region.right].rstrip() for row in rows]


def text(pilot: Pilot[None], kind: type[Widget] | str = "Screen") -> str:
    return "\n".join(lines(pilot, kind))


def table(pilot: Pilot[None]) -> Records:
    return pilot.app.screen.query_one(Records)


def test_the_worst_model_is_under_the_cursor_at_start(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        assert table(pilot).current_key == FLEET[0].name
        assert "ALERT !   air-time@1" in lines(pilot)[2]
        assert lines(pilot)[0].endswith("1 WARN  2 ALERT")

    drive(standin, steps)


def test_three_keys_lead_from_the_fleet_to_the_worst_feature(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "j", "enter")
        assert isinstance(pilot.app.screen, ModelScreen)
        assert pilot.app.screen.model == "arrival-delay"
        await press(pilot, "down", "enter")
        assert isinstance(pilot.app.screen, DriftScreen)
        assert table(pilot).current_key == "prediction"

    drive(standin, steps)


def test_escape_goes_up_and_never_leaves(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter", "enter", "escape")
        assert isinstance(pilot.app.screen, ModelScreen)
        await press(pilot, "escape", "escape", "escape")
        assert isinstance(pilot.app.screen, FleetScreen)
        assert pilot.app.is_running
        assert len(pilot.app.screen_stack) == 1

    drive(standin, steps)


@pytest.mark.parametrize("key", ["d", "3"])
def test_the_drift_table_is_one_key_away(standin: StandIn, key: str) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, key)
        assert isinstance(pilot.app.screen, DriftScreen)
        await press(pilot, "2")
        assert isinstance(pilot.app.screen, ModelScreen)
        await press(pilot, key, "1")
        assert isinstance(pilot.app.screen, FleetScreen)

    drive(standin, steps)


def test_going_somewhere_twice_does_not_pile_up_screens(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter", "3", "2", "3", "2", "3")
        assert len(pilot.app.screen_stack) == 3

    drive(standin, steps)


def test_the_cursor_follows_its_row_through_a_refresh(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "down", "down")
        assert table(pilot).current_key == "schedule-delay"
        standin.statuses = (model_status("newcomer"), *reversed(FLEET))
        await press(pilot, "r")
        assert table(pilot).current_key == "schedule-delay"
        assert table(pilot).cursor_row == 3
        standin.statuses = tuple(s for s in FLEET if s.name != "schedule-delay")
        await press(pilot, "r")
        assert table(pilot).current_key == "churn"

    drive(standin, steps)


def test_a_long_table_keeps_its_scrolling_through_a_refresh(standin: StandIn) -> None:
    standin.statuses = tuple(model_status(f"model-{i:02}") for i in range(60))

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "G")
        assert table(pilot).current_key == "model-59"
        place = table(pilot).scroll_offset
        assert place.y > 0
        await press(pilot, "r")
        assert table(pilot).current_key == "model-59"
        assert table(pilot).scroll_offset == place
        await press(pilot, "g")
        assert table(pilot).current_key == "model-00"

    drive(standin, steps)


def test_old_data_stays_in_view_while_new_is_read(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        standin.gate.clear()
        await pilot.press("r")
        await pilot.pause()
        assert "air-time@1" in text(pilot, Records)
        assert "loading" in text(pilot, HeaderLine)
        standin.gate.set()
        await settled(pilot)
        assert "loading" not in text(pilot, HeaderLine)

    drive(standin, steps)


def test_a_failed_refresh_says_so_above_the_old_data(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        standin.error = StoreLockedError("the store is held by process 4711", "Wait for it.")
        await press(pilot, "r")
        assert "the store is held by process 4711" in text(pilot, Notice)
        assert "Wait for it." in text(pilot, Notice)
        assert "air-time@1" in text(pilot, Records)
        assert "stale" in text(pilot, HeaderLine)
        standin.error = None
        await press(pilot, "r")
        assert "held by process" not in text(pilot)
        assert "stale" not in text(pilot, HeaderLine)

    drive(standin, steps)


def test_an_unforeseen_error_is_named_and_shows_no_traceback(standin: StandIn) -> None:
    standin.error = RuntimeError("disk on [/fire]")

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        assert "Unexpected error: RuntimeError" in text(pilot)
        assert "disk on [/fire]" in text(pilot)
        assert "Traceback" not in text(pilot)
        assert pilot.app.is_running

    drive(standin, steps)


def test_a_model_without_rows_says_what_to_type(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        standin.error = NoRowsError("no predictions of churn are stored", "Ingest some.")
        await press(pilot, "G", "enter")
        shown = text(pilot, Notice)
        assert "no predictions of churn are stored" in shown
        assert "Error" not in shown

    drive(standin, steps)


def test_t_goes_through_the_periods_and_back_to_the_cards_window(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter", "t", "t", "t", "t", "t")

    drive(standin, steps)
    asked = [period for what, _, period in standin.asked if what == "performance"]
    assert asked == [None, "24h", "7d", "30d", "all", None]


def test_a_period_chosen_on_one_screen_holds_on_the_one_below(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter", "d", "t", "escape")
        assert isinstance(pilot.app.screen, ModelScreen)

    drive(standin, steps)
    asked = [period for what, _, period in standin.asked if what == "performance"]
    assert asked == [None, "24h"]


def test_the_fleet_says_why_it_has_no_other_period(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "t")
        assert "window of its card" in " ".join(n.message for n in pilot.app._notifications)

    drive(standin, steps)


def test_help_lists_the_keys_of_the_screen_and_closes(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter", "question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        assert "the card's window, 24h, 7d, 30d, all" in text(pilot)
        await press(pilot, "pagedown", "pagedown")
        assert "unseen     categories" in text(pilot)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, ModelScreen)

    drive(standin, steps)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("keys", [(), ("enter",), ("enter", "enter")])
def test_the_help_key_is_always_in_view(
    standin: StandIn, size: tuple[int, int], keys: Sequence[str]
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, *keys)
        assert lines(pilot)[-1].endswith("? help")

    drive(standin, steps, size)


def test_a_narrow_key_line_drops_everything_before_the_help_key(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        pilot.app.screen.query_one(KeyLine).styles.width = 22
        await pilot.pause()
        assert text(pilot, KeyLine).split() == ["Enter", "open", "?", "help"]

    drive(standin, steps)


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (30, 8)])
def test_a_small_terminal_tells_both_sizes_and_the_alerts(
    standin: StandIn, size: tuple[int, int]
) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        said = text(pilot)
        assert f"now {size[0]}x{size[1]}, needed 80x24" in said
        assert "2 ALERT !" in said
        assert "air-time" not in said
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        assert "air-time" in text(pilot)
        assert not pilot.app.screen.query_one(TooSmall).display

    drive(standin, steps, size)


def test_a_resize_keeps_the_cursor_and_adds_the_reason(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "j")
        assert "WHY" not in lines(pilot)[1]
        await pilot.resize_terminal(140, 40)
        await settled(pilot)
        assert "WHY" in lines(pilot)[1]
        assert table(pilot).current_key == "arrival-delay"

    drive(standin, steps)


def test_the_chart_follows_a_resize(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter")
        before = lines(pilot, Timeline)
        await pilot.resize_terminal(120, 40)
        await settled(pilot)
        after = lines(pilot, Timeline)
        assert len(after) > len(before)
        assert max(map(len, after)) > max(map(len, before))
        assert any("22.1%" in line for line in after)
        assert "2013-07-02" in after[-1]

    drive(standin, steps)


def test_the_model_says_its_state_in_words(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter")
        assert "41.2% > 22.1%  ALERT !" in lines(pilot)[1]
        assert "(40.1-42.3) n=8,123" in lines(pilot)[1]

    drive(standin, steps)


def test_only_moved_columns_are_suspects_and_their_absence_is_said(standin: StandIn) -> None:
    standin.columns = tuple(c for c in COLUMNS if c.name in ("distance", "carrier"))

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, "enter")
        assert "No column moved" in text(pilot)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, DriftScreen)

    drive(standin, steps)


def test_a_tall_terminal_shows_the_chart_of_the_model_under_the_cursor(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.pause(0.3)
        await settled(pilot)
        assert "22.1%" in text(pilot, Timeline)

    drive(standin, steps, (120, 40))
    assert ("performance", "air-time", None) in standin.asked


def test_a_chart_that_fails_is_asked_for_once_and_says_why() -> None:
    class NoCharts(StandIn):
        """Has a fleet, and no charts."""

        def performance_report(self, model: str, period: str | None = None) -> PerformanceReport:
            """Fails."""
            self.asked.append(("performance", model, period))
            raise StoreLockedError("the store is busy", "Wait.")

    source = NoCharts()

    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.pause(0.6)
        await settled(pilot)
        assert "the store is busy" in text(pilot, Notice)
        assert "air-time@1" in text(pilot, Records)

    drive(source, steps, (120, 40))
    assert source.asked.count(("performance", "air-time", None)) == 1


def test_a_click_on_a_key_does_what_the_key_does(standin: StandIn) -> None:
    async def steps(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await pilot.click(KeyLine, offset=(78, 0))
        await settled(pilot)
        assert isinstance(pilot.app.screen, HelpScreen)

    drive(standin, steps)
