"""Seldon Core's payload log."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.formats.sample_files import (
    FIRST,
    SECOND,
    predictions,
    read_all,
    rest,
    sample_values,
)
from workbench.ingest.formats.adapter import Mapped, Prediction
from workbench.ingest.formats.seldon import ADAPTER

PATH = "seldon/cloudevents_v1.jsonl"
NAMES = ["tenure_months", "monthly_charges", "support_calls"]


def event(side: str, data: Any, **more: Any) -> dict[str, Any]:
    kind = f"io.seldon.serving.{side}"
    return {"specversion": "1.0", "type": kind, "requestid": "r", "data": data, **more}


def both(response: Any, **more: Any) -> list[dict[str, Any] | None]:
    request = {"data": {"names": ["a"], "ndarray": [[1]]}}
    return [event("inference.request", request, **more), event("inference.response", response, **more)]  # fmt: skip


ANSWER = {"data": {"names": ["t:0"], "ndarray": [[1]]}}


def test_the_sample_gives_two_predictions_and_a_request_without_a_readable_response() -> None:
    items = read_all(ADAPTER, sample_values(PATH), Mapped())
    assert predictions(items) == [
        Prediction(
            FIRST, "2026-11-20T14:12:33Z", dict(zip(NAMES, [14, 79.85, 3], strict=True)),
            prediction=1, version="7",
        ),
        Prediction(
            SECOND, "2026-11-20T14:12:34Z", dict(zip(NAMES, [61, 24.1, 0], strict=True)),
            score=0.0356, version="7",
        ),
    ]  # fmt: skip
    assert rest(items) == ["request"]


def test_a_row_that_is_one_feature_short_is_malformed() -> None:
    values = [value for value in sample_values(PATH) if value is not None]
    answer = {**values[1], "requestid": values[-1]["requestid"]}
    assert rest(read_all(ADAPTER, [values[-1], answer])) == ["malformed_record"]


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("registry.local:5000/churn:7", "7"),
        ("churn:1.2-rc", "1.2-rc"),
        ("registry.local:5000/churn", None),
        ("registry.local/churn@sha256:abc", "sha256:abc"),
        ("registry.local/churn:7@sha256:abc", "7"),
        (7, None),
    ],
)
def test_the_version_is_the_tag_of_the_image(image: Any, version: str | None) -> None:
    path = {"transformer": "t:1", "classifier": image, "router": "r:2"}
    answer = {**ANSWER, "meta": {"requestPath": path}}
    (row,) = predictions(read_all(ADAPTER, both(answer, modelid="classifier")))
    assert row.version == version


def test_a_failure_is_an_error_response() -> None:
    failed = {"status": {"status": "FAILURE", "code": 400, "info": "secret"}}
    items = read_all(ADAPTER, both(failed))
    assert rest(items) == ["error_response"]
    assert "400" in repr(items)
    assert "secret" not in repr(items)


def test_a_canary_predictor_is_the_canary_role() -> None:
    assert [
        row.role for row in predictions(read_all(ADAPTER, both(ANSWER, predictor="canary")))
    ] == ["canary"]


def test_feedback_is_no_prediction_and_other_events_are_malformed() -> None:
    assert read_all(ADAPTER, [event("feedback", {"truth": {}})]) == []
    foreign = {"specversion": "1.0", "type": "com.example.ping", "data": {}}
    assert rest(read_all(ADAPTER, [foreign])) == ["malformed_record"]
