"""What does the store know of incidents and events? Entries are appended, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from workbench.domain.event import Event
from workbench.domain.incident import Incident, IncidentEntry
from workbench.domain.period import Period
from workbench.store.alerts import next_number
from workbench.store.catalog import aware, known_time, naive
from workbench.store.connections import Connection


def read_incidents(
    catalog: Connection,
    *,
    number: int | None = None,
    model: str | None = None,
    as_of: datetime | None = None,
    only_open: bool = False,
) -> tuple[Incident, ...]:
    """Incidents with their entries, newest first.

    Args:
        catalog: the catalog.
        number: only this one; empty if there is none of this number.
        model: only those of this model.
        as_of: what was written later does not exist; None: everything does.
        only_open: only those that are not closed.
    """
    moment = naive(as_of) if as_of is not None else None
    found = catalog.execute(
        "SELECT incident, model, title, opened_at, onset, kind, columns, previous FROM incidents "
        "WHERE (?::BIGINT IS NULL OR incident = ?) AND (?::VARCHAR IS NULL OR model = ?) "
        "AND (?::TIMESTAMP IS NULL OR opened_at <= ?) AND NOT (? AND EXISTS (SELECT 1 FROM "
        "incident_entries e WHERE e.incident = incidents.incident AND e.kind = 'closed' "
        "AND (?::TIMESTAMP IS NULL OR e.noted_at <= ?))) ORDER BY incident DESC",
        [number, number, model, model, moment, moment, only_open, moment, moment],
    ).fetchall()
    entries: dict[int, list[IncidentEntry]] = {row[0]: [] for row in found}
    for incident, at, author, kind, text in catalog.execute(
        "SELECT incident, noted_at, author, kind, text FROM incident_entries "
        "WHERE incident IN (SELECT unnest(?::BIGINT[])) "
        "AND (?::TIMESTAMP IS NULL OR noted_at <= ?) ORDER BY incident, entry",
        [list(entries), moment, moment],
    ).fetchall():
        entries[incident].append(IncidentEntry(known_time(at), author, kind, text))
    return tuple(
        Incident(
            row[0], row[1], row[2], known_time(row[3]), known_time(row[4]), row[5], tuple(row[6]), row[7],
            tuple(entries[row[0]]),
        )
        for row in found
    )  # fmt: skip


def recorded_from(catalog: Connection) -> datetime | None:
    """When the first rows were stored: nothing is recorded from before; None without any."""
    return aware(catalog.execute("SELECT min(committed_at) FROM commits").fetchall()[0][0])


def add_incident(
    catalog: Connection,
    model: str,
    title: str,
    onset: datetime,
    entry: IncidentEntry,
    *,
    kind: str | None = None,
    columns: Sequence[str] = (),
    previous: int | None = None,
) -> int:
    """Opens an incident; returns its number.

    Args:
        catalog: in a transaction that writes.
        model: whose.
        title: what it is about, one line.
        onset: when that began, as far as is known.
        entry: its first entry.
        kind: of the alert that opens it.
        columns: of that alert.
        previous: the closed incident of the same cause.
    """
    number = next_number(catalog, "incidents", "incident")
    catalog.execute(
        "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [number, model, title, naive(entry.at), naive(onset), kind, list(columns), previous],
    )
    add_entry(catalog, number, entry)
    return number


def add_entry(catalog: Connection, incident: int, entry: IncidentEntry) -> None:
    """Appends an entry to an incident that there is; in a transaction that writes."""
    catalog.execute(
        "INSERT INTO incident_entries SELECT ?, coalesce(max(entry), 0) + 1, ?, ?, ?, ? "
        "FROM incident_entries WHERE incident = ?",
        [incident, naive(entry.at), entry.author, entry.kind, entry.text, incident],
    )


def read_events(
    catalog: Connection, *, model: str | None = None, period: Period | None = None
) -> tuple[Event, ...]:
    """Events, oldest first; of one model, and within a period (its end included), where given."""
    start, end = (naive(period.start), naive(period.end)) if period else (None, None)
    rows = catalog.execute(
        "SELECT event, model, happened_at, kind, text, author, added_at FROM events "
        "WHERE (?::VARCHAR IS NULL OR model = ?) "
        "AND (?::TIMESTAMP IS NULL OR happened_at BETWEEN ? AND ?) ORDER BY happened_at, event",
        [model, model, start, start, end],
    ).fetchall()
    return tuple(
        Event(row[0], row[1], known_time(row[2]), row[3], row[4], row[5], known_time(row[6]))
        for row in rows
    )


def add_event(
    catalog: Connection, model: str, at: datetime, kind: str, text: str, author: str, now: datetime
) -> int:
    """Records an event; returns its number."""
    number = next_number(catalog, "events", "event")
    catalog.execute(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)",
        [number, model, naive(at), kind, text, author, naive(now)],
    )
    return number
