"""KServe's blob batches: JSON, CSV and Parquet."""

from __future__ import annotations

from typing import Any

import pytest

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
from workbench.ingest.formats.kserve_blobs import ADAPTER

STEM = f"kserve/blob_batch/{FIRST}-request"


@pytest.mark.parametrize("extension", ["json", "csv", "parquet"])
def test_every_sample_gives_two_predictions_a_malformed_record_and_its_orphan(
    extension: str,
) -> None:
    path = f"{STEM}.{extension}"
    values = sample_values(path)
    assert ADAPTER.recognises(glimpse_of(path, values))
    items = read_all(ADAPTER, values)
    found = [(row.id, row.features, row.prediction, row.score) for row in predictions(items)]
    assert found == [(FIRST, LEAVES, 1, None), (SECOND, STAYS, None, 0.0356)]
    assert {row.extras["inference_service"] for row in predictions(items)} == {"churn-classifier"}
    assert sorted(rest(items)) == ["malformed_record", "request"]


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ("json", ["2026-11-20T14:12:33.505997782Z", "2026-11-20T14:12:34.505997782Z"]),
        ("csv", [None, None]),
        ("parquet", [None, None]),
    ],
)
def test_only_json_has_a_time(extension: str, expected: list[Any]) -> None:
    items = read_all(ADAPTER, sample_values(f"{STEM}.{extension}"))
    assert [row.timestamp for row in predictions(items)] == expected


def test_the_three_containers_join_with_one_another() -> None:
    requests = [v for v in sample_values(f"{STEM}.json") if v and "request" in v["reqType"]]
    responses = [v for v in sample_values(f"{STEM}.parquet") if v and "response" in v["reqType"]]
    items = read_all(ADAPTER, [*responses, *requests])
    assert [row.id for row in predictions(items)] == [FIRST, SECOND]


def test_what_is_no_half_is_malformed() -> None:
    good = {"bytes": "e30=", "reqType": "org.kubeflow.serving.inference.request", "id": "r"}
    for change in ({"bytes": None}, {"bytes": "e30"}, {"reqType": "x"}, {"id": ""}):
        assert rest(read_all(ADAPTER, [{**good, **change}])) == ["malformed_record"]
