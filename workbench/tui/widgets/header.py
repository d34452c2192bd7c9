"""Where am I, how old is what I see, and how much is on fire? One line at the top."""

from __future__ import annotations

from dataclasses import dataclass

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from workbench.domain.names import shown
from workbench.tui.glyphs import Glyphs
from workbench.tui.palette import palette_of


@dataclass(frozen=True)
class HeaderFacts:
    """What the line says; names are hostile text."""

    workspace: str = ""
    crumbs: tuple[str, ...] = ()
    period: str = ""
    age: str = ""
    """Of the newest prediction, as a short duration."""
    state: str = ""
    """`loading` or `stale`; empty when all is as it should be."""
    alerts: int | None = None
    """None until the fleet was read once."""
    warnings: int = 0


class HeaderLine(Widget):
    """One line: the way here at the left, the state of things at the right."""

    def __init__(self, glyphs: Glyphs) -> None:
        """Starts empty; `show` fills it."""
        super().__init__()
        self._glyphs = glyphs
        self._facts = HeaderFacts()

    def show(self, facts: HeaderFacts) -> None:
        """Shows other facts."""
        if facts != self._facts:
            self._facts = facts
            self.refresh()

    def render(self) -> Text:
        """The line, cut to the width: alerts stay longest, then age, period and state."""
        palette = palette_of(self.app)
        facts, width = self._facts, self.size.width
        left = Text("workbench", palette.strong, no_wrap=True, end="")
        left.append(f"  {shown(facts.workspace)}", palette.dim)
        for crumb in facts.crumbs:
            left.append(f" {self._glyphs.crumb} ", palette.dim)
            left.append(shown(crumb), palette.accent)
        right = Text(no_wrap=True, end="")
        room = width - min(left.cell_len, width // 2) - 2
        for text, style in reversed(self._states()):
            if right and right.cell_len + len(text) + 2 > room:
                break
            right = Text.assemble((text, style), "  " if right else "", right)
        left.truncate(max(width - right.cell_len - 2, 0), overflow="ellipsis", pad=True)
        return Text.assemble(left, "  ", right, no_wrap=True, end="")

    def _states(self) -> list[tuple[str, Style]]:
        """Least important first: the line drops from the left."""
        palette = palette_of(self.app)
        facts = self._facts
        states: list[tuple[str, Style]] = []
        if facts.state:
            states.append((facts.state, palette.warning if facts.state == "stale" else palette.dim))
        if facts.period:
            states.append((facts.period, palette.dim))
        if facts.age:
            states.append((f"data {facts.age} old", palette.dim))
        if facts.alerts is not None:
            if facts.warnings:
                states.append((f"{facts.warnings} WARN", palette.warning))
            style = palette.critical if facts.alerts else palette.dim
            states.append((f"{facts.alerts} ALERT", style))
        return states
