"""Was it a data fault all along? An alert of a move goes on in the incident of the fault behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from workbench.domain.alert import Alert, Finding, RaisedAlert, alert_name, incident_name
from workbench.domain.fault import KINDS
from workbench.domain.incident import IncidentEntry
from workbench.store.alerts import add_alert_entry
from workbench.store.connections import Connection
from workbench.store.incidents import add_entry, read_incidents

MOVES = ("drift", "prediction_drift", "missing_values")
"""Kinds of alerts that a fault of the same column explains."""


def explaining(gone: RaisedAlert, alerts: Sequence[Alert], bucket: timedelta) -> Alert | None:
    """The fault that an alert which is not found any more comes from; None where there is none.

    Args:
        gone: the alert of a move.
        alerts: what is raised now.
        bucket: the fault may have begun by so much later than the move.
    """
    if gone.kind not in MOVES:
        return None
    return next(
        (
            alert
            for alert in alerts
            if alert.kind in KINDS
            and alert.kind != gone.kind
            and set(alert.columns) & set(gone.columns)
            and alert.since <= gone.since + bucket
        ),
        None,
    )


def join(
    catalog: Connection, gone: RaisedAlert, fault: Alert, look: datetime, now: datetime, author: str
) -> None:
    """Ends an alert that a fault explains, and its incident, which goes on as the fault's.

    Nothing is overwritten: both incidents get an entry. An incident that somebody has closed, or
    that is the fault's already, is not closed again.

    Args:
        catalog: in a transaction that writes.
        gone: the alert.
        fault: what is raised in its place, recorded.
        look: the newest bucket.
        now: the machine's clock.
        author: who the entries are by.
    """
    if fault.id is None or fault.incident is None:
        raise ValueError("a fault is recorded before another alert is joined to it")
    words = f"{alert_name(gone.id)}, {_named(gone.kind, gone.columns)}, is explained by "
    words += f"{alert_name(fault.id)}, {_named(fault.kind, fault.columns)}"
    over = Finding(gone.kind, "ok", gone.since, look, (words,), gone.columns)
    add_alert_entry(catalog, gone.id, over, now, "ok")
    (own,) = read_incidents(catalog, number=gone.incident)
    if own.id == fault.incident or own.state == "closed":
        add_entry(catalog, own.id, IncidentEntry(now, author, "alert", words))
        return
    goes_on = f"goes on as {incident_name(fault.incident)}; {words}"
    add_entry(catalog, own.id, IncidentEntry(now, author, "closed", goes_on))
    joined = f"{incident_name(own.id)} joined; {words}"
    known = [entry.author for entry in own.entries if entry.kind == "acknowledged"]
    if known:
        joined += f"; it was acknowledged by {known[-1]}"
    add_entry(catalog, fault.incident, IncidentEntry(now, author, "alert", joined))


def _named(kind: str, columns: Sequence[str]) -> str:
    return kind.replace("_", " ") + (f" of {', '.join(columns[:3])}" if columns else "")
