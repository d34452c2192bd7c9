"""KServe's payload log as CloudEvents."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.ingest.formats.sample_files import (
    FIRST,
    LEAVES,
    SECOND,
    STAYS,
    predictions,
    read_all,
    rest,
    sample_values,
)
from workbench.ingest.formats.adapter import Mapped, Prediction, Rejected
from workbench.ingest.formats.kserve import ADAPTER

V1, V2 = "kserve/cloudevents_v1.jsonl", "kserve/cloudevents_v2.jsonl"
SERVICE = {"inference_service": "churn-classifier"}


def event(side: str, data: Any, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": f"org.kubeflow.serving.inference.{side}",
        "id": "r",
        "time": "2026-11-20T14:12:33Z",
        "data": data,
        **more,
    }


def test_the_v1_sample_gives_three_predictions_and_one_error_response() -> None:
    items = read_all(ADAPTER, sample_values(V1))
    first = "2026-11-20T14:12:33.505997782Z"
    extras = {**SERVICE, "request_id": FIRST}
    assert predictions(items) == [
        Prediction(f"{FIRST}-0", first, LEAVES, prediction=1, extras=extras),
        Prediction(f"{FIRST}-1", first, STAYS, prediction=0, extras=extras),
        Prediction(SECOND, "2026-11-20T14:12:34.505997782Z", STAYS, score=0.0356, extras=SERVICE),
    ]
    (error,) = [item for item in items if isinstance(item, Rejected)]
    assert error.reason == "error_response"
    assert "month" not in error.detail
    assert rest(items) == ["error_response"]


def test_the_v2_sample_gives_two_predictions_and_one_malformed_record() -> None:
    items = read_all(ADAPTER, sample_values(V2), Mapped())
    assert [
        (row.id, row.features, row.prediction, row.score, row.version) for row in predictions(items)
    ] == [(FIRST, LEAVES, 1, None, "7"), (SECOND, STAYS, 0, 0.0356, "7")]
    assert rest(items) == ["malformed_record"]


@pytest.mark.parametrize("path", [V1, V2])
def test_the_order_of_the_halves_does_not_matter(path: str) -> None:
    values = sample_values(path)
    expected = sorted(map(repr, read_all(ADAPTER, values)))
    for seed in range(20):
        random.Random(seed).shuffle(values)
        assert sorted(map(repr, read_all(ADAPTER, values))) == expected


def test_a_half_without_its_other_stays_a_half() -> None:
    assert rest(read_all(ADAPTER, [event("request", {"instances": [[1]]})])) == ["request"]
    assert rest(read_all(ADAPTER, [event("response", {"predictions": [1]})])) == ["response"]


def test_halves_of_other_services_and_components_are_not_joined() -> None:
    request = event("request", {"instances": [{"a": 1}]}, component="transformer")
    response = event("response", {"predictions": [1]}, component="predictor")
    assert rest(read_all(ADAPTER, [request, response])) == ["request", "response"]


def test_the_canary_endpoint_is_the_canary_role() -> None:
    both = [
        event("request", {"instances": [{"a": 1}]}, endpoint="canary"),
        event("response", {"predictions": [1]}, endpoint="canary"),
    ]
    assert [row.role for row in predictions(read_all(ADAPTER, both))] == ["canary"]


def test_the_payload_may_be_a_text_or_base64() -> None:
    request = event("request", '{"instances": [{"a": 1}]}', datacontenttype="text/plain")
    response = event("response", None, data_base64="eyJwcmVkaWN0aW9ucyI6IFsxXX0=")
    (row,) = predictions(read_all(ADAPTER, [request, response]))
    assert (row.features, row.prediction) == ({"a": 1}, 1)


def test_an_input_may_hold_the_id() -> None:
    both = [
        event("request", {"instances": [{"a": 1, "order": 7}, {"a": 2, "order": 8}]}),
        event("response", {"predictions": [1, 0]}),
    ]
    rows = predictions(read_all(ADAPTER, both, Mapped(id="order")))
    assert [(row.id, row.features, row.extras) for row in rows] == [
        ("7", {"a": 1}, {"request_id": "r"}),
        ("8", {"a": 2}, {"request_id": "r"}),
    ]


def test_what_has_no_payload_no_id_or_another_type_is_malformed() -> None:
    for value in (
        event("request", None),
        event("request", "{"),
        event("request", {"instances": [[1]]}, id=None),
        event("heartbeat", {"instances": [[1]]}),
        event("request", None, data_base64="*"),
    ):
        assert rest(read_all(ADAPTER, [value])) == ["malformed_record"]
