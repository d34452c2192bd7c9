"""Do the incident's inputs overlap enough with those before for a comparison of like with like?

Where they do not, splitting the rise is nonsense: measured on one input times 100, the split says
0.284 of changed meaning where there is none. One column that alone tells the two apart is a
question for the data faults, not for the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.names import shown
from workbench.domain.verdict import Evidence
from workbench.triage.case import Case
from workbench.triage.domain_model import MOST_ERROR, DomainModel
from workbench.triage.telling_apart import area, thinned, tree_chance

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = "overlap"
WARNED_AUC = 0.85
REFUSED_AUC = 0.95
LEAST_SHARE = 0.10
"""Of a side's rows that must count towards what both sides have."""
LEAST_EFFECTIVE = 200.0
_LOOKED = 3
"""Columns that are left out one at a time, those that tell most alone."""
_ROWS = 3_000
"""Rows of a side that this is looked at on."""


@dataclass(frozen=True)
class Separating:
    """A column that tells the two sides apart."""

    column: str
    auc_alone: float
    """Of a model that sees this column only."""
    auc_without: float | None
    """Of a model that sees all others; None where there are none, or the gate does not refuse."""


@dataclass(frozen=True)
class Overlap:
    """How much the two sides have in common."""

    state: str = "unknown"
    """`fine`, `warning` or `refused`; `unknown` when skipped."""
    auc: float | None = None
    error: float | None = None
    """Calibration error of the domain model."""
    share_known: float | None = None
    """(sum w)^2 / (n sum w^2) of the rows before, w their weight towards the common inputs."""
    share_current: float | None = None
    effective_known: float | None = None
    """That share times the rows: as many as if all counted alike."""
    effective_current: float | None = None
    shared_mass: float | None = None
    """1 - the total variation distance of the two: 1 when they are the same."""
    rows: tuple[int, int] = (0, 0)
    against: str = "reference"
    separating: tuple[Separating, ...] = ()
    """The columns that tell most, when the area is above `WARNED_AUC`."""
    only: str | None = None
    """The one column without which the two overlap: back to the faults with it."""
    excluded: tuple[tuple[str, str], ...] = ()
    reason: str | None = None
    """Why it is refused or warned about."""
    skipped: str | None = None

    def evidence(self) -> tuple[Evidence, ...]:
        """The figures in words."""
        if self.skipped:
            return (Evidence(STEP, "overlap", None, f"Overlap not measured: {self.skipped}."),)
        before = "the reference" if self.against == "reference" else "the rows before the onset"
        n = sum(self.rows)
        words = {
            "fine": f"Inputs are much like those of {before}: like can be compared with like",
            "warning": f"Inputs differ strongly from those of {before}; read the split with care",
            "refused": f"Inputs do not overlap with those of {before}: the rise cannot be split",
        }[self.state]
        found = [
            Evidence(
                STEP, "domain_auc", self.auc, words + (f" ({self.reason})." if self.reason else "."),
                n=n, threshold=REFUSED_AUC, against="retrain" if self.state == "refused" else None,
            ),
            Evidence(
                STEP, "shared_mass", self.shared_mass,
                f"{self.shared_mass or 0:.0%} of the inputs are common to both.", n=n,
            ),
        ]  # fmt: skip
        if self.only is not None:
            one = next(s for s in self.separating if s.column == self.only)
            found.append(
                Evidence(
                    STEP, "separating_column", one.auc_without,
                    f"{shown(one.column)} alone tells the period from {before}; without it the inputs "
                    "overlap. Look for a fault in that column first.",
                    n=n, threshold=WARNED_AUC, supports="fix_upstream",
                )
            )  # fmt: skip
        elif self.separating:
            names = ", ".join(shown(one.column) for one in self.separating)
            found.append(
                Evidence(STEP, "separating_columns", None, f"What differs most: {names}.", n=n)
            )
        return tuple(found)


def weights(pi: NDArray[Any], is_current: NDArray[Any]) -> NDArray[Any]:
    """What each row counts towards the inputs that both sides have.

    With a the share of rows of the incident: rows before get q / (p + q) ~ pi / (a (1 - pi) +
    (1 - a) pi), rows of the incident p / (p + q) ~ (1 - pi) / (the same). Bounded, up to a
    constant a side that a weighted mean does not see.

    Args:
        pi: the probability of each row to be of the incident.
        is_current: 1 for rows of the incident, else 0; both must be there.
    """
    import numpy as np

    a = is_current.mean()
    common = a * (1 - pi) + (1 - a) * pi
    found: NDArray[Any] = np.where(is_current > 0, 1 - pi, pi) / common
    return found


def effective_share(w: NDArray[Any]) -> float:
    """(sum w)^2 / (n sum w^2): 1 when all rows count alike; 0 where none counts."""
    squares = float((w * w).sum())
    return float(w.sum()) ** 2 / (len(w) * squares) if squares > 0 else 0.0


def shared_mass(pi: NDArray[Any], is_current: NDArray[Any]) -> float:
    """1 - total variation: twice the mean of min(p', 1 - p'), both sides having the same weight.

    p' = (pi / a) / (pi / a + (1 - pi) / (1 - a)), the probability if both sides were as large.
    """
    import numpy as np

    a = is_current.mean()
    even = (pi / a) / (pi / a + (1 - pi) / (1 - a))
    least = np.minimum(even, 1 - even)
    return float(least[is_current > 0].mean() + least[is_current == 0].mean())


def measure_overlap(case: Case, domain: DomainModel) -> Overlap:
    """The gate: `fine`, `warning` or `refused`, and the columns that are to blame.

    Refused with an area above 0.95, an effective share of a side below 0.10, or fewer than 200
    effective rows; warned about with an area above 0.85, or a domain model whose probabilities
    are off by more than 0.03 beyond chance.
    """
    pi = domain.pi
    if domain.skipped or pi is None or domain.auc is None or domain.error is None:
        return Overlap(
            skipped=domain.skipped or "there is no domain model", against=domain.against,
            excluded=domain.excluded,
        )  # fmt: skip
    by_chance = domain.error_by_chance or 0.0
    t = domain.is_current
    w = weights(pi, t)
    shares = [effective_share(w[t == side]) for side in (0, 1)]
    rows = (int((t == 0).sum()), int((t == 1).sum()))
    effective = [share * n for share, n in zip(shares, rows, strict=True)]
    state, reason = _state(domain.auc, min(shares), min(effective), domain.error - by_chance)
    separating = _separating(domain, case.seed) if domain.auc > WARNED_AUC else ()
    only = None
    if domain.auc > REFUSED_AUC:
        alone = [
            one for one in separating
            if one.auc_without is not None and one.auc_without < WARNED_AUC
        ]  # fmt: skip
        if alone:
            only = min(alone, key=lambda one: (one.auc_without or 0.0, one.column)).column
        elif len(domain.columns) == 1:
            only = domain.columns[0]
    return Overlap(
        state=state, auc=domain.auc, error=domain.error, share_known=shares[0],
        share_current=shares[1], effective_known=effective[0], effective_current=effective[1],
        shared_mass=shared_mass(pi, t), rows=rows, against=domain.against, separating=separating,
        only=only, excluded=domain.excluded, reason=reason,
    )  # fmt: skip


def _state(auc: float, share: float, effective: float, error: float) -> tuple[str, str | None]:
    if auc > REFUSED_AUC:
        return "refused", f"a model tells the two apart with an area under the curve of {auc:.2f}"
    if share < LEAST_SHARE:
        return "refused", f"only {share:.0%} of one side counts towards what both have"
    if effective < LEAST_EFFECTIVE:
        return (
            "refused",
            f"as few as {effective:,.0f} comparable rows; {LEAST_EFFECTIVE:.0f} needed",
        )
    if auc > WARNED_AUC:
        return "warning", f"a model tells the two apart with an area under the curve of {auc:.2f}"
    if error > MOST_ERROR:
        return "warning", f"the probabilities behind it are off by {error:.3f}"
    return "fine", None


def _separating(domain: DomainModel, seed: int) -> tuple[Separating, ...]:
    """The columns that tell the sides apart alone, the strongest first, and what is left without."""
    import numpy as np

    if domain.rows is None or domain.fold is None or domain.auc is None:
        return ()
    t = domain.is_current
    places = np.concatenate([thinned(np.flatnonzero(t == side), _ROWS) for side in (0, 1)])
    rows, sides, fold = domain.rows[places], t[places], domain.fold[places] % 2
    category = domain.is_category

    def told(columns: list[int], trees: int) -> float:
        kinds = [category[column] for column in columns]
        return area(tree_chance(rows[:, columns], sides, fold, kinds, seed, trees=trees), sides)

    everything = list(range(len(domain.columns)))
    alone = [told([column], 15) for column in everything]
    ranked = sorted(everything, key=lambda column: (-alone[column], domain.columns[column]))
    found = []
    for column in ranked[:_LOOKED]:
        others = [other for other in everything if other != column]
        without = told(others, 60) if others and domain.auc > REFUSED_AUC else None
        found.append(Separating(domain.columns[column], alone[column], without))
    return tuple(found)
