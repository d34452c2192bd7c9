"""What must a person know before a deed that costs or changes something? The text of each question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.domain.decision import PROMOTION
from workbench.domain.names import shown
from workbench.domain.run import Run, RunResult
from workbench.tui.desk import Standing
from workbench.tui.wording import count, duration, percent, without_midnight

if TYPE_CHECKING:
    from workbench.domain.decision import Decision
    from workbench.workspace.foreseeing_runs import Foreseen
    from workbench.workspace.promoting import PlannedChange

_MOST_SEGMENTS = 3


@dataclass(frozen=True)
class Confirmation:
    """A question before a deed; names in it are hostile text."""

    title: str
    """Harmless."""
    verb: str
    """What the confirming button says; harmless."""
    facts: tuple[tuple[str, str], ...]
    """What it is about: a label and a text."""
    warnings: tuple[str, ...] = ()
    word: str = ""
    """What must be typed; empty: the reason alone confirms."""
    reason: str = ""
    """What the line for a reason is called; empty: there is none."""
    needs_reason: bool = False


def retrain_question(foreseen: Foreseen) -> Confirmation:
    """Before a retraining: which data, how many fits, what it costs and what is left."""
    one, budget = foreseen, foreseen.budget
    rows = f"{count(one.train_rows)} rows to learn from, the newest {count(one.holdout_rows)} judge"
    if one.left_out:
        rows += f"; {count(one.left_out)} faulty ones left out"
    fits = (
        f"{one.fits} of {one.recipe}, {one.at_once} at once on {one.backend}, "
        f"each at most {duration(one.fit_seconds)}"
    )
    left = max(budget.most - budget.used, 0)
    warnings = []
    if budget.refusal is not None:
        warnings.append(f"The budget does not allow it: {budget.refusal}.")
    if one.flag is not None:
        warnings.append(f"Flagged for redesign by {one.flag.author}: {one.flag.reason}")
    return Confirmation(
        title="Retrain",
        verb="Retrain",
        facts=(
            ("model", f"{one.model}, judged against champion {one.champion}"),
            ("learns", without_midnight(one.window)),
            ("rows", rows),
            ("fits", fits),
            (
                "cost",
                f"{budget.cost:,.2f} a run, by the card" if budget.cost else "none, by the card",
            ),
            ("budget", f"{left} of {budget.most} retrainings left for 30 days"),
            ("then", "a candidate in the registry; the champion stays until P"),
        ),
        warnings=tuple(warnings),
        word=one.model,
        reason="why over it" if budget.refusal is not None else "",
        needs_reason=budget.refusal is not None,
    )


def change_question(
    plan: PlannedChange, hook: str, result: RunResult | None = None
) -> Confirmation:
    """Before a promotion or a rollback: from which version to which, and on what evidence."""
    metrics = plan.evidence.get("metrics") or {}
    facts = [("model", plan.model), ("champion", f"{plan.previous}, becomes {plan.version}")]
    if metrics.get("challenger_bad_rate") is not None:
        new, old = (
            percent(metrics["challenger_bad_rate"]),
            percent(metrics.get("champion_bad_rate")),
        )
        facts.append(("holdout", f"{new} bad with {plan.version}, {old} with the champion"))
        facts.append(("gain", gain_words(metrics)))
    if result is not None:
        facts.append(("segments", harm_words(result)))
        facts.append(("judgement", result.reason))
    if hook:
        facts.append(("then runs", hook))
    verb = "Roll back"
    if plan.kind == PROMOTION:
        verb = "Promote"
        facts.append(("way back", "B rolls back"))
    return Confirmation(
        title=verb,
        verb=verb,
        facts=tuple(facts),
        warnings=plan.notes,
        word=plan.model,
        reason="reason" if plan.is_forced else "why, if any",
        needs_reason=plan.is_forced,
    )


def flag_question(model: str, standing: Standing) -> Confirmation:
    """Before a flag for redesign: what it blocks, and what is its evidence."""
    verdict = standing.verdict
    evidence = "no verdict is recorded"
    if verdict is not None:
        why = f" ({verdict.redesign_reason.replace('_', ' ')})" if verdict.redesign_reason else ""
        said = verdict.verdict.replace("_", " ")
        evidence = f"verdict {verdict.id}: {said}{why}, {verdict.confidence:.0%}"
    return Confirmation(
        title="Flag for redesign",
        verb="Flag",
        facts=(
            ("model", model),
            ("evidence", evidence),
            ("does", "blocks scheduled retraining until the flag is lifted (F again)"),
            ("notes", "the open incident; without one, one is opened"),
        ),
        reason="reason",
        needs_reason=True,
    )


def lift_question(model: str, flag: Decision) -> Confirmation:
    """Before a flag is lifted: who set it, and why."""
    return Confirmation(
        title="Lift the flag for redesign",
        verb="Lift",
        facts=(
            ("model", model),
            ("flagged", f"{flag.at:%Y-%m-%d} by {flag.author}: {flag.reason}"),
            ("does", "scheduled retraining may begin again"),
        ),
        reason="reason",
        needs_reason=True,
    )


def cancel_question(run: Run) -> Confirmation:
    """Before a run is ended: what is lost."""
    return Confirmation(
        title="Cancel a run",
        verb="End it",
        facts=(
            ("run", f"{run.id} of {run.model}"),
            ("done", f"{run.done} of {len(run.fits)} fits, which are lost"),
            ("stays", "champion and registry"),
        ),
        word=run.id,
    )


def gain_words(metrics: dict[str, float | None]) -> str:
    """A gain of bad rate and its interval, in points.

    >>> gain_words({"gain": 0.231, "gain_low": 0.21, "gain_high": 0.252})
    '+23.1 points, 95 % +21.0 to +25.2'
    """
    gain, low, high = (metrics.get(key) for key in ("gain", "gain_low", "gain_high"))
    if gain is None:
        return "not known"
    if low is None or high is None:
        return f"{gain * 100:+.1f} points"
    return f"{gain * 100:+.1f} points, 95 % {low * 100:+.1f} to {high * 100:+.1f}"


def harm_words(result: RunResult) -> str:
    """Which segments are surely worse with the challenger."""
    harmed = [one for one in result.segments if one.is_harmed]
    if not harmed:
        return f"none of {len(result.segments)} surely worse" if result.segments else "none known"
    named = ", ".join(
        f"{shown(s.column, 20)} = {shown(s.value, 20) if s.value is not None else '?'}"
        f" ({s.gain * 100:+.1f})"
        for s in harmed[:_MOST_SEGMENTS]
    )
    return f"{len(harmed)} worse: {named}{', ...' if len(harmed) > _MOST_SEGMENTS else ''}"
