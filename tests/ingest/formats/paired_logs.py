"""How do serving systems write requests and responses that they log apart?"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from tests.ingest.formats.calls import ERROR, FEATURES, LOST, SILENT, Call, Json


def pair(made: list[Call], one: Callable[[Call, str], Json]) -> list[Any]:
    """Both halves of each call, as far as its fate leaves them."""
    sides = {SILENT: ("request",), LOST: ("response",)}
    return [one(call, s) for call in made for s in sides.get(call.fate, ("request", "response"))]


def kserve_v1(call: Call, side: str) -> Json:
    body: Json = {"instances": call.values}
    if side == "response":
        body = (
            {"error": "ValueError: no"}
            if call.fate == ERROR
            else {"predictions": call.probabilities}
        )
    return event("org.kubeflow.serving.inference", call, side, body)


def kserve_v2(call: Call, side: str) -> Json:
    count = len(call.rows)
    types = ("INT64", "FP64", "INT64", "BYTES")
    body: Json = {
        "id": call.id,
        "inputs": [
            {
                "name": name,
                "shape": [count, 1],
                "datatype": type_,
                "data": [r[name] for r in call.rows],
            }
            for name, type_ in zip(FEATURES, types, strict=True)
        ],
    }
    if side == "response":
        body = {
            "id": call.id,
            "model_version": "7",
            "outputs": [
                {"name": "predict", "shape": [count], "datatype": "INT64", "data": call.labels},
                {
                    "name": "predict_proba", "shape": [count, 2], "datatype": "FP64",
                    "data": [p for pair in call.probabilities for p in pair],
                },
            ],
        }  # fmt: skip
        if call.fate == ERROR:
            body = {"error": "ValueError: no"}
    return event("org.kubeflow.serving.inference", call, side, body)


def event(type_: str, call: Call, side: str, body: Json) -> Json:
    return {
        "specversion": "1.0", "type": f"{type_}.{side}", "source": "http://localhost:9081/",
        "id": call.id, "time": call.iso, "datacontenttype": "application/json",
        "inferenceservicename": "churn", "namespace": "ml", "component": "predictor",
        "endpoint": "", "data": body,
    }  # fmt: skip


def blob(call: Call, side: str) -> Json:
    body = kserve_v1(call, side)["data"]
    return {
        "url": "s3://logs/", "bytes": base64.b64encode(json.dumps(body).encode()).decode(),
        "contentType": "application/json", "reqType": f"org.kubeflow.serving.inference.{side}",
        "id": call.id, "sourceUri": "http://localhost/", "inferenceService": "churn",
        "namespace": "ml", "component": "predictor", "occurrenceTime": call.iso,
    }  # fmt: skip


def seldon(call: Call, side: str) -> Json:
    data: Json = {"data": {"names": list(FEATURES), "ndarray": call.values}}
    if side == "response":
        data = {
            "data": {"names": ["t:0", "t:1"], "ndarray": call.probabilities},
            "meta": {"requestPath": {"classifier": "registry.local/churn:7"}},
        }
        if call.fate == ERROR:
            data = {"status": {"status": "FAILURE", "code": 500, "info": "no"}}
    more = {"requestid": call.id, "modelid": "classifier", "predictor": "default"}
    return event("io.seldon.serving.inference", call, side, data) | more


def azureml(call: Call, side: str) -> Json:
    data: list[Json] = list(call.rows)
    if side == "response":
        data = [
            {"prediction": n, "score": s} for n, s in zip(call.labels, call.scores, strict=True)
        ]
    kind = "model_inputs" if side == "request" else "model_outputs"
    return {
        "specversion": "1.0", "id": f"{call.id}-{side}", "source": "/x/deployments/blue",
        "type": f"azureml.inference.{kind}", "datacontenttype": "application/json",
        "time": call.iso, "data": data, "correlationid": call.id, "xrequestid": call.id,
        "modelversion": "7",
    }  # fmt: skip


def event_side(record: Json) -> str:
    return "request" if record["type"].endswith((".request", "model_inputs")) else "response"


def blob_side(record: Json) -> str:
    return str(record["reqType"]).rpartition(".")[2]
