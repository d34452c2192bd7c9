"""How do serving systems write predictions that they log whole?"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable
from typing import Any

from tests.ingest.formats.calls import BROKEN, ERROR, FEATURES, SILENT, Call, Json
from tests.ingest.formats.paired_logs import kserve_v2


def cut(record: Json) -> str:
    text = json.dumps(record)
    return text[: len(text) * 2 // 3]


def sagemaker(made: list[Call]) -> list[Any]:
    found = []
    for number, call in enumerate(made):
        block = io.StringIO()
        csv.writer(block).writerows(call.values)
        text = "\n".join(str(score) for score in call.scores)
        sent: Json = {
            "data": block.getvalue(),
            "encoding": "CSV",
            "observedContentType": "text/csv",
        }
        got: Json = {"data": text, "encoding": "CSV", "observedContentType": "text/csv"}
        if number % 3 == 1:
            sent = {"data": json.dumps({"instances": list(call.rows)}), "encoding": "JSON"}
            got = {"data": json.dumps({"predictions": call.probabilities}), "encoding": "JSON"}
        if number % 3 == 2:
            sent |= {"data": base64.b64encode(sent["data"].encode()).decode(), "encoding": "BASE64"}
        if call.fate == ERROR:
            got = {"data": json.dumps({"error": "no"}), "encoding": "JSON"}
        record: Json = {
            "captureData": {"endpointInput": sent, "endpointOutput": got},
            "eventMetadata": {"eventId": call.id, "inferenceTime": call.iso},
            "eventVersion": "0",
        }
        found.append(cut(record) if call.fate == BROKEN else record)
    return found


def databricks(made: list[Call]) -> list[Any]:
    return [
        {
            "databricks_request_id": call.id, "client_request_id": None, "date": "2026-11-20",
            "timestamp_ms": str(int(call.time.timestamp() * 1000)),
            "status_code": "500" if call.fate == ERROR else "200", "execution_time_ms": "12",
            "request": cut({"dataframe_records": list(call.rows)})
            if call.fate == BROKEN
            else json.dumps({"dataframe_records": list(call.rows)}),
            "response": None
            if call.fate == ERROR
            else json.dumps({"predictions": call.probabilities}),
            "sampling_fraction": "1.0", "request_metadata": json.dumps({"model_version": "7"}),
        }
        for call in made
    ]  # fmt: skip


def vertex(made: list[Call]) -> list[Any]:
    return [
        {
            "endpoint": "1", "deployed_model_id": "778",
            "logging_time": call.time.strftime("%Y-%m-%d %H:%M:%S.%f UTC"), "request_id": call.id,
            "request_payload": None
            if call.fate == BROKEN
            else [json.dumps(row) for row in call.rows],
            "response_payload": []
            if call.fate == SILENT
            else [
                json.dumps({"classes": ["0", "1"], "scores": pair}) for pair in call.probabilities
            ],
        }
        for call in made
    ]  # fmt: skip


def mlserver(made: list[Call]) -> list[Any]:
    found = []
    for call in made:
        request, response = (kserve_v2(call, side)["data"] for side in ("request", "response"))
        record: Json = {"time": call.iso, "request": request, "response": response}
        if call.fate == SILENT:
            del record["response"]
        found.append(cut(record) if call.fate == BROKEN else record)
    return found


def tf_serving(made: list[Call]) -> list[Any]:
    def tensor(kind: str, values: list[Any], width: int = 1) -> Json:
        key = {"DT_STRING": "stringVal", "DT_FLOAT": "floatVal"}[kind]
        size = [{"size": str(len(values) // width)}, {"size": str(width)}]
        return {"dtype": kind, "tensorShape": {"dim": size}, key: values}

    def text(values: list[str]) -> list[str]:
        return [base64.b64encode(value.encode()).decode() for value in values]

    found = []
    for call in made:
        inputs = {
            name: tensor("DT_STRING", text([r[name] for r in call.rows]))
            if name == "contract"
            else tensor("DT_FLOAT", [r[name] for r in call.rows])
            for name in FEATURES
        }
        inputs["request_id"] = tensor("DT_STRING", text(call.row_ids))
        flat = [p for pair in call.probabilities for p in pair]
        record: Json = {
            "logMetadata": {
                "modelSpec": {"name": "churn", "version": "7"},
                "timestampSecs": str(int(call.time.timestamp())),
            },
            "predictLog": {
                "request": {"inputs": inputs},
                "response": {"outputs": {"probabilities": tensor("DT_FLOAT", flat, 2)}},
            },
        }
        found.append(cut(record) if call.fate == BROKEN else record)
    return found


def otlp(made: list[Call]) -> list[Any]:
    found = []
    for call in made:
        logged: Json = {
            "timeUnixNano": str(int(call.time.timestamp() * 1e6) * 1000),
            "body": {"stringValue": "prediction"},
            "attributes": [
                {"key": "prediction.id", "value": {"stringValue": call.id}},
                {"key": "prediction.score", "value": {"doubleValue": call.scores[0]}},
                {"key": "prediction.label", "value": {"intValue": str(call.labels[0])}},
                *(
                    {"key": f"feature.{name}", "value": {"stringValue": str(value)}}
                    for name, value in call.rows[0].items()
                ),
            ],
        }
        record = {"resourceLogs": [{"scopeLogs": [{"logRecords": [logged]}]}]}
        found.append(cut(record) if call.fate == BROKEN else record)
    return found


def app_json(made: list[Call]) -> list[Any]:
    found = []
    for call in made:
        record: Json = {
            "timestamp": call.iso, "request_id": call.id, "model_version": "7",
            "features": call.rows[0], "prediction": call.labels[0], "score": call.scores[0],
        }  # fmt: skip
        if call.fate == ERROR:
            record = {"timestamp": call.iso, "request_id": call.id, "features": call.rows[0],
                      "error": "ValueError"}  # fmt: skip
        found.append(cut(record) if call.fate == BROKEN else record)
    return found


def bentoml(made: list[Call]) -> list[Any]:
    found = []
    for call in made:
        record = call.rows[0] | {
            "pred": call.labels[0], "proba": call.probabilities[0],
            "timestamp": call.time.strftime("%Y-%m-%dT%H:%M:%S.%f"), "request_id": call.id,
            "trace_id": "1",
        }  # fmt: skip
        found.append(cut(record) if call.fate == BROKEN else record)
    return found


BENTO_SCHEMA = json.dumps(
    {
        "meta_data": {"bento_name": "churn", "bento_version": "v1"},
        "columns": [
            *({"name": name, "role": "feature", "type": "numerical"} for name in FEATURES),
            {"name": "pred", "role": "prediction", "type": "categorical"},
            {"name": "proba", "role": "prediction", "type": "numerical_sequence"},
        ],
    }
)


def flat(**columns: Callable[[Call], Any]) -> Callable[[list[Call]], list[Any]]:
    """Rows of a flat table; a broken one has no prediction in any column."""

    def write(made: list[Call]) -> list[Any]:
        outputs = {"prediction", "y_pred", "y_pred_proba", "prediction_label", "prediction_score",
                   "predicted_churn", "prediction_probabilities"}  # fmt: skip
        return [
            {
                name: None if call.fate == BROKEN and name in outputs else value(call)
                for name, value in columns.items()
            }
            | call.rows[0]
            for call in made
        ]

    return write


def call_id(call: Call) -> str:
    return call.id


def day_of(call: Call) -> str:
    return call.time.strftime("%Y-%m-%d %H:%M:%S")


def label_of(call: Call) -> int:
    return call.labels[0]


def score_of(call: Call) -> float:
    return call.scores[0]


def wandb(made: list[Call]) -> list[Any]:
    names = ["id", "time", *FEATURES, "prediction", "probabilities"]
    data = [
        [call.id, call.iso, *call.values[0], call.labels[0], call.probabilities[0]] for call in made
    ]
    for call, row in zip(made, data, strict=True):
        if call.fate == BROKEN:
            del row[3:]
    return [{"columns": names, "data": data, "ncols": len(names), "nrows": len(data)}]


def feast(made: list[Call]) -> list[Any]:
    return [
        {"__request_id": call.id, "__log_timestamp": call.time, "view__tenure": call.rows[0]["tenure_months"],
         "view__tenure__status": 1}
        for call in made
    ]  # fmt: skip
