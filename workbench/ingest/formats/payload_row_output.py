"""What is one row's output? A class, a number, a score, or probabilities in a known order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workbench.domain.classes import class_name
from workbench.ingest.formats.adapter import Mapped
from workbench.ingest.formats.payload_values import (
    PayloadError,
    id_text,
    is_list,
    is_scalar,
    kind_of,
    number,
    number_in,
    share,
)

_PREDICTION_NAMES = (
    "predicted_label", "prediction", "predict", "label", "class", "predicted_class", "output_label",
)  # fmt: skip
_SCORE_NAMES = (
    "score", "probability", "probabilities", "scores", "predict_proba", "output_probability",
)  # fmt: skip
_CLASS_NAMES = "classes"
_SUM_TOLERANCE = 0.01
_FILL_CLASSES = "give their order in the card under [source] classes"


@dataclass(frozen=True)
class Output:
    """What the model said of one row, as far as the response tells."""

    prediction: Any = None
    score: float | None = None
    """P(positive class), binary only."""
    probabilities: Mapping[str, float] = field(default_factory=dict)
    """Multiclass: class to probability."""


def output_of(value: Any, mapped: Mapped) -> Output:
    """One row's output: a class, a number, a list of probabilities, or an object with names.

    Raises:
        PayloadError: it is none of them, or says nothing.
    """
    value = _unnested(value)
    if isinstance(value, Mapping):
        return _named(value, mapped)
    if is_list(value):
        return _probabilities(value, mapped.classes, mapped)
    return _lone(value, mapped)


def reads_by_name(row: Mapping[str, Any], mapped: Mapped) -> bool:
    """Whether the names of an output's parts tell what they are."""
    return (
        _mapped(mapped.prediction, row) is not None
        or _mapped(mapped.score, row) is not None
        or _first(row, _PREDICTION_NAMES) is not None
        or _first(row, _SCORE_NAMES) is not None
        or _is_by_class(row, mapped)
    )


def _lone(value: Any, mapped: Mapped) -> Output:
    """A lone number or text is a prediction; a fraction between 0 and 1 a binary score."""
    if mapped.task == "regression":
        return Output(prediction=number(value, "the prediction"))
    if mapped.output == "score":
        if mapped.task == "multiclass":
            raise PayloadError("a lone score does not say whose it is among several classes")
        return Output(score=share(value, "the score"))
    if mapped.output == "prediction" or mapped.task == "multiclass":
        return Output(prediction=_class(value))
    found = None if isinstance(value, bool) else _as_number(value)
    if found is None or found.is_integer():
        return Output(prediction=_class(value))
    return Output(score=share(value, "the score"))


def _as_number(value: Any) -> float | None:
    return number_in(value) if isinstance(value, str) else number(value, "the output")


def _class(value: Any) -> Any:
    """A predicted class as it was logged.

    Raises:
        PayloadError: it cannot be a class.
    """
    if isinstance(value, str) and value.strip():
        return value.strip()
    if isinstance(value, bool) or id_text(value) is not None:
        return value
    raise PayloadError(f"the prediction is {kind_of(value)} that is no class")


def _named(row: Mapping[str, Any], mapped: Mapped) -> Output:
    if not reads_by_name(row, mapped):
        if len(row) == 1:
            value = _unnested(next(iter(row.values())))
            if not isinstance(value, Mapping):
                return output_of(value, mapped)
        raise PayloadError(
            "the output has several parts: name the prediction and the score in the card under"
            " [source] prediction and score"
            if row
            else "the output is empty"
        )
    if _is_by_class(row, mapped):
        return _by_class(row, mapped)
    prediction_name = _mapped(mapped.prediction, row)
    score_name = _mapped(mapped.score, row)
    prediction_name = prediction_name or _first(row, _PREDICTION_NAMES, score_name)
    score_name = score_name or _first(row, _SCORE_NAMES, prediction_name)
    prediction = _unnested(row[prediction_name]) if prediction_name else None
    if score_name is None:
        is_told = prediction_name == mapped.prediction or isinstance(prediction, Mapping)
        return _prediction(prediction, mapped) if is_told else output_of(prediction, mapped)
    scored = _scored(row[score_name], row, mapped, alone=prediction is None)
    if prediction is None:
        return scored
    stated = _prediction(prediction, mapped)
    return Output(stated.prediction, scored.score, scored.probabilities)


def _mapped(name: str, row: Mapping[str, Any]) -> str | None:
    """The name that the card gives an output, if the output has it."""
    return name if name and name in row else None


def _first(row: Mapping[str, Any], names: Sequence[str], but: str | None = None) -> str | None:
    return next((name for name in names if name != but and row.get(name) is not None), None)


def _unnested(value: Any) -> Any:
    while is_list(value) and len(value) == 1:
        value = value[0]
    return value


def _prediction(value: Any, mapped: Mapped) -> Output:
    if mapped.task == "regression":
        return Output(prediction=number(value, "the prediction"))
    return Output(prediction=_class(value))


def _scored(value: Any, row: Mapping[str, Any], mapped: Mapped, *, alone: bool) -> Output:
    """A score, or probabilities in the order that the row itself or the card gives."""
    value = _unnested(value)
    if mapped.task == "regression":
        return Output(prediction=number(value, "the prediction")) if alone else Output()
    if isinstance(value, Mapping):
        return _by_class(value, mapped)
    if is_list(value):
        own = row.get(_CLASS_NAMES)
        return _probabilities(value, mapped.classes if own is None else _classes(own), mapped)
    if mapped.task == "binary":
        return Output(score=share(value, "the score"))
    if alone:
        raise PayloadError("a lone score does not say whose it is among several classes")
    share(value, "the score")
    return Output()


def _classes(value: Any) -> Sequence[str]:
    names = [class_name(_class(name)) for name in value] if is_list(value) else []
    if not names:
        raise PayloadError("the classes are no list of classes")
    return [name or "" for name in names]


def _is_by_class(row: Mapping[str, Any], mapped: Mapped) -> bool:
    """Whether the keys of an object are the classes and its values their probabilities."""
    if mapped.task == "regression" or len(row) < 2 or not all(map(is_scalar, row.values())):
        return False
    keys = {class_name(key) for key in row}
    if mapped.classes:
        return keys == {class_name(name) for name in mapped.classes}
    return mapped.task == "binary" and class_name(mapped.positive_class) in keys and len(row) == 2


def _by_class(row: Mapping[str, Any], mapped: Mapped) -> Output:
    return _probabilities(list(row.values()), [class_name(key) or "" for key in row], mapped)


def _probabilities(values: Sequence[Any], classes: Sequence[str], mapped: Mapped) -> Output:
    """The probabilities of one row.

    Raises:
        PayloadError: they are no distribution, or nothing says which class each is of.
    """
    if mapped.task == "regression":
        raise PayloadError(f"{len(values)} numbers for one row of a regression")
    shares = [share(value, "a probability") for value in values]
    if abs(sum(shares) - 1.0) > _SUM_TOLERANCE + 1e-9:
        raise PayloadError("the probabilities do not sum to 1")
    names = [class_name(name) or "" for name in classes]
    if not names and mapped.task == "binary" and len(shares) == 2:
        return Output(score=shares[1])
    if not names:
        raise PayloadError(f"{len(shares)} probabilities without classes: {_FILL_CLASSES}")
    if len(names) != len(shares) or len(set(names)) != len(names):
        raise PayloadError(f"{len(shares)} probabilities and {len(names)} classes: {_FILL_CLASSES}")
    by_class = dict(zip(names, shares, strict=True))
    if mapped.task == "multiclass":
        return Output(prediction=max(by_class, key=by_class.__getitem__), probabilities=by_class)
    positive = by_class.get(class_name(mapped.positive_class) or "")
    if positive is None or len(shares) != 2:
        raise PayloadError(f"the positive class is not one of two classes: {_FILL_CLASSES}")
    return Output(score=positive)
