"""Does it fit on the screen? Text wrapped, and names shortened, to the width of a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

WIDTH = 80
"""Columns that every answer fits in; a wider terminal is used where there is one."""

LEAST = 8
"""Cells that are left of a shortened cell at least."""


def line_width() -> int:
    """The columns of a line on stdout: the terminal's, and `WIDTH` at least and without one."""
    try:
        is_terminal = sys.stdout.isatty()
        return (
            max(os.get_terminal_size(sys.stdout.fileno()).columns, WIDTH) if is_terminal else WIDTH
        )
    except (OSError, ValueError):
        return WIDTH  # a terminal that does not tell, or a stdout that is no file


def wrapped(text: str, width: int | None = None, indent: int = 2) -> list[str]:
    """Text in lines of a width, broken between words; a longer word is broken where it must be.

    Args:
        text: harmless already, on one line.
        width: cells of a line; `line_width()` by default.
        indent: spaces before every line but the first.
    """
    from rich.cells import cell_len, chop_cells

    room = line_width() if width is None else width
    if cell_len(text) <= room:
        return [text]
    lines: list[str] = []
    line = " " * (len(text) - len(text.lstrip(" ")))
    is_bare = True
    for word in text.split():
        if not is_bare and cell_len(line) + 1 + cell_len(word) > room:
            lines.append(line)
            line, is_bare = " " * indent, True
        rest = word
        while is_bare and cell_len(line) + cell_len(rest) > room:
            part = chop_cells(rest, max(room - cell_len(line), 2))[0]
            lines.append(line + part)
            line, rest = " " * indent, rest[len(part) :]
        line += rest if is_bare else f" {rest}"
        is_bare = False
    return [*lines, line]


def shortened(text: str, cells: int) -> str:
    """Text of at most so many cells, an ellipsis in the place of its middle where it is longer."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= cells:
        return text
    head, tail = (cells - 1) - (cells - 1) // 2, (cells - 1) // 2
    back = set_cell_size(text[::-1], tail)[::-1].lstrip(" ") if tail else ""
    return set_cell_size(text, head).rstrip(" ") + "…" + back


def fitting_widths(
    widths: Sequence[int], shrink: Sequence[int] | None, width: int
) -> tuple[list[int], int]:
    """The widths that a table's columns may have, and the gap between them.

    Columns that may be shortened give way, the widest first, down to twice `LEAST`; then the gap
    becomes one space; then they give way down to `LEAST`. What is wider still is left so.

    Args:
        widths: of each column as it is.
        shrink: the places of columns whose cells may be shortened; None: nothing gives way.
        width: cells of a line.
    """
    if shrink is None:
        return list(widths), 2
    for gap, least in ((2, 2 * LEAST), (1, 2 * LEAST), (1, LEAST)):
        fitted = list(widths)
        while sum(fitted) + gap * (len(fitted) - 1) > width:
            widest = max(shrink, key=fitted.__getitem__, default=None)
            if widest is None or fitted[widest] <= least:
                break
            fitted[widest] -= 1
        else:
            return fitted, gap
    return fitted, 1
