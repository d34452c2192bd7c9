"""How is a row of a NannyML table read? `y_pred`, `y_pred_proba`, or one column a class."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.cells import first_of
from workbench.ingest.formats.flat_rows import Parts, read_row

_SCORE = "y_pred_proba"
_IDS = ("id", "identifier")
_LABELS = ("y_true", "target")


def _recognises(glimpse: Glimpse) -> bool:
    return "timestamp" in glimpse.columns and any(
        name in ("y_pred", _SCORE) or name.startswith(f"{_SCORE}_") for name in glimpse.columns
    )


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    yield read_row(record.value, _parts(tuple(record.value)), mapped)


@lru_cache(maxsize=64)
def _parts(names: tuple[str, ...]) -> Parts:
    prefix = f"{_SCORE}_"
    return Parts(
        id=first_of(names, _IDS),
        timestamp="timestamp",
        prediction="y_pred",
        score=_SCORE,
        label=first_of(names, _LABELS),
        version="model_version",
        classes={n: n.removeprefix(prefix) for n in names if n.startswith(prefix) and n != prefix},
    )


ADAPTER = Adapter(
    name="nannyml",
    title="NannyML table",
    recognises=_recognises,
    read=_read,
    is_flat=True,
)
