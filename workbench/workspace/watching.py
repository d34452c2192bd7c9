"""Is there something to page somebody for? What `check` answers, records and opens incidents for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.alert import (
    EXIT_CODES,
    Alert,
    CheckReport,
    Finding,
    ModelLooks,
    RaisedAlert,
    alert_name,
    incident_name,
)
from workbench.domain.card import Privacy
from workbench.domain.fault import KINDS, OF_LABELS
from workbench.domain.incident import Incident, IncidentEntry
from workbench.domain.period import bucket_start
from workbench.domain.rates import STATUSES
from workbench.domain.status import ModelStatus
from workbench.errors import SegmentGoneError, StoreError, StoreLockedError, WorkbenchError
from workbench.store.alerts import add_alert, add_alert_entry, add_telling, read_raised
from workbench.store.connections import Connection, reading, writing
from workbench.store.incidents import add_entry, add_incident, read_incidents
from workbench.workspace.counted_once import counted_once
from workbench.workspace.fleet import (
    Measured,
    measure_status,
    told_status,
    unreadable_status,
    with_record,
    worst_first,
)
from workbench.workspace.joining import explaining, join
from workbench.workspace.masked_faults import masked_words
from workbench.workspace.repeating import again_if_gone

if TYPE_CHECKING:
    from datetime import timedelta

    from workbench.domain.status import ModelRecord
    from workbench.workspace import Workspace
    from workbench.workspace.alerting import CountedLooks
    from workbench.workspace.subjects import Subject

AUTHOR = "workbench check"
"""Who the entries are by that nobody wrote."""


@dataclass(frozen=True)
class _Looked:
    looks: ModelLooks
    measured: Measured | ModelStatus
    """The figures of its status; a status where there are none."""
    findings: tuple[Finding, ...]
    bucket: timedelta
    now: datetime
    privacy: Privacy | None = None
    """None where the card cannot be read."""

    def is_past(self, alert: RaisedAlert) -> bool:
        """Whether this saw at least as much as the alert's newest look.

        Another check may have looked later, and have recorded it first.
        """
        newest = self.looks.until - self.bucket if self.looks.until is not None else None
        if alert.kind == "silence":  # told by the clock, not by closed buckets
            newest = bucket_start(self.now, self.bucket)
        return newest is not None and newest >= alert.look


def check(ws: Workspace, name: str | None = None) -> CheckReport:
    """What is raised now, of one model or of all; records what is new.

    Nothing is recorded as of an earlier moment, nor where the store cannot be written; the
    answer is the same but for the numbers of alerts that are new.

    Raises:
        UnknownModelError: there is no such model.
        StoreError: the store cannot be read.
    """
    if name is not None:
        ws.card(name)
    names = (name,) if name is not None else ws.names()
    looked = [again_if_gone(lambda one=one: _look(ws, one)) for one in names]  # type: ignore[misc]
    notes: list[str] = []
    if ws.seen_as_of is not None:
        notes.append("as of an earlier moment: nothing is recorded")
        alerts = _told(looked)
    else:
        try:
            alerts = _recorded_if_any(ws, looked)
        except StoreError as error:
            notes.append(f"could not record what was found: {error.message}")
            with reading(ws.store, "reading alerts") as catalog:
                alerts = _known(catalog, looked)
    with reading(ws.store, "reading incidents") as catalog:
        if alerts:
            closed = {one.id for one in read_incidents(catalog) if one.state == "closed"}
            alerts = [replace(alert, is_closed=alert.incident in closed) for alert in alerts]
        records = ws.records(catalog)
    statuses = worst_first([_status(one, records[one.looks.model]) for one in looked])
    ordered = sorted(alerts, key=lambda a: (-STATUSES.index(a.status), a.since, a.model, a.kind))
    return CheckReport(
        statuses,
        tuple(ordered),
        tuple(one.looks for one in looked),
        exit_code(ordered, statuses),
        tuple(notes),
    )


def mark_said(ws: Workspace, alerts: Sequence[Alert]) -> None:
    """Records that these alerts have reached whoever asks for what is new since the last time.

    As of an earlier moment nothing is recorded, nor what has no number.

    Raises:
        StoreError: the store cannot be written.
    """
    told = [alert for alert in alerts if alert.id is not None and not alert.is_said]
    if not told or ws.seen_as_of is not None:
        return
    with writing(ws.store, "recording what was said") as catalog:
        for alert in told:
            if alert.id is not None:
                add_telling(catalog, alert.id, alert.status, ws.clock.now())


def exit_code(alerts: Sequence[Alert], statuses: Sequence[ModelStatus]) -> int:
    """0 ok, 1 warning, 2 critical, 3 unknown: the loudest alert, else what cannot be judged.

    Args:
        alerts: those that count.
        statuses: of the models that were looked at; none at all is unknown.
    """
    loud = {alert.status for alert in alerts}
    for status in ("critical", "warning"):
        if status in loud:
            return EXIT_CODES[status]
    raised = {alert.model for alert in alerts}
    unknown = any(s.status == "unknown" and s.name not in raised for s in statuses)
    return EXIT_CODES["unknown" if unknown or not statuses else "ok"]


def _look(ws: Workspace, name: str) -> _Looked:
    from workbench.workspace.alerting import findings_of, look_at_counts

    now = ws.clock.now()
    try:
        quick = _counted(ws, name, now)
        if quick is not None:
            one, counted, measured = quick
            findings = findings_of(one, ws.root, now, counted)
        else:
            one = ws.subject(name)
            with counted_once(one) as held:
                counted, measured = look_at_counts(held, ws.root, now), measure_status(held, now)
                findings = findings_of(held, ws.root, now, counted)
    except (SegmentGoneError, StoreLockedError):
        raise  # that says nothing about the model
    except WorkbenchError as error:
        from datetime import timedelta

        try:
            privacy = ws.card(name).privacy
        except WorkbenchError:
            privacy = None  # nobody can tell what is sensitive
        looks = ModelLooks(name, (), None, error.message)
        status = unreadable_status(name, error.message)
        return _Looked(looks, status, (), timedelta(days=1), now, privacy)
    looks = counted.looks
    if looks.until is not None:
        faults = (kind for kind in KINDS if kind not in (*OF_LABELS, *looks.kinds))
        looks = replace(looks, kinds=(*looks.kinds, *faults))
    return _Looked(looks, measured, findings, one.bucket, now, one.card.privacy)


def _counted(
    ws: Workspace, name: str, now: datetime
) -> tuple[Subject, CountedLooks, Measured] | None:
    """What stored counts say of a model, in one opening of the catalog; None where rows must be read."""
    from workbench.workspace.alerting import look_at_counts

    with reading(ws.store, "checking"):
        one = ws.stored_subject(name)
        if one is None or one.needs_rows(None, None):
            return None
        return one, look_at_counts(one, ws.root, now), measure_status(one, now)


def _status(one: _Looked, record: ModelRecord) -> ModelStatus:
    """The status of a model that was looked at, with what is recorded of it by now."""
    if isinstance(one.measured, Measured):
        return told_status(one.measured, record)
    return with_record(one.measured, record)


def _recorded_if_any(ws: Workspace, looked: Sequence[_Looked]) -> list[Alert]:
    """The alerts, recorded. When all is calm, and was, nobody is kept waiting for the store."""
    if not any(one.findings for one in looked):
        with reading(ws.store, "reading alerts") as catalog:
            if not read_raised(catalog, [one.looks.model for one in looked]):
                return []
    with writing(ws.store, "recording alerts") as catalog:
        return _recorded(catalog, looked, ws.clock.now())


def _told(looked: Sequence[_Looked]) -> list[Alert]:
    """The alerts with nothing known of earlier looks."""
    from workbench.alerts.causes import matched

    return [
        _alert(one.looks.model, finding, None, is_new=finding.is_fresh)
        for one in looked
        for finding, _ in matched(one.findings, (), one.bucket)
    ]


def _known(catalog: Connection, looked: Sequence[_Looked]) -> list[Alert]:
    """The alerts beside what is recorded, which stays as it is."""
    from workbench.alerts.causes import matched

    alerts = []
    for one in looked:
        raised = read_raised(catalog, [one.looks.model])
        found = matched(one.findings, raised, one.bucket)
        alerts += [_alert(one.looks.model, finding, known) for finding, known in found]
        alerts += _kept(one, raised, [known for _, known in found])
    return alerts


def _recorded(catalog: Connection, looked: Sequence[_Looked], now: datetime) -> list[Alert]:
    """The alerts, recorded: raised, told again, or over; each new cause opens an incident."""
    from workbench.alerts.causes import matched

    alerts = []
    for one in looked:
        model = one.looks.model
        raised = read_raised(catalog, [model])
        found = matched(one.findings, raised, one.bucket)
        for finding, known in found:
            if known is None:
                incident = _incident(catalog, model, finding, now)
                made = add_alert(catalog, model, finding, now, incident)
                alerts.append(_alert(model, finding, made))
                continue
            columns = tuple(dict.fromkeys([*known.columns, *finding.columns]))
            entry = replace(finding, columns=columns)
            if _differs(entry, known):
                add_alert_entry(catalog, known.id, entry, now)
            alerts.append(_alert(model, entry, known))
        kept = _kept(one, raised, [known for _, known in found])
        alerts += kept
        told = [alert for alert in alerts if alert.model == model]
        over = {alert.id for alert in raised} - {alert.id for alert in told}
        for alert in raised:
            if alert.id in over:
                _end(catalog, alert, told, one, now)
    return alerts


def _differs(finding: Finding, known: RaisedAlert) -> bool:
    return finding.look >= known.look and (
        finding.look, finding.status, finding.columns, finding.message
    ) != (known.look, known.status, known.columns, known.message)  # fmt: skip


def _kept(
    one: _Looked, raised: Sequence[RaisedAlert], found: Sequence[RaisedAlert | None]
) -> list[Alert]:
    """Alerts of what cannot be looked at now, or was looked at later: neither confirmed nor over."""
    seen = {alert.id for alert in found if alert is not None}
    tested = set(one.looks.kinds)
    return [
        Alert(
            alert.model, alert.kind, alert.status,
            masked_words(alert.message, alert.kind, alert.columns, one.privacy),
            alert.since, alert.columns, alert.id, alert.incident, False,
            _is_told(alert, alert.status),
        )
        for alert in raised
        if alert.id not in seen and (alert.kind not in tested or not one.is_past(alert))
    ]  # fmt: skip


def _alert(
    model: str, finding: Finding, known: RaisedAlert | None, *, is_new: bool | None = None
) -> Alert:
    newly = known is None or known.raised_look == finding.look
    said = known is not None and _is_told(known, finding.status)
    return Alert(
        model, finding.kind, finding.status, finding.message,
        min(finding.since, known.since) if known else finding.since, finding.columns,
        known.id if known else None, known.incident if known else None,
        newly if is_new is None else is_new, said,
    )  # fmt: skip


def _is_told(known: RaisedAlert, status: str) -> bool:
    """Whether `check --since-last` has told of an alert, at least as loud as a status."""
    return known.told is not None and STATUSES.index(known.told) >= STATUSES.index(status)


def _incident(catalog: Connection, model: str, finding: Finding, now: datetime) -> int:
    """The incident that a new alert belongs to: an open one of the same cause, or a new one."""
    text = f"{finding.status}: {finding.message}"
    same = [i for i in read_incidents(catalog, model=model) if _is_same(i, finding)]
    still = next((incident for incident in same if incident.state != "closed"), None)
    if still is not None:
        add_entry(catalog, still.id, IncidentEntry(now, AUTHOR, "alert", f"returned, {text}"))
        return still.id
    previous = same[0].id if same else None
    before = f" (returned after {incident_name(previous)})" if previous is not None else ""
    subject = f" of {', '.join(finding.columns[:3])}" if finding.columns else ""
    title = f"{finding.kind.replace('_', ' ')}{subject}{before}"
    return add_incident(
        catalog, model, title, finding.since, IncidentEntry(now, AUTHOR, "opened", text),
        kind=finding.kind, columns=finding.columns, previous=previous,
    )  # fmt: skip


def _is_same(incident: Incident, finding: Finding) -> bool:
    if incident.kind != finding.kind:
        return False
    return not finding.columns or bool(set(incident.columns) & set(finding.columns))


def _end(
    catalog: Connection, alert: RaisedAlert, told: Sequence[Alert], one: _Looked, now: datetime
) -> None:
    """Ends an alert: with the incident of the fault that explains it, or by itself."""
    look = one.looks.until - one.bucket if one.looks.until is not None else alert.look
    fault = explaining(alert, told, one.bucket)
    if fault is not None:
        join(catalog, alert, fault, look, now, AUTHOR)
        return
    gone = Finding(alert.kind, "ok", alert.since, look, ("over",), alert.columns)
    add_alert_entry(catalog, alert.id, gone, now, "ok")
    text = f"{alert_name(alert.id)} is over: calm for a while"
    add_entry(catalog, alert.incident, IncidentEntry(now, AUTHOR, "alert", text))
