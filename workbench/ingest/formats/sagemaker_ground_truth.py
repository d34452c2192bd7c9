"""Which labels did SageMaker collect? Ground truth, under the hour in which it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workbench.ingest.formats.adapter import (
    LABELS,
    Adapter,
    Glimpse,
    Item,
    Label,
    Mapped,
    Record,
)
from workbench.ingest.formats.dated_path import dated_path
from workbench.ingest.formats.payload import PayloadError, malformed, row_id
from workbench.ingest.formats.sagemaker_data import decoded, event_ids


def recognises(glimpse: Glimpse) -> bool:
    """Whether the records are labels without predictions."""
    return any(
        isinstance(record.get("groundTruthData"), Mapping)
        and "eventMetadata" in record
        and "captureData" not in record
        for record in glimpse.records
    )


def read(record: Record, mapped: Mapped) -> Iterable[Item]:  # noqa: ARG001
    """The labels of one event: one for each row that its request had."""
    callers, platforms = event_ids(record.value)
    # The documented key is eventId, whichever id it holds; some producers write inferenceId.
    id = platforms or callers  # noqa: A001
    if id is None:
        return [malformed("no eventId")]
    try:
        labels = decoded(record.value.get("groundTruthData"), "ground truth").cells()
    except PayloadError as problem:
        return [malformed(problem)]
    path = dated_path(record.path)
    items: list[Item] = []
    for index, label in enumerate(labels):
        if isinstance(label, str | int | float) and str(label).strip():
            own = row_id(id, index, len(labels))
            items.append(Label(own, label, path.hour if path else None))
        else:
            items.append(malformed("an empty label"))
    return items


ADAPTER = Adapter(
    name="sagemaker_ground_truth",
    title="SageMaker ground truth",
    recognises=recognises,
    read=read,
    kind=LABELS,
)
