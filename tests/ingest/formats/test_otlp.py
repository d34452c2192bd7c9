"""OpenTelemetry logs: many records a line, values that say their type."""

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
from workbench.ingest.formats.otlp import ADAPTER

SAMPLE = FORMATS / "otel" / "otlp_logs.jsonl"
TIME = "1795183953107214000"


def attributes(**values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name.replace("__", "."), "value": value} for name, value in values.items()]


def entry(time: Any = TIME, **values: dict[str, Any]) -> dict[str, Any]:
    return {"timeUnixNano": time, "traceId": "trace", "attributes": attributes(**values)}


def line(*entries: Any) -> dict[str, Any]:
    resource = {"attributes": attributes(service__version={"stringValue": "9"})}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": list(entries)}]}]}


LABEL: dict[str, dict[str, Any]] = {"prediction__label": {"intValue": "1"}}


def test_the_sample() -> None:
    assert ADAPTER.recognises(glimpse(SAMPLE))
    first, second, third = items(ADAPTER, SAMPLE)
    assert first == Prediction(
        FIRST,
        1795183953107214000,
        ROWS[0],
        prediction=1,
        score=0.8312,
        version="7",
        extras={"trace_id": "5b8efff798038103d269b633813fc600"},
    )
    assert second == Prediction(
        SECOND,
        1795183954107214000,
        ROWS[1],
        score=0.0356,
        version="7",
        extras={"trace_id": "5b8efff798038103d269b633813fc601"},
    )
    assert third == Rejected("malformed_record", "timeUnixNano is no number")


def test_one_line_holds_many_records_and_other_messages_are_none() -> None:
    found = said(
        ADAPTER, line(entry(**LABEL), entry(http__route={"stringValue": "/"}), entry(**LABEL))
    )
    assert found == [Prediction("trace", int(TIME), {}, prediction=1, version="9")] * 2


def test_values_are_read_by_their_type() -> None:
    values: dict[str, dict[str, Any]] = {
        "feature__whole": {"intValue": "9007199254740993"},
        "feature__broken": {"intValue": "many"},
        "feature__fraction": {"doubleValue": "1.5"},
        "feature__flag": {"boolValue": True},
        "feature__list": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}},
        "feature__none": {},
    }
    (item,) = said(ADAPTER, line(entry(**values, **LABEL)))
    assert isinstance(item, Prediction)
    assert item.features == {
        "whole": 9007199254740993,
        "broken": "many",
        "fraction": 1.5,
        "flag": True,
        "list": [1, "x"],
        "none": None,
    }


def test_other_attributes_are_kept_beside_the_features() -> None:
    (item,) = said(ADAPTER, line(entry(tenant={"stringValue": "eu"}, **LABEL)))
    assert isinstance(item, Prediction)
    assert (item.features, item.extras) == ({}, {"tenant": "eu"})


def test_the_card_may_name_the_id_and_the_outputs() -> None:
    values: dict[str, dict[str, Any]] = {
        "feature__order": {"intValue": "5"},
        "prediction__risk": {"doubleValue": 0.4},
    }
    (item,) = said(ADAPTER, line(entry(**values)), Mapped(id="order", score="risk"))
    assert isinstance(item, Prediction)
    assert (item.id, item.features, item.score) == ("5", {}, 0.4)


def test_a_time_that_is_not_known_is_when_the_record_was_seen() -> None:
    record = entry("0", **LABEL) | {"observedTimeUnixNano": "7"}
    (item,) = said(ADAPTER, line(record))
    assert isinstance(item, Prediction)
    assert item.timestamp == 7


@pytest.mark.parametrize("time", ["soon", "", None, 1.5, True, [], "0"])
def test_a_record_without_a_time_is_malformed(time: Any) -> None:
    (item,) = said(ADAPTER, line(entry(time, **LABEL)))
    assert isinstance(item, Rejected)
    assert item.reason == "malformed_record"


def test_features_without_a_prediction_say_so() -> None:
    (item,) = said(ADAPTER, line(entry(feature__a={"intValue": "1"})))
    assert isinstance(item, Rejected)
    assert item.reason == "unreadable_prediction"
