"""TensorFlow Serving logs: tensors of proto-JSON, plain and packed."""

from __future__ import annotations

import base64
import struct
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
from workbench.ingest.formats.tf_serving import ADAPTER

SAMPLE = FORMATS / "tf_serving" / "prediction_log.jsonl"


def text(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def packed(layout: str, *values: float) -> str:
    return base64.b64encode(struct.pack(layout, *values)).decode()


def tensor(dtype: str, shape: list[int], **values: Any) -> dict[str, Any]:
    dimensions = [{"size": str(size)} for size in shape]
    return {"dtype": dtype, "tensorShape": {"dim": dimensions}, **values}


def log(inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "logMetadata": {"modelSpec": {"version": "7"}, "timestampSecs": "1795183953"},
        "predictLog": {"request": {"inputs": inputs}, "response": {"outputs": outputs}},
    }


def example_log(
    kind: str, examples: list[dict[str, Any]], result: dict[str, Any]
) -> dict[str, Any]:
    request = {
        "input": {"exampleList": {"examples": [{"features": {"feature": e}} for e in examples]}}
    }
    return {
        "logMetadata": {"modelSpec": {"version": "7"}},
        kind: {"request": request, "response": {"result": result}},
    }


def predictions(value: dict[str, Any], mapped: Mapped | None = None) -> list[Prediction]:
    found = said(ADAPTER, value, mapped)
    assert all(isinstance(item, Prediction) for item in found), found
    return [item for item in found if isinstance(item, Prediction)]


SCORE = tensor("DT_FLOAT", [1, 1], floatVal=[0.25])


def test_the_sample() -> None:
    assert ADAPTER.recognises(glimpse(SAMPLE))
    first, second, third = items(ADAPTER, SAMPLE)
    assert first == Prediction(FIRST, 1795183953, ROWS[0], score=0.8312, version="7")
    assert second == Prediction(SECOND, 1795183954, ROWS[1], score=0.0356, version="7")
    assert third == Rejected(
        "malformed_record", "the content of the tensor probabilities has 3 bytes, its shape says 8"
    )


@pytest.mark.parametrize(
    ("dtype", "layout", "values"),
    [
        ("DT_FLOAT", "<2f", (0.5, -2.25)),
        ("DT_DOUBLE", "<2d", (0.1, 1e300)),
        ("DT_INT32", "<2i", (1, -2)),
        ("DT_INT64", "<2q", (2**53 + 1, -2)),
        ("DT_UINT8", "<2B", (0, 255)),
        ("DT_HALF", "<2e", (0.5, 2.0)),
        ("DT_BOOL", "<2?", (True, False)),
    ],
)
def test_packed_content_is_read_by_its_type(
    dtype: str, layout: str, values: tuple[Any, Any]
) -> None:
    inputs = {"a": tensor(dtype, [2], tensorContent=packed(layout, *values))}
    outputs = {"out": tensor("DT_FLOAT", [2, 1], floatVal=[0.5, 0.75])}
    found = predictions(log(inputs, outputs))
    assert [row.features["a"] for row in found] == list(values)
    assert [row.score for row in found] == [0.5, 0.75]


def test_large_whole_numbers_are_texts() -> None:
    inputs = {"a": tensor("DT_INT64", [1], int64Val=["9007199254740993"])}
    (row,) = predictions(log(inputs, {"out": SCORE}))
    assert row.features == {"a": 9007199254740993}


@pytest.mark.parametrize(
    ("ids", "expected", "request_id"),
    [(["x", "y"], ["x", "y"], None), (["x"], ["x-0", "x-1"], "x")],
)
def test_ids_are_one_a_row_or_one_a_request(
    ids: list[str], expected: list[str], request_id: str | None
) -> None:
    inputs = {
        "request_id": tensor("DT_STRING", [len(ids)], stringVal=[text(id_) for id_ in ids]),
        "a": tensor("DT_FLOAT", [2, 1], floatVal=[1, 2]),
    }
    outputs = {"out": tensor("DT_FLOAT", [2, 2], floatVal=[0.75, 0.25, 0.5, 0.5])}
    found = predictions(log(inputs, outputs))
    assert [(row.id, row.features, row.score) for row in found] == [
        (expected[0], {"a": 1}, 0.25),
        (expected[1], {"a": 2}, 0.5),
    ]
    assert {row.extras.get("request_id") for row in found} == {request_id}


def test_the_card_may_name_the_id_and_an_only_tensor_is_named_by_it() -> None:
    inputs = {
        "order": tensor("DT_STRING", [1], stringVal=[text("o-1")]),
        "dense": tensor("DT_FLOAT", [1, 2], floatVal=[1, 2]),
    }
    (row,) = predictions(log(inputs, {"out": SCORE}), Mapped(id="order", features=("a", "b")))
    assert (row.id, row.features) == ("o-1", {"a": 1, "b": 2})


def test_a_log_without_an_id_gives_none() -> None:
    (row,) = predictions(log({"a": tensor("DT_FLOAT", [1], floatVal=[1])}, {"out": SCORE}))
    assert row.id is None


def test_one_value_fills_a_tensor_but_not_a_shape_that_claims_a_billion() -> None:
    outputs = {"out": tensor("DT_FLOAT", [2, 1], floatVal=[0.5, 0.5])}
    inputs = {"a": tensor("DT_FLOAT", [2, 1], floatVal=[3])}
    assert [row.features for row in predictions(log(inputs, outputs))] == [{"a": 3}, {"a": 3}]
    inputs = {"a": tensor("DT_FLOAT", [10**9, 1], floatVal=[3])}
    (item,) = said(ADAPTER, log(inputs, outputs))
    assert isinstance(item, Rejected)


@pytest.mark.parametrize(
    "broken",
    [
        tensor("DT_FLOAT", [2, 2], floatVal=[1, 2, 3]),
        tensor("DT_FLOAT", [-1, 2], floatVal=[1, 2]),
        tensor("DT_VARIANT", [1], floatVal=[1]),
        tensor("DT_STRING", [1], stringVal=["%%%"]),
        tensor("DT_FLOAT", [1], tensorContent="%%%"),
        {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": "many"}]}, "floatVal": [1]},
        {},
        None,
    ],
)
def test_a_tensor_that_contradicts_itself_is_malformed(broken: Any) -> None:
    (item,) = said(ADAPTER, log({"a": broken}, {"out": SCORE}))
    assert isinstance(item, Rejected)
    assert item.reason == "malformed_record"


def test_a_log_without_a_response_says_so() -> None:
    value = log({"a": SCORE}, {})
    del value["predictLog"]["response"]
    (item,) = said(ADAPTER, value)
    assert isinstance(item, Rejected)
    assert item.reason == "no_response"


def test_the_names_of_the_proto_are_read_too() -> None:
    inputs = {
        "a": {"dtype": "DT_INT64", "tensor_shape": {"dim": [{"size": 1}]}, "int64_val": ["4"]}
    }
    outputs = {"out": {"dtype": "DT_FLOAT", "float_val": [0.5]}}
    value = {
        "log_metadata": {"model_spec": {"version": 3}, "timestamp_secs": 5},
        "predict_log": {"request": {"inputs": inputs}, "response": {"outputs": outputs}},
    }
    assert predictions(value) == [Prediction(None, 5, {"a": 4}, score=0.5, version="3")]


def test_classifications_of_examples() -> None:
    examples = [
        {
            "id": {"bytesList": {"value": [text(name)]}},
            "a": {"floatList": {"value": [1.5]}},
            "n": {"int64List": {"value": ["3"]}},
            "none": {},
        }
        for name in ("x", "y")
    ]
    classes = [{"label": "0"}, {"label": "1", "score": 1.0}]  # a score of 0 is left out
    result = {"classifications": [{"classes": classes}, {"classes": classes[::-1]}]}
    found = predictions(example_log("classifyLog", examples, result))
    assert [(row.id, row.score) for row in found] == [("x", 1.0), ("y", 1.0)]
    assert found[0].features == {"a": 1.5, "n": 3, "none": None}


def test_regressions_of_examples() -> None:
    examples = [{"a": {"floatList": {"value": [value]}}} for value in (1.0, 2.0)]
    value = example_log("regressLog", examples, {"regressions": [{"value": 12.5}, {}]})
    found = predictions(value, Mapped(task="regression"))
    assert [row.prediction for row in found] == [12.5, 0.0]
