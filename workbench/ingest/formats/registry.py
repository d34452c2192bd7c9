"""Which format is a file in? The list of all export formats, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable

from workbench.domain.card import ModelCard
from workbench.domain.toml_tables import nearest
from workbench.errors import CardError, LogFileError
from workbench.ingest.formats import (
    app_json,
    arize,
    azureml,
    bentoml,
    databricks,
    evidently,
    feast,
    fiddler,
    kserve,
    kserve_blobs,
    mlserver,
    nannyml,
    nannyml_targets,
    otlp,
    sagemaker_capture,
    sagemaker_ground_truth,
    seldon,
    tf_serving,
    vertex,
    wandb,
    wide_table,
)
from workbench.ingest.formats.adapter import LABELS, PREDICTIONS, Adapter, Glimpse
from workbench.store.source import FORMATS

ADAPTERS: tuple[Adapter, ...] = (
    sagemaker_ground_truth.ADAPTER,
    sagemaker_capture.ADAPTER,
    kserve.ADAPTER,
    kserve_blobs.ADAPTER,
    seldon.ADAPTER,
    azureml.ADAPTER,
    databricks.ADAPTER,
    vertex.ADAPTER,
    mlserver.ADAPTER,
    tf_serving.ADAPTER,
    otlp.ADAPTER,
    wandb.ADAPTER,
    bentoml.ADAPTER,
    app_json.ADAPTER,
    feast.ADAPTER,
    evidently.ADAPTER,
    nannyml.ADAPTER,
    nannyml_targets.ADAPTER,
    arize.ADAPTER,
    fiddler.ADAPTER,
    wide_table.ADAPTER,
)
"""In the order in which they are asked: the first that recognises a file reads it."""

BY_NAME = {adapter.name: adapter for adapter in ADAPTERS}
AUTO = "auto"


def format_names() -> tuple[str, ...]:
    """Everything that `--format` takes, the canonical formats first."""
    return (AUTO, *FORMATS, *BY_NAME)


def require_format(name: str) -> None:
    """Refuses a format that is not known.

    Raises:
        LogFileError: there is none of this name.
    """
    if name not in format_names():
        raise LogFileError(
            f"there is no format {name!r}", f"Known formats: {', '.join(format_names())}."
        )


def require_own_format(card: ModelCard) -> None:
    """Refuses a card whose own log is of a format that is not known.

    Raises:
        CardError: there is none of this name.
    """
    name = card.source.format
    if name not in format_names():
        close = nearest(name, format_names())
        raise CardError(
            f"the card of {card.name}: there is no [source] format {name!r}",
            f"The nearest is {close!r}." if close else f"Write one of {', '.join(format_names())}.",
        )


def recognise(
    glimpse: Callable[[], Glimpse], card: ModelCard, given: str = AUTO, kind: str = AUTO
) -> Adapter | None:
    """The adapter that reads a file; None for a table in the card's own columns.

    Args:
        glimpse: gives the beginning of the file; called only when it has to be looked at.
        card: names the columns, and the format that its own log has.
        given: a format by name, or `auto`.
        kind: `predictions` or `labels` when the user says so, else `auto`.
    """
    if given != AUTO:
        return BY_NAME.get(given)
    seen = glimpse()
    is_canonical = _is_canonical(seen, card, kind)
    if is_canonical and card.source.format == seen.container:
        return None
    fitting = [a for a in ADAPTERS if kind in (AUTO, a.kind)]
    own = [a for a in fitting if a.name == card.source.format]
    structured = [a for a in fitting if not a.is_flat]
    flat = [] if is_canonical else [a for a in fitting if a.is_flat]
    return next((a for a in (*own, *structured, *flat) if a.recognises(seen)), None)


def _is_canonical(glimpse: Glimpse, card: ModelCard, kind: str) -> bool:
    """Whether a table has the columns that the card needs, of a log or of a label file."""
    columns = card.columns
    names = set(glimpse.columns)
    has_id = not columns.prediction_id or columns.prediction_id in names
    predicts = columns.prediction in names or (
        card.model.task == "binary" and columns.score in names
    )
    is_log = has_id and columns.timestamp in names and predicts
    is_labels = has_id and bool(columns.prediction_id) and columns.label in names
    return (kind != LABELS and is_log) or (kind != PREDICTIONS and is_labels)
