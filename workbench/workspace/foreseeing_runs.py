"""What would a retraining run do and cost? Known before it is started; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.domain.decision import Decision
from workbench.store.connections import reading
from workbench.store.runs import read_runs
from workbench.workspace.flagging import standing_flag
from workbench.workspace.planning_runs import (
    Asked,
    backend_of,
    choose_rows,
    limits_of,
    require_possible,
)
from workbench.workspace.retrain_budget import BudgetState, budget_state

if TYPE_CHECKING:
    from workbench.workspace import Workspace


@dataclass(frozen=True)
class Foreseen:
    """What a run would be."""

    model: str
    champion: str
    window: str
    """Which rows it would learn from, in words."""
    verdict: int | None
    """The verdict that it would follow."""
    train_rows: int
    holdout_rows: int
    left_out: int
    """Rows that are excluded as faulty."""
    fits: int
    """Challengers, without the final fit of the winner."""
    recipe: str
    backend: str
    fit_seconds: float
    """The time limit of one fit."""
    at_once: int
    budget: BudgetState
    flag: Decision | None
    """Standing; a person may still retrain."""


def foresee(ws: Workspace, name: str, asked: Asked | None = None) -> Foreseen:
    """What a run would do, from the rows that there are now.

    Raises:
        UnknownModelError: there is no such model.
        NoRowsError: there is too little to learn from.
        RecipeError, PeriodError: what is asked for cannot be used.
        WorkbenchError: a run of the model is under way.
    """
    from workbench.workspace.retraining import require_alone

    asked = asked or Asked()
    subject = ws.subject(name)
    card = subject.card
    backend = backend_of(ws, asked)
    require_possible(ws, subject, asked)
    ws.retraining.find_dead()
    with reading(ws.store, "reading runs") as catalog:
        runs = read_runs(catalog, model=name)
    require_alone(tuple(one for one in runs if one.is_open))
    chosen = choose_rows(ws, subject, asked)
    limits = limits_of(ws)
    return Foreseen(
        model=name,
        champion=subject.champion,
        window=chosen.window.words,
        verdict=chosen.window.verdict,
        train_rows=chosen.cut.train.height,
        holdout_rows=chosen.cut.holdout.height,
        left_out=chosen.rows.left_out,
        fits=len(chosen.challengers),
        recipe=asked.recipe or card.training.recipe,
        backend=backend,
        fit_seconds=limits.fit_seconds,
        at_once=limits.at_once,
        budget=budget_state(card, runs, ws.clock.now()),
        flag=standing_flag(ws, name),
    )
