"""What are ids, times, predictions and labels usually called, where no format fixes the names?"""

from __future__ import annotations

IDS = ("prediction_id", "request_id", "id", "row_id", "event_id", "uuid")
TIMES = (
    "timestamp", "prediction_timestamp", "prediction_ts", "time", "ts", "datetime", "event_time",
    "@timestamp", "created_at",
)  # fmt: skip
PREDICTIONS = (
    "prediction", "predicted", "prediction_label", "predicted_label", "prediction_value", "y_pred",
    "pred", "predictions",
)  # fmt: skip
SCORES = (
    "score", "scores", "probability", "probabilities", "proba", "prob", "prediction_score",
    "prediction_probabilities", "y_pred_proba", "y_score",
)  # fmt: skip
LABELS = ("label", "target", "y_true", "actual", "actual_label", "ground_truth", "outcome")
VERSIONS = ("model_version", "version")
