"""Why is a figure null? The reasons that stand beside the figures in JSON documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.domain.drift import ColumnDrift
    from workbench.domain.rates import RateBucket

_REGRESSION = ("mae", "rmse")
_ALL_CLASSES = ("accuracy", "f1")
_LACKING = {
    "roc_auc": "no rows with scores and labels of both classes",
    "log_loss": "no labelled rows with a score",
    "f1": "no positive label or prediction",
    "miss_rate": "no positive label",
    "false_alarm_rate": "no negative label",
    "positive_rate": "no predictions of classes",
}


def metric_reasons(bucket: RateBucket, task: str, names: Sequence[str]) -> dict[str, str]:
    """Why each of some metrics of a bucket is not known; without those that are.

    Args:
        bucket: the bucket, or group of rows.
        task: the model's.
        names: the metrics.
    """
    return {
        name: _metric_reason(bucket, task, name)
        for name in names
        if bucket.metrics.get(name) is None
    }


def estimated_metric_reasons(bucket: RateBucket, task: str, names: Sequence[str]) -> dict[str, str]:
    """Why each of some estimated metrics is not known; empty where nothing is estimated.

    Why nothing is, is said once for all of them.
    """
    if bucket.estimated_bad_rate is None:
        return {}
    return {
        name: f"not estimated for {task} models"
        for name in names
        if bucket.estimated_metrics.get(name) is None
    }


def concept_reason(bucket: RateBucket) -> str | None:
    """Why realised and estimated rates are not compared; None where they are."""
    if bucket.concept is not None:
        return None
    if bucket.labelled == 0:
        return "no labels"
    return bucket.estimated_reason or "nothing is estimated to compare with"


def completeness_reason(bucket: RateBucket) -> str | None:
    """Why it is not known how many labels are in, or are usual; None where both are."""
    if bucket.completeness is None:
        return "no rows"
    is_unknown = bucket.expected_completeness is None
    return "not known yet how many labels are usual at this age" if is_unknown else None


def distance_reason(column: ColumnDrift) -> str | None:
    """Why some distances of a column are not known; None where all are."""
    if column.kind == "categorical":
        return "ks and wasserstein are of numbers"
    if column.ks is None:
        return column.reason or "too few values"
    return "only categories can be unseen" if column.unseen_share is None else None


def _metric_reason(bucket: RateBucket, task: str, name: str) -> str:
    if task == "regression" and name not in _REGRESSION:
        return "not for regression models"
    if task != "regression" and name in _REGRESSION:
        return "for regression models only"
    if task == "multiclass" and name not in _ALL_CLASSES:
        return "for binary models only"
    if name == "roc_auc" and bucket.segment is not None:
        return "scores are not counted by groups of rows"
    if bucket.labelled == 0 and name != "positive_rate":
        return "no labels"
    return _LACKING.get(name, "no labels")
