"""What did MLServer or Triton answer? Bodies of the V2 protocol, in pairs or one a line.

Neither server writes such files by itself. Collectors put a request and its response into one
record beside a time of their own, or one body a line; the bodies themselves have no time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.ingest.formats.adapter import (
    REQUEST,
    RESPONSE,
    Adapter,
    Glimpse,
    Item,
    Mapped,
    Record,
    Rejected,
)
from workbench.ingest.formats.halves import half, join, shared_key, version_in
from workbench.ingest.formats.moments import moment
from workbench.ingest.formats.payload import (
    ERROR_RESPONSE,
    PayloadError,
    answered,
    error_in,
    id_text,
    malformed,
    request_rows,
)
from workbench.ingest.formats.payload_tensors import are_tensors


def recognises(glimpse: Glimpse) -> bool:
    """Whether records are bodies of the protocol, or pairs of them, in no other envelope."""
    return any(
        "specversion" not in record
        and (
            _is_request(record.get("request"))
            or _is_response(record.get("response"))
            or _is_request(record)
            or _is_response(record)
        )
        for record in glimpse.records
    )


def read(record: Record, mapped: Mapped) -> Iterable[Item]:
    """The predictions of a pair, or the half that a lone body is."""
    line = record.value
    request, response = line.get("request"), line.get("response")
    time = moment(line.get("time", line.get("timestamp")))
    if request is None and response is None:
        side = REQUEST if "inputs" in line else RESPONSE if _answers(line) else None
        if side is None:
            return [malformed("neither a request nor a response")]
        return [_half(side, line, time)]
    if response is None:
        try:
            request_rows(request, mapped)
        except PayloadError as problem:
            return [malformed(problem)]
        return [_half(REQUEST, request, time)]
    if request is None:
        return [_half(RESPONSE, response, time)]
    return answered(
        request,
        response,
        mapped,
        request_id=_id(request) or _id(response),
        timestamp=time,
        version=version_in(response),
    )


def _half(side: str, body: Any, time: Any) -> Item:
    request_id = _id(body)
    if request_id is None:
        error = error_in(body) if side == RESPONSE else None
        return Rejected(ERROR_RESPONSE, error) if error else malformed(f"a {side} without an id")
    return half(
        side,
        shared_key(request_id),
        body,
        request_id=request_id,
        time=time,
        version=version_in(body),
    )


def _is_request(body: Any) -> bool:
    return isinstance(body, Mapping) and are_tensors(body.get("inputs"))


def _is_response(body: Any) -> bool:
    return isinstance(body, Mapping) and are_tensors(body.get("outputs"))


def _answers(line: Mapping[str, Any]) -> bool:
    return "outputs" in line or "error" in line


def _id(body: Any) -> str | None:
    """The id of a body, else the one in the headers that MLServer keeps in it."""
    if not isinstance(body, Mapping):
        return None
    own = id_text(body.get("id"))
    parameters = body.get("parameters")
    headers = parameters.get("headers") if isinstance(parameters, Mapping) else None
    if own is not None or not isinstance(headers, Mapping):
        return own
    lower = {name.lower(): value for name, value in headers.items() if isinstance(name, str)}
    return id_text(lower.get("ce-requestid")) or id_text(lower.get("ce-id"))


ADAPTER = Adapter(
    name="mlserver",
    title="V2 inference protocol (MLServer, Triton)",
    recognises=recognises,
    read=read,
    join=join,
    has_times=False,
)
