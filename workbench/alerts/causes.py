"""What are the causes, and which of them was raised before? One alert a cause.

Columns that began to move together are one cause. So are a fault and what moved by it. A cause
that is raised already is known again by its kind and by a column that both have, so that it keeps
its number while columns join it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from workbench.domain.alert import Finding, RaisedAlert
from workbench.domain.fault import Fault
from workbench.domain.rates import worst

Matched = tuple[Finding, RaisedAlert | None]


def without_faulty(
    findings: Sequence[Finding], faults: Sequence[Fault], bucket: timedelta
) -> tuple[Finding, ...]:
    """The findings that no fault explains: its column's, from a bucket before its onset on."""

    def is_explained(finding: Finding) -> bool:
        return any(
            fault.column in finding.columns
            and (fault.since is None or finding.since >= fault.since - bucket)
            for fault in faults
            if fault.status in ("warning", "critical")
        )

    return tuple(finding for finding in findings if not is_explained(finding))


def matched(
    findings: Sequence[Finding], raised: Sequence[RaisedAlert], bucket: timedelta
) -> tuple[Matched, ...]:
    """The causes, each with the alert that is raised for it already.

    Args:
        findings: of one model, a column each where they are of columns.
        raised: its alerts that are not over.
        bucket: columns whose onsets are no further apart moved together.
    """
    causes: list[Matched] = []
    for finding in sorted(findings, key=lambda f: (f.since, f.columns)):
        known = next((alert for alert in raised if _is_same(alert, finding)), None)
        place = next(
            (
                i for i, (other, before) in enumerate(causes)
                if _belong(finding, known, other, before, bucket)
            ),
            None,
        )  # fmt: skip
        if place is None:
            causes.append((finding, known))
        else:
            other, before = causes[place]
            causes[place] = (_together(other, finding), before or known)
    return tuple(causes)


def _is_same(alert: RaisedAlert, finding: Finding) -> bool:
    if alert.kind != finding.kind:
        return False
    return not finding.columns or bool(set(alert.columns) & set(finding.columns))


def _belong(
    finding: Finding,
    known: RaisedAlert | None,
    other: Finding,
    before: RaisedAlert | None,
    bucket: timedelta,
) -> bool:
    """Whether a finding is of a cause that another is of, and perhaps an alert."""
    if finding.kind != other.kind:
        return False
    if known is not None and before is not None:
        return known.id == before.id
    if not finding.columns:
        return True
    began = before.since if before is not None else other.since
    return abs(finding.since - began) <= bucket


def _together(one: Finding, other: Finding) -> Finding:
    columns = tuple(dict.fromkeys([*one.columns, *other.columns]))
    loud = worst([one.status, other.status])
    first, second = (one, other) if one.status == loud else (other, one)
    return replace(
        first,
        since=min(one.since, other.since),
        columns=columns,
        is_fresh=one.is_fresh and other.is_fresh,
        details=tuple(dict.fromkeys([*first.details, *second.details])),
    )
