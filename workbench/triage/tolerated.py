"""Which bad rate is the usual one, and what rise over it matters?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.performance.blocks import blocks_of
from workbench.performance.judgement import threshold_rates_of
from workbench.triage.figures import Figure, mean_figures
from workbench.triage.refitting import labelled_rows

if TYPE_CHECKING:
    from workbench.triage.case import Case


@dataclass(frozen=True)
class Tolerated:
    """The reference's rate and the rates from which a rise matters."""

    reference: Figure
    warning: float
    critical: float

    @property
    def floor(self) -> float:
        """The smallest rise that matters."""
        return self.warning - self.reference.value


def tolerated(case: Case) -> Tolerated | None:
    """What the labelled reference says is usual; None where it has no labels."""
    rows = labelled_rows(case.reference, case.feature_names)
    if not rows.height:
        return None
    blocks, basis = blocks_of(rows, case.card.columns.entity)
    (found,) = mean_figures([rows["wb_bad"].to_numpy()], blocks, basis, case.seed + 1)
    return Tolerated(found, *threshold_rates_of(found.value, case.card.thresholds))
