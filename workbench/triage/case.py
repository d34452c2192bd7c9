"""What do the steps of triage look at? Rows before and since the onset, and what can score them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.domain.card import ModelCard
from workbench.domain.event import Event
from workbench.domain.fault import Fault
from workbench.domain.outcomes import OutcomeBucket
from workbench.domain.period import Period
from workbench.domain.rules import OutcomeRules
from workbench.domain.shape import FeatureColumn
from workbench.triage.side_by_side import Each, one_by_one

if TYPE_CHECKING:
    import polars as pl

Scorer = Callable[["pl.DataFrame"], "pl.DataFrame"]
"""Outputs of a model for rows of features: `wb_prediction` (normalised class as text, or a number),
and for classes a `wb_score` (binary: of the positive class) or `score_<class>` columns. One row out
for each row in, in order."""

Fitter = Callable[["pl.DataFrame", "pl.Series", int], Scorer]
"""Fits the card's recipe to features and labels, with a seed."""

Widener = Callable[[tuple[FeatureColumn, ...]], Fitter]
"""The card's recipe with further columns as inputs, beside the features."""


@dataclass(frozen=True)
class Models:
    """What can score rows, and why something cannot."""

    champion: Scorer | None = None
    previous: Scorer | None = None
    """The version before the champion."""
    fit: Fitter | None = None
    """The card's recipe."""
    stronger: Fitter | None = None
    """A clearly stronger class of model than the recipe; None where there is none."""
    wider: Widener | None = None
    """The recipe with logged columns that the model does not use."""
    reasons: tuple[tuple[str, str], ...] = ()
    """Why one of these is missing: its name, and the reason."""
    each: Each = one_by_one
    """Makes fits that do not need one another, beside one another where cores are free."""

    def why_not(self, name: str) -> str:
        """Why there is no `champion`, `previous`, `fit`, `stronger` or `wider`."""
        return dict(self.reasons).get(name, f"there is no {name}")


@dataclass(frozen=True)
class Case:
    """One model in one period, as rows.

    All frames have the columns of `RowSample.frame`: the features and segments under their own names
    (Float64 or String), other logged columns where there are any, and `wb_id`, `wb_timestamp` (UTC),
    `wb_version`, `wb_role`, `wb_prediction`, `wb_score` (binary) or `score_<class>`, `wb_label` (null
    without one) and `wb_bad` (0 to 1; null without a label), in order of time and id; `before` and
    `current` have `wb_arm` too, where the card names an experiment. They are samples, stratified by time.
    """

    card: ModelCard
    rules: OutcomeRules
    features: tuple[FeatureColumn, ...]
    segments: tuple[str, ...]
    period: Period
    """Where harm is judged, in whole buckets: from the onset on, where that lies inside what was asked."""
    onset: datetime | None
    """Since when; None where no moment stands out, or nothing was different before."""
    reference: pl.DataFrame
    """The labelled reference with the champion's outputs."""
    before: pl.DataFrame
    """Live rows of the champion before the onset, as far back as is worth looking."""
    current: pl.DataFrame
    """Live rows of the champion in the period."""
    others: pl.DataFrame
    """Rows of the period by other versions and roles; and before it, by a previous live version."""
    training: pl.DataFrame | None
    """The table that the champion was trained on: features and `wb_label`."""
    models: Models
    faults: tuple[Fault, ...] = ()
    events: tuple[Event, ...] = ()
    unused: tuple[str, ...] = ()
    """Logged columns that are no features, and no names of rows or times."""
    seed: int = 0
    bucket: timedelta = timedelta(days=1)
    counted: tuple[OutcomeBucket, ...] = ()
    """Outcomes of every row of the period by bucket, as far as their labels are in: not a sample."""
    before_counted: tuple[OutcomeBucket, ...] = ()
    """The same before the onset."""
    reference_counted: tuple[OutcomeBucket, ...] = ()
    """The same of the reference."""
    ripe_end: datetime | None = None
    """Labels of rows from here on are still to come, and left out; None: none are."""
    overdue: tuple[OutcomeBucket, ...] = ()
    """Those of them that have fewer labels than is usual at their age."""
    labels_as_of: datetime | None = None
    """When the newest label is from."""
    notes: tuple[str, ...] = field(default=())
    stretch: pl.DataFrame | None = None
    """The newest labelled rows of the period, with none between them left out; None where `current` is whole."""

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The inputs of the model, in the reference's order."""
        return tuple(feature.name for feature in self.features)
