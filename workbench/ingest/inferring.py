"""What card fits a reference table? Columns, task and rule guessed, each guess with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.domain.card import BadPrediction, Columns, Identity, ModelCard, Reference, Training
from workbench.errors import CardError, ReferenceTableError
from workbench.store.connections import StoreHome
from workbench.store.reference_shape import role_columns, score_columns
from workbench.store.summaries import ColumnSummary, summarise

_NAMES: dict[str, tuple[str, ...]] = {
    "prediction_id": ("prediction_id", "id", "row_id", "request_id", "event_id", "uuid"),
    "timestamp": (
        "timestamp", "prediction_timestamp", "ts", "time", "datetime", "event_time", "request_time",
        "created_at", "date",
    ),
    "prediction": ("prediction", "predicted", "y_pred", "pred", "prediction_label", "prediction_value"),
    "score": ("score", "y_pred_proba", "probability", "proba", "prediction_score", "y_score", "prob"),
    "label": (
        "label", "target", "y_true", "actual", "truth", "ground_truth", "outcome", "y",
        "actual_label",
    ),
    "model_version": ("model_version", "version"),
    "role": ("role",),
}  # fmt: skip
_MOST_CLASSES = 20


@dataclass(frozen=True)
class InferredCard:
    """A card made from a reference, and why it says what it says."""

    card: ModelCard
    notes: dict[str, str] = field(default_factory=dict)
    """Key of the card (`section.key`) to the reason."""
    features: tuple[str, ...] = ()
    """The reference's columns that are features, in order."""
    classes: tuple[str, ...] = ()
    """The classes that the reference's labels name, or its predictions; empty for numbers."""


def infer_card(
    home: StoreHome,
    name: str,
    reference: Path,
    *,
    reference_path: str,
    task: str | None = None,
    training_path: str | None = None,
    artifact: str | None = None,
) -> InferredCard:
    """The card that a reference table suggests, for the user to edit.

    Args:
        home: whose memory limit applies.
        name: the model's name.
        reference: the file.
        reference_path: how the card names it, relative to the workspace.
        task: what it predicts, when the user says so.
        training_path: the training table, relative to the workspace.
        artifact: the champion, as the card names it.

    Raises:
        ReferenceTableError: the file is no table, or has no rows or no feature.
        CardError: the task cannot be told.
    """
    summaries = {summary.name: summary for summary in summarise(home, reference)}
    if not summaries or all(s.rows == 0 for s in summaries.values()):
        raise ReferenceTableError(f"{reference.name} has no rows", "Export it with labelled rows.")
    found = {role: _pick(names, summaries) for role, names in _NAMES.items()}
    notes: dict[str, str] = {}
    for role, column in found.items():
        if column is None and role in ("label", "prediction", "timestamp"):
            notes[f"columns.{role}"] = _absence(role)
    label = summaries.get(found["label"] or "")
    prediction = summaries.get(found["prediction"] or "")
    chosen, why = (task, "as given") if task else _task(label or prediction, found["score"])
    notes["model.task"] = why
    positive = _positive_class(label or prediction)
    if chosen == "binary":
        outcome = label or prediction
        notes["bad_prediction.positive_class"] = (
            f"the classes of {outcome.name} are {_listed(outcome.values)}"
            if outcome is not None
            else "no label or prediction to tell the classes from"
        )
    if chosen == "regression":
        notes["bad_prediction.tolerance"] = (
            "0: the 90th percentile of the reference's own errors; say what is bad for you"
        )
    given: dict[str, Any] = {role: column for role, column in found.items() if column is not None}
    columns = Columns(**given)
    known = {*role_columns(columns), *score_columns(list(summaries), columns, chosen)}
    if not set(summaries) - known:
        raise ReferenceTableError(
            f"{reference.name} has no feature column",
            "Export it with the model's inputs, in the columns of the log.",
        )
    card = ModelCard(
        model=Identity(name=name, task=chosen, artifact=artifact or ""),
        columns=columns,
        bad_prediction=BadPrediction(positive_class=positive if chosen == "binary" else "1"),
        reference=Reference(data=reference_path),
        training=Training(data=training_path) if training_path else Training(),
    )
    features = tuple(name for name in summaries if name not in known)
    outcome = label or prediction
    named = outcome.values if outcome is not None and chosen != "regression" else ()
    return InferredCard(card, notes, features, named)


def _pick(names: Sequence[str], summaries: dict[str, ColumnSummary]) -> str | None:
    lowered = {column.lower(): column for column in reversed(list(summaries))}
    return next((lowered[name] for name in names if name in lowered), None)


def _task(outcome: ColumnSummary | None, score: str | None) -> tuple[str, str]:
    if outcome is None:
        if score is not None:
            return "binary", f"there is a score column ({score})"
        raise CardError(
            "the reference has neither a label nor a prediction, so the task cannot be told",
            "Say it: --task binary, multiclass or regression.",
        )
    if outcome.distinct <= 2:
        return "binary", f"{outcome.name} has {outcome.distinct} distinct values"
    if not outcome.is_number:
        return "multiclass", f"{outcome.name} is text with {outcome.distinct} distinct values"
    if (
        outcome.is_whole
        and outcome.distinct <= _MOST_CLASSES
        and outcome.distinct < outcome.rows / 20
    ):
        return "multiclass", f"{outcome.name} has {outcome.distinct} distinct whole numbers"
    return "regression", f"{outcome.name} is a number with {outcome.distinct} distinct values"


def _positive_class(outcome: ColumnSummary | None) -> str:
    values = outcome.values if outcome is not None else ()
    for usual in ("1", "yes", "Yes", "YES", "Y", "positive", "bad", "fraud"):
        if usual in values:
            return usual
    return values[-1] if values else "1"


def _absence(role: str) -> str:
    cost = {
        "label": "no rise of the bad rate can be judged: the reference's own rate is unknown",
        "prediction": "the reference's own bad rate and prediction drift are unknown",
        "timestamp": "the reference has no times: its figures have no period",
    }
    return f"the reference has no such column: {cost[role]}"


def _listed(values: Sequence[str]) -> str:
    return ", ".join(values[:6]) + (" ..." if len(values) > 6 else "")
