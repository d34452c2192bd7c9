"""Is the winner better than the champion on the newest labels, by enough, and worse for nobody?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.domain.names import shown
from workbench.domain.run import RunMetrics, SegmentChange
from workbench.performance.blocks import blocks_of, few_blocks, resampled_sums
from workbench.performance.segment_gains import gains_by_segment

if TYPE_CHECKING:
    import polars as pl

    from workbench.retrain.plan import RunPlan

GOOD_RECOVERY = 0.3
"""Of the champion's rise over the reference, what a challenger must make good to be worth it."""

DRAWS = 1_000


@dataclass(frozen=True)
class Judgement:
    """How the winner did against the champion on rows that neither was chosen on."""

    metrics: RunMetrics
    segments: tuple[SegmentChange, ...]
    """The worst first."""
    recommend: bool
    reason: str
    """A sentence."""


def judge(plan: RunPlan, scored: pl.DataFrame) -> Judgement:
    """The gain with its 95 % interval, by a paired bootstrap of blocks, and what follows.

    Promotion is recommended where the interval lies above 0, the gain is at least
    `plan.smallest_gain`, it makes good at least `GOOD_RECOVERY` of the champion's rise over the
    reference, no segment is surely worse off, and it is worth what the retraining costs (where the
    card says both). Blocks are entities or days; see `performance.blocks`.

    Args:
        plan: the run's.
        scored: the holdout with `wb_champion_bad` and `wb_new_bad`, 0 to 1 a row, `wb_timestamp`,
            and the segments.
    """
    import numpy as np

    own, new = (scored[name].to_numpy() for name in ("wb_champion_bad", "wb_new_bad"))
    blocks, _ = blocks_of(scored, plan.card.columns.entity)
    gain = own - new
    value = float(gain.mean())
    sums = resampled_sums(np.column_stack([gain, np.ones(len(gain))]), blocks, plan.seed, DRAWS)
    drawn = sums[:, 0] / np.maximum(sums[:, 1], 1.0)
    drawn = value + (drawn - value) * few_blocks(int(blocks.max()) + 1)
    low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    metrics = RunMetrics(float(own.mean()), float(new.mean()), value, low, high)
    changes = tuple(
        SegmentChange(one.column, one.value, one.n, one.gain, one.low, one.high, one.is_harmed)
        for one in gains_by_segment(
            plan.rules.segments, plan.card.privacy, scored, gain, plan.smallest_gain / 2
        )
    )
    recommend, reason = _recommended(plan, metrics, changes)
    return Judgement(metrics, changes, recommend, reason)


def _recommended(
    plan: RunPlan, metrics: RunMetrics, changes: tuple[SegmentChange, ...]
) -> tuple[bool, str]:
    champion, gain = metrics.champion_bad_rate or 0.0, metrics.gain or 0.0
    low, high = metrics.gain_low or 0.0, metrics.gain_high or 0.0
    said = f"{gain:+.1%} ({low:+.1%} to {high:+.1%})"
    if low <= 0:
        return False, (f"the gain of {said} does not justify promotion: it is not surely above 0")
    if gain < plan.smallest_gain:
        return False, (
            f"the gain of {said} does not justify promotion: less than "
            f"{plan.smallest_gain:.1%} is no change that matters"
        )
    reference = plan.reference_bad_rate
    if reference is not None and champion - reference > plan.smallest_gain:
        recovery = gain / (champion - reference)
        if recovery < GOOD_RECOVERY:
            return False, (
                f"the gain of {said} does not justify promotion: it makes good {recovery:.0%} of "
                f"the rise from {reference:.1%} to {champion:.1%}, and {GOOD_RECOVERY:.0%} are "
                "asked for"
            )
    harmed = [one for one in changes if one.is_harmed]
    if harmed:
        worst = harmed[0]
        name = "a missing or withheld value" if worst.value is None else shown(worst.value, 60)
        more = f" and {len(harmed) - 1} more segments" if len(harmed) > 1 else ""
        return False, (
            f"the gain is {said}, but it is worse for {shown(worst.column, 60)} = {name} "
            f"({worst.gain:+.1%}){more}"
        )
    return _worth_it(plan, gain, said)


def _worth_it(plan: RunPlan, gain: float, said: str) -> tuple[bool, str]:
    budget = plan.card.budget
    if budget.value_per_avoided_bad_prediction > 0 and plan.monthly_predictions > 0:
        avoided = gain * plan.monthly_predictions
        value = avoided * budget.value_per_avoided_bad_prediction
        if value < budget.cost_per_retrain:
            return False, (
                f"the gain of {said} does not justify promotion: {avoided:,.0f} bad predictions "
                f"fewer a month are worth {value:,.2f}, and a retraining costs "
                f"{budget.cost_per_retrain:,.2f}"
            )
    return True, f"the gain on the newest labels is {said}"
