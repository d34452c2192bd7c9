"""Is anything wrong with the labels of a model? Coverage, delay and meaning, from its counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period, parse_duration
from workbench.quality.findings import Finding
from workbench.quality.labels import (
    coverage_change,
    definition_change,
    delay_change,
    inverted_labels,
)
from workbench.store.row_checks import label_times
from workbench.workspace.subjects import Subject

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEARLY = 0.8
"""Of the usual share of labels."""


def label_findings(
    subject: Subject,
    outcomes: Sequence[OutcomeBucket],
    reference: Sequence[OutcomeBucket],
    asked: Period,
    everything: Period,
    versions: tuple[str, ...] | None,
    *,
    only_counts: bool = False,
) -> list[Finding]:
    """What is odd about the labels: at most one finding of a kind.

    Args:
        subject: the model.
        outcomes: its live rows' outcomes, bucket by bucket.
        reference: the reference's.
        asked: the period, in whole buckets.
        everything: all that is stored, to the period's end.
        versions: whose rows.
        only_counts: do not ask the rows when their labels came.
    """
    import numpy as np

    if not outcomes or not any(b.counts.labelled for b in outcomes):
        return []
    bucket = subject.bucket
    starts = [b.start for b in outcomes]
    rows = np.array([b.counts.rows for b in outcomes])
    labelled = np.array([b.counts.labelled for b in outcomes])
    found: list[Finding | None] = []
    delay = parse_duration(subject.card.labels.delay)
    usual = delay if "labels.delay" in subject.card.named and delay else None
    times, limit, longest = (
        ([], None, None) if only_counts else label_times(subject.store, everything, versions, usual)
    )
    newest = _newest(subject)
    late = None
    if limit is not None and any(t.timed for t in times):
        late = delay_change(
            [t.start for t in times], _array(t.rows for t in times),
            _array(t.in_time for t in times), _array(t.labelled for t in times),
            [t.median_seconds for t in times], limit, asked, newest, bucket,
        )  # fmt: skip
        found.append(late)
    known = _known_until(subject, longest, newest, usual)
    if late is None:
        found.append(coverage_change(starts, rows, labelled, asked, known, bucket))
    observed, expected, right, sure = _by_score(outcomes, reference, subject)
    flipped = inverted_labels(starts, labelled, right, sure, asked)
    found.append(flipped)
    if flipped is None and expected is not None and observed is not None:
        ripe = _ripe(starts, rows, labelled, known, bucket)
        found.append(
            definition_change(
                starts[:ripe], labelled[:ripe], observed[:ripe], expected[:ripe], asked
            )
        )
    return [finding for finding in found if finding is not None]


def _ripe(
    starts: Sequence[datetime],
    rows: NDArray[Any],
    labelled: NDArray[Any],
    known: datetime | None,
    bucket: timedelta,
) -> int:
    """How many buckets, from the first, have nearly as many labels as those that wait for none.

    The labels that come first are seldom like the rest: quick positives are no other definition.
    """
    import numpy as np

    settled = np.array([known is None or start + bucket <= known for start in starts]) & (rows > 0)
    if not settled.any():
        return len(starts)
    usual = float(np.median(labelled[settled] / rows[settled]))
    enough = np.flatnonzero(settled | (labelled >= _NEARLY * usual * np.maximum(rows, 1)))
    return int(enough[-1]) + 1


def _known_until(
    subject: Subject, limit: float | None, newest: datetime, usual: timedelta | None
) -> datetime | None:
    """Buckets that end by then have got the labels that they will get; None when nobody knows."""
    if not subject.store.segments.labels:
        return newest + subject.bucket  # labels come with their rows
    if limit is not None:
        return newest - timedelta(seconds=limit)
    return newest - usual if usual is not None else None


def _newest(subject: Subject) -> datetime:
    moments = [s.end for s in subject.store.segments.labels if s.end is not None]
    if subject.extent is not None:
        moments.append(subject.extent.newest)
    if subject.store.as_of is not None:
        moments = [min(moment, subject.store.as_of) for moment in moments]
    return max(moments)


def _by_score(
    outcomes: Sequence[OutcomeBucket], reference: Sequence[OutcomeBucket], subject: Subject
) -> tuple[Any, Any, Any, Any]:
    """(positive labels, those expected, right by the likelier side, those expected) a bucket."""
    import numpy as np

    positive = subject.store.baseline.rules.positive_class
    if subject.card.model.task != "binary":
        nothing = np.zeros(len(outcomes))
        return None, None, nothing, nothing
    usual = _cells(reference, positive)
    own = [_cells([b], positive) for b in outcomes]
    if not usual:
        usual = _cells(outcomes[: max(len(outcomes) // 3, 1)], positive)
    total = sum(p + n for p, n in usual.values())
    overall = sum(p for p, _ in usual.values()) / total if total else 0.5
    chance = {key: (p + overall) / (p + n + 1) for key, (p, n) in usual.items()}
    figures = []
    for cells in own:
        seen = [(p, n, chance.get(key, overall)) for key, (p, n) in cells.items()]
        figures.append(
            (
                sum(p for p, _, _ in seen),
                sum((p + n) * c for p, n, c in seen),
                sum(p if c >= 0.5 else n for p, n, c in seen),
                sum((p + n) * max(c, 1 - c) for p, n, c in seen),
            )
        )
    table: NDArray[Any] = np.array(figures, dtype=float)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3]


def _cells(buckets: Sequence[OutcomeBucket], positive: str) -> dict[Any, tuple[float, float]]:
    """(positive, negative) labels by score bin, or by prediction where there is no score."""
    has_scores = any(b.scores for b in buckets)
    cells: dict[Any, tuple[float, float]] = {}
    for bucket in buckets:
        if has_scores:
            pairs: list[tuple[Any, float, float]] = [
                (place, p, n) for place, (p, n) in enumerate(bucket.scores) if p + n
            ]
        else:
            pairs = [
                (prediction, n if label == positive else 0.0, 0.0 if label == positive else n)
                for label, prediction, n in bucket.classes
            ]
        for key, p, n in pairs:
            before = cells.get(key, (0.0, 0.0))
            cells[key] = (before[0] + p, before[1] + n)
    return cells


def _array(values: Any) -> NDArray[Any]:
    import numpy as np

    return np.array(list(values))
