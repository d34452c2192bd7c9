"""Is anything on fire? Every model's status, worst first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workbench.domain.alert import incident_name
from workbench.domain.card import ModelCard
from workbench.domain.drift import DriftReport
from workbench.domain.fault import KINDS
from workbench.domain.period import Period, parse_duration
from workbench.domain.rates import STATUSES, PerformanceReport, RateBucket, worst
from workbench.domain.status import NOTHING_RECORDED, ModelRecord, ModelStatus
from workbench.performance.onset import onset
from workbench.performance.timeline import rate_buckets
from workbench.store.measured import Choice
from workbench.workspace.measuring import (
    Subject,
    measure_drift,
    measure_performance,
    reference_outcomes,
)

TREND_BUCKETS = 24


def model_status(
    subject: Subject, now: datetime, record: ModelRecord = NOTHING_RECORDED
) -> ModelStatus:
    """The status of one model in its card's window.

    Args:
        subject: the model.
        now: the machine's clock, or the moment of `--as-of`: what ages are counted from.
        record: what is recorded of it and not over; a fault that is raised counts.
    """
    return told_status(measure_status(subject, now), record)


@dataclass(frozen=True)
class Measured:
    """What a status rests on, without what is recorded of the model."""

    subject: Subject
    age_seconds: float | None
    """Of the newest prediction; None without rows."""
    performance: PerformanceReport | None
    drift: DriftReport | None
    rows: int = 0
    trend: tuple[float | None, ...] = ()
    since: datetime | None = None


def measure_status(subject: Subject, now: datetime) -> Measured:
    """The figures of one model in its card's window.

    Args:
        subject: the model.
        now: as for `model_status`.
    """
    if subject.extent is None:
        return Measured(subject, None, None, None)
    performance = measure_performance(subject)
    return Measured(
        subject=subject,
        age_seconds=(now - subject.extent.newest).total_seconds(),
        performance=performance,
        drift=measure_drift(subject),
        rows=_live_rows(subject),
        trend=_trend(subject, _recent_buckets(subject, performance)),
        since=_since(subject, performance, _judged(performance).status),
    )


def told_status(measured: Measured, record: ModelRecord) -> ModelStatus:
    """The status that figures and what is recorded of the model make together."""
    subject, performance, drift = measured.subject, measured.performance, measured.drift
    if subject.extent is None or performance is None or drift is None:
        empty = empty_status(subject.card, subject.champion, "no predictions are stored yet")
        return with_record(empty, record)
    silence = _silence(subject.card, measured.age_seconds or 0.0)
    whole = performance.whole
    features = [c for c in drift.columns if c.role == "feature"]
    drifted = tuple(c.name for c in features if c.status in ("warning", "critical"))
    judged = _judged(performance)
    raised = [alert.status for alert in record.faults]
    status = worst([judged.status, drift.status if drift.status != "unknown" else "ok", *raised])
    if silence is not None:
        status = "critical"
    found = ModelStatus(
        name=subject.card.name,
        version=", ".join(performance.versions) or subject.champion,
        task=subject.card.model.task,
        status=status,
        reason=_reason(silence, record, performance, drift, status),
        rows=measured.rows,
        period=performance.period,
        period_rows=whole.rows,
        period_labelled=whole.labelled,
        reference_rate=performance.reference_rate,
        current_rate=whole.bad_rate,
        low=whole.low,
        high=whole.high,
        estimated_rate=whole.estimated_bad_rate,
        drifted_features=drifted,
        features=len(features),
        data_faults=0,
        last_prediction=subject.extent.newest,
        age_seconds=measured.age_seconds,
        open_incidents=0,
        trend=measured.trend,
        since=measured.since,
        estimated_reason=whole.estimated_reason,
    )
    return with_record(found, record)


def with_record(status: ModelStatus, record: ModelRecord) -> ModelStatus:
    """The status with the numbers of its faults and incidents, or why they are not known."""
    known = record.reason is None
    return replace(
        status,
        data_faults=len(record.faults) if known else None,
        open_incidents=len(record.incidents) if known else None,
        record_reason=record.reason,
        flag=record.flag,
    )


def empty_status(card: ModelCard, version: str, reason: str) -> ModelStatus:
    """The status of a model that nothing can be said of, with the reason."""
    return ModelStatus(
        name=card.name, version=version, task=card.model.task, status="unknown", reason=reason,
        rows=0, period=None, period_rows=0, period_labelled=0, reference_rate=None,
        current_rate=None, low=None, high=None, estimated_rate=None, drifted_features=(),
        features=0, data_faults=0, last_prediction=None, age_seconds=None, open_incidents=0,
    )  # fmt: skip


def unreadable_status(name: str, reason: str) -> ModelStatus:
    """The status of a model whose card or baseline cannot be read, with the reason."""
    card = ModelCard()
    return empty_status(replace(card, model=replace(card.model, name=name)), "", reason)


def worst_first(statuses: list[ModelStatus]) -> tuple[ModelStatus, ...]:
    """The loudest first; then the largest rise of the bad rate; then by name."""

    def loudness(status: ModelStatus) -> tuple[int, float, str]:
        rise = 0.0
        if status.current_rate is not None and status.reference_rate is not None:
            rise = status.current_rate - status.reference_rate
        return (-STATUSES.index(status.status), -rise, status.name)

    return tuple(sorted(statuses, key=loudness))


def _silence(card: ModelCard, age: float) -> str | None:
    if not card.monitoring.expect_every:
        return None
    limit = parse_duration(card.monitoring.expect_every).total_seconds()
    if age <= limit:
        return None
    return f"silent for longer than {card.monitoring.expect_every}"


def _judged(performance: PerformanceReport) -> RateBucket:
    """What the rate's status rests on: the window, or its part from the onset when that is louder.

    A fault of this morning is not to be diluted by a calm month.
    """
    whole, part = performance.whole, performance.since_onset
    if part is None or STATUSES.index(part.status) <= STATUSES.index(whole.status):
        return whole
    return replace(part, reason=f"since {part.start:%Y-%m-%d %H:%MZ}: {part.reason}")


def _reason(
    silence: str | None,
    record: ModelRecord,
    performance: PerformanceReport,
    drift: DriftReport,
    status: str,
) -> str | None:
    """What an operator is to know first: silence, then causes, then harm, then what moved."""
    whole = _judged(performance)
    moved = [c for c in drift.columns if c.status in ("warning", "critical")]
    harm = None
    if whole.status in ("warning", "critical"):
        harm = whole.reason or f"bad rate {whole.bad_rate:.1%}"
    told = [text for text in (silence, _cause(record), harm) if text]
    if told:
        return "; ".join(told)
    if moved:
        return f"{moved[0].name}: {moved[0].reason or moved[0].status}"
    return whole.reason if status == "unknown" else None


def _cause(record: ModelRecord) -> str | None:
    """The fault that is raised, or what an open incident is about; None where neither says more.

    An incident that was opened for a rate or a drift has no cause that the figures do not tell.
    """
    if record.faults:
        first = max(record.faults, key=lambda alert: STATUSES.index(alert.status))
        of = f" of {', '.join(first.columns[:2])}" if first.columns else ""
        more = f" and {len(record.faults) - 1} more" if len(record.faults) > 1 else ""
        return (
            f"{first.kind.replace('_', ' ')}{of} since {first.since:%Y-%m-%d %H:%MZ} "
            f"({incident_name(first.incident)}){more}"
        )
    told = [one for one in record.incidents if one.kind is None or one.kind in KINDS]
    return f"{incident_name(told[0].id)} is open: {told[0].title}" if told else None


def _live_rows(subject: Subject) -> int:
    everything = subject.period("all")
    with subject.store.counts(everything, subject.store.own_by) as counts:
        found = counts.outcomes(Choice(everything), by="all", start=everything.start)
    return round(sum(bucket.counts.rows for bucket in found))


def _recent_buckets(subject: Subject, performance: PerformanceReport) -> tuple[RateBucket, ...]:
    """The newest buckets, for the trend."""
    end = performance.period.end
    recent = Period(end - TREND_BUCKETS * subject.bucket, end)
    versions = performance.versions or None
    with subject.store.counts(recent, subject.store.own_by) as counts:
        choice = Choice(recent, versions, assumed_before=subject.assumed_before())
        found = counts.outcomes(choice, by=subject.store.own_by, start=recent.start)
    compared = reference_outcomes(subject, versions=performance.versions)
    return rate_buckets(found, subject.card, compared)


def _trend(subject: Subject, buckets: tuple[RateBucket, ...]) -> tuple[float | None, ...]:
    if not buckets:
        return ()
    rates = {bucket.start: bucket.bad_rate for bucket in buckets}
    last = buckets[-1].start
    step: timedelta = subject.bucket
    return tuple(rates.get(last - i * step) for i in range(TREND_BUCKETS - 1, -1, -1))


def _since(subject: Subject, performance: PerformanceReport, status: str) -> datetime | None:
    """Where the rise began, looked for in everything stored and not only in the window."""
    if status not in ("warning", "critical"):
        return None
    everything = subject.period("all")
    own = subject.store.own_by
    with subject.store.counts(everything, own) as counts:
        choice = Choice(
            everything, performance.versions or None, assumed_before=subject.assumed_before()
        )
        found = counts.outcomes(choice, by=own, start=everything.start)
    return onset(found)
