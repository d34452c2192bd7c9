"""How is an answer printed? JSON for programs; plain, aligned text for people."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from workbench.domain.names import shown
from workbench.domain.period import iso

WORDS = {"ok": "OK", "warning": "WARN ~", "critical": "ALERT !", "unknown": "UNKNOWN ?"}
_COLOURS = {"ok": None, "warning": "yellow", "critical": "red", "unknown": "cyan"}

_HIDDEN = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""Control, bidirectional and invisible characters, and halves of characters."""


def print_json(document: Any) -> None:
    """Prints one JSON document on stdout; times in ISO 8601, what is not finite as null."""
    click.echo(json_line(document, indent=2))


def json_line(value: Any, indent: int | None = None) -> str:
    """A value as JSON; times in ISO 8601, what is not finite as null."""
    text = json.dumps(_plain(value), ensure_ascii=False, indent=indent, allow_nan=False)
    # JSON escapes only ASCII's controls; the others would reach a terminal, or not be text at all.
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: str = "",
    *,
    shrink: Sequence[int] | None = None,
    below: Sequence[str] = (),
) -> None:
    """Prints aligned columns, within the width of a line where that can be.

    Args:
        headers: the column headings.
        rows: cells as text, harmless already.
        right: one character a column, `r` to align right.
        shrink: the places of columns whose cells may be shortened in the middle; None: the table
            may be wider than a line.
        below: a sentence a row, printed under it and indented; empty ones are not.
    """
    from rich.cells import cell_len

    from workbench.cli.fitting import fitting_widths, line_width, shortened, wrapped

    table = [list(headers), *[list(row) for row in rows]]
    widths = [max(cell_len(row[i]) for row in table) for i in range(len(headers))]
    fitted, gap = fitting_widths(widths, shrink, line_width())
    for number, row in enumerate(table):
        cells = []
        for i, text in enumerate(row):
            cell = shortened(text, fitted[i]) if i in (shrink or ()) else text
            space = " " * (fitted[i] - cell_len(cell))
            cells.append(space + cell if right[i : i + 1] == "r" else cell + space)
        line = (" " * gap).join(cells).rstrip()
        click.echo(click.style(line, bold=True) if number == 0 else _tinted(line))
        if number and below and below[number - 1]:
            for part in wrapped("  " + below[number - 1]):
                click.echo(part)


def print_text(text: str, indent: int = 2) -> None:
    """Prints a sentence, harmless already, wrapped to the width of a line."""
    from workbench.cli.fitting import wrapped

    for line in wrapped(text, indent=indent):
        click.echo(_tinted(line))


def word(status: str) -> str:
    """A status in words."""
    return WORDS.get(status, status)


def rate(value: float | None) -> str:
    """A rate as a percentage; a dash for none."""
    return "-" if value is None else f"{value:.1%}"


def figure(value: float | None, digits: int = 3) -> str:
    """A number, short; a dash for none."""
    return "-" if value is None else f"{value:.{digits}f}"


def interval(low: float | None, high: float | None) -> str:
    """An interval of rates in percent; a dash for none."""
    return "-" if low is None or high is None else f"{low * 100:.1f}-{high * 100:.1f}"


def age(seconds: float | None) -> str:
    """A length of time in its largest unit; a dash for none."""
    if seconds is None:
        return "-"
    for unit, length in (("y", 365.25 * 86400), ("d", 86400.0), ("h", 3600.0), ("m", 60.0)):
        if abs(seconds) >= length:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


def when(moment: datetime | None) -> str:
    """A moment in UTC, to the minute; a dash for none."""
    return "-" if moment is None else f"{moment.date().isoformat()} {moment:%H:%MZ}"


def note(text: str) -> None:
    """Prints a remark on stderr, wrapped."""
    from workbench.cli.fitting import wrapped

    for line in wrapped(shown(text)):
        click.echo(line, err=True)


def _tinted(line: str) -> str:
    for status, label in WORDS.items():
        if label in line and _COLOURS[status]:
            return line.replace(label, click.style(label, fg=_COLOURS[status], bold=True), 1)
    return line


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | frozenset | set):
        return [_plain(entry) for entry in value]
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
