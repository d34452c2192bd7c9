"""Decisions from memory: a verdict, runs and questions that are exactly what is written here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.tui.standin import WINDOW
from workbench.domain.decision import FLAG, Decision
from workbench.domain.run import FitNote, Run, RunMetrics, RunResult, SegmentChange
from workbench.domain.verdict import Cause, Evidence, Exclusion, StepNote, Verdict
from workbench.tui.desk import Desk, Standing, Step
from workbench.workspace.foreseeing_runs import Foreseen
from workbench.workspace.promoting import PlannedChange
from workbench.workspace.retrain_budget import BudgetState

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOSTILE_TEXT = "[@click=app.quit]\x1b[31mred[/b]"

VERDICT = Verdict(
    model="air-time",
    period=WINDOW,
    onset=datetime(2013, 7, 10, tzinfo=UTC),
    labels_as_of=datetime(2013, 7, 29, tzinfo=UTC),
    verdict="retrain",
    reason="the same inputs have other outcomes",
    redesign_reason=None,
    confidence=0.93,
    summary=(
        "air-time: 41.2% bad since 2013-07-10, 17.1% in the reference (8,123 labels). The same "
        "inputs have other outcomes than before, everywhere. Train it anew on the labels since."
    ),
    causes=(
        Cause(
            "unit_change", "feature", "dep_delay", ("carrier", "UA"),
            datetime(2013, 7, 10, tzinfo=UTC), None, 0.12, "divide by 60",
        ),
    ),
    residual_verdict=None,
    cannot_distinguish=("new winds from new routes: both began on 2013-07-10",),
    exclude=(Exclusion((("carrier", "UA"),), datetime(2013, 7, 10, tzinfo=UTC), None),),
    evidence=(
        Evidence(
            "retrainability", "gain_of_retraining", 0.231,
            "fitted to the labels since, 18.1% would be bad in place of 41.2%",
            0.21, 0.252, 4012, 0.02, supports="retrain",
        ),
        Evidence(
            "replay", "replay_disagreement", 0.0003, "the champion scores the logged rows as logged",
            0.0, 0.001, 2000, 0.002, against="fix_serving",
        ),
        Evidence(
            "half_life", "half_life", 61.0, "the last gain was gone after 61 days",
            n=3, threshold=30.0, supports="redesign",
        ),
        Evidence("history", "bad_rate_one_year_before", None, "nothing is stored from then"),
    ),
    actions=("workbench retrain air-time", "workbench report air-time"),
    steps=(StepNote("versions", "there was one version only"),),
    versions=("1",),
    id=3,
)  # fmt: skip


def fits(done: int, of: int = 12) -> tuple[FitNote, ...]:
    """So many ended fits of so many."""
    return tuple(
        FitNote(
            number, "incident", 1.0, "linear", {}, 1,
            "fitted" if number <= done else "waiting",
            0.18 + number / 100 if number <= done else None,
        )
        for number in range(1, of + 1)
    )  # fmt: skip


RUNNING = Run(
    id="run-2", model="air-time", state="running", backend="ray", champion="1", author="ana",
    requested_at=NOW - timedelta(seconds=100), started_at=NOW - timedelta(seconds=60),
    phase="fitting", window="since 2013-07-10T00:00:00Z, by verdict 3 (retrain)", verdict=3,
    train_rows=12_345, holdout_rows=4_012, fits=fits(5),
)  # fmt: skip
SUCCEEDED = replace(
    RUNNING, id="run-1", state="succeeded", phase="", fits=fits(12),
    requested_at=NOW - timedelta(days=2), ended_at=NOW - timedelta(days=2) + timedelta(seconds=90),
    result=RunResult(
        challenger="2", artifact="registry/air-time/2/model.skops", data_version="data/t@0",
        train_rows=12_345, holdout_rows=4_012,
        metrics=RunMetrics(0.412, 0.181, 0.231, 0.21, 0.252), recommend_promotion=True,
        reason="the gain on the newest labels is +23.1% (+21.0% to +25.2%)",
        segments=(SegmentChange("carrier", "UA", 300, -0.04, -0.07, -0.01, True),),
    ),
)  # fmt: skip
FAILED = replace(
    RUNNING, id="run-0", state="failed", phase="", reason="its supervisor died; its last words: x"
)

FORESEEN = Foreseen(
    model="air-time", champion="1", window="since 2013-07-10T00:00:00Z, by verdict 3 (retrain)",
    verdict=3, train_rows=12_345, holdout_rows=4_012, left_out=310, fits=12,
    recipe="gradient_boosting", backend="ray", fit_seconds=600.0, at_once=2,
    budget=BudgetState(1, 4, 12.5, timedelta(0)), flag=None,
)  # fmt: skip
METRICS = {
    "champion_bad_rate": 0.412, "challenger_bad_rate": 0.181, "gain": 0.231, "gain_low": 0.21,
    "gain_high": 0.252,
}  # fmt: skip
LOG = tuple(f"2026-11-26 11:59:{second:02}Z fit-{second}: 20.1% bad" for second in range(40))


@dataclass(frozen=True)
class StandInDesk(Desk):
    """Answers from memory, and notes what was done; waits for `gate` in triage."""

    ws: Any = None
    told: dict[str, Any] = field(default_factory=dict)
    """What can be changed: `late` (the gate is after the last step), `recording` (an event: set then, and
    `recorded` waited for), `verdict`, `flag`, `runs`, `foreseen`, `is_forced`, `error`."""
    done: list[tuple[str, ...]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    recorded: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """Open, unless a test closes it."""
        self.gate.set()

    def now(self) -> datetime:
        """Always the same."""
        return NOW

    def standing(self, model: str) -> Standing:
        """What it was told."""
        runs = self.runs(model)
        return Standing(
            "1", self.told.get("verdict", VERDICT), NOW - timedelta(minutes=7), None,
            self.told.get("flag"), runs[0] if runs else None,
        )  # fmt: skip

    def triage(
        self, model: str, period: str | None, told: Step, reached: Callable[[], None]
    ) -> Standing:
        """Two steps, a gate between them or after them, and what follows the verdict."""
        told("replay", "the champion scores the logged rows as logged")
        if not self.told.get("late"):
            self.gate.wait(30)
        told("harm", f"41.2% bad of 8,123 labelled {HOSTILE_TEXT}")
        if self.told.get("late"):
            self.gate.wait(30)
        reached()
        if "recording" in self.told:
            self.told["recording"].set()
            self.recorded.wait(30)
        self.done.append(("triage", model, period or ""))
        self.told["verdict"] = replace(VERDICT, id=4)
        return self.standing(model)

    def foreseen(self, model: str) -> Foreseen:
        """What it was told."""
        if "error" in self.told:
            raise self.told["error"]
        found: Foreseen = self.told.get("foreseen", FORESEEN)
        return replace(found, model=model)

    def retrain(self, model: str, force: str | None) -> str:
        """Notes it."""
        self.gate.wait(30)
        if "failure" in self.told:
            raise self.told["failure"]
        self.done.append(("retrain", model, force or ""))
        return "run-2 is started"

    def runs(self, model: str | None) -> tuple[Run, ...]:
        """What it was told."""
        found: tuple[Run, ...] = self.told.get("runs", (RUNNING, SUCCEEDED, FAILED))
        return found

    def log(self, run: str) -> tuple[str, ...]:
        """Forty lines."""
        return (*LOG, f"{run} {HOSTILE_TEXT}")

    def cancel(self, run: str) -> str:
        """Notes it."""
        self.done.append(("cancel", run))
        return f"{run} is cancelled"

    def planned_promotion(self, model: str, version: str) -> PlannedChange:
        """By force where it was told so."""
        is_forced = bool(self.told.get("is_forced"))
        notes = ("by force: it is not better than the champion on the holdout",)
        return PlannedChange(
            model, "promotion", version, "p", "1", "q", {"metrics": METRICS}, is_forced,
            notes if is_forced else (),
        )  # fmt: skip

    def promote(self, model: str, version: str, reason: str, is_forced: bool) -> str:
        """Notes it."""
        self.done.append(("promote", model, version, reason, str(is_forced)))
        return f"version {version} is the champion, was 1"

    def planned_rollback(self, model: str) -> PlannedChange:
        """From 2 to 1."""
        return PlannedChange(model, "rollback", "1", "p", "2", "q", {}, False, ())

    def roll_back(self, model: str, reason: str) -> str:
        """Notes it."""
        self.done.append(("roll back", model, reason))
        return "version 1 is the champion, was 2"

    @property
    def hook(self) -> str:
        """A command."""
        return "./deploy.sh --all"

    def flag(self, model: str, reason: str) -> str:
        """Notes it."""
        self.done.append(("flag", model, reason))
        self.told["flag"] = Decision("d", model, FLAG, NOW, "ana", reason)
        return "flagged for redesign"

    def lift(self, model: str, reason: str) -> str:
        """Notes it."""
        self.done.append(("lift", model, reason))
        self.told["flag"] = None
        return "the flag is lifted"

    def export(self, model: str, period: str | None) -> str:
        """Notes it."""
        self.done.append(("export", model, period or ""))
        return str(Path("reports") / f"{model}.md")
