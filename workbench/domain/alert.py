"""What is raised, since when, and was it said before? An alert, and the answer of a check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.domain.raised import RaisedAlert
from workbench.domain.status import ModelStatus

__all__ = [
    "EXIT_CODES", "Alert", "CheckReport", "Finding", "ModelLooks", "RaisedAlert", "alert_name",
    "incident_name",
]  # fmt: skip

EXIT_CODES = {"ok": 0, "warning": 1, "critical": 2, "unknown": 3}
"""The convention of monitoring plugins."""

_TOLD = 3
"""How many columns' figures a message gives."""


@dataclass(frozen=True)
class Finding:
    """One cause that is raised at the newest look, before it is known whether it was before."""

    kind: str
    """`bad_rate` (missed positives too), `drift`, `prediction_drift`, `label_drift`, `missing_values`,
    `silence`, or the kind of a fault."""
    status: str
    """`warning` or `critical`."""
    since: datetime
    look: datetime
    """The start of the newest closed bucket that it was looked for in."""
    details: tuple[str, ...]
    """What was seen, in figures and names of columns; no value of any row."""
    columns: tuple[str, ...] = ()
    is_fresh: bool = True
    """Whether the newest look is the first that it is raised at."""

    @property
    def message(self) -> str:
        """What was seen, of the first few columns."""
        more = len(self.details) - _TOLD
        return "; ".join(self.details[:_TOLD]) + (f"; and {more} more" if more > 0 else "")


@dataclass(frozen=True)
class Alert:
    """An alert as a check tells it."""

    model: str
    kind: str
    status: str
    message: str
    since: datetime
    columns: tuple[str, ...] = ()
    id: int | None = None
    """None where nothing could be recorded."""
    incident: int | None = None
    is_new: bool = True
    """Whether it was raised by the newest look: that is a page."""
    is_said: bool = False
    """Whether an earlier `check --since-last` has said it, as loud as it is now."""
    is_closed: bool = False
    """Whether its incident was closed although it is not over."""


@dataclass(frozen=True)
class ModelLooks:
    """What was looked at of one model."""

    model: str
    kinds: tuple[str, ...]
    """The kinds of alerts that were looked for, those of faults among them."""
    until: datetime | None
    """The end of the newest closed bucket; None without one."""
    reason: str | None = None
    """Why nothing, or not everything, could be looked at."""


@dataclass(frozen=True)
class CheckReport:
    """The answer of `check`."""

    statuses: tuple[ModelStatus, ...]
    alerts: tuple[Alert, ...]
    """Loudest first, then oldest first."""
    looks: tuple[ModelLooks, ...]
    exit_code: int
    notes: tuple[str, ...] = ()
    """What the reader should know, such as that nothing could be recorded."""
    information: tuple[Alert, ...] = ()
    """What is no alarm: `ok`, recorded nowhere, and of no weight in the exit code."""


def incident_name(number: int) -> str:
    """An incident's number as it is shown and asked for."""
    return f"INC-{number}"


def alert_name(number: int) -> str:
    """An alert's number as it is shown."""
    return f"ALERT-{number}"
