"""Larger exports of every format, made from a seed, with what must come out of them known.

A variant is how a format writes calls of the model, some of which answer with an error, with
nothing, as a batch, or are broken on their way to the log. It shares no code with the adapters.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import polars as pl

from tests.ingest.formats import paired_logs as paired
from tests.ingest.formats import whole_logs as whole
from tests.ingest.formats.calls import BROKEN, ERROR, LOST, OK, SILENT, Call
from tests.ingest.formats.paired_logs import pair
from tests.ingest.formats.whole_logs import call_id, day_of, flat, label_of, score_of


@dataclass(frozen=True)
class Variant:
    """How a format writes calls."""

    name: str
    """The adapter's."""
    ending: str
    write: Callable[[list[Call]], list[Any]]
    """The records of the calls, in order: JSON objects, or lines that are broken."""
    reasons: dict[str, str]
    """The fates that it can log, each with the reason of its quarantine."""
    has_batches: bool = True
    sides: Callable[[Any], str] | None = None
    """`request` or `response` of a record, for formats that log them apart."""
    folder: str = ""
    needs: tuple[tuple[str, str], ...] = ()
    """Further files, by path."""


PAIRED = {ERROR: "error_response", SILENT: "no_response", LOST: "no_request"}

LINE = {BROKEN: "malformed_line"}
CAPTURED = "churn-endpoint/AllTraffic/2026/11/20/10"
VARIANTS = (
    Variant("kserve", "jsonl", lambda made: pair(made, paired.kserve_v1), PAIRED, sides=paired.event_side),
    Variant("kserve", "v2.jsonl", lambda made: pair(made, paired.kserve_v2), PAIRED, sides=paired.event_side),
    Variant("kserve_blobs", "json", lambda made: pair(made, paired.blob), PAIRED, sides=paired.blob_side),
    Variant("kserve_blobs", "csv", lambda made: pair(made, paired.blob), PAIRED, sides=paired.blob_side),
    Variant("kserve_blobs", "parquet", lambda made: pair(made, paired.blob), PAIRED, sides=paired.blob_side),
    Variant("seldon", "jsonl", lambda made: pair(made, paired.seldon), PAIRED, sides=paired.event_side),
    Variant(
        "azureml", "jsonl", lambda made: pair(made, paired.azureml),
        {SILENT: "no_response", LOST: "no_request"}, sides=paired.event_side,
    ),
    Variant(
        "sagemaker_capture", "jsonl", whole.sagemaker, LINE | {ERROR: "error_response"}, folder=CAPTURED
    ),
    Variant("databricks", "csv", whole.databricks, {BROKEN: "malformed_record", ERROR: "error_response"}),
    Variant("databricks", "parquet", whole.databricks, {BROKEN: "malformed_record", ERROR: "error_response"}),
    Variant(
        "vertex", "json", whole.vertex, {BROKEN: "malformed_record", SILENT: "no_response"}
    ),
    Variant("mlserver", "jsonl", whole.mlserver, LINE | {SILENT: "no_response", ERROR: "error_response"}),
    Variant("tf_serving", "jsonl", whole.tf_serving, LINE),
    Variant("otlp", "jsonl", whole.otlp, LINE, has_batches=False),
    Variant("app_json", "jsonl", whole.app_json, LINE | {ERROR: "error_response"}, has_batches=False),
    Variant(
        "bentoml", "log", whole.bentoml, LINE, has_batches=False, folder="data",
        needs=(("schema/schema.1.log", whole.BENTO_SCHEMA),),
    ),
    Variant("wandb", "table.json", whole.wandb, {BROKEN: "malformed_record"}, has_batches=False),
    Variant("feast", "parquet", whole.feast, {OK: "no_prediction"}, has_batches=False),
    Variant(
        "evidently", "csv", flat(id=call_id, datetime=day_of, prediction=label_of, target=label_of),
        {BROKEN: "unreadable_prediction"}, has_batches=False,
    ),
    Variant(
        "nannyml", "csv", flat(id=call_id, timestamp=day_of, y_pred_proba=score_of, y_pred=label_of),
        {BROKEN: "unreadable_prediction"}, has_batches=False,
    ),
    Variant(
        "arize", "csv",
        flat(
            prediction_id=call_id, prediction_ts=lambda call: int(call.time.timestamp()),
            prediction_label=label_of, prediction_score=score_of,
        ),
        {BROKEN: "unreadable_prediction"}, has_batches=False,
    ),
    Variant(
        "fiddler", "csv", flat(event_id=call_id, event_ts=day_of, predicted_churn=score_of),
        {BROKEN: "unreadable_prediction"}, has_batches=False,
    ),
    Variant(
        "wide_table", "parquet",
        flat(
            prediction_id=call_id, prediction_ts=lambda call: call.time.replace(tzinfo=None),
            prediction_label=label_of, prediction_probabilities=lambda call: call.probabilities[0],
        ),
        {BROKEN: "unreadable_prediction"}, has_batches=False,
    ),
)  # fmt: skip


def in_file(variant: Variant, records: list[Any]) -> bytes:
    """The records as the format's file."""
    if variant.ending.endswith("parquet"):
        file = io.BytesIO()
        pl.DataFrame(records, infer_schema_length=None).write_parquet(file)
        return file.getvalue()
    if variant.ending.endswith("csv"):
        text = io.StringIO()
        writer = csv.DictWriter(text, list(records[0]))
        writer.writeheader()
        writer.writerows(records)
        return text.getvalue().encode()
    if variant.name == "kserve_blobs":
        return json.dumps(records).encode()
    lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
    return "\n".join(lines).encode()
