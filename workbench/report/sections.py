"""What does a report consist of? Sections as data, before any format.

Texts are plain: whatever they hold, a format escapes all of it. Cells are raw figures (a
rate or share is a fraction, a time is aware UTC), and the kind of their column says how a
format writes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from workbench.domain.period import Period

Cell: TypeAlias = str | int | float | datetime | None

KINDS = ("text", "count", "share", "figure", "time")
"""`count` is a whole number, `share` a fraction, `figure` any other number."""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    key: str
    """Its name in JSON."""
    heading: str
    """Its name for a reader."""
    kind: str = "text"
    """One of `KINDS`."""


@dataclass(frozen=True)
class Table:
    """Rows of figures under a title."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    """What the reader should know; empty for nothing."""


@dataclass(frozen=True)
class Figure:
    """A picture: which one, what it shows, and the same in characters."""

    name: str
    """Which chart: `bad_rate_timeline`."""
    caption: str
    text: str
    """The picture in characters, for formats that hold no graphics."""


@dataclass(frozen=True)
class Section:
    """One question and its answer: words, then figures, tables and commands."""

    key: str
    """Its name in JSON."""
    title: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    commands: tuple[str, ...] = ()
    """Shell commands, quoted, one a line."""


@dataclass(frozen=True)
class IncidentReport:
    """All that one report says."""

    model: str
    task: str
    owner: str
    """Who answers for the model; empty when the card does not say."""
    description: str
    versions: tuple[str, ...]
    """The versions whose rows are in it."""
    period: Period
    status: str
    """The worse of what rates and drift say."""
    generated_at: datetime
    """When it was made, or the moment of `--as-of`."""
    workbench_version: str
    catalog_version: int | None
    """The state of the store that was read; None when it is not known."""
    sections: tuple[Section, ...]
