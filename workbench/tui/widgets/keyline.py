"""What can I press? One line at the bottom, in which `?` is never dropped."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual.events import Click
from textual.widget import Widget

from workbench.tui.keys import KeyHint
from workbench.tui.palette import palette_of


class KeyLine(Widget):
    """The keys of the screen, as many as fit; the help key is held at the right."""

    def __init__(self) -> None:
        """Starts empty; `show` fills it."""
        super().__init__()
        self._hints: tuple[KeyHint, ...] = ()
        self._places: list[tuple[int, int, str]] = []
        """First cell, the cell after the last one, and the action of each drawn hint."""

    def show(self, hints: Sequence[KeyHint]) -> None:
        """Shows the hints that are meant for this line, in their order."""
        self._hints = tuple(h for h in hints if h.is_shown)
        self.refresh()

    def render(self) -> Text:
        """The line for the present width."""
        palette = palette_of(self.app)
        self._places = []

        def drawn(hint: KeyHint) -> Text:
            key = palette.accent + Style(bold=True)
            return Text.assemble((hint.keys, key), (f" {hint.label}", palette.dim), end="")

        helps = [h for h in self._hints if h.keys == "?"]
        tail = Text("  ", end="").join(drawn(h) for h in helps)
        room = self.size.width - tail.cell_len
        line = Text(no_wrap=True, end="")
        for hint in self._hints:
            if hint in helps:
                continue
            piece = drawn(hint)
            if line.cell_len + piece.cell_len + 2 > room:
                break
            self._places.append((line.cell_len, line.cell_len + piece.cell_len, hint.action))
            line.append_text(piece).append("  ")
        line.append(" " * max(room - line.cell_len, 0))
        self._places += [(room, self.size.width, h.action) for h in helps]
        return line.append_text(tail)

    async def on_click(self, event: Click) -> None:
        """Does what the hint under the mouse says."""
        at = event.get_content_offset(self)
        for first, end, action in self._places:
            if at is not None and first <= at.x < end:
                await self.run_action(action)
