"""What can I press here, and what do the numbers mean?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from workbench.tui.keys import KeyHint
from workbench.tui.palette import palette_of

_TABLE_KEYS = (
    ("Up/Down, j/k", "move the cursor"),
    ("g/G, Home/End", "first and last row"),
    ("PgUp/PgDn", "a page up or down"),
)


class HelpScreen(ModalScreen[None]):
    """The keys of the screen below, and its figures in words; scrolls when it is long."""

    BINDINGS = [
        Binding("escape,question_mark,q,enter", "app.pop_screen", "close"),
        Binding("j,down", "scroll_down", show=False),
        Binding("k,up", "scroll_up", show=False),
        Binding("pagedown,space", "page_down", show=False),
        Binding("pageup", "page_up", show=False),
    ]

    TITLE_OF_PAGE: ClassVar[str] = "Help"
    """Harmless."""

    def __init__(self, hints: Sequence[KeyHint], prose: str) -> None:
        """The help of a screen with these keys and this text about its figures."""
        super().__init__()
        self._hints = tuple(h for h in hints if h.help)
        self._prose = prose

    def compose(self) -> ComposeResult:
        """One scrolling page."""
        with VerticalScroll(id="help") as page:
            page.border_title = self.TITLE_OF_PAGE
            page.border_subtitle = "Esc closes"
            yield Static(self._page(), markup=False)

    def on_mount(self) -> None:
        """The page takes the keys."""
        self.query_one("#help").focus()

    def action_scroll_down(self) -> None:
        """One line down."""
        self.query_one("#help").scroll_relative(y=1, animate=False)

    def action_scroll_up(self) -> None:
        """One line up."""
        self.query_one("#help").scroll_relative(y=-1, animate=False)

    def action_page_down(self) -> None:
        """One page down."""
        self.query_one("#help").scroll_page_down(animate=False)

    def action_page_up(self) -> None:
        """One page up."""
        self.query_one("#help").scroll_page_up(animate=False)

    def _page(self) -> Text:
        palette = palette_of(self.app)
        text = Text().append("Keys\n", palette.strong)
        rows = [*((h.keys, h.help) for h in self._hints), *_TABLE_KEYS]
        for keys, meaning in rows:
            text.append(f"  {keys:<15}", palette.accent)
            text.append(f"{meaning}\n")
        return text.append("\nWhat the numbers mean\n", palette.strong).append(self._prose)
