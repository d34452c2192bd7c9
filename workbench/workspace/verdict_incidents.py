"""Which incident does a verdict belong to? The open one of its cause, or a new one."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.incident import Incident, IncidentEntry
from workbench.domain.verdict import Cause, Verdict
from workbench.store.connections import Connection
from workbench.store.incidents import add_entry, add_incident, read_incidents

AUTHOR = "workbench triage"

_OPENING = (
    "fix_upstream", "fix_serving", "roll_back", "recalibrate", "retrain", "redesign", "undecided",
)  # fmt: skip
"""Verdicts that say something is wrong: they open an incident where none is open."""


def enter_verdict(catalog: Connection, verdict: Verdict, number: int, now: datetime) -> int | None:
    """Writes a verdict into the open incident of its cause, else into the newest open one, else opens one.

    `no_action` and `wait` open none. What an incident was told last is not told again, so that a
    triage every hour does not fill the record. No values of the data are written, only names.

    Args:
        catalog: in a transaction that writes.
        verdict: what was decided.
        number: the verdict's.
        now: the machine's clock.

    Returns:
        The incident's number; None where the verdict belongs to none.
    """
    known = read_incidents(catalog, model=verdict.model)
    cause = next((one for one in verdict.causes if one.where != "version"), None)
    kind, columns = _subject(cause)
    still = [one for one in known if one.state != "closed"]
    same = [one for one in known if _is_same(one, kind, columns)]
    own = next((one for one in still if one in same), still[0] if still else None)
    said = _said(verdict)
    if own is not None:
        if _last(own) != said:
            add_entry(
                catalog, own.id, IncidentEntry(now, AUTHOR, "note", f"{said} (verdict {number})")
            )
        return own.id
    if verdict.verdict not in _OPENING:
        return None
    previous = same[0].id if same else None
    title = kind.replace("_", " ") + (f" of {', '.join(columns)}" if columns else "")
    if previous is not None:
        title += f" (returned after INC-{previous})"
    entry = IncidentEntry(now, AUTHOR, "opened", f"{said} (verdict {number})")
    onset = verdict.onset or verdict.period.start
    return add_incident(
        catalog, verdict.model, title, onset, entry, kind=kind, columns=columns, previous=previous
    )


def _subject(cause: Cause | None) -> tuple[str, tuple[str, ...]]:
    """The kind and columns that `check` would raise for the same cause."""
    if cause is None or cause.where in ("world", "label"):
        return "bad_rate", ()
    return cause.kind, (cause.column,) if cause.column else ()


def _is_same(incident: Incident, kind: str, columns: tuple[str, ...]) -> bool:
    if incident.kind != kind:
        return False
    return not columns or bool(set(incident.columns) & set(columns))


def _said(verdict: Verdict) -> str:
    causes = [
        f"{one.kind.replace('_', ' ')}{f' of {one.column}' if one.column else ''}"
        for one in verdict.causes
    ]
    told = f"triage says {verdict.verdict.replace('_', ' ')}: {verdict.reason}"
    return f"{told}; {', '.join(dict.fromkeys(causes))}" if causes else told


def _last(incident: Incident) -> str:
    """What triage said last in an incident, without the verdict's number."""
    texts = [entry.text for entry in incident.entries if entry.author == AUTHOR]
    return texts[-1].rpartition(" (verdict ")[0] if texts else ""
