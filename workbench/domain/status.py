"""Is anything on fire? The figures of one model on the fleet's screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.domain.decision import Decision
from workbench.domain.incident import Incident
from workbench.domain.period import Period
from workbench.domain.raised import RaisedAlert


@dataclass(frozen=True)
class ModelStatus:
    """One model's state, or why it has none."""

    name: str
    version: str
    task: str
    status: str
    reason: str | None
    """One line: what made the status, or what is missing."""
    rows: int
    """Live rows stored, of all time."""
    period: Period | None
    """The current period; None without rows."""
    period_rows: int
    period_labelled: int
    reference_rate: float | None
    current_rate: float | None
    low: float | None
    high: float | None
    estimated_rate: float | None
    drifted_features: tuple[str, ...]
    features: int
    """How many features are watched."""
    data_faults: int | None
    """How many the last check raised that are not over; None where that is not known."""
    last_prediction: datetime | None
    age_seconds: float | None
    open_incidents: int | None
    trend: tuple[float | None, ...] = ()
    """Bad rates of the newest 24 buckets, oldest first; None where there are no labels."""
    since: datetime | None = None
    """Where the rise of the bad rate began; None while it is not raised, or when no point stands out."""
    estimated_reason: str | None = None
    """Why there is no estimated rate."""
    record_reason: str | None = None
    """Why faults and incidents are not known."""
    flag: Decision | None = None
    """The flag for redesign that is not lifted; None without one."""


@dataclass(frozen=True)
class ModelRecord:
    """What checks and people have recorded of one model, and is not over."""

    faults: tuple[RaisedAlert, ...] = ()
    """Alerts of data faults, oldest first."""
    incidents: tuple[Incident, ...] = ()
    """Newest first."""
    flag: Decision | None = None
    """That the model is to be redesigned."""
    reason: str | None = None
    """Why none of it is known; None where it is."""


NOTHING_RECORDED = ModelRecord()
"""Nothing is raised, and no incident is open."""
