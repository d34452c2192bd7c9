"""How is a row of a table read whose probabilities are one list column?"""

from __future__ import annotations

from collections.abc import Iterable

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.flat_rows import Parts, read_row

_PARTS = Parts(
    id="prediction_id",
    timestamp="prediction_ts",
    prediction="prediction_label",
    score="prediction_probabilities",
    version="model_version",
)


def _recognises(glimpse: Glimpse) -> bool:
    return {"prediction_id", "prediction_ts", "prediction_probabilities"} <= set(glimpse.columns)


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    yield read_row(record.value, _PARTS, mapped)


ADAPTER = Adapter(
    name="wide_table",
    title="Flat table with a list of probabilities",
    recognises=_recognises,
    read=_read,
    is_flat=True,
)
