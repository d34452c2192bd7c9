"""The JSON documents of the contract: names and keys that other programs rely on."""

from __future__ import annotations

from typing import Any

from workbench.cli.unknown_figures import (
    completeness_reason,
    concept_reason,
    distance_reason,
    estimated_metric_reasons,
    metric_reasons,
)
from workbench.domain.alert import EXIT_CODES, CheckReport, alert_name, incident_name
from workbench.domain.drift import ColumnDrift, DriftReport, MultivariateDrift
from workbench.domain.event import Event
from workbench.domain.incident import Incident, IncidentRecord
from workbench.domain.ingested import FileResult, IngestResult, RowCounts
from workbench.domain.rates import ConceptGap, PerformanceReport, RateBucket
from workbench.domain.status import ModelStatus
from workbench.performance.estimated_rates import ONLY_BUCKETS

METRICS = (
    "accuracy", "roc_auc", "f1", "log_loss", "mae", "rmse", "miss_rate", "false_alarm_rate",
    "positive_rate", "cost_per_1000",
)  # fmt: skip
ESTIMATED_METRICS = (
    "accuracy", "roc_auc", "f1", "precision", "recall", "log_loss", "brier", "mae", "rmse",
)  # fmt: skip


def ingest_document(result: IngestResult) -> dict[str, Any]:
    """The document of `ingest --json`."""
    return {
        "model": result.model,
        **_counts(result.counts),
        "files": [_file(file) for file in result.files],
        "seconds": round(result.seconds, 3),
    }


def status_document(statuses: tuple[ModelStatus, ...]) -> dict[str, Any]:
    """The document of `status --json`."""
    return {"models": [_status(status) for status in statuses]}


def performance_document(report: PerformanceReport) -> dict[str, Any]:
    """The document of `performance --json`."""
    return {
        "model": report.model,
        "task": report.task,
        "period": {"start": report.period.start, "end": report.period.end},
        "by": report.by,
        "versions": list(report.versions),
        "reference": {
            "bad_rate": report.reference_rate,
            "low": report.reference_low,
            "high": report.reference_high,
            "warning": report.warning_rate,
            "critical": report.critical_rate,
            "reason": None
            if report.reference_rate is not None
            else "the reference has no labelled predictions",
        },
        "whole": _bucket(report.whole, report.task),
        "concept": _concept(report.whole.concept),
        "concept_reason": concept_reason(report.whole),
        "onset": report.onset,
        "onset_reason": None if report.onset else "no point in time stands out",
        "since_onset": _bucket(report.since_onset, report.task) if report.since_onset else None,
        "buckets": [_bucket(bucket, report.task) for bucket in report.buckets],
        "months": [_bucket(bucket, report.task) for bucket in report.months],
        "by_version": [_bucket(bucket, report.task) for bucket in report.by_version],
        "by_role": [_bucket(bucket, report.task) for bucket in report.by_role],
        "by_arm": [_bucket(bucket, report.task) for bucket in report.by_arm],
        "notes": list(report.notes),
    }


def drift_document(report: DriftReport, hidden: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The document of `drift --json`.

    Args:
        report: the comparison.
        hidden: sensitive columns, whose values are left out.
    """
    reference = report.reference
    return {
        "model": report.model,
        "versions": list(report.versions),
        "against": report.against,
        "reference": {
            "start": reference.start if reference else None,
            "end": reference.end if reference else None,
            "rows": report.reference_rows,
            "reason": None if reference else "the reference has no timestamps",
        },
        "current": {
            "start": report.current.start,
            "end": report.current.end,
            "rows": report.current_rows,
        },
        "level": report.level,
        "columns": [_column(column, column.name in hidden) for column in report.columns],
        "multivariate": _together(report.multivariate) if report.multivariate else None,
        "multivariate_reason": None
        if report.multivariate
        else f"takes some seconds: drift {report.model} --multivariate measures it",
        "status": report.status,
        "notes": list(report.notes),
    }


def _together(found: MultivariateDrift) -> dict[str, Any]:
    pca = found.pca
    return {
        "domain_auc": found.domain_auc,
        "p_value": found.p_value,
        "top_columns": list(found.top_columns),
        "rows": {"reference": found.reference_rows, "current": found.current_rows},
        "excluded": [{"column": name, "reason": why} for name, why in found.excluded],
        "pca": {
            "effect": pca.effect,
            "p_value": pca.p_value,
            "basis": pca.basis,
            "components": pca.components,
            "reason": pca.reason,
        }
        if pca
        else None,
        "seed": found.seed,
        "seconds": round(found.seconds, 3),
        "reason": found.reason,
    }


def _counts(counts: RowCounts) -> dict[str, int]:
    return {
        "rows_read": counts.rows_read,
        "rows_stored": counts.rows_stored,
        "rows_duplicate": counts.rows_duplicate,
        "rows_quarantined": counts.rows_quarantined,
        "labels_matched": counts.labels_matched,
        "labels_pending": counts.labels_pending,
    }


def _file(file: FileResult) -> dict[str, Any]:
    return {
        "path": file.path,
        "format": file.format,
        "kind": file.kind or None,
        "status": file.status,
        **_counts(file.counts),
        "quarantined": dict(file.reasons),
        "notes": list(file.notes),
        "error": file.error,
        "hint": file.hint,
    }


def _status(status: ModelStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "version": status.version,
        "task": status.task or None,
        "status": status.status,
        "reason": status.reason,
        "rows": status.rows,
        "period": {
            "start": status.period.start if status.period else None,
            "end": status.period.end if status.period else None,
            "rows": status.period_rows,
            "labelled": status.period_labelled,
        },
        "bad_rate": {
            "reference": status.reference_rate,
            "current": status.current_rate,
            "low": status.low,
            "high": status.high,
            "estimated": status.estimated_rate,
            "estimated_reason": status.estimated_reason,
            "reason": None
            if status.current_rate is not None
            else status.reason or "no labels in the period",
        },
        "since": status.since,
        "drifted_features": list(status.drifted_features),
        "data_faults": status.data_faults,
        "last_prediction": status.last_prediction,
        "age_seconds": None if status.age_seconds is None else round(status.age_seconds),
        "open_incidents": status.open_incidents,
        "flagged": None if status.record_reason is not None else status.flag is not None,
        "flag": None
        if status.flag is None
        else {"who": status.flag.author, "when": status.flag.at, "why": status.flag.reason},
        "record_reason": status.record_reason,
    }


def _bucket(bucket: RateBucket, task: str) -> dict[str, Any]:
    whole = bucket.bad == int(bucket.bad)
    return {
        "start": bucket.start,
        "end": bucket.end,
        "segment": bucket.segment,
        "rows": bucket.rows,
        "labelled": bucket.labelled,
        "bad": int(bucket.bad) if whole else bucket.bad,
        "bad_rate": bucket.bad_rate,
        "low": bucket.low,
        "high": bucket.high,
        "estimated_bad_rate": bucket.estimated_bad_rate,
        "estimated_low": bucket.estimated_low,
        "estimated_high": bucket.estimated_high,
        "metrics": {name: bucket.metrics.get(name) for name in METRICS},
        "metrics_reasons": metric_reasons(bucket, task, METRICS),
        "estimated_metrics": {
            name: bucket.estimated_metrics.get(name) for name in ESTIMATED_METRICS
        },
        "estimated_metrics_reasons": estimated_metric_reasons(bucket, task, ESTIMATED_METRICS),
        "estimated_reason": _why(bucket.estimated_bad_rate, bucket.estimated_reason),
        "weighted_bad_rate": bucket.weighted_bad_rate,
        "weighted_low": bucket.weighted_low,
        "weighted_high": bucket.weighted_high,
        "weighted_reason": _why(bucket.weighted_bad_rate, bucket.weighted_reason),
        "concept": _concept(bucket.concept),
        "concept_reason": concept_reason(bucket),
        "completeness": bucket.completeness,
        "expected_completeness": bucket.expected_completeness,
        "completeness_reason": completeness_reason(bucket),
        "status": bucket.status,
        "reason": bucket.reason,
    }


def _why(figure: float | None, reason: str | None) -> str | None:
    """The reason beside a figure that is null: by default that it is not made for groups of rows."""
    return None if figure is not None else reason or ONLY_BUCKETS


def _concept(gap: ConceptGap | None) -> dict[str, Any] | None:
    if gap is None:
        return None
    return {
        "realised": gap.realised,
        "estimated": gap.estimated,
        "difference": gap.difference,
        "low": gap.low,
        "high": gap.high,
        "labelled": gap.labelled,
        "status": gap.status,
        "reason": gap.reason,
    }


def _column(column: ColumnDrift, is_hidden: bool) -> dict[str, Any]:
    return {
        "name": column.name,
        "role": column.role,
        "kind": column.kind,
        "psi": column.psi,
        "js": column.js,
        "hellinger": column.hellinger,
        "ks": column.ks,
        "ks_bound": column.ks_bound,
        "ks_exact": column.ks_exact,
        "ks_exact_p_value": column.ks_exact_p_value,
        "wasserstein": column.wasserstein,
        "wasserstein_bound": column.wasserstein_bound,
        "p_value": column.p_value,
        "p_adjusted": column.p_adjusted,
        "null": column.null,
        "missing_reference": column.missing_reference,
        "missing_current": column.missing_current,
        "unseen": [] if is_hidden else list(column.unseen),
        "unseen_share": column.unseen_share,
        "status": column.status,
        "reason": column.reason,
        "distance_reason": distance_reason(column),
    }


def check_document(report: CheckReport) -> dict[str, Any]:
    """The document of `check --json`."""
    return {
        **status_document(report.statuses),
        "exit_code": report.exit_code,
        "alerts": [
            {
                "model": alert.model,
                "kind": alert.kind,
                "status": alert.status,
                "message": alert.message,
                "since": alert.since,
                "columns": list(alert.columns),
                "id": alert_name(alert.id) if alert.id is not None else None,
                "incident": incident_name(alert.incident) if alert.incident is not None else None,
                "new": alert.is_new,
                "said": alert.is_said,
                "incident_closed": alert.is_closed if alert.incident is not None else None,
            }
            for alert in (*report.alerts, *report.information)
        ],
        "looks": [
            {
                "model": looks.model,
                "kinds": list(looks.kinds),
                "until": looks.until,
                "reason": looks.reason,
            }
            for looks in report.looks
        ],
        "notes": list(report.notes),
        "error": None,
    }


def failed_check_document(message: str, hint: str) -> dict[str, Any]:
    """The document of a check that failed: nothing is known of any model."""
    return {
        "models": [], "exit_code": EXIT_CODES["unknown"], "alerts": [], "looks": [], "notes": [],
        "error": message, "hint": hint or None,
    }  # fmt: skip


def incident_document(incident: Incident, record: IncidentRecord | None = None) -> dict[str, Any]:
    """The document of one incident; with its record, the timeline of entries and events too."""
    closed = incident.closed
    document: dict[str, Any] = {
        "id": incident_name(incident.id),
        "model": incident.model,
        "title": incident.title,
        "state": incident.state,
        "since": incident.onset,
        "opened_at": incident.opened_at,
        "closed_at": closed.at if closed else None,
        "cause": closed.text if closed else None,
        "acknowledged_by": list(incident.acknowledged),
        "kind": incident.kind,
        "columns": list(incident.columns),
        "previous": incident_name(incident.previous) if incident.previous is not None else None,
        "entries": [
            {"at": entry.at, "author": entry.author, "kind": entry.kind, "text": entry.text}
            for entry in incident.entries
        ],
    }
    if record is not None:
        document["events"] = [event_document(event) for event in record.events]
        document["timeline"] = [
            {"at": at, "what": what, "author": author, "text": text}
            for at, what, author, text in record.timeline
        ]
    return document


def event_document(event: Event) -> dict[str, Any]:
    """The document of one event."""
    return {
        "id": event.id,
        "model": event.model,
        "at": event.at,
        "kind": event.kind,
        "text": event.text,
        "author": event.author,
        "added_at": event.added_at,
    }
