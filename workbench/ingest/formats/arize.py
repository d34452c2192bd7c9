"""How is a row of an Arize table read?"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.cells import first_of
from workbench.ingest.formats.flat_rows import Parts, read_row

_OUTPUTS = frozenset({"prediction_label", "prediction_score"})


def _recognises(glimpse: Glimpse) -> bool:
    columns = set(glimpse.columns)
    return (
        {"prediction_id", "prediction_ts"} <= columns
        and bool(_OUTPUTS & columns)
        and "prediction_probabilities" not in columns
    )


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    yield read_row(record.value, _parts(tuple(record.value), mapped.task), mapped)


@lru_cache(maxsize=64)
def _parts(names: tuple[str, ...], task: str) -> Parts:
    # A numeric model may be logged as scores only, and then the actual is a score too.
    labels = ("actual_label", "actual_score") if task == "regression" else ("actual_label",)
    return Parts(
        id="prediction_id",
        timestamp="prediction_ts",
        prediction="prediction_label",
        score="prediction_score",
        label=first_of(names, labels),
        version="model_version",
    )


ADAPTER = Adapter(
    name="arize",
    title="Arize table",
    recognises=_recognises,
    read=_read,
    is_flat=True,
)
