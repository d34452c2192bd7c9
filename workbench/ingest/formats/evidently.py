"""How is a row of an Evidently table read? Its default names, or one column a class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from workbench.domain.classes import class_name
from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.cells import is_blank, number
from workbench.ingest.formats.flat_rows import Parts, read_row

_OWN = frozenset({"id", "datetime", "target", "prediction"})


def _recognises(glimpse: Glimpse) -> bool:
    columns = set(glimpse.columns)
    if not {"id", "datetime"} <= columns:
        return False
    return "prediction" in columns or ("target" in columns and _has_class_columns(glimpse))


def _has_class_columns(glimpse: Glimpse) -> bool:
    """Whether the targets are names of columns: then those hold the classes' probabilities."""
    columns = set(glimpse.columns) - _OWN
    targets = [record.get("target") for record in glimpse.records]
    named = {class_name(target) for target in targets if isinstance(target, str | int)}
    return bool(named - {None}) and named - {None} <= columns


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    yield read_row(record.value, _parts(tuple(_classes(record.value, mapped))), mapped)


@lru_cache(maxsize=64)
def _parts(classes: tuple[str, ...]) -> Parts:
    return Parts(
        id="id",
        timestamp="datetime",
        prediction="prediction",
        label="target",
        version="model_version",
        classes={name: name for name in classes},
    )


def _classes(row: Mapping[str, Any], mapped: Mapped) -> list[str]:
    if not is_blank(row.get("prediction")):
        return []
    if mapped.classes:
        return [name for name in mapped.classes if name in row]
    if not mapped.known:
        return []
    others = [name for name in row if name not in _OWN and name not in mapped.known]
    return [name for name in others if number(row[name]) is not None]


ADAPTER = Adapter(
    name="evidently",
    title="Evidently table",
    recognises=_recognises,
    read=_read,
    is_flat=True,
)
