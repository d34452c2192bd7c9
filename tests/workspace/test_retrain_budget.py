"""May a model be retrained? Runs against the card's budget, one after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from workbench.domain.card import Budget, Identity, ModelCard
from workbench.domain.run import Run
from workbench.workspace.retrain_budget import budget_state

NOW = datetime(2024, 6, 30, tzinfo=UTC)
CARD = ModelCard(
    model=Identity(name="m", task="binary"),
    budget=Budget(max_retrains_per_month=2, min_hours_between=24, cost_per_retrain=9.5),
)


def run(hours_ago: float, state: str = "succeeded", *, began: bool = True) -> Run:
    at = NOW - timedelta(hours=hours_ago)
    return Run("run-1", "m", state, "local", "1", "a", at, started_at=at if began else None)


def test_without_runs_all_of_the_budget_is_left() -> None:
    found = budget_state(CARD, [], NOW)
    assert found.refusal is None
    assert found.words == "2 of 2 retrainings are left for 30 days, and this one costs 9.50"


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([run(30), run(100)], "2 of 2 retrainings"),
        ([run(30), run(100, "failed")], "2 of 2 retrainings"),
        ([run(10)], "in 14.0 hours"),
        ([run(10, "running")], "in 14.0 hours"),
        ([run(30), run(31 * 24)], None),
        ([run(30), run(50, "cancelled")], None),
        ([run(30), run(2, "failed", began=False)], None),
        ([run(2, "failed")], None),
        ([run(24)], None),
    ],
)
def test_a_used_budget_says_why_no_run_may_begin(runs: list[Run], said: str | None) -> None:
    found = budget_state(CARD, runs, NOW)
    assert (found.refusal is None) == (said is None)
    assert (said or "") in (found.refusal or "")


def test_a_budget_of_nothing_allows_nothing() -> None:
    card = replace(CARD, budget=Budget(max_retrains_per_month=0))
    assert budget_state(card, [], NOW).refusal == "0 of 0 retrainings of the last 30 days are used"
