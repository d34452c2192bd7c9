"""What is in a CloudEvents envelope? The type of the event and its payload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.ingest.formats.adapter import REQUEST, RESPONSE, Glimpse
from workbench.ingest.formats.payload import PayloadError, base64_text, json_value


def has_events(glimpse: Glimpse, prefix: str) -> bool:
    """Whether records are events of a serving system, told by how their types begin."""
    return any(is_event(record, prefix) for record in glimpse.records)


def is_event(record: Mapping[str, Any], prefix: str) -> bool:
    """Whether a record is an event whose type begins so."""
    kind = record.get("type")
    return "specversion" in record and isinstance(kind, str) and kind.startswith(prefix)


def side_of(kind: Any, prefix: str) -> str | None:
    """Which half an event of this type is; none for another kind of event."""
    sides = {f"{prefix}{REQUEST}": REQUEST, f"{prefix}{RESPONSE}": RESPONSE}
    return sides.get(kind) if isinstance(kind, str) else None


def event_body(event: Mapping[str, Any]) -> Any:
    """The payload of an event: JSON in place, or JSON in a text or in base64.

    The declared content type is not believed: JSON is often sent as form data.

    Raises:
        PayloadError: there is none, or it is no JSON.
    """
    data = event.get("data")
    if data is None and event.get("data_base64") is not None:
        data = base64_text(event["data_base64"])
    if data is None:
        raise PayloadError("an event without data")
    return json_value(data) if isinstance(data, str) else data
