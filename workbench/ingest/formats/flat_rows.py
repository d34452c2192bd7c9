"""What does a row say, once it is known which of its columns plays which part?"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from workbench.domain.classes import class_name
from workbench.ingest.formats.adapter import Mapped, Prediction, Rejected
from workbench.ingest.formats.cells import (
    decoded,
    identifier,
    is_blank,
    moment,
    number,
    probability,
)
from workbench.ingest.formats.payload import Output, PayloadError, malformed, output_of
from workbench.ingest.formats.payload_values import is_list

_DIGIT = 0.005
"""How far a probability written with two digits may be off."""

NO_PREDICTION = "neither a prediction nor a score can be read"


@dataclass(frozen=True)
class Parts:
    """Which column plays which part; None where there is none."""

    id: str | None = None
    timestamp: str | None = None
    prediction: str | None = None
    score: str | None = None
    """The score, or a list of probabilities."""
    label: str | None = None
    version: str | None = None
    classes: Mapping[str, str] = field(default_factory=dict)
    """Column of a class's probability to the class."""

    @cached_property
    def columns(self) -> frozenset[str]:
        """Every column that plays a part."""
        single = (self.id, self.timestamp, self.prediction, self.score, self.label, self.version)
        return frozenset(name for name in single if name is not None) | set(self.classes)


def read_row(
    row: Mapping[str, Any],
    parts: Parts,
    mapped: Mapped,
    *,
    features: Mapping[str, Any] | None = None,
    ignored: AbstractSet[str] = frozenset(),
    version: str | None = None,
) -> Prediction | Rejected:
    """The prediction of a row, or why it is none.

    Args:
        row: column to value.
        parts: which column is what.
        mapped: the model's features, task and classes.
        features: the features, where the record holds them apart; else the other columns.
        ignored: columns to leave out.
        version: of the model, where the row has no column of it.
    """
    usual, parts = parts, _as_told(parts, row, mapped)

    def cell(name: str | None) -> Any:
        return None if name is None else row.get(name)

    per_class = {name: row.get(column) for column, name in parts.classes.items()}
    try:
        found = outcome(cell(parts.prediction), cell(parts.score), mapped, per_class)
    except PayloadError as error:
        return malformed(error)
    if found is None:
        return Rejected("unreadable_prediction", NO_PREDICTION)
    spoken = usual.columns | parts.columns | ignored
    if features is None:
        features = {
            name: value
            for name, value in row.items()
            if (name in mapped.known if mapped.known else name not in spoken)
        }
    used = parts.columns | ignored | features.keys()
    extras = {name: value for name, value in row.items() if name not in used}
    id_ = identifier(cell(parts.id))
    own = identifier(features.get(mapped.id, row.get(mapped.id))) if mapped.id else None
    if own is not None and mapped.id != parts.id:
        features = {name: value for name, value in features.items() if name != mapped.id}
        extras.pop(mapped.id, None)
        extras |= {parts.id: id_} if parts.id and id_ is not None else {}
    label = cell(parts.label)
    return Prediction(
        id=own or id_,
        timestamp=moment(cell(parts.timestamp)),
        features=dict(features),
        prediction=found.prediction,
        score=found.score,
        probabilities=found.probabilities,
        label=None if is_blank(label) else label,
        version=identifier(cell(parts.version)) or version,
        extras=extras,
    )


def _as_told(parts: Parts, row: Mapping[str, Any], mapped: Mapped) -> Parts:
    """The parts, with the columns that the card names itself."""
    if not (mapped.prediction or mapped.score):
        return parts
    return replace(
        parts,
        prediction=mapped.prediction if mapped.prediction in row else parts.prediction,
        score=mapped.score if mapped.score in row else parts.score,
    )


def outcome(
    prediction: Any, score: Any, mapped: Mapped, per_class: Mapping[str, Any] | None = None
) -> Output | None:
    """What a record's own words for prediction, score and probabilities come to.

    A list is probabilities. A lone number beside no score is whatever `output_of` takes it for,
    but a prediction that stands beside a score is kept as it is written. None: nothing that
    stands there can be read.

    Raises:
        PayloadError: a probability outside 0..1, probabilities that do not sum to 1, or a list
            that is none.
    """
    spread = _per_class(per_class, mapped) if per_class else None
    graded = _graded(decoded(score), mapped)
    said = _said(decoded(prediction), mapped, has_score=bool(spread or graded))
    outputs = [output for output in (spread, graded, said) if output is not None]
    chances = next((o.probabilities for o in outputs if o.probabilities), {})
    found = Output(
        prediction=next(
            (o.prediction for o in reversed(outputs) if not is_blank(o.prediction)), None
        ),
        score=next((o.score for o in outputs if o.score is not None), None),
        probabilities=chances,
    )
    return None if found.prediction is None and found.score is None else found


def _said(told: Any, mapped: Mapped, *, has_score: bool) -> Output | None:
    if is_list(told) or isinstance(told, Mapping):
        return output_of(told, mapped)
    if is_blank(told) or not isinstance(told, str | int | float | Decimal):
        return None
    read = number(told)
    if read is None and (mapped.task == "regression" or isinstance(told, float | Decimal)):
        return None
    if mapped.task == "regression":
        return Output(prediction=told)
    if has_score or read is None:
        return Output(prediction=told)
    taken = output_of(read, mapped)
    return taken if taken.prediction is None else Output(prediction=told)


def _graded(score: Any, mapped: Mapped) -> Output | None:
    if is_list(score) or isinstance(score, Mapping):
        return output_of(score, mapped)
    if mapped.task == "regression":
        read = number(score)
        return None if read is None else Output(prediction=read)
    chance = probability(score)
    # Of several classes one number does not say whose it is.
    return None if chance is None or mapped.task != "binary" else Output(score=chance)


def _per_class(values: Mapping[str, Any], mapped: Mapped) -> Output | None:
    read = {class_name(name) or name: probability(value) for name, value in values.items()}
    chances = {name: chance for name, chance in read.items() if chance is not None}
    if not chances or len(chances) < len(values):
        return None
    if len(chances) > 1 and abs(sum(chances.values()) - 1.0) > max(0.01, _DIGIT * len(chances)):
        raise PayloadError("the probabilities of the classes do not sum to 1")
    if mapped.task == "multiclass":
        return Output(prediction=max(chances, key=chances.__getitem__), probabilities=chances)
    positive = chances.get(class_name(mapped.positive_class) or "")
    return None if positive is None or mapped.task != "binary" else Output(score=positive)
