"""How is a row of a NannyML target file read? An id, and one column more, which is the label."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.ingest.formats import usual_names
from workbench.ingest.formats.adapter import (
    LABELS,
    Adapter,
    Glimpse,
    Item,
    Label,
    Mapped,
    Record,
    Rejected,
)
from workbench.ingest.formats.cells import first_of, identifier, is_blank

_IDS = ("id", "identifier")


def _recognises(glimpse: Glimpse) -> bool:
    others = [name for name in glimpse.columns if name not in _IDS]
    return (
        glimpse.container in ("csv", "parquet", "arrow")
        and len(glimpse.columns) == 2
        and len(others) == 1
        and others[0] not in (*usual_names.PREDICTIONS, *usual_names.SCORES)
    )


def _read(record: Record, _: Mapped) -> Iterable[Item]:
    row = record.value
    id_ = first_of(row, _IDS)
    labels = [name for name in row if name != id_]
    if id_ is None or len(labels) != 1:
        yield Rejected("malformed_record", "a row of a target file is an id and a label")
        return
    label = row[labels[0]]
    yield Label(identifier(row[id_]), None if is_blank(label) else label)


ADAPTER = Adapter(
    name="nannyml_targets",
    title="NannyML target file",
    recognises=_recognises,
    read=_read,
    kind=LABELS,
    is_flat=True,
)
