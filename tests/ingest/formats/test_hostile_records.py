"""No record, however damaged, breaks a detector or a reader, and no format takes another's."""

from __future__ import annotations

import copy
import json
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ingest.formats.sample_files import (
    MAPPED,
    SAMPLES,
    glimpse_of,
    read_all,
    sample_values,
)
from tests.ingest.formats.test_payload import JSON
from workbench.ingest.formats import (
    azureml,
    kserve,
    kserve_blobs,
    mlserver,
    sagemaker_capture,
    sagemaker_ground_truth,
    seldon,
)
from workbench.ingest.formats.adapter import Adapter, Glimpse, Half, Label, Mapped, Rejected

ADAPTERS = [
    module.ADAPTER
    for module in (
        sagemaker_capture,
        sagemaker_ground_truth,
        kserve,
        kserve_blobs,
        seldon,
        mlserver,
        azureml,
    )
]
TENSOR = {"name": "a", "shape": [1, 1], "datatype": "INT64", "data": [1]}
EVENT = {"specversion": "1.0", "id": "r", "time": "2026-11-20T14:12:33Z", "requestid": "r"}
AZURE = {**EVENT, "correlationid": "r", "xrequestid": "r", "modelversion": "7", "source": "/deployments/b"}  # fmt: skip
CSV = {"data": "1\n", "encoding": "CSV", "observedContentType": "text/csv"}
CAPTURE = {
    "captureData": {"endpointInput": {**CSV, "data": "1,2,3,4"}, "endpointOutput": CSV},
    "eventMetadata": {
        "eventId": "e",
        "inferenceTime": "t",
        "customAttributes": ["model_version=7"],
    },
    "groundTruthData": CSV,
}
KSERVE = "org.kubeflow.serving.inference."
SELDON = "io.seldon.serving.inference."
RECORDS: dict[str, list[dict[str, Any]]] = {
    "sagemaker_capture": [CAPTURE],
    "sagemaker_ground_truth": [{"groundTruthData": CSV, "eventMetadata": {"eventId": "e"}}],
    "kserve": [
        {**EVENT, "type": f"{KSERVE}request", "data": {"instances": [[1, 2, 3, 4]]}},
        {**EVENT, "type": f"{KSERVE}response", "data": {"predictions": [[0.9, 0.1]]}},
    ],
    "kserve_blobs": [
        {"bytes": "eyJpbnN0YW5jZXMiOiBbW119", "contentType": "", "reqType": f"{KSERVE}request", "id": "r"},
        {"bytes": "eyJwcmVkaWN0aW9ucyI6IFsxXX0=", "contentType": "", "reqType": f"{KSERVE}response", "id": "r"},
    ],
    "seldon": [
        {**EVENT, "type": f"{SELDON}request", "data": {"data": {"names": ["a"], "ndarray": [[1]]}}},
        {**EVENT, "type": f"{SELDON}response", "modelid": "m",
         "data": {"data": {"names": ["t:0"], "tensor": {"shape": [1, 1], "values": [1]}},
                  "meta": {"requestPath": {"m": "x:7"}}}},
    ],
    "mlserver": [
        {"time": "t", "request": {"id": "r", "inputs": [TENSOR]},
         "response": {"id": "r", "model_version": "7", "outputs": [{**TENSOR, "name": "predict"}]}},
        {"id": "r", "inputs": [TENSOR]},
        {"id": "r", "outputs": [TENSOR], "parameters": {"headers": {"Ce-Id": "r"}}},
    ],
    "azureml": [
        {**AZURE, "type": "azureml.inference.model_inputs", "data": [{"a": 1}]},
        {**AZURE, "type": "azureml.inference.model_outputs", "data": [{"prediction": 1}]},
        {**AZURE, "type": "azureml.inference.request", "data": "[[1]]", "datainblob": "false"},
        {**AZURE, "type": "azureml.inference.response", "data": "[1]", "statuscode": "200"},
    ],
}  # fmt: skip


def glimpse(values: list[dict[str, Any]]) -> Glimpse:
    return glimpse_of("x.jsonl", values)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key and index inside a value."""
    if not isinstance(value, dict | list):
        return []
    found: list[tuple[Any, ...]] = []
    for key, below in value.items() if isinstance(value, dict) else enumerate(value):
        found += [(*path, key), *places(below, (*path, key))]
    return found


@st.composite
def damaged(draw: st.DrawFn, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records of which some keys are dropped and some values are replaced."""
    values = copy.deepcopy(records)
    for _ in range(draw(st.integers(1, 4))):
        value = draw(st.sampled_from(values))
        path = draw(st.sampled_from(places(value) or [()]))
        if not path:
            continue
        target: Any = value
        for key in path[:-1]:
            target = target[key]
        if draw(st.booleans()):
            del target[path[-1]]
        else:
            target[path[-1]] = draw(JSON)
    return values


def survives(adapter: Adapter, values: list[dict[str, Any]], mapped: Mapped = MAPPED) -> None:
    adapter.recognises(glimpse(values))
    for item in read_all(adapter, values, mapped, "e/v/2026/11/20/14/x.jsonl"):
        if isinstance(item, Rejected):
            assert item.reason in {
                "malformed_record", "error_response", "no_response", "no_request",
            }  # fmt: skip
            assert item.detail
        elif isinstance(item, Half):
            assert json.loads(json.dumps(item.body)).keys() == item.body.keys()
        elif not isinstance(item, Label):
            assert item.prediction is not None or item.score is not None
            assert item.id is None or item.id.strip()


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
@given(data=st.data())
@settings(max_examples=150)
def test_damaged_records_are_read_without_an_error(adapter: Adapter, data: st.DataObject) -> None:
    survives(adapter, data.draw(damaged(RECORDS[adapter.name])))


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
@given(values=st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=4), max_size=3))
@settings(max_examples=50)
def test_any_objects_are_read_without_an_error(
    adapter: Adapter, values: list[dict[str, Any]]
) -> None:
    survives(adapter, values)


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
def test_a_format_takes_its_own_records_and_no_others(adapter: Adapter) -> None:
    for name, records in RECORDS.items():
        for record in records:
            assert adapter.recognises(glimpse([record])) is (name == adapter.name)
    plain = {"request_id": "r", "timestamp": "t", "features": {"a": 1}, "prediction": 1}
    assert not adapter.recognises(glimpse([plain]))
    assert not adapter.recognises(Glimpse(PurePosixPath("x.csv"), "csv", tuple(plain)))
    assert not adapter.recognises(Glimpse(PurePosixPath("x.jsonl"), "jsonl", ()))


def test_every_sample_is_taken_by_its_own_format() -> None:
    folders = {
        "azureml": "azureml",
        "kserve/blob_batch": "kserve_blobs",
        "kserve": "kserve",
        "mlserver_triton": "mlserver",
        "sagemaker/ground-truth": "sagemaker_ground_truth",
        "sagemaker": "sagemaker_capture",
        "seldon": "seldon",
    }
    for file in sorted(SAMPLES.rglob("*")):
        if not file.is_file() or file.suffix == ".gz":
            continue
        path = file.relative_to(SAMPLES).as_posix()
        seen = glimpse_of(path, sample_values(path))
        own = next(
            (name for folder, name in folders.items() if path.startswith(f"{folder}/")), None
        )
        assert [a.name for a in ADAPTERS if a.recognises(seen)] == ([own] if own else []), path
