"""What is said when the terminal is too small: both sizes, and what is on fire all the same."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from workbench.tui.palette import palette_of

NEEDED = (80, 24)


class TooSmall(Widget):
    """Covers the screen below 80x24; the stylesheet shows and hides it."""

    alerts: int | None = None
    """How many models alert; None until it is known."""

    def show(self, alerts: int | None) -> None:
        """Shows another number of alerts."""
        self.alerts = alerts
        self.refresh()

    def render(self) -> Text:
        """Short lines, so that they can be read on a phone."""
        palette = palette_of(self.app)
        width, height = self.app.size
        text = Text(justify="center")
        if self.alerts is not None:
            style = palette.critical if self.alerts else palette.dim
            text.append(f"{self.alerts} ALERT{' !' if self.alerts else ''}\n", style)
        text.append("Terminal too small\n", palette.strong)
        text.append(f"now {width}x{height}, needed {NEEDED[0]}x{NEEDED[1]}\n", palette.dim)
        text.append("q quits", palette.dim)
        return text
