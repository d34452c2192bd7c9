"""What is a Feast feature log? Inputs without a prediction, which can only be said so."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.ingest.formats.adapter import Adapter, Glimpse, Item, Mapped, Record, Rejected

_DETAIL = (
    "a Feast log holds features and no prediction: ingest the prediction log that has the same "
    "request ids, with the features in it"
)


def _recognises(glimpse: Glimpse) -> bool:
    columns = set(glimpse.columns)
    return {"__log_timestamp", "__request_id"} <= columns and any(
        name.endswith("__status") for name in columns
    )


def _read(_: Record, __: Mapped) -> Iterable[Item]:
    yield Rejected("no_prediction", _DETAIL)


ADAPTER = Adapter(
    name="feast",
    title="Feast feature log",
    recognises=_recognises,
    read=_read,
)
