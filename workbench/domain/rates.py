"""How many predictions were bad? The figures of one bucket and of a whole timeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from workbench.domain.period import Period

STATUSES = ("ok", "unknown", "warning", "critical")
"""From calm to loud: `worst` picks the last one."""


def worst(statuses: list[str]) -> str:
    """The loudest of some statuses; `unknown` for none."""
    return max(statuses, key=STATUSES.index, default="unknown")


@dataclass(frozen=True)
class ConceptGap:
    """Realised minus estimated bad rate on the same labelled rows: has the meaning changed?

    The estimate follows the scores, so that a harder mix of rows is in both. What is left is a
    changed meaning, a fault in inputs or labels that the scores do not show, or early labels
    that are unlike the late ones.
    """

    realised: float
    estimated: float
    difference: float
    low: float
    """95 % interval of the difference."""
    high: float
    labelled: int
    status: str
    """By the card's `bad_rate` and `bad_rate_ratio` over the estimate, if significant."""
    reason: str | None = None


@dataclass(frozen=True)
class RateBucket:
    """The bad-prediction rate of one bucket (or of one group of rows)."""

    start: datetime
    end: datetime
    rows: int
    labelled: int
    bad: float
    """Bad predictions among the labelled; for the cost rule, the sum of cost / largest cost."""
    bad_rate: float | None
    """A fraction of the labelled rows; None without labels."""
    low: float | None
    """95 % interval for this sample (Wilson; for cost, Student's)."""
    high: float | None
    status: str
    """`unknown` where it cannot be judged yet, with the reason."""
    reason: str | None = None
    segment: dict[str, str | None] | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    estimated_bad_rate: float | None = None
    estimated_low: float | None = None
    estimated_high: float | None = None
    estimated_metrics: dict[str, float | None] = field(default_factory=dict)
    weighted_bad_rate: float | None = None
    weighted_low: float | None = None
    weighted_high: float | None = None
    estimated_reason: str | None = None
    """Why there is no estimate."""
    weighted_reason: str | None = None
    concept: ConceptGap | None = None
    """None without labels or without an estimate."""
    completeness: float | None = None
    """labelled / rows; None without rows."""
    expected_completeness: float | None = None
    """What is usual at this age; None where it is not known."""


@dataclass(frozen=True)
class PerformanceReport:
    """A model's bad-prediction rate over time."""

    model: str
    task: str
    period: Period
    versions: tuple[str, ...]
    reference_rate: float | None
    """The baseline that rises are measured from; None without labels in the reference."""
    reference_low: float | None
    reference_high: float | None
    warning_rate: float | None
    """The rate from which a bucket is a warning, were it significant; None without a baseline."""
    critical_rate: float | None
    whole: RateBucket
    """All of the period as one bucket."""
    buckets: tuple[RateBucket, ...]
    """In time order; with `--segment`, one a bucket and value."""
    months: tuple[RateBucket, ...]
    """By calendar month over everything stored, whatever the period."""
    by_version: tuple[RateBucket, ...]
    """Live rows of the period, one a version; `segment` is {"model_version": ...}."""
    by_role: tuple[RateBucket, ...]
    """All versions, one a role; `segment` is {"role": ...}."""
    by_arm: tuple[RateBucket, ...]
    """One an arm of the experiment; empty when the card names no experiment."""
    by: str = "1d"
    onset: datetime | None = None
    """The point in the period that best divides a lower rate before from a higher one after;
    None when none stands out."""
    since_onset: RateBucket | None = None
    """The rows from the onset on as one bucket, so that calm days before do not dilute it."""
    notes: tuple[str, ...] = ()
    """What the reader should know about how this was answered."""
