"""Azure ML's data collector and payload log."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ingest.formats.sample_files import (
    FIRST,
    LEAVES,
    LEAVES_SOON,
    SECOND,
    STAYS,
    predictions,
    read_all,
    rest,
    sample_values,
)
from workbench.ingest.formats.adapter import Mapped, Prediction
from workbench.ingest.formats.azureml import ADAPTER

INPUTS, OUTPUTS = (
    f"azureml/churn/blue/{name}/2026/11/20/14/instance-1.jsonl"
    for name in ("model_inputs", "model_outputs")
)


def event(kind: str, data: Any, **more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": f"azureml.inference.{kind}",
        "time": "2026-11-20T14:12:33Z",
        "correlationid": "c",
        "xrequestid": "x",
        "data": data,
        **more,
    }


@pytest.mark.parametrize("id_column", ["", "order_id"])
def test_the_samples_give_three_predictions_joined_across_their_files(id_column: str) -> None:
    values = [*sample_values(OUTPUTS), *sample_values(INPUTS)]
    items = read_all(ADAPTER, values, Mapped(id=id_column))
    blue = {"deployment": "blue"}
    batch = {**blue, "request_id": SECOND}
    times = [f"2026-11-20T14:12:3{second}Z" for second in (3, 4, 4)]
    first = (
        Prediction(
            "order-100231", times[0], LEAVES, 1, 0.8312, version="7",
            extras={**blue, "request_id": FIRST},
        )
        if id_column
        else Prediction(
            FIRST, times[0], {**LEAVES, "order_id": "order-100231"}, 1, 0.8312, version="7",
            extras=blue,
        )
    )  # fmt: skip
    assert predictions(items) == [
        first,
        Prediction(f"{SECOND}-0", times[1], STAYS, score=0.0356, version="7", extras=batch),
        Prediction(f"{SECOND}-1", times[2], LEAVES_SOON, score=0.9088, version="7", extras=batch),
    ]
    assert rest(items) == ["malformed_record"]


def test_raw_payloads_are_joined_on_the_request_id_and_not_with_tables() -> None:
    request = event("request", '{"input_data": {"columns": ["a"], "data": [[1], [2]]}}')
    response = event("response", "[0, 1]", correlationid="other")
    rows = predictions(read_all(ADAPTER, [request, response]))
    assert [(row.id, row.features, row.prediction) for row in rows] == [
        ("x-0", {"a": 1}, 0),
        ("x-1", {"a": 2}, 1),
    ]
    table = event("model_outputs", [{"prediction": 1}], correlationid="x")
    assert rest(read_all(ADAPTER, [request, table])) == ["request", "response"]


def test_the_status_of_a_response_tells_an_error() -> None:
    request = event("request", {"data": [{"a": 1}]})
    for code in ("424", 500):
        answer = event("response", "oops", statuscode=code)
        assert rest(read_all(ADAPTER, [{**request}, {**answer, "data": {}}])) == ["error_response"]
    answer = event("response", [1], statuscode="200")
    assert len(predictions(read_all(ADAPTER, [request, answer]))) == 1


def test_an_unset_version_is_none() -> None:
    both = [
        event("model_inputs", [{"a": 1}], modelversion="default"),
        event("model_outputs", [{"prediction": 1}], modelversion="default"),
    ]
    (row,) = predictions(read_all(ADAPTER, both))
    assert row.version is None


def test_outputs_of_another_number_than_inputs_are_malformed() -> None:
    both = [
        event("model_inputs", [{"a": 1}, {"a": 2}]),
        event("model_outputs", [{"prediction": 1}]),
    ]
    assert rest(read_all(ADAPTER, both)) == ["malformed_record"]


def test_payloads_elsewhere_and_other_collections_are_malformed() -> None:
    for value in (
        event("model_inputs", "https://storage.invalid/x", datainblob=True),
        event("model_inputs_outputs", [{"a": 1}]),
        event("model_inputs", [{"a": 1}], correlationid=None, xrequestid=""),
        event("model_inputs", None),
    ):
        assert rest(read_all(ADAPTER, [value])) == ["malformed_record"]
