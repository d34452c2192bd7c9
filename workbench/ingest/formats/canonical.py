"""How does what an adapter says become a row of the card's own columns?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.domain.card import ModelCard
from workbench.domain.classes import class_name
from workbench.ingest.formats.adapter import Label, Mapped, Prediction

POSITION = "wb_position"
"""The column of a translated row that says where in the export it stood."""
LABEL_TIME = "label_timestamp"
_TAKEN = (POSITION, LABEL_TIME, "file_row_number")
_MOST_NAMES = 10_000


@dataclass(frozen=True)
class Naming:
    """Which column each part of the vocabulary goes to."""

    card: ModelCard
    reserved: frozenset[str]
    """Columns with a part of their own, in lower case: nothing else may have these names."""
    fillable: frozenset[str]
    """Of these, what a feature or an extra of the same name stands for where the log's own
    words do not say it."""
    names: dict[str, str] = field(default_factory=dict)
    """Names of the log to columns, as far as they have been seen."""

    def column(self, name: str) -> str:
        """The column that a feature or an extra of the log goes to."""
        found = self.names.get(name)
        if found is None:
            found = self.card.source.rename.get(name, name)
            if found.lower() in self.reserved and found not in self.fillable:
                found = self.free(found)
            if len(self.names) < _MOST_NAMES:
                self.names[name] = found
        return found

    def free(self, name: str, row: Mapping[str, Any] | None = None) -> str:
        """A name like this that is nobody's."""
        while name.lower() in self.reserved or (row is not None and name in row):
            name += "_"
        return name


def naming_of(card: ModelCard) -> Naming:
    """Where the columns of a card's log are."""
    c = card.columns
    score = (c.score,) if card.model.task == "binary" else ()
    own = (c.prediction_id, c.timestamp, c.prediction, c.label, c.model_version, c.role, *score)
    return Naming(
        card,
        frozenset(name.lower() for name in (*own, *_TAKEN) if name),
        frozenset(name for name in (c.label, c.model_version, c.role) if name),
    )


def mapped_of(card: ModelCard, features: tuple[str, ...]) -> Mapped:
    """What adapters are told: the card's `[source]`, and the model's features.

    Args:
        card: the card.
        features: names of the model's features; the log's own names for them are known too.
    """
    source = card.source
    return Mapped(
        features=source.features,
        classes=source.classes,
        positive_class=card.bad_prediction.positive_class,
        task=card.model.task,
        prediction=source.prediction,
        score=source.score,
        id=source.id,
        output=source.output,
        known=frozenset((*features, *source.rename)),
    )


def prediction_row(
    prediction: Prediction, position: int, naming: Naming, default_time: Any = None
) -> dict[str, Any]:
    """A prediction as a row of the card's columns.

    Args:
        prediction: what the log says.
        position: where it stood.
        naming: of the card.
        default_time: stands for a time that the record does not have.
    """
    columns = naming.card.columns
    timestamp = prediction.timestamp if prediction.timestamp is not None else default_time
    # These three are always there, so that the file has the columns.
    row: dict[str, Any] = {
        POSITION: position,
        columns.timestamp: timestamp,
        columns.prediction_id: prediction.id,
        columns.prediction: prediction.prediction,
    }
    parts = (
        (columns.label, prediction.label),
        (columns.model_version, prediction.version),
        (columns.role, prediction.role),
        (LABEL_TIME, prediction.label_timestamp),
    )
    row.update((name, value) for name, value in parts if name and value is not None)
    row.pop("", None)  # parts that the card says the log does not have
    if columns.score:
        _put_scores(row, prediction, columns.score, naming)
    for name, value in prediction.features.items():
        _put(row, naming.column(str(name)), value, naming)
    for name, value in prediction.extras.items():
        if value is not None:
            _put(row, naming.column(str(name)), value, naming)
    return row


def label_row(label: Label, position: int, naming: Naming) -> dict[str, Any]:
    """An outcome as a row of a label file."""
    columns = naming.card.columns
    row = {POSITION: position, columns.prediction_id: label.id, columns.label: label.label}
    if label.timestamp is not None:
        row[LABEL_TIME] = label.timestamp
    return row


def _put_scores(row: dict[str, Any], prediction: Prediction, score: str, naming: Naming) -> None:
    task = naming.card.model.task
    if task == "binary" and prediction.score is not None:
        row[score] = prediction.score
    elif task == "multiclass":
        for name, value in prediction.probabilities.items():
            row[f"{score}_{class_name(name) or name}"] = value


def _put(row: dict[str, Any], name: str, value: Any, naming: Naming) -> None:
    if name in row:
        name = naming.free(name, row)
    row[name] = value
