"""What happened, who did what about it, and is it over? The record of one incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.domain.event import Event

ENTRY_KINDS = ("opened", "alert", "note", "acknowledged", "closed")
"""What an entry can be. `closed` ends an incident; a later note does not open it again."""


@dataclass(frozen=True)
class IncidentEntry:
    """One line of an incident's record; it is never changed."""

    at: datetime
    author: str
    kind: str
    """One of `ENTRY_KINDS`."""
    text: str


@dataclass(frozen=True)
class Incident:
    """An incident; its state follows from its entries."""

    id: int
    model: str
    title: str
    opened_at: datetime
    onset: datetime
    """When what it is about began, as far as that was known when it was opened."""
    kind: str | None
    """The kind of the alert that opened it; None for one opened by hand."""
    columns: tuple[str, ...]
    previous: int | None
    """The closed incident of the same cause that came before."""
    entries: tuple[IncidentEntry, ...]

    @property
    def state(self) -> str:
        """`open`, `acknowledged` or `closed`."""
        kinds = {entry.kind for entry in self.entries}
        if "closed" in kinds:
            return "closed"
        return "acknowledged" if "acknowledged" in kinds else "open"

    @property
    def acknowledged(self) -> tuple[str, ...]:
        """Who acknowledged it, in the order in which they did; each once."""
        return tuple(dict.fromkeys(e.author for e in self.entries if e.kind == "acknowledged"))

    @property
    def closed(self) -> IncidentEntry | None:
        """The entry that closed it."""
        return next((entry for entry in self.entries if entry.kind == "closed"), None)


@dataclass(frozen=True)
class IncidentRecord:
    """An incident with what else happened in its span."""

    incident: Incident
    events: tuple[Event, ...]
    """From a bucket before the onset until it was closed."""

    @property
    def timeline(self) -> tuple[tuple[datetime, str, str, str], ...]:
        """(time, what, who, text) of entries and events, oldest first."""
        entries = [(e.at, e.kind, e.author, e.text) for e in self.incident.entries]
        events = [(e.at, f"event {e.kind}", e.author, e.text) for e in self.events]
        return tuple(sorted([*entries, *events], key=lambda line: line[0]))
