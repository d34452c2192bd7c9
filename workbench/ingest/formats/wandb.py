"""How is a Weights & Biases table read? One document of `columns` and `data`, a row a prediction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from workbench.ingest.formats import usual_names
from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record, Rejected
from workbench.ingest.formats.cells import first_of
from workbench.ingest.formats.flat_rows import Parts, read_row


def _recognises(glimpse: Glimpse) -> bool:
    return glimpse.container in ("json", "jsonl") and any(
        _header(record) and isinstance(record.get("data"), list) for record in glimpse.records
    )


def _header(value: Mapping[str, Any]) -> list[str]:
    """The names of the columns; none when they are not a list of different names."""
    names = value.get("columns")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return []
    return names if len(set(names)) == len(names) else []


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    names, rows = _header(record.value), record.value.get("data")
    if not names or not isinstance(rows, list):
        yield Rejected("malformed_record", "a table needs a list of column names and one of rows")
        return
    parts = _parts(names)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(names):
            width = f"{len(row)} values" if isinstance(row, list) else "no list"
            detail = f"row {number}: {width} for {len(names)} columns"
            yield Rejected("malformed_record", detail, _text(row))
            continue
        item = read_row(dict(zip(names, row, strict=True)), parts, mapped)
        if isinstance(item, Rejected):
            item = Rejected(item.reason, f"row {number}: {item.detail}", _text(row))
        yield item


def _text(row: Any) -> str:
    return json.dumps(row, ensure_ascii=False, default=str, skipkeys=True)


def _parts(names: list[str]) -> Parts:
    return Parts(
        id=first_of(names, usual_names.IDS),
        timestamp=first_of(names, usual_names.TIMES),
        prediction=first_of(names, usual_names.PREDICTIONS),
        score=first_of(names, usual_names.SCORES),
        label=first_of(names, usual_names.LABELS),
        version=first_of(names, usual_names.VERSIONS),
    )


ADAPTER = Adapter(
    name="wandb",
    title="Weights & Biases table",
    recognises=_recognises,
    read=_read,
)
