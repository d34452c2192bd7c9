"""What is a run to do? All that a worker needs, as JSON in the run's folder, with no path inside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workbench.domain.card import ModelCard
from workbench.domain.card_reading import SECTIONS
from workbench.domain.rules import OutcomeRules
from workbench.domain.run import FitNote
from workbench.domain.shape import FeatureColumn
from workbench.errors import WorkbenchError

PLAN, TRAIN, HOLDOUT = "plan.json", "train.parquet", "holdout.parquet"
"""The files of a run's folder: what is to be done, the rows to learn from, and those that judge."""

_FORMAT = "plan 1"


@dataclass(frozen=True)
class Challenger:
    """One way to train: which rows, how weighted, by which recipe."""

    number: int
    """From 1; where two do as well, the first is taken."""
    window: str
    """`incident`: rows since the onset alone; `older`: those before it; `all`: both."""
    weight: float
    """Of `all`: for how many older rows one of the incident stands."""
    recipe: str
    params: Mapping[str, Any]
    """All of them: the card's with this challenger's over them."""
    varied: Mapping[str, Any]
    """Those that differ from the card's."""
    seed: int

    def note(self) -> FitNote:
        """It, before anything was done."""
        return FitNote(
            self.number, self.window, self.weight, self.recipe, dict(self.varied), self.seed
        )


@dataclass(frozen=True)
class Limits:
    """What a run may take."""

    fit_seconds: float = 600.0
    """A fit that takes longer is stopped."""
    at_once: int = 2
    """Fits at the same time, one thread each."""
    memory_bytes: int = 0
    """That a fit may take at most, and Ray places it by; 0: a share of the machine's."""
    rows_choosing: int = 20_000
    """Rows of a fit that only chooses."""
    rows_most: int = 200_000
    """Rows of the last fit."""


@dataclass(frozen=True)
class RunPlan:
    """What a run is to do."""

    run: str
    model: str
    card: ModelCard
    features: tuple[FeatureColumn, ...]
    rules: OutcomeRules
    challengers: tuple[Challenger, ...]
    folds: tuple[float, ...]
    """When each part that chooses begins, in seconds since 1970; `wb_fold` counts from 1."""
    gap_seconds: float
    """How much older than such a beginning a row must be to be learned from."""
    seed: int
    """Of the resamplings."""
    champion: str
    version: str = ""
    """Of the candidate; empty: the next free one."""
    limits: Limits = field(default_factory=Limits)
    reference_bad_rate: float | None = None
    smallest_gain: float = 0.0
    """The smallest fall of the bad rate that matters."""
    monthly_predictions: float = 0.0
    data_path: str = ""
    """The training table, relative to the workspace."""
    data_md5: str = ""
    train_rows: int = 0
    """Of the training table."""
    code_revision: str = ""
    window: str = ""
    """In words."""
    verdict: int | None = None
    period: tuple[str, str] = ("", "")
    """Of the rows that judge, ISO 8601."""
    notes: tuple[str, ...] = ()

    @property
    def is_redesign(self) -> bool:
        """Whether another recipe than the card's is tried."""
        return any(one.recipe != self.card.training.recipe for one in self.challengers)

    def challenger(self, number: int) -> Challenger:
        """The one of that number."""
        return self.challengers[number - 1]


def plan_text(plan: RunPlan) -> str:
    """The plan as JSON."""
    document = asdict(plan)
    document["card"]["named"] = sorted(plan.card.named)
    return json.dumps({_FORMAT: document}, indent=1, sort_keys=True)


def plan_of(text: str) -> RunPlan:
    """The plan that a text says.

    Raises:
        WorkbenchError: it is no plan, or that of another version of the workbench.
    """
    try:
        parts = json.loads(text)[_FORMAT]
        return RunPlan(
            **{
                **parts,
                "card": _card(parts["card"]),
                "features": tuple(FeatureColumn(**one) for one in parts["features"]),
                "rules": OutcomeRules(
                    **{**parts["rules"], "segments": tuple(parts["rules"]["segments"])}
                ),
                "challengers": tuple(Challenger(**one) for one in parts["challengers"]),
                "folds": tuple(parts["folds"]),
                "limits": Limits(**parts["limits"]),
                "period": tuple(parts["period"]),
                "notes": tuple(parts["notes"]),
            }
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkbenchError(
            "the plan of the run cannot be read", "Start another: workbench retrain NAME."
        ) from error


def read_plan(folder: Path) -> RunPlan:
    """The plan in a run's folder.

    Raises:
        WorkbenchError: there is none that can be read.
    """
    try:
        return plan_of((folder / PLAN).read_text(encoding="utf-8"))
    except OSError as error:
        raise WorkbenchError(
            f"the plan of the run cannot be read: {error.strerror or error}",
            "Start another: workbench retrain NAME.",
        ) from error


def _card(document: Mapping[str, Any]) -> ModelCard:
    tables = {
        section: kind(
            **{
                name: tuple(value) if isinstance(value, list) else value
                for name, value in document[section].items()
            }
        )
        for section, kind in SECTIONS.items()
    }
    return ModelCard(**tables, named=frozenset(document["named"]))
