"""Is a workspace well? What was looked at, what was found, and how it is mended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

OK, WARNING, ERROR = "ok", "warning", "error"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: it is well, or this is what is wrong with it."""

    name: str
    """What was looked at: `segments`, `counts`, `disk` ..."""
    status: str
    """`ok`, `warning` or `error`."""
    detail: str
    """What was found, one sentence without a full stop."""
    hint: str = ""
    """How it is mended; empty where all is well."""


def is_well(checks: Iterable[Check]) -> bool:
    """Whether there is nothing worse than a warning."""
    return all(check.status != ERROR for check in checks)


def found_or_well(
    name: str, findings: Sequence[Check], detail: str, most: int = 20
) -> tuple[Check, ...]:
    """The findings of a check, or that all is well; of very many the first and how many more.

    >>> found_or_well("disk", [], "9 GB free")
    (Check(name='disk', status='ok', detail='9 GB free', hint=''),)
    """
    if not findings:
        return (Check(name, OK, detail),)
    if len(findings) <= most:
        return tuple(findings)
    left = len(findings) - most
    worst = ERROR if any(f.status == ERROR for f in findings[most:]) else WARNING
    rest = Check(name, worst, f"and {left:,} more findings of this kind", findings[-1].hint)
    return (*findings[:most], rest)


def number_of(count: int, noun: str) -> str:
    """A number of things in words.

    >>> number_of(1, "file"), number_of(2000, "file")
    ('1 file', '2,000 files')
    """
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
