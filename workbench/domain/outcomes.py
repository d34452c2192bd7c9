"""How did the predictions of a bucket turn out? Counts that add up over any grouping."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime


@dataclass(frozen=True)
class OutcomeCounts:
    """Sums over the rows of one bucket and group.

    All but `rows` and the predicted counts are over the labelled rows only. Counts of rows
    are whole numbers, stored as floats.
    """

    rows: float = 0
    labelled: float = 0
    bad: float = 0.0
    """Badness: 0 or 1 a row; for the cost rule cost / largest cost."""
    bad_squares: float = 0.0
    """Sum of squared badness, for intervals where it is not 0 or 1."""
    correct: float = 0
    """Classes: prediction equals label."""
    true_positive: float = 0
    false_positive: float = 0
    false_negative: float = 0
    true_negative: float = 0
    """The four of binary models."""
    predicted: float = 0
    """All rows that have a prediction (classes: always all rows)."""
    predicted_positive: float = 0
    """Binary: all rows predicted positive, labelled or not."""
    error: float = 0.0
    """Regression: sum of prediction - label."""
    absolute_error: float = 0.0
    squared_error: float = 0.0
    cost: float = 0.0
    """Binary: sum of the card's cost of each wrong prediction."""
    scored: float = 0
    """Labelled rows that have a score between 0 and 1."""
    log_loss: float = 0.0
    """Binary: sum of -ln P(label) over the scored rows, P held within 1e-15 of 0 and 1."""

    def __add__(self, other: OutcomeCounts) -> OutcomeCounts:
        """The counts of both groups together."""
        return OutcomeCounts(
            *(getattr(self, f.name) + getattr(other, f.name) for f in fields(OutcomeCounts))
        )


@dataclass(frozen=True)
class OutcomeBucket:
    """The outcomes of one time bucket and group."""

    start: datetime
    end: datetime
    counts: OutcomeCounts
    segment: str | None = None
    """Value of the column that rates are broken down by; None for a missing value or no break-down."""
    scores: tuple[tuple[float, float], ...] = ()
    """Binary: (positives, negatives) a score bin, bins ascending in score."""
    classes: tuple[tuple[str, str, float], ...] = ()
    """Classes: (label, prediction, rows)."""


def bad_rate(buckets: Iterable[OutcomeBucket]) -> float | None:
    """The share of the labelled rows of all buckets together that are bad; None without a label."""
    bad = labelled = 0.0
    for bucket in buckets:
        bad += bucket.counts.bad
        labelled += bucket.counts.labelled
    return bad / labelled if labelled else None


@dataclass(frozen=True)
class LabelArrival:
    """The rows and the labels that one commit brought a bucket."""

    bucket: datetime
    """The start."""
    version: int
    """Of the commit; 0 where it is not known any more."""
    rows: float
    labelled: float
