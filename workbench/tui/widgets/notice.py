"""What is said when there is nothing to show: loading, empty, or what went wrong."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from workbench.domain.names import shown
from workbench.tui.messages import Failure
from workbench.tui.palette import palette_of


class Notice(Static):
    """A text that fills the screen while there is no data, or a strip above data that is old."""

    def __init__(self) -> None:
        """Starts hidden."""
        super().__init__(markup=False)
        self.display = False

    def hide(self) -> None:
        """Takes it away."""
        self.display = False

    def say_loading(self, what: str, seconds: int = 0) -> None:
        """Something is being read, and since when; below two seconds without the time."""
        palette = palette_of(self.app)
        text = Text(f"Reading {shown(what)} ...", palette.dim)
        if seconds >= 2:
            text.append(f"  {seconds} s", palette.dim)
        self._say(text, "-loading")

    def say_empty(self, title: str, lines: tuple[tuple[str, str], ...]) -> None:
        """Nothing is there yet.

        Args:
            title: why, in one sentence.
            lines: what to type, each with what it does; harmless text.
        """
        palette = palette_of(self.app)
        text = Text().append(shown(title), palette.strong)
        text.append("\n")
        for command, meaning in lines:
            text.append(f"\n{command}", palette.accent)
            if meaning:
                text.append(f"\n    {meaning}", palette.dim)
        self._say(text, "-empty")

    def say_failure(self, failure: Failure, has_data: bool) -> None:
        """What went wrong and what to do; above old data it is a strip."""
        palette = palette_of(self.app)
        style = palette.strong if failure.is_empty else palette.critical
        text = Text().append(shown(failure.title), style)
        text.append(f"\n{shown(failure.message)}")
        if failure.hint:
            text.append("\n\n" if not has_data else "\n")
            text.append(shown(failure.hint), palette.dim)
        if not failure.is_empty:
            text.append("\n" if has_data else "\n\n")
            tail = (
                "r: try again    what is shown below is from before" if has_data else "r: try again"
            )
            text.append(tail, palette.accent)
        self._say(text, "-empty" if failure.is_empty else "-failed", has_data)

    def _say(self, text: Text, kind: str, is_strip: bool = False) -> None:
        for name in ("-loading", "-empty", "-failed"):
            self.set_class(name == kind, name)
        self.set_class(is_strip, "-strip")
        self.update(text)
        self.display = True
