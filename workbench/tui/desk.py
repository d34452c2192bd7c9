"""What may be decided about a model? Verdicts, runs, promotions, flags and reports, over one workspace.

Everything blocks and is called from worker threads. The heavy parts are imported where they are
used: the first screen does not need them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.domain.run import Run
from workbench.domain.verdict import Evidence, Verdict
from workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.domain.decision import Decision
    from workbench.workspace import Workspace
    from workbench.workspace.foreseeing_runs import Foreseen
    from workbench.workspace.promoting import ChangedChampion, PlannedChange

Step = Callable[[str, str], None]
"""Told the name of a step of triage and what it found, in words."""


@dataclass(frozen=True)
class Standing:
    """What is decided about a model so far."""

    champion: str
    verdict: Verdict | None
    """The newest recorded one."""
    made_at: datetime | None = None
    """When that was."""
    overruled: str | None = None
    """What a person decided instead, and why."""
    flag: Decision | None = None
    """A flag for redesign that is not lifted."""
    newest_run: Run | None = None


@dataclass(frozen=True)
class Desk:
    """The decisions that the terminal UI offers."""

    ws: Workspace

    def now(self) -> datetime:
        """The machine's clock."""
        return self.ws.clock.now()

    def standing(self, model: str) -> Standing:
        """What is decided about a model so far; dead runs are found on the way.

        Raises:
            UnknownModelError, CardError, StoreError: as for the workspace.
        """
        from workbench.retrain.registry import standing_champion
        from workbench.workspace.flagging import standing_flag
        from workbench.workspace.triaging import newest_verdict, stored_verdict

        ws = self.ws
        verdict = newest_verdict(ws, model)
        runs = ws.retraining.all(model)
        made_at, overruled = None, None
        if verdict is not None and verdict.id is not None:
            stored = stored_verdict(ws, verdict.id)
            made_at = stored.made_at
            if stored.overruled:
                last = stored.overruled[-1]
                overruled = f"{last.author} decides {last.verdict.replace('_', ' ')}: {last.reason}"
        return Standing(
            champion=standing_champion(ws.root, ws.card(model))[0],
            verdict=verdict,
            made_at=made_at,
            overruled=overruled,
            flag=standing_flag(ws, model),
            newest_run=runs[0] if runs else None,
        )

    def triage(
        self, model: str, period: str | None, told: Step, reached: Callable[[], None]
    ) -> Standing:
        """Reaches a verdict, records it, and gives what stands then.

        Args:
            model: its name.
            period: where harm is judged; None is the card's window.
            told: called after each step; what it raises ends triage, and nothing is recorded.
            reached: called before the verdict is recorded, likewise.

        Raises:
            WorkbenchError: as for `Workspace.triage`.
        """

        def tell(step: str, evidence: Sequence[Evidence]) -> None:
            told(step.replace("_", " "), evidence[0].reading if evidence else "nothing found")

        verdict = self.ws.triage(model, period, told=tell, reached=reached)
        standing = self.standing(model)
        # One that could not be recorded is shown all the same; its notes say why.
        return standing if verdict.id is not None else replace(standing, verdict=verdict)

    def foreseen(self, model: str) -> Foreseen:
        """What a retraining would do and cost."""
        return self.ws.retraining.foreseen(model)

    def retrain(self, model: str, force: str | None) -> str:
        """Starts a run that goes on by itself; says which.

        Args:
            model: its name.
            force: why the budget is overstepped; None: it is not.
        """
        from workbench.workspace.planning_runs import Asked

        run = self.ws.retraining.start(model, Asked(author=_author(), force=force))
        return f"{run.id} is started; it goes on when this screen is left"

    def runs(self, model: str | None) -> tuple[Run, ...]:
        """Every run of a model, or of all, newest first; dead ones are found on the way."""
        return self.ws.retraining.all(model)

    def log(self, run: str) -> tuple[str, ...]:
        """What a run has said."""
        return self.ws.retraining.log(run)

    def cancel(self, run: str) -> str:
        """Ends a run; says so."""
        ended = self.ws.retraining.cancel(run, _author())
        return f"{ended.id} is {ended.state}; champion and registry are as they were"

    def newest_candidate(self, model: str) -> Run:
        """The run whose candidate may be promoted.

        Raises:
            WorkbenchError: there is none.
        """
        found = next((r for r in self.runs(model) if r.result is not None), None)
        if found is None:
            raise WorkbenchError(
                "there is no candidate to promote", "R trains challengers; the best becomes one."
            )
        return found

    def planned_promotion(self, model: str, version: str) -> PlannedChange:
        """What promoting means; one that the holdout speaks against is planned by force.

        Raises:
            WorkbenchError: it cannot be promoted even so.
        """
        from workbench.workspace.promoting import plan_promotion

        try:
            return plan_promotion(self.ws, model, version)
        except WorkbenchError as refusal:
            try:
                return plan_promotion(self.ws, model, version, force=True, reason="asked for next")
            except WorkbenchError:
                raise refusal from None

    def promote(self, model: str, version: str, reason: str, is_forced: bool) -> str:
        """Makes a version the champion; says so."""
        from workbench.workspace.promoting import promote

        return _told(promote(self.ws, model, version, _author(), reason=reason, force=is_forced))

    def planned_rollback(self, model: str) -> PlannedChange:
        """What rolling back means."""
        from workbench.workspace.promoting import plan_rollback

        return plan_rollback(self.ws, model)

    def roll_back(self, model: str, reason: str) -> str:
        """Makes the champion of before the champion again; says so."""
        from workbench.workspace.promoting import roll_back

        return _told(roll_back(self.ws, model, _author(), reason=reason))

    @property
    def hook(self) -> str:
        """The command that runs after a change of the champion; empty without one."""
        return self.ws.settings.promotion.hook.strip()

    def flag(self, model: str, reason: str) -> str:
        """Flags a model for redesign; says so."""
        from workbench.domain.alert import incident_name
        from workbench.workspace.flagging import flag

        made = flag(self.ws, model, reason, _author())
        noted = "" if made.incident is None else f", noted in {incident_name(made.incident)}"
        return f"flagged for redesign{noted}; scheduled retraining is blocked until it is lifted"

    def lift(self, model: str, reason: str) -> str:
        """Takes a flag back; says so."""
        from workbench.workspace.flagging import lift

        lift(self.ws, model, reason, _author())
        return "the flag is lifted"

    def export(self, model: str, period: str | None) -> str:
        """Writes the incident report into `reports/`; its path relative to the workspace."""
        from workbench.report import build_report, to_markdown
        from workbench.report.files import file_name, write_report

        made = build_report(self.ws, model, period, None)
        path = Path("reports") / file_name(made, None, "md")
        write_report(self.ws.root / path, to_markdown(made))
        return path.as_posix()


def _author() -> str:
    from workbench.workspace.incidents import author_of

    return author_of(None)


def _told(made: ChangedChampion) -> str:
    said = f"version {made.change.version} is the champion, was {made.change.decision.previous}"
    return "; ".join([said, *made.warnings])
