"""How is a line of OpenTelemetry logs read? Attributes `feature.*` and `prediction.*` a record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.cells import first_of, identifier, number
from workbench.ingest.formats.flat_rows import Parts, read_row
from workbench.ingest.formats.payload import malformed

_FEATURE, _PREDICTION = "feature.", "prediction."
_PREDICTIONS = ("prediction.label", "prediction.value", "prediction.class")
_SCORES = ("prediction.score", "prediction.probability", "prediction.probabilities")
_VERSIONS = ("model.version", "service.version")
_ID, _TIME = "prediction.id", "time"
_WHOLE = re.compile(r"[+-]?[0-9]{1,20}")
_DEEPEST = 8
"""How many lists and objects of an attribute may stand inside one another."""


def _recognises(glimpse: Glimpse) -> bool:
    return glimpse.container in ("jsonl", "json") and any(
        isinstance(record.get("resourceLogs"), list) for record in glimpse.records
    )


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    if not isinstance(record.value.get("resourceLogs"), list):
        yield malformed("no `resourceLogs`")
        return
    for resource_log in _objects(record.value, "resourceLogs"):
        about = _attributes(resource_log.get("resource"))
        version = identifier(about.get(first_of(about, _VERSIONS) or ""))
        for scope_log in _objects(resource_log, "scopeLogs"):
            for log_record in _objects(scope_log, "logRecords"):
                yield from _log_record(log_record, version, mapped)


def _objects(value: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    inner = value.get(key)
    yield from (item for item in _list(inner) if isinstance(item, Mapping))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _log_record(
    log_record: Mapping[str, Any], version: str | None, mapped: Mapped
) -> Iterator[Item]:
    nanoseconds = _nanoseconds(log_record)
    if nanoseconds is None:
        yield malformed("timeUnixNano is no number")
        return
    attributes = _attributes(log_record)
    if not any(name.startswith((_FEATURE, _PREDICTION)) for name in attributes):
        return  # an ordinary message of the same service
    features = {
        name.removeprefix(_FEATURE): value
        for name, value in attributes.items()
        if name.startswith(_FEATURE)
    }
    row = {_TIME: nanoseconds} | {n: v for n, v in attributes.items() if not n.startswith(_FEATURE)}
    trace = identifier(log_record.get("traceId"))
    if identifier(row.get(_ID)) is None:
        row[_ID] = trace
    elif trace is not None:
        row.setdefault("trace_id", trace)
    parts = Parts(
        id=_ID,
        timestamp=_TIME,
        prediction=first_of(row, (*_own(mapped.prediction), *_PREDICTIONS)),
        score=first_of(row, (*_own(mapped.score), *_scores(mapped))),
        label="actual.label",
        version="model.version",
    )
    yield read_row(
        row, parts, mapped, features=features, ignored=frozenset({"model.name"}), version=version
    )


def _own(name: str) -> tuple[str, ...]:
    return (name, f"{_PREDICTION}{name}") if name else ()


def _scores(mapped: Mapped) -> tuple[str, ...]:
    return _SCORES if mapped.task == "binary" else tuple(reversed(_SCORES))


def _nanoseconds(log_record: Mapping[str, Any]) -> int | None:
    """When it happened; a time of 0 is one that is not known, and then it is when it was seen."""
    for name in ("timeUnixNano", "observedTimeUnixNano"):
        value = log_record.get(name, 0)
        text = value.strip() if isinstance(value, str) else value
        if isinstance(text, bool) or not isinstance(text, str | int):
            return None
        if isinstance(text, str) and not _WHOLE.fullmatch(text):
            return None
        if int(text) != 0:
            return int(text)
    return None


def _attributes(holder: Any) -> dict[str, Any]:
    found = {}
    for attribute in _list(holder.get("attributes")) if isinstance(holder, Mapping) else ():
        if isinstance(attribute, Mapping) and isinstance(attribute.get("key"), str):
            found[attribute["key"]] = _any_value(attribute.get("value"), _DEEPEST)
    return found


def _any_value(value: Any, depth: int) -> Any:
    """An OTLP `AnyValue`; None where it is nested too deeply or is none."""
    if not isinstance(value, Mapping) or depth == 0:
        return None
    if isinstance(value.get("arrayValue"), Mapping):
        items = _list(value["arrayValue"].get("values"))
        return [_any_value(item, depth - 1) for item in items]
    if isinstance(value.get("kvlistValue"), Mapping):
        return {
            item["key"]: _any_value(item.get("value"), depth - 1)
            for item in _objects(value["kvlistValue"], "values")
            if isinstance(item.get("key"), str)
        }
    kind = first_of(value, ("stringValue", "boolValue", "bytesValue", "intValue", "doubleValue"))
    return None if kind is None else _number_or_as_it_is(kind, value[kind])


def _number_or_as_it_is(kind: str, value: Any) -> Any:
    """Whole numbers are written as text. One that is none keeps it, and counts as unreadable."""
    if not isinstance(value, str):
        return value
    if kind == "intValue" and _WHOLE.fullmatch(value.strip()):
        return int(value)
    read = number(value) if kind == "doubleValue" else None
    return value if read is None else read


ADAPTER = Adapter(
    name="otlp",
    title="OpenTelemetry logs (OTLP/JSON)",
    recognises=_recognises,
    read=_read,
)
