"""How is one cell of a table written for a reader? The same way in every format."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.period import iso
from workbench.report.sections import Cell, Column

NOTHING = "-"
"""What stands in a cell that has no figure; the status or the reason beside it says why."""


def cell_text(column: Column, value: Cell) -> str:
    """A cell as plain text, not escaped for any format; a dash for nothing.

    >>> cell_text(Column("bad_rate", "Bad rate", "share"), 0.1764)
    '17.6%'
    """
    if value is None or value == "":
        return NOTHING
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, str):
        return value
    if column.kind == "share":
        return f"{value:.1%}"
    if column.kind == "count":
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _moment(at: datetime) -> str:
    """A moment in UTC, without a time of day at midnight, and without seconds if they are 0."""
    text = iso(at).removesuffix("Z").replace("T", " ")
    return text.removesuffix(" 00:00:00").removesuffix(":00")
