"""How is a record of a BentoML monitor read? By its schema's roles, or by names without one.

The schema stands in a folder beside the data (`../schema/*.log`): whoever opens files finds it
there, and `read_with` makes the reader that follows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workbench.ingest.formats import usual_names
from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.cells import first_of, identifier
from workbench.ingest.formats.flat_rows import Parts, read_row

FEATURE, PREDICTION, TARGET = "feature", "prediction", "target"
_OWN = frozenset({"timestamp", "request_id", "trace_id"})
_OUTPUT_PREFIXES = ("pred", "proba")

Reader = Callable[[Record, Mapped], Iterable[Item]]


def is_schema(value: Any) -> bool:
    """Whether a record is a monitor's schema and no data."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("meta_data"), Mapping)
        and isinstance(value.get("columns"), list)
    )


def roles_from_schema(schema: Mapping[str, Any]) -> Mapping[str, str]:
    """Column to its role: `feature`, `prediction` or `target`; other entries are passed over."""
    columns = schema.get("columns")
    return {
        column["name"]: column["role"]
        for column in (columns if isinstance(columns, list) else [])
        if isinstance(column, Mapping)
        and isinstance(column.get("name"), str)
        and column.get("role") in (FEATURE, PREDICTION, TARGET)
    }


def read_with(schema: Mapping[str, Any]) -> Reader:
    """The `read` that follows a schema: roles by it, and the version is its `bento_version`.

    What stands in the schema's place and names no roles leaves them to be told by the names.
    """
    roles = roles_from_schema(schema)
    about = schema.get("meta_data")
    version = identifier(about.get("bento_version")) if isinstance(about, Mapping) else None

    def read(record: Record, mapped: Mapped) -> Iterable[Item]:
        if not is_schema(record.value):
            told = roles or _guessed(record.value, mapped)
            yield _prediction(record.value, mapped, told, version)

    return read


def _recognises(glimpse: Glimpse) -> bool:
    if glimpse.container not in ("jsonl", "json"):
        return False
    return (bool(glimpse.records) and is_schema(glimpse.records[0])) or any(
        record.keys() >= _OWN and not isinstance(record.get("features"), Mapping)
        for record in glimpse.records
    )


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    value = record.value
    if not is_schema(value):
        yield _prediction(value, mapped, _guessed(value, mapped), None)


def _guessed(value: Mapping[str, Any], mapped: Mapped) -> dict[str, str]:
    return {name: _guess(name, value[name], mapped) for name in value if name not in _OWN}


def _guess(name: str, value: Any, mapped: Mapped) -> str:
    if name in mapped.known:
        return FEATURE
    if name in (mapped.prediction, mapped.score) or name.startswith(_OUTPUT_PREFIXES):
        return PREDICTION
    if name in usual_names.LABELS:
        return TARGET
    is_numbers = isinstance(value, list) and all(isinstance(x, int | float) for x in value)
    return PREDICTION if is_numbers or name in usual_names.SCORES else FEATURE


def _prediction(
    value: Mapping[str, Any], mapped: Mapped, roles: Mapping[str, str], version: str | None
) -> Item:
    outputs = [name for name in value if roles.get(name) == PREDICTION]
    scores = [name for name in outputs if _is_score(name, value[name])]
    labels = [name for name in outputs if name not in scores]
    parts = Parts(
        id=first_of(value, ("request_id", "trace_id")),
        timestamp="timestamp",
        prediction=first_of({name: value[name] for name in labels}, labels),
        score=first_of({name: value[name] for name in scores}, scores),
        label=next((name for name in value if roles.get(name) == TARGET), None),
    )
    features = {name: value[name] for name in value if roles.get(name) == FEATURE}
    return read_row(value, parts, mapped, features=features, version=version)


def _is_score(name: str, value: Any) -> bool:
    return isinstance(value, list) or name.startswith("proba") or name in usual_names.SCORES


ADAPTER = Adapter(
    name="bentoml",
    title="BentoML monitoring data",
    recognises=_recognises,
    read=_read,
    schema_files="../schema/*.log*",
    read_with=read_with,
)
