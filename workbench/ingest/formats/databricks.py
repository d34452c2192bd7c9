"""How is a row of a Databricks inference table read? The current payload table and the legacy one.

Labels are joined by the caller's `client_request_id`, so where a request has one, it is the id
of its predictions, and `databricks_request_id` is kept beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record, Rejected
from workbench.ingest.formats.cells import decoded, identifier, is_blank, listed, moment, number
from workbench.ingest.formats.payload import (
    ERROR_RESPONSE,
    PayloadError,
    answered,
    json_value,
    malformed,
)

_PLATFORM_ID = "databricks_request_id"


def _recognises(glimpse: Glimpse) -> bool:
    return {_PLATFORM_ID, "request", "response"} <= set(glimpse.columns)


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    row = record.value
    failure = _failure(row)
    if failure is not None:
        return [Rejected(ERROR_RESPONSE, failure)]
    try:
        request, response = _body(row.get("request")), _body(row.get("response"))
    except PayloadError as error:
        return [malformed(error)]
    if isinstance(response, Mapping) and "error_code" in response and "predictions" not in response:
        return [Rejected(ERROR_RESPONSE, "the response is an error")]
    platform_id = identifier(row.get(_PLATFORM_ID))
    return answered(
        request,
        response,
        mapped,
        request_id=identifier(row.get("client_request_id")) or platform_id,
        timestamp=moment(row.get("request_time", row.get("timestamp_ms"))),
        version=_version(row),
        extras={_PLATFORM_ID: platform_id},
    )


def _failure(row: Mapping[str, Any]) -> str | None:
    """How the endpoint failed, where it did; an answer that was not logged is no answer."""
    status = number(row.get("status_code"))
    if status is not None and not 200 <= status < 300:
        return f"the endpoint answered with status {status:.0f}"
    if listed(row.get("logging_error_codes")):
        return "the request or the response could not be logged"
    return "there is no response" if is_blank(row.get("response")) else None


def _body(value: Any) -> Any:
    return json_value(value) if isinstance(value, str | bytes) else value


def _version(row: Mapping[str, Any]) -> str | None:
    """The model's version in the legacy table; in the current one, the served entity's id."""
    try:
        about = decoded(row.get("request_metadata"))
    except PayloadError:
        about = None
    if isinstance(about, list):  # a map column, as Parquet gives it
        about = {
            pair[0]: pair[1]
            for pair in about
            if isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)
        }
    stated = about.get("model_version") if isinstance(about, Mapping) else None
    return identifier(stated) or identifier(row.get("served_entity_id"))


ADAPTER = Adapter(
    name="databricks",
    title="Databricks inference table",
    recognises=_recognises,
    read=_read,
)
