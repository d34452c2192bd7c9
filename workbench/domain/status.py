"""Is anything on fire? The figures of one model on the fleet's screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.domain.period import Period


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
    data_faults: int
    """How many the last check raised that are not over."""
    last_prediction: datetime | None
    age_seconds: float | None
    open_incidents: int
    trend: tuple[float | None, ...] = ()
    """Bad rates of the newest 24 buckets, oldest first; None where there are no labels."""
    since: datetime | None = None
    """Where the rise of the bad rate began; None while it is not raised, or when no point stands out."""
    estimated_reason: str | None = None
    """Why there is no estimated rate."""
