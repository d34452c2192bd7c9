"""How does a table keep the operator's place? Rows by key, columns by the width at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.coordinate import Coordinate
from textual.widgets import DataTable

from workbench.domain.names import shown


@dataclass(frozen=True)
class Column:
    """A column: its heading, how many cells wide, and to which side its cells lean."""

    label: str
    width: int
    is_right: bool = False


@dataclass(frozen=True)
class Cell:
    """Text of a cell and its style; the text may be hostile."""

    text: str
    style: Style = Style()


@dataclass(frozen=True)
class Row:
    """A row and the key that its place is kept by."""

    key: str
    cells: tuple[Cell, ...]


def fitted(text: str, width: int, is_right: bool = False) -> str:
    """Harmless text of exactly this many cells, cut with an ellipsis or filled with spaces."""
    piece = Text(shown(text), end="")
    if piece.cell_len > width:
        piece.truncate(width, overflow="ellipsis")
    plain = piece.plain
    space = " " * max(width - cell_len(plain), 0)
    return space + plain if is_right else plain + space


class Records(DataTable[Text]):
    """A table of one-line rows whose cursor stays on its row, whatever happens around it."""

    BINDINGS = [
        Binding("j", "cursor_down", "down", show=False),
        Binding("k", "cursor_up", "up", show=False),
        Binding("g,home", "scroll_top", "top", show=False),
        Binding("G,end", "scroll_bottom", "bottom", show=False),
        Binding("ctrl+d", "page_down", "page down", show=False),
        Binding("ctrl+u", "page_up", "page up", show=False),
    ]

    def __init__(self, id: str, has_header: bool = True) -> None:  # noqa: A002 - Textual's word
        """An empty table; `show` fills it."""
        super().__init__(
            id=id,
            cursor_type="row",
            cell_padding=0,
            show_header=has_header,
            # A status keeps its colour under the cursor.
            cursor_foreground_priority="renderable",
        )

    @property
    def current_key(self) -> str | None:
        """The key of the row under the cursor; None without rows."""
        if not self.is_valid_row_index(self.cursor_row):
            return None
        return self.coordinate_to_cell_key(Coordinate(self.cursor_row, 0)).row_key.value

    def show(self, columns: Sequence[Column], rows: Sequence[Row], at: str | None = None) -> None:
        """Replaces everything, and keeps the cursor on its row and the scrolling where it was.

        Args:
            columns: from left to right; one cell of space follows each.
            rows: from the top; keys are unique.
            at: put the cursor on this row instead; a key that is not there changes nothing.
        """
        keys = [row.key for row in rows]
        place = at if at in keys else self.current_key
        # A row that is gone leaves the cursor where it was.
        index = keys.index(place) if place in keys else min(self.cursor_row, len(keys) - 1)
        offset = self.scroll_offset
        with self.app.batch_update(), self.prevent(self.RowHighlighted):
            self.clear(columns=True)
            for number, column in enumerate(columns):
                label = Text(fitted(column.label, column.width, column.is_right), end="")
                self.add_column(label, width=column.width + 1, key=str(number))
            for row in rows:
                self.add_row(
                    *(
                        Text(fitted(c.text, k.width, k.is_right), c.style, no_wrap=True, end="")
                        for c, k in zip(row.cells, columns, strict=True)
                    ),
                    key=row.key,
                )
            if index > 0:
                self.move_cursor(row=index, animate=False, scroll=False)
            self.scroll_to(offset.x, offset.y, animate=False)
        if place == at and at is not None:
            self.call_after_refresh(self.move_cursor, row=index, animate=False)
        if rows:
            key = self.coordinate_to_cell_key(Coordinate(self.cursor_row, 0)).row_key
            self.post_message(self.RowHighlighted(self, self.cursor_row, key))
