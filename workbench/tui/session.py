"""What do all screens share? The workspace, the chosen period, and the last known fleet."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from workbench.domain.status import ModelStatus
from workbench.tui.desk import Desk
from workbench.tui.glyphs import Glyphs
from workbench.tui.source import Source

PERIODS: tuple[str | None, ...] = (None, "24h", "7d", "30d", "all")
"""What `t` goes through; None is the window of each model's card."""


@dataclass
class Session:
    """The state of one run of the terminal UI; changed by the event loop only."""

    source: Source
    glyphs: Glyphs
    desk: Desk
    is_low_bandwidth: bool = False
    statuses: tuple[ModelStatus, ...] | None = None
    """None until the fleet was read once."""
    period: str | None = None
    doing: str = ""
    """The deed that is under way, in words; empty: none."""

    @property
    def alerts(self) -> int | None:
        """How many models are critical; None until it is known."""
        return self._number("critical")

    @property
    def warnings(self) -> int:
        """How many models are in warning."""
        return self._number("warning") or 0

    def _number(self, status: str) -> int | None:
        if self.statuses is None:
            return None
        return sum(s.status == status for s in self.statuses)

    def status_of(self, model: str) -> ModelStatus | None:
        """The last known state of a model; None when it is not known."""
        return next((s for s in self.statuses or () if s.name == model), None)

    def next_period(self) -> None:
        """Goes to the next period of `PERIODS`, and from the last one to the first."""
        self.period = PERIODS[(PERIODS.index(self.period) + 1) % len(PERIODS)]


@dataclass
class PlaceChosen(Message):
    """The operator wants to be on another screen; the app knows the way."""

    place: str
    """`fleet`, `model`, `drift`, `verdict` or `runs`."""
    model: str = ""
    """For `runs`: empty for those of all models."""
    column: str | None = None
    """For `drift`: the column to stand on."""
