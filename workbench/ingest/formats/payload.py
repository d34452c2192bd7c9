"""How do adapters read what was sent to a model and what it answered? The front door.

Request bodies and responses are alike in all serving systems; what differs is the envelope,
which is the adapter's. Everything here raises `PayloadError` and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.ingest.formats.adapter import Item, Mapped, Prediction, Rejected
from workbench.ingest.formats.payload_outputs import error_in, response_outputs
from workbench.ingest.formats.payload_requests import request_rows
from workbench.ingest.formats.payload_row_output import Output, output_of
from workbench.ingest.formats.payload_values import (
    PayloadError,
    base64_text,
    csv_rows,
    id_text,
    json_value,
    kind_of,
    named,
    row_id,
)

__all__ = [
    "ERROR_RESPONSE",
    "MALFORMED",
    "Output",
    "PayloadError",
    "answered",
    "base64_text",
    "csv_rows",
    "error_in",
    "id_text",
    "json_value",
    "kind_of",
    "malformed",
    "named",
    "output_of",
    "predictions_of",
    "request_rows",
    "response_outputs",
    "row_id",
    "text_or_none",
]

MALFORMED, ERROR_RESPONSE = "malformed_record", "error_response"
REQUEST_ID = "request_id"


def predictions_of(
    rows: list[dict[str, Any]],
    outputs: list[Output],
    mapped: Mapped,
    *,
    request_id: str | None,
    timestamp: Any,
    version: str | None = None,
    role: str | None = None,
    extras: Mapping[str, Any] | None = None,
) -> list[Prediction]:
    """One prediction for each row of a request.

    The id is the value that the card names as such, else the request's own with the position
    in a batch. The request's id is kept beside it where the two differ, unless `extras` hold
    another one already.

    Args:
        rows: of the request.
        outputs: of the response, as many.
        mapped: names the feature that holds the id.
        request_id: the serving system's or the caller's.
        timestamp: as logged.
        version: of the model, when the record says it.
        role: when the record says it.
        extras: further columns, the same for every row.
    """
    found = []
    for index, (row, output) in enumerate(zip(rows, outputs, strict=True)):
        features = dict(row)
        own = id_text(features.pop(mapped.id, None)) if mapped.id else None
        id = own or row_id(request_id, index, len(rows))  # noqa: A001
        more = dict(extras or {})
        if request_id is not None and id != request_id:
            more.setdefault(REQUEST_ID, request_id)
        found.append(
            Prediction(
                id,
                timestamp,
                features,
                output.prediction,
                output.score,
                output.probabilities,
                version=version,
                role=role,
                extras=more,
            )
        )
    return found


def answered(
    request: Any,
    response: Any,
    mapped: Mapped,
    *,
    request_id: str | None,
    timestamp: Any,
    **more: Any,
) -> Iterable[Item]:
    """The predictions of a request's body and its response's, or why there are none."""
    error = error_in(response)
    if error is not None:
        return [Rejected(ERROR_RESPONSE, error)]
    try:
        rows = request_rows(request, mapped)
        outputs = response_outputs(response, len(rows), mapped)
    except PayloadError as error_found:
        return [malformed(error_found)]
    return predictions_of(rows, outputs, mapped, request_id=request_id, timestamp=timestamp, **more)


def malformed(why: object) -> Rejected:
    """A record that can be decoded and makes no sense."""
    return Rejected(MALFORMED, str(why))


def text_or_none(value: Any) -> str | None:
    """A text that says something; none otherwise."""
    return value.strip() if isinstance(value, str) and value.strip() else None
