"""What do Azure ML's data collector and payload log hold? CloudEvents of inputs and outputs.

The collector logs tables, `model_inputs` and `model_outputs`, under one correlation id a
batch; the payload log has the raw bodies under the request's id. Outputs belong to inputs by
their position.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from workbench.ingest.formats.adapter import (
    REQUEST,
    RESPONSE,
    Adapter,
    Glimpse,
    Item,
    Mapped,
    Record,
)
from workbench.ingest.formats.cloud_events import event_body, has_events
from workbench.ingest.formats.halves import half, join, shared_key
from workbench.ingest.formats.moments import moment
from workbench.ingest.formats.payload import PayloadError, id_text, malformed

_PREFIX = "azureml.inference."
_SIDES = {
    "model_inputs": (REQUEST, "correlationid"),
    "model_outputs": (RESPONSE, "correlationid"),
    "request": (REQUEST, "xrequestid"),
    "response": (RESPONSE, "xrequestid"),
}
_OTHER_ID = {"correlationid": "xrequestid", "xrequestid": "correlationid"}
_DEPLOYMENT = re.compile(r"/deployments/([^/]+)")
_UNSET_VERSION = "default"


def recognises(glimpse: Glimpse) -> bool:
    """Whether the records are events of Azure ML's collectors."""
    return has_events(glimpse, _PREFIX)


def read(record: Record, mapped: Mapped) -> Iterable[Item]:  # noqa: ARG001
    """The half that one event is."""
    event = record.value
    kind = event.get("type")
    name = kind.removeprefix(_PREFIX) if isinstance(kind, str) else ""
    if name not in _SIDES or name == kind:
        return [malformed("an event that is neither a request nor a response")]
    side, id_name = _SIDES[name]
    if str(event.get("datainblob")).lower() == "true":
        return [malformed("the payload lies in a blob of its own, and only its address is here")]
    request_id = id_text(event.get(id_name)) or id_text(event.get(_OTHER_ID[id_name]))
    if request_id is None:
        return [malformed(f"an event without a {id_name}")]
    try:
        body = event_body(event)
    except PayloadError as problem:
        return [malformed(problem)]
    deployment = _deployment(event.get("source"))
    version = id_text(event.get("modelversion"))
    found = half(
        side,
        shared_key(id_name, deployment, request_id),
        body,
        request_id=request_id,
        time=moment(event.get("time")),
        version=None if version == _UNSET_VERSION else version,
        error=_status(event.get("statuscode")) if side == RESPONSE else None,
        extras={"deployment": deployment},
    )
    return [found]


def _deployment(source: Any) -> str | None:
    match = _DEPLOYMENT.search(source) if isinstance(source, str) else None
    return match.group(1) if match else None


def _status(code: Any) -> str | None:
    text = id_text(code) or ""
    if re.fullmatch(r"[45][0-9]{2}", text):
        return f"the serving system answered with status {text}"
    return None


ADAPTER = Adapter(
    name="azureml",
    title="Azure ML data collector and payload log",
    recognises=recognises,
    read=read,
    join=join,
)
