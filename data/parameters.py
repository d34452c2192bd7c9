"""What is to be done? `params.yaml`, read once and typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


@dataclass(frozen=True)
class Fault:
    """The injected fault: `column` of `carrier` times `factor`, from the day `since` on."""

    model: str
    column: str
    carrier: str
    since: date
    factor: int


@dataclass(frozen=True)
class Parameters:
    """What the stages do for one model."""

    model: str
    target: str
    tolerance: float
    moment: str
    features: tuple[str, ...]
    logged: tuple[str, ...]
    predictions_format: str
    labels_format: str
    training_start: date
    training_end: date
    seed: int
    holdout_every: int
    holdout_offset: int
    recipe_params: dict[str, Any]
    label_days: int
    label_hour: int
    fault: Fault | None
    """Null when the fault is another model's."""


def model_names(path: Path = Path("params.yaml")) -> tuple[str, ...]:
    """The models of the file, in its order."""
    return tuple(YAML(typ="safe").load(path)["models"])


def load_parameters(model: str, path: Path = Path("params.yaml")) -> Parameters:
    """The parameters of `model`.

    Raises:
        SystemExit: there is no such model in the file.
    """
    document = YAML(typ="safe").load(path)
    if model not in document["models"]:
        raise SystemExit(f"{path} has no model {model!r}, only {', '.join(document['models'])}")
    own, training, export = document["models"][model], document["training"], document["export"]
    fault = document["fault"]
    return Parameters(
        model=model,
        target=own["target"],
        tolerance=float(own["tolerance"]),
        moment=own["moment"],
        features=tuple(own["features"]),
        logged=tuple(own["logged"]),
        predictions_format=own["predictions"],
        labels_format=own["labels"],
        training_start=date.fromisoformat(training["start"]),
        training_end=date.fromisoformat(training["end"]),
        seed=training["seed"],
        holdout_every=training["holdout_every"],
        holdout_offset=training["holdout_offset"],
        recipe_params=dict(training["params"]),
        label_days=export["label_days"],
        label_hour=export["label_hour"],
        fault=Fault(**{**fault, "since": date.fromisoformat(fault["since"])})
        if fault["model"] == model
        else None,
    )
