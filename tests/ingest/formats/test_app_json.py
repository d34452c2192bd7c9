"""An application's own log: a features object beside its prediction."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.formats.exports import (
    FIRST,
    FORMATS,
    ROWS,
    SECOND,
    glimpse,
    items,
    said,
)
from workbench.ingest.formats.adapter import Mapped, Prediction, Rejected
from workbench.ingest.formats.app_json import ADAPTER

SAMPLE = FORMATS / "otel" / "app_json_lines.jsonl"


def test_the_sample() -> None:
    assert ADAPTER.recognises(glimpse(SAMPLE))
    assert items(ADAPTER, SAMPLE) == [
        Prediction(FIRST, "2026-11-20T14:12:33Z", ROWS[0], prediction=1, score=0.8312, version="7"),
        Prediction(SECOND, "2026-11-20T14:12:34Z", ROWS[1], score=0.0356, version="7"),
    ]


def test_other_messages_of_the_application_are_no_records() -> None:
    assert said(ADAPTER, {"timestamp": "t", "level": "info", "message": "started"}) == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"features": {"a": 1}}, "unreadable_prediction"),
        ({"features": {"a": 1}, "prediction": None}, "unreadable_prediction"),
        ({"features": [1], "prediction": 1}, "malformed_record"),
        ({"features": {"a": 1}, "prediction": [0.9, 0.9]}, "malformed_record"),
        ({"features": {"a": 1}, "score": 1.2}, "malformed_record"),
        ({"features": {"a": 1}, "error": "no model"}, "error_response"),
    ],
)
def test_what_has_no_prediction_says_why(value: dict[str, Any], reason: str) -> None:
    (item,) = said(ADAPTER, value)
    assert isinstance(item, Rejected)
    assert item.reason == reason


def test_what_stands_beside_the_features_is_kept() -> None:
    value = {"id": "i", "time": 5, "features": {"a": 1, "id": "x"}, "prediction": 1, "tenant": "eu"}
    (item,) = said(ADAPTER, value)
    assert item == Prediction("i", 5, {"a": 1, "id": "x"}, prediction=1, extras={"tenant": "eu"})


def test_a_feature_may_be_the_id_and_the_logs_own_id_is_kept() -> None:
    value = {"request_id": "r", "timestamp": 5, "features": {"a": 1, "order": 7}, "prediction": 1}
    (item,) = said(ADAPTER, value, Mapped(id="order"))
    assert item == Prediction("7", 5, {"a": 1}, prediction=1, extras={"request_id": "r"})


def test_a_prediction_may_be_an_object() -> None:
    value = {"id": "i", "features": {}, "prediction": {"label": "churn", "score": 0.75}}
    (item,) = said(ADAPTER, value)
    assert isinstance(item, Prediction)
    assert (item.prediction, item.score) == ("churn", 0.75)
