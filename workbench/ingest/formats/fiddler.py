"""How is a row of a Fiddler table read? Its output is `predicted_X`, its target is named after X."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record
from workbench.ingest.formats.flat_rows import Parts, read_row

_PREFIX = "predicted_"


def _recognises(glimpse: Glimpse) -> bool:
    return {"event_id", "event_ts"} <= set(glimpse.columns) and bool(_outputs(glimpse.columns))


def _read(record: Record, mapped: Mapped) -> Iterable[Item]:
    yield read_row(record.value, _parts(tuple(record.value), mapped.known), mapped)


def _outputs(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(_PREFIX) and name != _PREFIX]


@lru_cache(maxsize=64)
def _parts(names: tuple[str, ...], known: frozenset[str]) -> Parts:
    outputs = _outputs(names)
    only = outputs[0] if len(outputs) == 1 else None
    return Parts(
        id="event_id",
        timestamp="event_ts",
        prediction=only,
        label=_target([name for name in names if name not in known], only),
        version="model_version",
        classes={} if only else {name: name.removeprefix(_PREFIX) for name in outputs},
    )


def _target(free: list[str], output: str | None) -> str | None:
    """The column of the outcome: `churn` or `churned` for `predicted_churn`."""
    stem = (output or "").removeprefix(_PREFIX)
    exact = (stem, f"actual_{stem}", f"true_{stem}", f"{stem}_actual", f"{stem}_label")
    usual = ("target", "label")
    inflected = re.compile(re.escape(stem) + r"[a-z]{1,3}") if stem else None
    close = [name for name in free if inflected is not None and inflected.fullmatch(name)]
    named = [name for name in (*exact, *usual) if name in free]
    return next(iter(named), close[0] if len(close) == 1 else None)


ADAPTER = Adapter(
    name="fiddler",
    title="Fiddler table",
    recognises=_recognises,
    read=_read,
    is_flat=True,
)
