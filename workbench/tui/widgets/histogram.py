"""How did a column move? One line a bin: its share in the reference, and its share now."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from workbench.domain.drift import ColumnDrift
from workbench.tui.glyphs import Glyphs
from workbench.tui.palette import palette_of
from workbench.tui.shares import OTHER, Share, paired_shares
from workbench.tui.widgets.records import fitted
from workbench.tui.wording import percent

_LABEL = 18


class PairedHistogram(Widget):
    """Paired bars that can be read, and copied, without colour."""

    def __init__(self, glyphs: Glyphs) -> None:
        """Starts empty; `show` fills it."""
        super().__init__()
        self._glyphs = glyphs
        self._column: ColumnDrift | None = None

    def show(self, column: ColumnDrift) -> None:
        """Shows another column."""
        self._column = column
        self.refresh()

    def render(self) -> Text:
        """Headings and bars for the present size; both sides have the same scale."""
        palette, column = palette_of(self.app), self._column
        text = Text(no_wrap=True, end="")
        if column is None:
            return text
        shares = paired_shares(column, self.size.height - 1)
        if not shares:
            return text.append("no distribution to compare", palette.dim)
        bar = max((self.size.width - _LABEL - 18) // 2, 4)
        # What is left over would dwarf everything else; it has its figures, but no bars.
        top = max((max(s.reference, s.current) for s in shares if s.label != OTHER), default=1.0)
        style = palette.status(column.status)
        text.append(f"{'':{_LABEL}}  {'REFERENCE':<{bar + 8}}{'NOW'}", palette.dim)
        for share in shares:
            text.append(f"\n{fitted(share.label, _LABEL)}  ", palette.dim)
            width = 0 if share.label == OTHER else bar
            text.append(self._side(share.reference, top, bar, width), palette.dim)
            now = style if _moved(share) else palette.ok
            text.append(self._side(share.current, top, bar, width), now)
        return text

    def _side(self, share: float, top: float, width: int, most: int) -> str:
        cells = max(round(share / top * most), 1 if share > 0 else 0) if top else 0
        bar = self._glyphs.full * min(cells, most)
        return f"{percent(share):>6} {bar:<{width}} "


def _moved(share: Share) -> bool:
    """Whether a bin is worth colouring: five points, or half as much again, of what it was."""
    rise = abs(share.current - share.reference)
    return rise >= 0.05 or (rise >= 0.02 and rise > 0.5 * share.reference)
