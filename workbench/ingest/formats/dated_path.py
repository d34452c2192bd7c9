"""What does a path say of its records? The hour, and the folders above it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

_YEAR_MONTH_DAY_HOUR = (4, 2, 2, 2)


@dataclass(frozen=True)
class DatedPath:
    """A path of the form `<above>/yyyy/mm/dd/hh/<file>`."""

    above: tuple[str, ...]
    """The folders above the year, the outermost first."""
    hour: str
    """As ISO text, UTC."""


def dated_path(path: PurePosixPath) -> DatedPath | None:
    """The hour of a path and what stands above it; none for a path without an hour.

    >>> dated_path(PurePosixPath("churn/blue/2026/11/20/14/part.jsonl"))
    DatedPath(above=('churn', 'blue'), hour='2026-11-20T14:00:00Z')
    >>> dated_path(PurePosixPath("churn/part.jsonl")) is None
    True
    """
    folders = path.parent.parts
    digits = [part for part in folders[-4:] if part.isascii() and part.isdecimal()]
    if tuple(map(len, digits)) != _YEAR_MONTH_DAY_HOUR:
        return None
    year, month, day, hour = map(int, digits)
    try:
        moment = datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:
        return None
    return DatedPath(folders[:-4], moment.isoformat().replace("+00:00", "Z"))
