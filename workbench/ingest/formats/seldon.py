"""What does Seldon Core's logger send? CloudEvents of requests and responses.

The model's version is the tag of the image that answered, in the response's `requestPath`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.cloud_events import event_body, has_events, is_event, side_of
from workbench.ingest.formats.halves import half, join, role_in, shared_key, version_in
from workbench.ingest.formats.moments import moment
from workbench.ingest.formats.payload import PayloadError, id_text, malformed

_PREFIX = "io.seldon.serving."
_TYPES = f"{_PREFIX}inference."


def recognises(glimpse: Glimpse) -> bool:
    """Whether the records are events of Seldon's logger."""
    return has_events(glimpse, _PREFIX)


def read(record: Record, mapped: Mapped) -> Iterable[Item]:  # noqa: ARG001
    """The half that one event is; feedback and outlier events are no predictions."""
    event = record.value
    side = side_of(event.get("type"), _TYPES)
    if side is None:
        return [] if is_event(event, _PREFIX) else [malformed("an event of another system")]
    try:
        body = event_body(event)
    except PayloadError as problem:
        return [malformed(problem)]
    request_id = id_text(event.get("requestid")) or id_text(event.get("id"))
    if request_id is None:
        return [malformed("an event without an id")]
    model = event.get("modelid")
    found = half(
        side,
        shared_key(model, request_id),
        body,
        request_id=request_id,
        time=moment(event.get("time")),
        version=_image_tag(body, model) or version_in(body),
        role=role_in(event.get("predictor"), event.get("endpoint")),
        error=_failure(body),
    )
    return [found]


def _image_tag(body: Any, model: Any) -> str | None:
    """The version in `meta.requestPath`: a model's image with its tag or digest."""
    meta = body.get("meta") if isinstance(body, Mapping) else None
    path = meta.get("requestPath") if isinstance(meta, Mapping) else None
    if not isinstance(path, Mapping) or not path:
        return None
    image = path[model] if isinstance(model, str) and model in path else [*path.values()][-1]
    if not isinstance(image, str):
        return None
    name, _, digest = image.partition("@")
    _, _, tag = name.rpartition("/")[2].partition(":")
    return tag or digest or None


def _failure(body: Any) -> str | None:
    status = body.get("status") if isinstance(body, Mapping) else None
    if isinstance(status, Mapping) and status.get("status") == "FAILURE":
        code = status.get("code")
        shown = f" with status {code}" if type(code) is int and 0 <= code < 1000 else ""
        return f"the serving system answered with an error{shown}"
    return None


ADAPTER = Adapter(
    name="seldon",
    title="Seldon Core payload log",
    recognises=recognises,
    read=read,
    join=join,
)
