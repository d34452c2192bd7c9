"""What is recorded of incidents and of what else changed? What a workspace does with the record."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workbench.domain.event import KINDS, Event
from workbench.domain.incident import Incident, IncidentEntry, IncidentRecord
from workbench.domain.period import Period, parse_duration
from workbench.errors import WorkbenchError
from workbench.store.connections import Connection, reading, writing
from workbench.store.incidents import (
    add_entry,
    add_event,
    add_incident,
    read_events,
    read_incidents,
)
from workbench.workspace.masked_faults import masked_words

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 4000
"""Characters of a title, note or event that are taken."""


@dataclass(frozen=True)
class Incidents:
    """The incidents and events of a workspace."""

    workspace: Workspace

    def all(self, model: str | None = None) -> tuple[Incident, ...]:
        """Every incident, newest first; as of a moment, those that were open or closed by then.

        Raises:
            UnknownModelError: there is no such model.
        """
        if model is not None:
            self.workspace.card(model)
        with reading(self.workspace.store, "reading incidents") as catalog:
            found = read_incidents(catalog, model=model, as_of=self.workspace.seen_as_of)
        return tuple(self._masked(incident) for incident in found)

    def record(self, number: int) -> IncidentRecord:
        """One incident with the events of its span; as of a moment, without what came later.

        Raises:
            WorkbenchError: there is none of this number, or was none yet.
        """
        moment = self.workspace.seen_as_of
        with reading(self.workspace.store, "reading an incident") as catalog:
            incident = _found(catalog, number, moment)
            closed = incident.closed
            begin, bucket = min(incident.onset, incident.opened_at), self._bucket(incident.model)
            earliest = datetime.min.replace(tzinfo=begin.tzinfo)
            begin = begin - bucket if begin - earliest > bucket else earliest
            end = closed.at if closed else datetime.max.replace(tzinfo=begin.tzinfo)
            end = end if moment is None else min(end, moment)
            events = read_events(catalog, model=incident.model, period=Period(begin, end))
        return IncidentRecord(self._masked(incident), events)

    def open(self, model: str, title: str, author: str, onset: datetime | None = None) -> Incident:
        """Opens an incident by hand.

        Raises:
            UnknownModelError: there is no such model.
            WorkbenchError: the title is empty, or the onset is no time that can be meant.
            StoreError: the store cannot be written.
        """
        self.workspace.card(model)
        text, now = known_text(title, "title"), self.workspace.clock.now()
        _require_plausible(onset or now, now, "the beginning")
        with writing(self.workspace.store, "opening an incident") as catalog:
            number = add_incident(
                catalog, model, text, onset or now, IncidentEntry(now, author, "opened", text)
            )
            return _found(catalog, number)

    def note(self, number: int, text: str, author: str) -> Incident:
        """Adds a note, also to a closed incident.

        Raises:
            WorkbenchError: there is no such incident, or no text.
            StoreError: the store cannot be written.
        """
        return self._add(number, "note", known_text(text, "note"), author)

    def acknowledge(self, number: int, author: str) -> Incident:
        """Says that somebody looks after it.

        Saying it again adds another entry, which tells who said so before.

        Raises:
            WorkbenchError: there is no such incident, or it is closed.
            StoreError: the store cannot be written.
        """
        return self._add(number, "acknowledged", "", author)

    def close(self, number: int, cause: str, author: str) -> Incident:
        """Closes it, with what was the cause.

        Raises:
            WorkbenchError: there is no such incident, or it is closed already.
            StoreError: the store cannot be written.
        """
        return self._add(number, "closed", known_text(cause, "cause"), author)

    def events(self, model: str | None = None) -> tuple[Event, ...]:
        """Every event, oldest first; as of a moment, those that had come to pass.

        Raises:
            UnknownModelError: there is no such model.
        """
        if model is not None:
            self.workspace.card(model)
        with reading(self.workspace.store, "reading events") as catalog:
            found = read_events(catalog, model=model)
        moment = self.workspace.seen_as_of
        return tuple(event for event in found if moment is None or event.at <= moment)

    def add_event(self, model: str, text: str, kind: str, at: datetime, author: str) -> Event:
        """Records what else changed.

        Raises:
            UnknownModelError: there is no such model.
            WorkbenchError: the kind is unknown, there is no text, or the time cannot be meant.
            StoreError: the store cannot be written.
        """
        self.workspace.card(model)
        if kind not in KINDS:
            raise WorkbenchError(
                f"there is no kind of event {kind!r}", f"Known: {', '.join(KINDS)}."
            )
        said, now = known_text(text, "event"), self.workspace.clock.now()
        _require_plausible(at, now, "the time of the event")
        with writing(self.workspace.store, "recording an event") as catalog:
            number = add_event(catalog, model, at, kind, said, author, now)
        return Event(number, model, at, kind, said, author, now)

    def _add(self, number: int, kind: str, text: str, author: str) -> Incident:
        now = self.workspace.clock.now()
        with writing(self.workspace.store, "writing to an incident") as catalog:
            incident = _found(catalog, number)
            if kind != "note" and incident.closed is not None:
                raise WorkbenchError(
                    f"INC-{number} is closed already",
                    "Its record stays as it is; add a note, or open another incident.",
                )
            if kind == "acknowledged" and incident.acknowledged:
                text = f"already acknowledged by {' and '.join(incident.acknowledged)}"
            add_entry(catalog, number, IncidentEntry(now, author, kind, text))
            return self._masked(_found(catalog, number))

    def _masked(self, incident: Incident) -> Incident:
        """Without what alerts said of columns that are sensitive now."""
        if incident.kind is None:
            return incident
        try:
            privacy = self.workspace.card(incident.model).privacy
        except WorkbenchError:
            privacy = None  # its card is gone or broken; the record is still told
        entries = []
        for entry in incident.entries:
            head, _, words = entry.text.partition(": ")
            shown = masked_words(words, incident.kind, incident.columns, privacy)
            if entry.kind in ("opened", "alert") and words and shown != words:
                entry = replace(entry, text=f"{head}: {shown}")  # noqa: PLW2901
            entries.append(entry)
        return replace(incident, entries=tuple(entries))

    def _bucket(self, model: str) -> timedelta:
        try:
            return parse_duration(self.workspace.card(model).monitoring.bucket)
        except WorkbenchError:
            return timedelta(days=1)  # its card is gone or broken; the record is still told


def author_of(asked: str | None) -> str:
    """Who writes: as asked, else the account's name, else git's `user.name`."""
    known = (asked or "").strip() or os.environ.get("USER", "").strip()
    if not known:
        try:
            known = subprocess.run(
                ["git", "config", "user.name"],
                capture_output=True,
                text=True,
                check=False,
                timeout=5,
            ).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            known = ""  # there is no git to ask, which is no failure
    return known[:200] or f"uid {os.getuid()}"


def _require_plausible(moment: datetime, now: datetime, what: str) -> None:
    """Refuses a time that nobody means: a year mistyped is found years later, if at all."""
    if _EARLIEST <= moment <= now + timedelta(days=1):
        return
    where = "before 1970" if moment < _EARLIEST else "more than a day ahead of the clock"
    raise WorkbenchError(
        f"{what} was understood as {moment.date().isoformat()} {moment:%H:%MZ}, which is {where}",
        "Write it in UTC, as 2024-07-10 or 2024-07-10T06:00:00Z.",
    )


def _found(catalog: Connection, number: int, as_of: datetime | None = None) -> Incident:
    found = read_incidents(catalog, number=number, as_of=as_of)
    later = read_incidents(catalog, number=number) if as_of is not None and not found else ()
    if later:
        raise WorkbenchError(
            f"INC-{number} was opened at {later[0].opened_at:%Y-%m-%d %H:%MZ}, after the moment asked for",
            "Ask for a later moment, or leave --as-of out.",
        )
    if not found:
        raise WorkbenchError(
            f"there is no incident INC-{number}", "workbench incident list shows them."
        )
    return found[0]


def known_text(text: str, what: str) -> str:
    """What a person wrote, stripped.

    Raises:
        WorkbenchError: it is empty, too long, or cannot be written in UTF-8.
    """
    said = text.strip()
    if not said:
        raise WorkbenchError(f"the {what} is empty", "Say in a few words what it is.")
    if len(said) > _LONGEST:
        raise WorkbenchError(
            f"the {what} has {len(said):,} characters, and {_LONGEST:,} are kept",
            "Say it shorter, or in several notes.",
        )
    try:
        said.encode()
    except UnicodeEncodeError as error:
        raise WorkbenchError(f"the {what} is not text in UTF-8", "Write it in UTF-8.") from error
    return said
