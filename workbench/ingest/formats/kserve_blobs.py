"""What does KServe's logger write to a blob store? Batches of records: JSON, CSV or Parquet.

The payload is base64 in `bytes`, and `reqType` tells the side. Only JSON has a time,
`occurrenceTime`; the tables have no such column, so the timestamps of their predictions are
None, for the time of the file to stand in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.cloud_events import side_of
from workbench.ingest.formats.halves import half, join, role_in, shared_key, version_in
from workbench.ingest.formats.kserve import TYPES
from workbench.ingest.formats.moments import moment
from workbench.ingest.formats.payload import (
    PayloadError,
    base64_text,
    id_text,
    json_value,
    malformed,
    text_or_none,
)

_SIGNATURE = frozenset({"bytes", "reqType", "contentType"})


def recognises(glimpse: Glimpse) -> bool:
    """Whether the records or the columns are those of the logger's blobs."""
    return _SIGNATURE.issubset(glimpse.columns) or any(
        _SIGNATURE.issubset(record) for record in glimpse.records
    )


def read(record: Record, mapped: Mapped) -> Iterable[Item]:  # noqa: ARG001
    """The half that one record is."""
    blob = record.value
    side = side_of(blob.get("reqType"), TYPES)
    if side is None:
        return [malformed("a record that is neither a request nor a response")]
    try:
        body = json_value(base64_text(blob.get("bytes")))
    except PayloadError as problem:
        return [malformed(problem)]
    inner = body.get("id") if isinstance(body, Mapping) else None
    request_id = id_text(blob.get("id")) or id_text(inner)
    if request_id is None:
        return [malformed("a record without an id")]
    service, endpoint = blob.get("inferenceService"), blob.get("endpoint")
    key = shared_key(blob.get("namespace"), service, blob.get("component"), endpoint, request_id)
    found = half(
        side,
        key,
        body,
        request_id=request_id,
        time=moment(blob.get("occurrenceTime")),
        version=version_in(body),
        role=role_in(endpoint),
        extras={"inference_service": text_or_none(service)},
    )
    return [found]


ADAPTER = Adapter(
    name="kserve_blobs",
    title="KServe payload log in a blob store",
    recognises=recognises,
    read=read,
    join=join,
    has_times=False,
)
