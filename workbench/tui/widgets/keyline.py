"""What can I press? One line at the bottom, in which `?` is never dropped."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from workbench.tui.keys import KeyHint
from workbench.tui.palette import palette_of


class KeyLine(Widget):
    """The keys of the screen, as many as fit; the help key is held at the right."""

    def __init__(self) -> None:
        """Starts empty; `show` fills it."""
        super().__init__()
        self._hints: tuple[KeyHint, ...] = ()

    def show(self, hints: Sequence[KeyHint]) -> None:
        """Shows the hints that are meant for this line, in their order."""
        self._hints = tuple(h for h in hints if h.is_shown)
        self.refresh()

    def render(self) -> Text:
        """The line for the present width; a click on a hint runs its action."""
        palette = palette_of(self.app)

        def drawn(hint: KeyHint) -> Text:
            click = Style(meta={"@click": hint.action})
            return Text.assemble(
                (hint.keys, palette.accent + Style(bold=True) + click),
                (f" {hint.label}", palette.dim + click),
                end="",
            )

        last = [h for h in self._hints if h.keys == "?"]
        tail = drawn(last[0]) if last else Text(end="")
        room = self.size.width - tail.cell_len
        line = Text(no_wrap=True, end="")
        for hint in self._hints:
            if hint in last:
                continue
            piece = drawn(hint)
            if line.cell_len + piece.cell_len + 2 > room:
                break
            line.append_text(piece).append("  ")
        line.append(" " * max(room - line.cell_len, 0))
        return line.append_text(tail)
