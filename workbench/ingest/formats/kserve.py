"""What does KServe's logger send? CloudEvents of requests and responses, of protocol V1 or V2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.cloud_events import event_body, has_events, side_of
from workbench.ingest.formats.halves import half, join, role_in, shared_key, version_in
from workbench.ingest.formats.moments import moment
from workbench.ingest.formats.payload import PayloadError, id_text, malformed, text_or_none

TYPES = "org.kubeflow.serving.inference."
"""How the types of KServe's events begin; `request` or `response` follows."""


def recognises(glimpse: Glimpse) -> bool:
    """Whether the records are events of KServe's logger."""
    return has_events(glimpse, TYPES)


def read(record: Record, mapped: Mapped) -> Iterable[Item]:  # noqa: ARG001
    """The half that one event is."""
    event = record.value
    side = side_of(event.get("type"), TYPES)
    if side is None:
        return [malformed("an event that is neither a request nor a response")]
    try:
        body = event_body(event)
    except PayloadError as problem:
        return [malformed(problem)]
    inner = body.get("id") if isinstance(body, Mapping) else None
    request_id = id_text(event.get("id")) or id_text(inner)
    if request_id is None:
        return [malformed("an event without an id")]
    service, endpoint = event.get("inferenceservicename"), event.get("endpoint")
    key = shared_key(event.get("namespace"), service, event.get("component"), endpoint, request_id)
    found = half(
        side,
        key,
        body,
        request_id=request_id,
        time=moment(event.get("time")),
        version=version_in(body),
        role=role_in(endpoint),
        extras={"inference_service": text_or_none(service)},
    )
    return [found]


ADAPTER = Adapter(
    name="kserve",
    title="KServe payload log",
    recognises=recognises,
    read=read,
    join=join,
)
