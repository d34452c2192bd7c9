"""Is a file a prediction log or a file of labels? Told from its columns."""

from __future__ import annotations

from collections.abc import Collection

from workbench.domain.card import ModelCard
from workbench.errors import LogFileError

PREDICTIONS, LABELS = "predictions", "labels"


def file_kind(names: Collection[str], card: ModelCard, given: str = "auto") -> str:
    """The kind of a file.

    A log has a timestamp and a prediction (binary: or a score); a label file has an id and a
    label and is not a log. A file that has neither is taken as a log, whose message about the
    missing column says more.

    Args:
        names: the file's columns.
        card: names the columns.
        given: `predictions` or `labels` to decide it, `auto` to look.
    """
    columns = card.columns
    predicts = columns.prediction in names or (
        card.model.task == "binary" and columns.score in names
    )
    is_labels = given == LABELS or (
        given == "auto"
        and not (predicts and columns.timestamp in names)
        and columns.label in names
        and (not columns.prediction_id or columns.prediction_id in names)
    )
    return LABELS if is_labels else PREDICTIONS


def require_joinable(kind: str, card: ModelCard) -> None:
    """Refuses labels for a log that has no ids.

    Raises:
        LogFileError: the file is of labels, and the card says that the log has no ids.
    """
    if kind == LABELS and not card.columns.prediction_id:
        raise LogFileError(
            f"the log of {card.name} has no prediction ids, so labels cannot be joined to it",
            "Export an id with each prediction and name it under [columns] prediction_id.",
        )
