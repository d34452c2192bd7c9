"""How is a row of a Vertex AI request-response log read? Instances and answers by position."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record, Rejected
from workbench.ingest.formats.cells import identifier, listed, moment
from workbench.ingest.formats.payload import (
    ERROR_RESPONSE,
    Output,
    PayloadError,
    error_in,
    json_value,
    malformed,
    predictions_of,
    request_rows,
    response_outputs,
)

_UTC = " UTC"


def _recognises(glimpse: Glimpse) -> bool:
    return {"deployed_model_id", "request_payload", "response_payload"} <= set(glimpse.columns)


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    row = record.value
    instances, answers = listed(row.get("request_payload")), listed(row.get("response_payload"))
    if not instances:
        return [malformed("request_payload is no list of instances")]
    if not answers:
        broken = next(filter(None, (_instance(text, mapped)[1] for text in instances)), None)
        return [broken or Rejected("no_response", "response_payload is empty")]
    if len(answers) != len(instances):
        return [malformed(f"{len(answers)} answers to {len(instances)} instances")]
    rows = [_instance(text, mapped) for text in instances]
    outputs = [_answer(text, mapped) for text in answers]
    found = predictions_of(
        [features for features, _ in rows],
        [output for output, _ in outputs],
        mapped,
        request_id=identifier(row.get("request_id")),
        timestamp=_time(row.get("logging_time")),
        version=identifier(row.get("deployed_model_id")),
    )
    return [
        broken or failed or prediction
        for (_, broken), (_, failed), prediction in zip(rows, outputs, found, strict=True)
    ]


def _instance(text: Any, mapped: Mapped) -> tuple[dict[str, Any], Rejected | None]:
    """The features of an instance, or why it has none: its neighbours can still be read."""
    try:
        (row,) = request_rows([_decoded(text)], mapped)
    except PayloadError as error:
        return {}, malformed(f"an instance: {error}")
    return row, None


def _answer(text: Any, mapped: Mapped) -> tuple[Output, Rejected | None]:
    try:
        value = _decoded(text)
        error = error_in(value)
        if error is not None:
            return Output(), Rejected(ERROR_RESPONSE, error)
        if isinstance(value, Mapping) and "value" in value and "lower_bound" in value:
            value = value["value"]  # a regression of AutoML, with its interval
        (output,) = response_outputs([value], 1, mapped)
    except PayloadError as problem:
        return Output(), malformed(f"an answer: {problem}")
    return output, None


def _decoded(text: Any) -> Any:
    return json_value(text) if isinstance(text, str | bytes) else text


def _time(value: Any) -> Any:
    """BigQuery writes `2026-11-20 14:12:33.107214 UTC`; this is its ISO form."""
    if isinstance(value, str) and value.strip().endswith(_UTC):
        return value.strip().removesuffix(_UTC).replace(" ", "T", 1) + "Z"
    return moment(value)


ADAPTER = Adapter(
    name="vertex",
    title="Vertex AI request-response log",
    recognises=_recognises,
    read=_read,
)
