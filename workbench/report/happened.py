"""What happened, in a few sentences? The summary at the top of a report."""

from __future__ import annotations

from datetime import datetime

from workbench.domain.drift import DriftReport
from workbench.domain.outcomes import OutcomeBucket, OutcomeCounts
from workbench.domain.rates import PerformanceReport, RateBucket, worst
from workbench.performance.onset import onset
from workbench.report.sections import Section

_LOUD = ("warning", "critical")
_NAMED = 5
"""How many drifted columns a sentence names."""


def happened_section(
    performance: PerformanceReport, drift: DriftReport | None, began: datetime | None = None
) -> Section:
    """One sentence on the rate, one on its onset, one on the columns that moved.

    Args:
        performance: the rates of the period.
        drift: None when it could not be told.
        began: where the rate rose, see `rise_began`.
    """
    sentences = [rate_sentence(performance), onset_sentence(performance, began)]
    if drift is not None:
        sentences.append(drift_sentence(drift))
    return Section("what_happened", "What happened", tuple(s for s in sentences if s))


def overall_status(performance: PerformanceReport, drift: DriftReport | None) -> str:
    """The worse of rate and drift; as in the fleet, drift that cannot be judged adds nothing."""
    known = [drift.status] if drift is not None and drift.status != "unknown" else []
    return worst([performance.whole.status, *known])


def rate_sentence(report: PerformanceReport) -> str:
    """The bad-prediction rate of the period with its n, its interval and its baseline."""
    whole = report.whole
    if whole.bad_rate is None:
        why = whole.reason or "no row of the period is labelled"
        return (
            f"The bad-prediction rate of {report.model} cannot be judged: {why} "
            f"({whole.rows:,} rows, {whole.labelled:,} labelled)."
        )
    made = f"Of {whole.labelled:,} labelled predictions of {report.model}"
    text = f"{made}, {whole.bad_rate:.1%} were bad"
    if whole.low is not None and whole.high is not None:
        text += f" (95 % interval {whole.low:.1%} to {whole.high:.1%})"
    if report.reference_rate is not None:
        text += f", against {report.reference_rate:.1%} in the reference"
    why = f": {whole.reason}" if whole.reason else ""
    return f"{text}; {whole.rows - whole.labelled:,} have no label yet. Status {whole.status}{why}."


def rise_began(history: PerformanceReport) -> datetime | None:
    """Where the bad rate rose: the same point as in the fleet, from the same buckets.

    Args:
        history: the rates of everything stored, not of one period only.
    """
    return onset(
        [
            OutcomeBucket(b.start, b.end, OutcomeCounts(labelled=b.labelled, bad=b.bad))
            for b in history.buckets
            if b.segment is None
        ]
    )


def latest_run(buckets: tuple[RateBucket, ...]) -> tuple[datetime, int] | None:
    """Start and length of the latest unbroken run of buckets that are a warning or worse.

    Buckets without labels neither make nor break a run. None when the newest bucket that has
    labels is calm, or cannot be judged.
    """
    start, length = None, 0
    for bucket in reversed(buckets):
        if bucket.segment is not None or bucket.bad_rate is None:
            continue
        if bucket.status not in _LOUD:
            break
        start, length = bucket.start, length + 1
    return None if start is None else (start, length)


def onset_sentence(report: PerformanceReport, began: datetime | None) -> str:
    """Since when: where the rise began, else the latest loud buckets; empty for neither.

    Args:
        report: the rates of the period.
        began: see `rise_began`; told only while the rate is raised.
    """
    if report.whole.status in _LOUD and began is not None:
        return f"The rate rose at {_minute(began)}, the point that best divides before from after."
    run = latest_run(report.buckets)
    if run is None:
        return ""
    start, length = run
    labelled = [b for b in report.buckets if b.segment is None and b.bad_rate is not None]
    buckets = "bucket with labels is" if length == 1 else f"{length} buckets with labels are"
    text = f"The latest {buckets} a warning or worse, since {_minute(start)}"
    return f"{text} or before." if len(labelled) == length else f"{text}."


def _minute(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%MZ")


def drift_sentence(report: DriftReport) -> str:
    """Which columns moved, worst first."""
    moved = [column for column in report.columns if column.status in _LOUD]
    total = len(report.columns)
    if not moved:
        unknown = sum(column.status == "unknown" for column in report.columns)
        rest = f"; {unknown} could not be judged" if unknown else ""
        return f"None of {total} columns moved beyond its thresholds{rest}."
    named = ", ".join(f"{column.name} ({column.status})" for column in moved[:_NAMED])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    return f"Of {total} columns, {len(moved)} moved: {named}{more}."
