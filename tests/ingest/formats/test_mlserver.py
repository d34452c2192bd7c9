"""Bodies of the V2 protocol, paired and alone."""

from __future__ import annotations

from typing import Any

from tests.ingest.formats.sample_files import (
    FIRST,
    LEAVES,
    SECOND,
    STAYS,
    glimpse_of,
    predictions,
    read_all,
    rest,
    sample_values,
)
from workbench.ingest.formats.adapter import Mapped, Prediction
from workbench.ingest.formats.mlserver import ADAPTER

PATH = "mlserver_triton/v2_pairs.jsonl"
REQUEST = {
    "id": "r",
    "inputs": [{"name": "a", "shape": [2, 1], "datatype": "INT64", "data": [1, 2]}],
}
RESPONSE = {
    "id": "r",
    "model_version": "3",
    "outputs": [{"name": "predict", "shape": [2], "datatype": "INT64", "data": [0, 1]}],
}


def test_the_sample_gives_two_predictions_and_one_malformed_record() -> None:
    items = read_all(ADAPTER, sample_values(PATH), Mapped())
    assert predictions(items) == [
        Prediction(FIRST, "2026-11-20T14:12:33Z", LEAVES, prediction=1, version="7"),
        Prediction(SECOND, "2026-11-20T14:12:34Z", STAYS, prediction=0, score=0.0356, version="7"),
    ]
    assert rest(items) == ["malformed_record"]


def test_bodies_on_lines_of_their_own_are_joined() -> None:
    values: list[dict[str, Any] | None] = [RESPONSE, {**REQUEST, "time": "2026-11-20"}]
    assert ADAPTER.recognises(glimpse_of("a.jsonl", values))
    rows = predictions(read_all(ADAPTER, values))
    assert [(row.id, row.features, row.prediction, row.version, row.timestamp) for row in rows] == [
        ("r-0", {"a": 1}, 0, "3", "2026-11-20"),
        ("r-1", {"a": 2}, 1, "3", "2026-11-20"),
    ]


def test_the_id_may_stand_in_the_headers() -> None:
    headers = {"parameters": {"headers": {"Ce-Requestid": "h"}}}
    request = {"inputs": REQUEST["inputs"], **headers}
    rows = predictions(read_all(ADAPTER, [{"request": request, "response": RESPONSE}]))
    assert [row.id for row in rows] == ["h-0", "h-1"]


def test_errors_and_missing_sides_are_told_apart() -> None:
    error = {"error": "KeyError: 'secret'"}
    assert rest(read_all(ADAPTER, [{"request": REQUEST, "response": error}])) == ["error_response"]
    assert rest(read_all(ADAPTER, [error])) == ["error_response"]
    assert rest(read_all(ADAPTER, [{"request": REQUEST}])) == ["request"]
    assert rest(read_all(ADAPTER, [{"response": RESPONSE}])) == ["response"]
    assert rest(read_all(ADAPTER, [{"inputs": REQUEST["inputs"]}])) == ["malformed_record"]
    assert rest(read_all(ADAPTER, [{"other": 1}])) == ["malformed_record"]
    assert rest(read_all(ADAPTER, [{"request": REQUEST}, {"id": "r", **error}])) == [
        "error_response"
    ]
