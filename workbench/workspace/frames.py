"""The same figures as Polars frames, for notebooks and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from workbench.domain.drift import DriftReport
    from workbench.domain.rates import PerformanceReport
    from workbench.domain.slices import SliceReport

_TIME = pl.Datetime("us", "UTC")
_METRICS = (
    "accuracy", "roc_auc", "f1", "log_loss", "mae", "rmse", "miss_rate", "false_alarm_rate",
    "positive_rate", "cost_per_1000",
)  # fmt: skip
_ESTIMATES = (
    "estimated_bad_rate", "estimated_low", "estimated_high", "weighted_bad_rate", "weighted_low",
    "weighted_high", "completeness", "expected_completeness",
)  # fmt: skip


def performance_frame(report: PerformanceReport) -> pl.DataFrame:
    """One row a bucket: start, end, segment, rows, labelled, bad, rate, interval, status, metrics."""
    rows = [
        {
            "start": bucket.start,
            "end": bucket.end,
            "segment": next(iter(bucket.segment.values())) if bucket.segment else None,
            "rows": bucket.rows,
            "labelled": bucket.labelled,
            "bad": float(bucket.bad),
            "bad_rate": bucket.bad_rate,
            "low": bucket.low,
            "high": bucket.high,
            **{name: getattr(bucket, name) for name in _ESTIMATES},
            "status": bucket.status,
            "reason": bucket.reason,
            **{name: bucket.metrics.get(name) for name in _METRICS},
        }
        for bucket in report.buckets
    ]
    schema: dict[str, Any] = {
        "start": _TIME, "end": _TIME, "segment": pl.String, "rows": pl.Int64, "labelled": pl.Int64,
        "bad": pl.Float64, "bad_rate": pl.Float64, "low": pl.Float64, "high": pl.Float64,
        **dict.fromkeys(_ESTIMATES, pl.Float64), "status": pl.String, "reason": pl.String,
        **dict.fromkeys(_METRICS, pl.Float64),
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def drift_frame(report: DriftReport) -> pl.DataFrame:
    """One row a column, worst first; `unseen` is a list of names."""
    names = (
        "name", "role", "kind", "status", "psi", "js", "hellinger", "ks", "wasserstein", "p_value",
        "p_adjusted", "null", "missing_reference", "missing_current", "unseen", "unseen_share",
        "reason",
    )  # fmt: skip
    rows = [{name: getattr(column, name) for name in names} for column in report.columns]
    for row in rows:
        row["unseen"] = list(row["unseen"])
    texts = {"name", "role", "kind", "null", "status", "reason"}
    schema: dict[str, pl.DataType] = {
        name: pl.String() if name in texts else pl.Float64() for name in names
    }
    schema["unseen"] = pl.List(pl.String())
    return pl.DataFrame(rows, schema=schema)


def slice_frame(report: SliceReport) -> pl.DataFrame:
    """One row a slice, largest first; `where` is its conditions in words."""
    names = (
        "rows", "share", "bad_rate", "low", "high", "reference_rows", "reference_bad_rate", "lift",
        "share_of_bad", "share_of_rise", "p_value", "p_adjusted",
    )  # fmt: skip
    rows = [
        {"where": " and ".join(condition.text for condition in one.where)}
        | {name: getattr(one, name) for name in names}
        for one in report.search.slices
    ]
    schema: dict[str, Any] = {"where": pl.String} | dict.fromkeys(names, pl.Float64)
    schema |= {"rows": pl.Int64, "reference_rows": pl.Int64}
    return pl.DataFrame(rows, schema=schema)


def segment_frame(report: SliceReport) -> pl.DataFrame:
    """One row a segment column and value, with what it contributes to the rise."""
    names = (
        "reference_labelled", "labelled", "reference_share", "share", "reference_bad_rate",
        "bad_rate", "contribution", "mix", "rate",
    )  # fmt: skip
    rows = [
        {"column": table.column, "value": part.value}
        | {name: getattr(part, name) for name in names}
        for table in report.segments
        for part in table.parts
    ]
    schema: dict[str, Any] = {"column": pl.String, "value": pl.String}
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(names, pl.Float64))
