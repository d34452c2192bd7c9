"""Is the rise one of another split of an experiment? Each arm as before, other shares of them.

How traffic is split over the arms of an experiment is decided, and written down on the card as its
column. When rows of one arm are predicted worse than those of the other, a new split moves the rate
as far as it likes, and no row is predicted worse than it was: there is nothing to mend in the model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.names import shown
from workbench.domain.verdict import Evidence
from workbench.performance.blocks import blocks_of, resampled_sums
from workbench.triage.figures import Figure, figure

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from workbench.triage.case import Case

ARM = "wb_arm"
STEP = "arms"
LEAST_LABELS = 50
"""Of each arm, before and since."""
_MOST_ARMS = 20
_MOST_OF_IT = 0.5
"""Of the rise: what other shares must make to be what is looked for."""


@dataclass(frozen=True)
class Arms:
    """The rise since the time before, split over the arms."""

    column: str = ""
    mix: Figure | None = None
    """What other shares of the arms make of it."""
    within: Figure | None = None
    """What other rates within the arms make; both add up to the rise since before."""
    reason: str = ""
    """Why nothing was measured; "" where the card names no experiment either."""

    def is_split(self, floor: float, rise: float) -> bool:
        """Whether another split surely moved the rate, and by most of the rise.

        Args:
            floor: the smallest rise that matters.
            rise: that over the reference.
        """
        mix, within = self.mix, self.within
        if mix is None or within is None or mix.low <= 0:
            return False
        return mix.value >= _MOST_OF_IT * rise and within.value < floor

    def evidence(self) -> tuple[Evidence, ...]:
        """What is mix and what is rate, in an operator's words."""
        if self.mix is None or self.within is None:
            return (Evidence(STEP, "split", None, self.reason),) if self.reason else ()
        name = shown(self.column, 40)
        return (
            self.mix.evidence(
                STEP, "split", f"what other shares of the arms of {name} add to the bad rate",
                threshold=0.0, supports="no_action" if self.mix.low > 0 else None,
            ),
            self.within.evidence(
                STEP, "rates within the arms",
                f"what rows of the same arm of {name} are predicted worse than before", threshold=0.0,
            ),
        )  # fmt: skip


def measure_arms(case: Case) -> Arms:
    """The rise from the time before to the period, as other shares of the arms and other rates in them.

    With shares s and bad rates L of the arms, before (P) and in the period (Q): the rates within make
    sum s_Q (L_Q - L_P), the shares the rest, sum (s_Q - s_P) L_P. The rows are those of the period,
    so that an arm weighs what it has now; blocks (days, entities) are drawn anew on both sides.
    """
    import numpy as np

    column = case.card.columns.experiment
    if not column:
        return Arms()
    sides = [_labelled(frame) for frame in (case.before, case.current)]
    names = sorted({*sides[0][ARM].to_list(), *sides[1][ARM].to_list()})
    if not names:
        return Arms(column, reason="no labelled row tells its arm")
    if len(names) > _MOST_ARMS:
        return Arms(column, reason=f"there are more than {_MOST_ARMS} arms")
    counted = [_counted(case, side, names, case.seed + place) for place, side in enumerate(sides)]
    if any((total[len(names) :] < LEAST_LABELS).any() for total, _, _ in counted):
        return Arms(column, reason=f"an arm has fewer than {LEAST_LABELS} labels before or since")
    value = _split(*(total[None, :] for total, _, _ in counted))
    drawn = _split(*(draws for _, draws, _ in counted))
    n, basis = sides[1].height, counted[1][2]
    mix, within = (
        figure(float(one[0]), np.where(np.isfinite(more), more, one[0]), n, basis)
        for one, more in zip(value, drawn, strict=True)
    )
    return Arms(column, mix, within)


def _labelled(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    if ARM not in frame.columns:
        return pl.DataFrame(schema={ARM: pl.String, "wb_bad": pl.Float64})
    return frame.filter(pl.col("wb_bad").is_not_null() & pl.col(ARM).is_not_null())


def _counted(
    case: Case, rows: pl.DataFrame, names: list[str], seed: int
) -> tuple[NDArray[Any], NDArray[Any], str]:
    """(bad rows of each arm, then all its rows), the same of each draw, and what was drawn."""
    import numpy as np

    if not rows.height:
        return np.zeros(2 * len(names)), np.zeros((1, 2 * len(names))), "rows"
    of_arm = np.column_stack([(rows[ARM] == name).to_numpy() for name in names]).astype(float)
    table = np.column_stack([of_arm * rows["wb_bad"].to_numpy()[:, None], of_arm])
    blocks, basis = blocks_of(rows, case.card.columns.entity)
    return table.sum(axis=0), resampled_sums(table, blocks, seed), basis


def _split(before: NDArray[Any], now: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(what the shares make, what the rates make), of each row of counts."""
    import numpy as np

    half = before.shape[1] // 2
    with np.errstate(invalid="ignore", divide="ignore"):
        was, rate = before[:, :half] / before[:, half:], now[:, :half] / now[:, half:]
        usual = before[:, half:] / before[:, half:].sum(axis=1, keepdims=True)
        share = now[:, half:] / now[:, half:].sum(axis=1, keepdims=True)
    return ((share - usual) * was).sum(axis=1), (share * (rate - was)).sum(axis=1)
