"""Which decisions can be taken from a screen? Each is looked at, asked about, and then done."""

from __future__ import annotations

from collections.abc import Callable

from workbench.domain.names import shown
from workbench.domain.run import Run
from workbench.errors import WorkbenchError
from workbench.tui.confirmation import (
    cancel_question,
    change_question,
    flag_question,
    lift_question,
    retrain_question,
)
from workbench.tui.messages import DeedDone, DeedPrepared, QueryFailed, failure_of
from workbench.tui.screens.base import QueryScreen
from workbench.tui.screens.confirm import ConfirmScreen

_PREPARE = "prepare"


class DecidingScreen(QueryScreen):
    """A screen from which deeds are done: prepared in a worker, confirmed, done in another.

    A deed belongs to the app: it goes on when its screen is left.
    """

    # Preparing.

    def prepare(self, make: Callable[[], DeedPrepared]) -> None:
        """Looks at a deed in a worker, and asks then; one at a time."""
        if not self._is_busy() and not self.is_pending(_PREPARE):
            self.ask(_PREPARE, make)
            self.settle()

    def prepare_retrain(self, model: str) -> None:
        """Asks whether to retrain."""
        desk = self.session.desk

        def make() -> DeedPrepared:
            question = retrain_question(desk.foreseen(model))
            return DeedPrepared(
                question, lambda reason: desk.retrain(model, reason or None), place="runs"
            )

        self.prepare(make)

    def prepare_promotion(self, model: str, run: Run | None = None) -> None:
        """Asks whether the candidate of a run is to be champion; of the newest one by default."""
        desk = self.session.desk

        def make() -> DeedPrepared:
            found = run if run is not None else desk.newest_candidate(model)
            result = found.result
            if result is None:
                raise WorkbenchError(
                    f"{found.id} has no candidate: it is {found.state}",
                    "Choose a run that succeeded.",
                )
            plan = desk.planned_promotion(model, result.challenger)
            return DeedPrepared(
                change_question(plan, desk.hook, result),
                lambda reason: desk.promote(model, plan.version, reason, plan.is_forced),
            )

        self.prepare(make)

    def prepare_rollback(self, model: str) -> None:
        """Asks whether the champion of before is to be champion again."""
        desk = self.session.desk

        def make() -> DeedPrepared:
            question = change_question(desk.planned_rollback(model), desk.hook)
            return DeedPrepared(question, lambda reason: desk.roll_back(model, reason))

        self.prepare(make)

    def prepare_flag(self, model: str) -> None:
        """Asks for the reason of a flag; of lifting it where it is set."""
        desk = self.session.desk

        def make() -> DeedPrepared:
            standing = desk.standing(model)
            if standing.flag is not None:
                lifting = lift_question(model, standing.flag)
                return DeedPrepared(lifting, lambda reason: desk.lift(model, reason))
            flagging = flag_question(model, standing)
            return DeedPrepared(flagging, lambda reason: desk.flag(model, reason))

        self.prepare(make)

    def prepare_cancel(self, run: Run) -> None:
        """Asks whether a run is to be ended."""
        desk = self.session.desk
        if run.is_open:
            self.prepare(lambda: DeedPrepared(cancel_question(run), lambda _: desk.cancel(run.id)))
        else:
            self.say(f"{run.id} has ended: {run.state}.")

    def export(self, model: str) -> None:
        """Writes the incident report; nothing is asked, since nothing else changes."""
        desk, period = self.session.desk, self.session.period
        self._do("the report", lambda: f"report: {desk.export(model, period)}")

    # Asking and doing.

    def on_deed_prepared(self, message: DeedPrepared) -> None:
        """Asks."""
        question = message.confirmation

        def answered(reason: str | None) -> None:
            if reason is None:
                self.say("Cancelled: nothing was changed.")
            else:
                self._do(question.title.lower(), lambda: message.deed(reason), place=message.place)

        self.app.push_screen(ConfirmScreen(question), answered)

    def failed(self, message: QueryFailed) -> None:
        """A deed that cannot be done is no reason to call what is shown old."""
        if message.query != _PREPARE:
            super().failed(message)
            return
        self.notify(message.failure.words, severity="error", timeout=30, markup=False)

    def say(self, text: str) -> None:
        """Tells something in passing."""
        self.notify(shown(text), timeout=4, markup=False)

    def _is_busy(self) -> bool:
        """Whether a deed is under way; the operator is told of it."""
        if self.session.doing:
            self.say(f"Wait: {self.session.doing} is under way.")
        return bool(self.session.doing)

    def _do(self, what: str, deed: Callable[[], str], place: str = "") -> None:
        if self._is_busy():
            return
        app, model = self.app, getattr(self, "model", None) or ""
        self.session.doing = what

        def work() -> None:
            try:
                done = DeedDone(deed(), place=place, model=model)
            except Exception as error:  # noqa: BLE001 - whatever it is, the operator must see it
                done = DeedDone("", failure_of(error))
            app.post_message(done)

        app.run_worker(work, name="deed", group="deed", thread=True, exit_on_error=False)
        self.settle()
