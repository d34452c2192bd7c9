"""What did SageMaker capture? A request a line with its answer; merged files with the label too.

The record does not name the model's version unless the caller put `model_version=` among the
custom attributes; else the production variant stands for it, the folder above the date. The
path of a merged file has no variant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from workbench.ingest.formats.adapter import (
    Adapter,
    Glimpse,
    Item,
    Mapped,
    Prediction,
    Record,
    Rejected,
)
from workbench.ingest.formats.dated_path import dated_path
from workbench.ingest.formats.moments import moment
from workbench.ingest.formats.payload import (
    ERROR_RESPONSE,
    Output,
    PayloadError,
    error_in,
    malformed,
    named,
    predictions_of,
    request_rows,
    response_outputs,
    text_or_none,
)
from workbench.ingest.formats.sagemaker_data import Decoded, decoded, event_ids

_VERSION = "model_version="


def recognises(glimpse: Glimpse) -> bool:
    """Whether the records are those of data capture."""
    return any(
        isinstance(record.get("captureData"), Mapping) and "eventMetadata" in record
        for record in glimpse.records
    )


def read(record: Record, mapped: Mapped) -> Iterable[Item]:
    """The predictions of one captured request."""
    capture = record.value.get("captureData")
    if not isinstance(capture, Mapping):
        return [malformed("no captureData")]
    if capture.get("endpointInput") is None:
        return [Rejected("no_request", "only the output was captured")]
    if capture.get("endpointOutput") is None:
        return [Rejected("no_response", "only the input was captured")]
    try:
        return _items(record, capture, mapped)
    except PayloadError as problem:
        return [malformed(problem)]


def _items(record: Record, capture: Mapping[str, Any], mapped: Mapped) -> Iterable[Item]:
    request = decoded(capture["endpointInput"], "endpoint's input")
    response = decoded(capture["endpointOutput"], "endpoint's output")
    error = error_in(response.json)
    if error is not None:
        return [Rejected(ERROR_RESPONSE, error)]
    rows = _rows(request, mapped)
    found = _predictions(record, rows, _outputs(response, len(rows), mapped), mapped)
    truth = record.value.get("groundTruthData")
    return found if truth is None else _labelled(found, truth)


def _rows(request: Decoded, mapped: Mapped) -> list[dict[str, Any]]:
    if request.csv is not None:
        return [named(row, mapped) for row in request.csv]
    return request_rows(request.json, mapped)


def _outputs(response: Decoded, rows: int, mapped: Mapped) -> list[Output]:
    if response.csv is None:
        return response_outputs(response.json, rows, mapped)
    one_line = rows > 1 and len(response.csv) == 1
    return response_outputs(response.csv[0] if one_line else response.csv, rows, mapped)


def _predictions(
    record: Record, rows: list[dict[str, Any]], outputs: list[Output], mapped: Mapped
) -> list[Prediction]:
    callers, platforms = event_ids(record.value)
    extras: dict[str, Any] = {}
    if callers is not None and platforms is not None and callers != platforms:
        extras["request_id"] = platforms
    path = dated_path(record.path)
    variant = None
    if path is not None and path.above and "groundTruthData" not in record.value:
        variant = extras["variant"] = path.above[-1]
    metadata = record.value.get("eventMetadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    return predictions_of(
        rows,
        outputs,
        mapped,
        request_id=callers or platforms,
        timestamp=moment(metadata.get("inferenceTime")),
        version=_version(metadata.get("customAttributes")) or variant,
        extras=extras,
    )


def _version(attributes: Any) -> str | None:
    texts = attributes if isinstance(attributes, list | tuple) else [attributes]
    for text in texts:
        if isinstance(text, str):
            for part in text.replace(",", ";").split(";"):
                if part.strip().startswith(_VERSION):
                    return text_or_none(part.strip()[len(_VERSION) :])
    return None


def _labelled(predictions: list[Prediction], block: Any) -> list[Item]:
    """Predictions with the labels beside them. Labels that cannot be read do not cost them."""
    try:
        labels = decoded(block, "ground truth").cells()
    except PayloadError as problem:
        return [*predictions, malformed(problem)]
    if len(labels) != len(predictions):
        said = f"{len(labels)} labels for {len(predictions)} predictions"
        return [*predictions, malformed(said)]
    return [replace(row, label=label) for row, label in zip(predictions, labels, strict=True)]


ADAPTER = Adapter(
    name="sagemaker_capture",
    title="SageMaker data capture",
    recognises=recognises,
    read=read,
)
