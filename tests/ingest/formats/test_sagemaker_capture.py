"""SageMaker data capture, plain and merged with ground truth."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.ingest.formats.sample_files import (
    CHURN,
    FIRST,
    MAPPED,
    SECOND,
    STAYS,
    predictions,
    read_all,
    rest,
    sample_values,
)
from workbench.ingest.formats.adapter import Mapped, Prediction
from workbench.ingest.formats.sagemaker_capture import ADAPTER

CAPTURE = "sagemaker/churn-endpoint/AllTraffic/2026/11/20/14/12-33-107-4651a1bf.jsonl"
MERGED = "sagemaker/merged/2026/11/20/14/merged-part-00000.jsonl"
AS_TEXT = dict(zip(CHURN, ("14", "79.85", "3", "month-to-month"), strict=True))


def capture(request: Any, response: Any, **more: Any) -> dict[str, Any]:
    return {
        "captureData": {"endpointInput": request, "endpointOutput": response},
        "eventMetadata": {"eventId": "e", "inferenceTime": "2026-11-20T14:12:33Z"},
        "eventVersion": "0",
        **more,
    }


def block(data: Any, encoding: str, content: str = "") -> dict[str, Any]:
    return {"data": data, "encoding": encoding, "observedContentType": content}


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_the_sample_gives_two_predictions_and_one_malformed_record() -> None:
    items = read_all(ADAPTER, sample_values(CAPTURE), path=CAPTURE)
    assert predictions(items) == [
        Prediction(
            id="order-100231",
            timestamp="2026-11-20T14:12:33Z",
            features=AS_TEXT,
            score=0.8312,
            version="AllTraffic",
            extras={"request_id": FIRST, "variant": "AllTraffic"},
        ),
        Prediction(
            id=SECOND,
            timestamp="2026-11-20T14:12:34Z",
            features=STAYS,
            prediction=0,
            score=0.0356,
            version="7",
            extras={"variant": "AllTraffic"},
        ),
    ]
    assert rest(items) == ["malformed_record"]


def test_the_merged_sample_gives_labelled_predictions_without_a_variant() -> None:
    items = read_all(ADAPTER, sample_values(MERGED), path=MERGED)
    found = [(row.id, row.score, row.label, row.version) for row in predictions(items)]
    assert found == [("order-100231", 0.8312, "1", None), (SECOND, 0.0356, "0", "7")]
    assert predictions(items)[0].extras == {"request_id": FIRST}
    assert rest(items) == []


def test_a_batch_of_csv_lines_is_one_prediction_a_line() -> None:
    request = block("1,2,3,a\n4,5,6,b\n", "CSV")
    for answer in ("0.25\n0.75\n", "0.25,0.75"):
        items = read_all(ADAPTER, [capture(request, block(answer, "CSV"))])
        assert [(row.id, row.score) for row in predictions(items)] == [("e-0", 0.25), ("e-1", 0.75)]
        assert predictions(items)[1].features == dict(zip(CHURN, "456b", strict=True))
        assert {row.extras["request_id"] for row in predictions(items)} == {"e"}


def test_base64_holds_csv_or_json() -> None:
    body = json.dumps({"instances": [STAYS]})
    for request in (
        block(in_base64("61,24.1,0,two-year"), "BASE64", "text/csv"),
        block(in_base64(body), "BASE64", "application/json"),
        block(in_base64(body), "BASE64"),
    ):
        items = read_all(ADAPTER, [capture(request, block(in_base64("0.4"), "BASE64"))])
        assert [row.score for row in predictions(items)] == [0.4]


def test_json_lines_are_rows() -> None:
    asked = '{"features": [1, 2, 3, "a"]}\n{"features": [4, 5, 6, "b"]}'
    told = '{"predicted_label": 1, "score": 0.8}\n{"predicted_label": 0, "score": 0.1}'
    blocks = (block(text, "JSON", "application/jsonlines") for text in (asked, told))
    items = predictions(read_all(ADAPTER, [capture(*blocks)]))
    assert [(row.prediction, row.score) for row in items] == [(1, 0.8), (0, 0.1)]


def test_labels_that_do_not_fit_do_not_cost_the_predictions() -> None:
    request, response = block("1,2,3,a", "CSV"), block("1", "CSV")
    for truth in (block("1,0", "CSV"), block("", "CSV"), {"data": 1}, "x"):
        items = read_all(ADAPTER, [capture(request, response, groundTruthData=truth)])
        assert [row.label for row in predictions(items)] == [None]
        assert rest(items) == ["malformed_record"]


def test_a_side_that_was_not_captured_and_an_error_are_told_apart() -> None:
    request, response = block("1,2,3,a", "CSV"), block('{"error": "boom"}', "JSON")
    assert rest(read_all(ADAPTER, [capture(request, None)])) == ["no_response"]
    assert rest(read_all(ADAPTER, [capture(None, response)])) == ["no_request"]
    assert rest(read_all(ADAPTER, [capture(request, response)])) == ["error_response"]
    assert rest(read_all(ADAPTER, [capture(request, block("1", "XML"))])) == ["malformed_record"]
    assert rest(read_all(ADAPTER, [capture(request, block("1", "CSV"))], Mapped())) == [
        "malformed_record"
    ]


def test_the_version_is_the_callers_else_the_variant_of_the_path() -> None:
    value = capture(block("1,2,3,a", "CSV"), block("1", "CSV"))
    path = "endpoint/blue/2026/11/20/14/x.jsonl"
    for attributes, version in (
        (["a=b", "model_version=12"], "12"),
        ("model_version=12;a=b", "12"),
        (["model_version="], "blue"),
        ({"x": 1}, "blue"),
        (None, "blue"),
    ):
        value["eventMetadata"]["customAttributes"] = attributes
        (row,) = predictions(read_all(ADAPTER, [value], MAPPED, path))
        assert row.version == version
    (row,) = predictions(read_all(ADAPTER, [value], MAPPED, "blue/2026/13/20/14/x.jsonl"))
    assert row.version is None
