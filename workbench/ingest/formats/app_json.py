"""How is a line of an application's own log read? A `features` object beside its prediction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workbench.ingest.formats import usual_names
from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record, Rejected
from workbench.ingest.formats.cells import first_of
from workbench.ingest.formats.flat_rows import Parts, read_row

_OUTPUTS = frozenset({*usual_names.PREDICTIONS, *usual_names.SCORES})
_NOISE = frozenset({"level", "message", "msg", "logger", "severity", "model"})


def _recognises(glimpse: Glimpse) -> bool:
    return glimpse.container in ("jsonl", "json") and any(
        isinstance(record.get("features"), Mapping)
        and bool(_OUTPUTS & record.keys())
        and first_of(record, (*usual_names.TIMES, *usual_names.IDS)) is not None
        for record in glimpse.records
    )


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    value = record.value
    outputs = {*_OUTPUTS, mapped.prediction, mapped.score} & value.keys()
    if "features" not in value and not outputs:
        return  # another message of the same application
    features = value.get("features", {})
    if not isinstance(features, Mapping):
        yield Rejected("malformed_record", "`features` is no object")
    elif not outputs and value.get("error") is not None:
        yield Rejected("error_response", "the application logged an error instead of a prediction")
    else:
        yield _prediction(value, features, mapped)


def _prediction(value: Mapping[str, Any], features: Mapping[str, Any], mapped: Mapped) -> Item:
    parts = Parts(
        id=first_of(value, usual_names.IDS),
        timestamp=first_of(value, usual_names.TIMES),
        prediction=first_of(value, usual_names.PREDICTIONS),
        score=first_of(value, usual_names.SCORES),
        label=first_of(value, usual_names.LABELS),
        version=first_of(value, usual_names.VERSIONS),
    )
    return read_row(value, parts, mapped, features=features, ignored=_NOISE | {"features"})


ADAPTER = Adapter(
    name="app_json",
    title="Application log of JSON lines with a features object",
    recognises=_recognises,
    read=_read,
)
