"""Vertex request-response logs: JSON inside texts, by position."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.ingest.formats.exports import FORMATS, ROWS, glimpse, items, said
from workbench.ingest.formats.adapter import Item, Mapped, Prediction, Rejected
from workbench.ingest.formats.vertex import ADAPTER

FOLDER = FORMATS / "vertex"
MODEL = "778812345"


def row(instances: list[Any], answers: list[Any], **changes: Any) -> dict[str, Any]:
    return {
        "deployed_model_id": MODEL,
        "logging_time": "2026-11-20 14:12:36 UTC",
        "request_id": "9007199254740993",
        "request_payload": [json.dumps(instance) for instance in instances],
        "response_payload": [json.dumps(answer) for answer in answers],
    } | changes


def summary(found: list[Item]) -> list[Any]:
    return [
        item.reason
        if isinstance(item, Rejected)
        else isinstance(item, Prediction) and (item.id, item.prediction, item.score)
        for item in found
    ]


@pytest.mark.parametrize("ending", ["json", "json.gz"])
def test_the_sample(ending: str) -> None:
    path = FOLDER / f"request_response_logging-000000000000.{ending}"
    assert ADAPTER.recognises(glimpse(path))
    first, second, third, fourth = items(ADAPTER, path)
    assert first == Prediction(
        "1180591620717411303",
        "2026-11-20T14:12:33.107214Z",
        ROWS[0],
        score=0.8312,
        version=MODEL,
    )
    batch = {"request_id": "1180591620717411304"}
    time = "2026-11-20T14:12:34.220001Z"
    assert second == Prediction(
        "1180591620717411304-0", time, ROWS[1], score=0.0356, version=MODEL, extras=batch
    )
    assert third == Prediction(
        "1180591620717411304-1", time, ROWS[2], score=0.9088, version=MODEL, extras=batch
    )
    assert isinstance(fourth, Rejected)
    assert fourth.reason == "malformed_record"


def test_a_broken_instance_leaves_its_neighbours_readable() -> None:
    broken = row([{"a": 1}, {"a": 2}, {"a": 3}], [0.1, 0.2, 0.3])
    broken["request_payload"][1] = '{"a": '
    assert summary(said(ADAPTER, broken)) == [
        ("9007199254740993-0", None, 0.1),
        "malformed_record",
        ("9007199254740993-2", None, 0.3),
    ]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([], "no_response"),
        ([0.1, 0.2], "malformed_record"),
        ([{"error": "no"}], "error_response"),
        ([{"classes": ["0", "1"], "scores": [0.9, 0.9]}], "malformed_record"),
    ],
)
def test_what_has_no_answer_says_why(answers: list[Any], reason: str) -> None:
    assert summary(said(ADAPTER, row([{"a": 1}], answers))) == [reason]


def test_instances_without_names_are_named_by_the_card() -> None:
    (item,) = said(ADAPTER, row([[1, "x"]], [1]), Mapped(features=("a", "b")))
    assert isinstance(item, Prediction)
    assert item.features == {"a": 1, "b": "x"}


def test_the_classes_of_the_answer_give_the_order_of_its_scores() -> None:
    answer = {"classes": ["stay", "churn", "downgrade"], "scores": [0.2, 0.7, 0.1]}
    (item,) = said(ADAPTER, row([{"a": 1}], [answer]), Mapped(task="multiclass"))
    assert isinstance(item, Prediction)
    assert item.prediction == "churn"
    assert item.probabilities == {"stay": 0.2, "churn": 0.7, "downgrade": 0.1}


def test_the_interval_of_a_regression_is_no_prediction() -> None:
    answer = {"value": 12.5, "lower_bound": 10.0, "upper_bound": 15.0}
    (item,) = said(ADAPTER, row([{"a": 1}], [answer]), Mapped(task="regression"))
    assert isinstance(item, Prediction)
    assert item.prediction == pytest.approx(12.5)


def test_arrays_may_stand_as_text_in_a_csv() -> None:
    value = row([{"a": 1}], [1])
    value |= {name: json.dumps(value[name]) for name in ("request_payload", "response_payload")}
    assert summary(said(ADAPTER, value)) == [("9007199254740993", 1, None)]
