"""Databricks inference tables: the current payload table and the legacy one."""

from __future__ import annotations

import json
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
from workbench.ingest.formats.adapter import Item, Mapped, Prediction, Rejected
from workbench.ingest.formats.databricks import ADAPTER

FOLDER = FORMATS / "databricks"


def row(**changes: Any) -> dict[str, Any]:
    return {
        "databricks_request_id": "platform",
        "client_request_id": None,
        "timestamp_ms": "1795183953000",
        "status_code": "200",
        "request": json.dumps({"dataframe_records": [{"a": 1}, {"a": 2}]}),
        "response": json.dumps({"predictions": [0, 1]}),
        "logging_error_codes": [],
        "request_metadata": json.dumps({"model_version": "7"}),
    } | changes


def only(value: dict[str, Any], mapped: Mapped | None = None) -> Item:
    (item,) = said(ADAPTER, value, mapped)
    return item


@pytest.mark.parametrize(
    ("name", "times", "version"),
    [
        (
            "ai_gateway_payload.parquet",
            ("2026-11-20T14:12:33+00:00", "2026-11-20T14:12:34+00:00"),
            "5c1d0a9be7",
        ),
        ("legacy_payload.csv", (1795183953000, 1795183954000), "7"),
    ],
)
def test_the_sample(name: str, times: tuple[Any, Any], version: str) -> None:
    assert ADAPTER.recognises(glimpse(FOLDER / name))
    first, second, third = items(ADAPTER, FOLDER / name)
    assert first == Prediction(
        "order-100231",
        times[0],
        ROWS[0] | {"order_id": "order-100231"},
        prediction=1,
        version=version,
        extras={"databricks_request_id": FIRST},
    )
    assert second == Prediction(
        SECOND,
        times[1],
        ROWS[1],
        score=0.0356,
        version=version,
        extras={"databricks_request_id": SECOND},
    )
    assert third == Rejected("error_response", "the endpoint answered with status 400")


def test_a_column_of_the_record_may_be_the_id() -> None:
    first, *_ = items(ADAPTER, FOLDER / "legacy_payload.csv", Mapped(id="order_id"))
    assert isinstance(first, Prediction)
    assert (first.id, first.features) == ("order-100231", ROWS[0])


def test_a_batch_is_as_many_predictions_and_keeps_the_request_id() -> None:
    found = said(ADAPTER, row(client_request_id="order"))
    assert [
        (item.id, item.features, item.prediction, item.extras)
        for item in found
        if isinstance(item, Prediction)
    ] == [
        (
            f"order-{n}",
            {"a": n + 1},
            n,
            {"databricks_request_id": "platform", "request_id": "order"},
        )
        for n in range(2)
    ]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"request": '{"dataframe_records": [{"a"'}, "malformed_record"),
        ({"response": '{"predictions": [0'}, "malformed_record"),
        ({"response": '{"predictions": [0]}'}, "malformed_record"),
        ({"response": None}, "error_response"),
        ({"response": ""}, "error_response"),
        ({"response": '{"error": "no"}'}, "error_response"),
        ({"response": '{"error_code": "BAD_REQUEST", "message": "x"}'}, "error_response"),
        ({"status_code": 503}, "error_response"),
        ({"logging_error_codes": ["MAX_REQUEST_SIZE_EXCEEDED"]}, "error_response"),
        ({"logging_error_codes": '["MAX_REQUEST_SIZE_EXCEEDED"]'}, "error_response"),
    ],
)
def test_what_has_no_prediction_says_why(changes: dict[str, Any], reason: str) -> None:
    item = only(row(**changes))
    assert isinstance(item, Rejected)
    assert item.reason == reason


@pytest.mark.parametrize(
    ("changes", "version"),
    [
        ({"request_metadata": [("model_name", "m"), ("model_version", "8")]}, "8"),
        ({"request_metadata": {"model_version": 8}}, "8"),
        ({"request_metadata": "{cut", "served_entity_id": "entity"}, "entity"),
        ({"request_metadata": None}, None),
    ],
)
def test_the_version_is_the_models_or_the_served_entity(
    changes: dict[str, Any], version: str | None
) -> None:
    for item in said(ADAPTER, row(**changes)):
        assert isinstance(item, Prediction)
        assert item.version == version
