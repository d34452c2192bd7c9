"""What did the rows of a bucket let expect? Estimates that are made once and remembered."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class RowEstimate:
    """An estimate of one stretch of time from (a sample of) its rows."""

    start: datetime
    end: datetime
    rows: int
    """Live rows that the stretch had; with others the estimate does not hold any more."""
    labelled: int
    bad: float = 0.0
    """Sum of the realised badness; labels that were revised change it."""
    bad_rate: float | None = None
    low: float | None = None
    """95 % interval of the rate that labels will show."""
    high: float | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    reason: str | None = None
    """Why there is no estimate."""
    weighted_bad_rate: float | None = None
    """With the reference's rows weighted to the stretch's inputs."""
    weighted_low: float | None = None
    weighted_high: float | None = None
    weighted_reason: str | None = None
    effective_share: float | None = None
    """(sum of weights)^2 / (n sum of squared weights) of the reference's rows."""
    domain_auc: float | None = None
    """How well the inputs tell the stretch from the reference: 0.5 not at all, 1 always."""
    labelled_rows: int = 0
    """Labelled rows of the sample, for the difference between realised and estimated."""
    labelled_bad: float = 0.0
    """Sum of their badness."""
    labelled_expected: float = 0.0
    """Sum of their expected badness."""
    labelled_variance: float = 0.0
    """Variance of the sum, given the expectation."""
    model_variance: float = 0.0
    """Variance of the estimated rate that comes from the reference."""
    spread: float = 0.0
    """Standard deviation of the labelled rows' mean that comes from buckets being unlike."""

    def has_labels(self, labelled: float, bad: float) -> bool:
        """Whether so many labels, and so bad, are those that it was made with."""
        return self.labelled == labelled and math.isclose(self.bad, bad, rel_tol=1e-9, abs_tol=1e-6)
