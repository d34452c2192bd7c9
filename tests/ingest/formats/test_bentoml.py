"""BentoML monitoring data, with its schema and without."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import pytest

from tests.ingest.formats.exports import FORMATS, ROWS, glimpse, items, said, seen
from workbench.ingest.formats.adapter import Item, Mapped, Prediction, Record, Rejected
from workbench.ingest.formats.bentoml import ADAPTER, is_schema, read_with, roles_from_schema

FOLDER = FORMATS / "bentoml" / "churn_monitor"
DATA, SCHEMA = FOLDER / "data" / "data.1.log", FOLDER / "schema" / "schema.1.log"
OWN = {"timestamp": "2026-11-20T14:12:33.107214", "request_id": "r", "trace_id": "t"}


def expected(version: str | None) -> list[Item]:
    return [
        Prediction(
            "11240834107912349871",
            "2026-11-20T14:12:33.107214",
            ROWS[0],
            prediction=1,
            score=0.8312,
            version=version,
            extras={"trace_id": "250197468101927364511"},
        ),
        Prediction(
            "11240834107912349872",
            "2026-11-20T14:12:34.220001",
            ROWS[1],
            score=0.0356,
            version=version,
            extras={"trace_id": "250197468101927364512"},
        ),
    ]


def by_schema(columns: dict[str, str], value: dict[str, Any]) -> Item:
    listed = [{"name": name, "role": role, "type": "numerical"} for name, role in columns.items()]
    schema = {"meta_data": {"bento_version": "v1"}, "columns": listed}
    (item,) = read_with(schema)(Record(1, value, "", PurePosixPath("log")), Mapped())
    return item


def test_the_sample_without_its_schema() -> None:
    assert ADAPTER.recognises(glimpse(DATA))
    assert items(ADAPTER, DATA) == expected(None)


def test_the_sample_with_its_schema() -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert is_schema(schema)
    assert roles_from_schema(schema) == {
        **dict.fromkeys(ROWS[0], "feature"),
        "pred": "prediction",
        "proba": "prediction",
    }
    read = read_with(schema)
    lines = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()[:2]]
    found = [
        item for line in lines for item in read(Record(1, line, "", PurePosixPath("log")), Mapped())
    ]
    assert found == expected("vq3kx2c7")


def test_the_schema_file_is_recognised_and_holds_no_prediction() -> None:
    assert ADAPTER.recognises(glimpse(SCHEMA))
    assert items(ADAPTER, SCHEMA) == []


def test_roles_decide_whatever_the_names_are() -> None:
    value = OWN | {"proba": 0.3, "x": 0.9, "y": "yes", "score": 7, "other": "kept"}
    item = by_schema(
        {"proba": "feature", "score": "feature", "x": "prediction", "y": "target"}, value
    )
    assert item == Prediction(
        "r",
        OWN["timestamp"],
        {"proba": 0.3, "score": 7},
        score=0.9,
        label="yes",
        version="v1",
        extras={"trace_id": "t", "other": "kept"},
    )


@pytest.mark.parametrize("schema", [{}, {"meta_data": [], "columns": 5}, OWN | {"pred": 1}])
def test_what_is_no_schema_leaves_the_roles_to_the_names(schema: dict[str, Any]) -> None:
    record = Record(1, OWN | {"a": 1, "pred": 1}, "", PurePosixPath("log"))
    assert list(read_with(schema)(record, Mapped())) == list(ADAPTER.read(record, Mapped()))
    assert said(ADAPTER, record.value) == [
        Prediction("r", OWN["timestamp"], {"a": 1}, prediction=1, extras={"trace_id": "t"})
    ]


def test_known_features_are_features_whatever_their_names() -> None:
    value = OWN | {"predicted_income": 5.0, "vector": [1.0, 2.0], "pred": 1}
    (item,) = said(ADAPTER, value, Mapped(known=frozenset({"predicted_income", "vector"})))
    assert isinstance(item, Prediction)
    assert item.features == {"predicted_income": 5.0, "vector": [1.0, 2.0]}
    assert item.prediction == 1


def test_a_list_of_numbers_is_taken_for_probabilities() -> None:
    (item,) = said(ADAPTER, OWN | {"a": 1, "model_says": [0.25, 0.75]})
    assert isinstance(item, Prediction)
    assert (item.features, item.score) == ({"a": 1}, 0.75)


@pytest.mark.parametrize("outputs", [{}, {"pred": None, "proba": None}])
def test_a_record_without_a_prediction_says_so(outputs: dict[str, Any]) -> None:
    (item,) = said(ADAPTER, OWN | {"a": 1} | outputs)
    assert isinstance(item, Rejected)
    assert item.reason == "unreadable_prediction"


def test_other_json_lines_with_a_timestamp_are_not_taken_for_it() -> None:
    assert not ADAPTER.recognises(seen("jsonl", {"timestamp": "t", "request_id": "r", "a": 1}))
