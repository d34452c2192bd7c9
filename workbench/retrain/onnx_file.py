"""What does an ONNX model say of logged rows? By onnxruntime, where it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.domain.card import ModelCard
from workbench.domain.classes import class_name
from workbench.domain.names import shown
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import FeatureColumn
from workbench.errors import ArtifactError
from workbench.retrain.inputs import model_inputs
from workbench.retrain.outputs import Scorer, no_outputs, outputs

if TYPE_CHECKING:
    import polars as pl

_TYPES = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64",
    "tensor(int32)": "int32", "tensor(bool)": "bool",
}  # fmt: skip


def onnx_scorer(
    path: Path,
    name: str,
    card: ModelCard,
    features: Sequence[FeatureColumn],
    rules: OutcomeRules,
) -> Scorer:
    """The model of an ONNX file, on one thread.

    It has one input of all features in the card's order (numbers only), or one input a feature
    under its name. Its outputs are told apart by their form: a floating-point table or a list of
    maps is the probabilities, the other one the prediction; `[source] prediction` and `score`
    name them where there are several. The classes of a table are those of `[source] classes`, or
    for a binary model the negative and then the positive one.

    Args:
        path: the file.
        name: how it is called in messages.
        card: the names of outputs and classes, and the threshold.
        features: the card's.
        rules: the card's, resolved.

    Raises:
        ArtifactError: onnxruntime is not installed, or the file cannot be read. The function
            raises it where the model does not fit the rows.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ArtifactError(
            f"{shown(name)} is an ONNX model, and onnxruntime is not installed",
            "Install it beside workbench: pip install onnxruntime, or its extra onnx.",
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    # What onnxruntime raises has no base of its own.
    except Exception as error:
        raise ArtifactError(
            f"{shown(name)} cannot be loaded: {shown(error, 200)}", "Export the model again."
        ) from error

    def score(frame: pl.DataFrame) -> pl.DataFrame:
        if not frame.height:
            return no_outputs(card, rules)
        given = _given(session, model_inputs(frame, features))
        try:
            found = session.run(None, given)
        except Exception as error:
            said = "" if card.privacy.is_any else f": {shown(error, 200)}"
            raise ArtifactError(
                f"{shown(name)} cannot score the rows{said}",
                "Check that the card's features are those that the model was exported with.",
            ) from error
        named = dict(zip((one.name for one in session.get_outputs()), found, strict=True))
        prediction, scores = _told_apart(named, frame.height, card, rules)
        return outputs(frame, prediction, scores, card, rules)

    return score


def _given(session: Any, table: pl.DataFrame) -> dict[str, Any]:
    import polars as pl

    wanted = session.get_inputs()
    if len(wanted) == 1 and wanted[0].name not in table.columns:
        texts = [name for name, kind in table.schema.items() if kind == pl.String]
        if texts:
            raise ArtifactError(
                f"the model has one input of numbers, and {texts[0]!r} is text",
                "Export it with one input a feature.",
            )
        return {wanted[0].name: table.to_numpy().astype(_TYPES.get(wanted[0].type, "float32"))}
    given = {}
    for one in wanted:
        if one.name not in table.columns:
            raise ArtifactError(
                f"the model has an input {shown(one.name)!r}, which is no feature",
                "Export it with one input a feature, under the feature's name.",
            )
        column = table[one.name]
        if one.type == "tensor(string)":
            if column.dtype != pl.String:
                column = column.cast(pl.Int64, strict=False).cast(pl.String)
            values = column.fill_null("").to_numpy().astype(object)
        else:
            kind = _TYPES.get(one.type, "float32")
            missing = float("nan") if kind.startswith("float") else 0.0
            values = column.cast(pl.Float64, strict=False).fill_null(missing).to_numpy()
            values = values.astype(kind)
        given[one.name] = values.reshape(-1, 1) if len(one.shape) != 1 else values
    return given


def _told_apart(
    named: dict[str, Any], rows: int, card: ModelCard, rules: OutcomeRules
) -> tuple[pl.Series | None, dict[str, pl.Series]]:
    scored = card.source.score if card.source.score in named else None
    said = card.source.prediction if card.source.prediction in named else None
    if rules.is_classification and scored is None:
        scored = next((n for n, v in named.items() if n != said and _is_scores(v)), None)
    if said is None:
        said = next((n for n in named if n != scored), None)
    prediction = None if said is None else _series(named[said], rows)
    if scored is None or not rules.is_classification:
        return prediction, {}
    return prediction, _scores(named[scored], rows, card, rules)


def _is_scores(value: Any) -> bool:
    import numpy as np

    if isinstance(value, list):
        return bool(value) and isinstance(value[0], dict)
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _series(value: Any, rows: int) -> pl.Series:
    import numpy as np
    import polars as pl

    array = np.asarray(value)
    if array.size != rows:
        raise ArtifactError(
            f"the model gives an output of shape {array.shape} for {rows} rows",
            "It must give one prediction a row; name it as [source] prediction.",
        )
    return pl.Series(array.reshape(rows).tolist())


def _scores(value: Any, rows: int, card: ModelCard, rules: OutcomeRules) -> dict[str, pl.Series]:
    import numpy as np
    import polars as pl

    if isinstance(value, list):
        names = {key: class_name(key) for key in value[0]}
        return {
            name: pl.Series([row[key] for row in value], dtype=pl.Float64)
            for key, name in names.items()
            if name is not None
        }
    table = np.asarray(value, dtype=float).reshape(rows, -1)
    if rules.task == "binary" and table.shape[1] == 1:
        return {rules.positive_class: pl.Series(table[:, 0])}
    classes = [class_name(name) or "" for name in card.source.classes]
    if not classes and rules.task == "binary":
        classes = [rules.negative_class, rules.positive_class]
    if len(classes) != table.shape[1]:
        return {}
    return {name: pl.Series(table[:, place]) for place, name in enumerate(classes)}
