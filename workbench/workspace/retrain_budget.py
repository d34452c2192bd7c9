"""May a model be retrained now? What its card allows, and what was used of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workbench.domain.card import ModelCard
from workbench.domain.run import Run

MONTH = timedelta(days=30)


@dataclass(frozen=True)
class BudgetState:
    """What of a model's budget is used."""

    used: int
    """Runs of the last 30 days, but for those that were cancelled."""
    most: int
    cost: float
    """Of one run, in the card's currency."""
    wait: timedelta
    """Until the next run may begin; 0 or less: it may."""

    @property
    def refusal(self) -> str | None:
        """Why no run may begin; None: it may."""
        if self.used >= self.most:
            return f"{self.used} of {self.most} retrainings of the last 30 days are used"
        if self.wait > timedelta(0):
            hours = self.wait.total_seconds() / 3600
            return f"the next retraining may begin in {hours:.1f} hours"
        return None

    @property
    def words(self) -> str:
        """What is left, in words."""
        left = max(self.most - self.used, 0)
        cost = f", and this one costs {self.cost:,.2f}" if self.cost else ""
        return f"{left} of {self.most} retrainings are left for 30 days{cost}"


def budget_state(card: ModelCard, runs: Sequence[Run], now: datetime) -> BudgetState:
    """What of the budget is used, at a moment.

    A run counts from when it was asked for, whether it succeeded or failed; one that was cancelled,
    or failed before its first fit, does not. The hours between are counted from the last one that
    has not failed: who mends what made a run fail need not wait.

    Args:
        card: `[budget]`.
        runs: all of the model.
        now: the machine's clock.
    """
    counted = [
        one
        for one in runs
        if one.requested_at > now - MONTH
        and one.state != "cancelled"
        and (one.state != "failed" or one.started_at is not None)
    ]
    good = [one.requested_at for one in runs if one.state not in ("cancelled", "failed")]
    between = timedelta(hours=card.budget.min_hours_between)
    wait = max(good) + between - now if good else timedelta(0)
    return BudgetState(
        len(counted), card.budget.max_retrains_per_month, card.budget.cost_per_retrain, wait
    )
