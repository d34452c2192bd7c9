"""What is a retraining run, how far is it, and what came of it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

STATES = ("queued", "running", "succeeded", "failed", "cancelled")
"""Every state of a run; the last three are final."""

OPEN = ("queued", "running")
"""The states of a run that is still under way."""

FIT_STATES = ("waiting", "fitting", "fitted", "failed")


@dataclass(frozen=True)
class FitNote:
    """How far one challenger is."""

    number: int
    """From 1, in the order of the plan."""
    window: str
    """Which rows it learns from: `incident`, `all` or `older`."""
    weight: float
    """For how many older rows one of the incident stands."""
    recipe: str
    params: Mapping[str, Any]
    """Over the card's own."""
    seed: int
    state: str = "waiting"
    """One of `FIT_STATES`."""
    bad_rate: float | None = None
    """On the part of the training rows that chooses; None before it is fitted, or where it failed."""
    seconds: float | None = None
    attempts: int = 0
    """How often it was begun: more than once where its process was killed."""
    reason: str | None = None
    """Why there is no bad rate."""


@dataclass(frozen=True)
class RunMetrics:
    """Champion and challenger on the same newest labels; rates are fractions."""

    champion_bad_rate: float | None = None
    challenger_bad_rate: float | None = None
    gain: float | None = None
    """Champion's minus challenger's, paired."""
    gain_low: float | None = None
    gain_high: float | None = None
    """The 95 % interval of the gain, by blocks of days or entities."""


@dataclass(frozen=True)
class SegmentChange:
    """What the challenger gains in one segment."""

    column: str
    value: str | None
    """None: missing, or a value that must not be named."""
    rows: int
    gain: float
    low: float
    high: float
    is_harmed: bool
    """Whether it is surely worse here, by as much as matters."""


@dataclass(frozen=True)
class RunResult:
    """What came of a run that succeeded."""

    challenger: str
    """The version of the candidate in the registry."""
    artifact: str
    """Its file, relative to the workspace."""
    data_version: str
    """`PATH@md5` of the training table."""
    train_rows: int
    holdout_rows: int
    metrics: RunMetrics
    recommend_promotion: bool
    reason: str
    """Why promotion is recommended, or is not: a sentence."""
    segments: tuple[SegmentChange, ...] = ()
    """The worst first."""
    chosen: int = 1
    """The number of the fit that won."""
    is_redesign: bool = False
    """Whether its recipe is not the card's: a candidate for a redesign."""
    seconds: float = 0.0
    cost: float = 0.0
    """By the card, in its currency."""


@dataclass(frozen=True)
class Run:
    """One retraining run, as the store knows it."""

    id: str
    model: str
    state: str
    """One of `STATES`."""
    backend: str
    champion: str
    """The version that it is judged against."""
    author: str
    requested_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    phase: str = ""
    """What is being done, in words."""
    reason: str | None = None
    """Why it failed, or was cancelled."""
    window: str = ""
    """Which rows it learns from, in words."""
    verdict: int | None = None
    """The verdict that it follows."""
    mode: str = "manual"
    """`manual` or `auto`."""
    forced: str | None = None
    """Why a person went over the budget."""
    train_rows: int = 0
    holdout_rows: int = 0
    data_version: str = ""
    fits: tuple[FitNote, ...] = field(default=())
    result: RunResult | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still under way."""
        return self.state in OPEN

    @property
    def done(self) -> int:
        """How many fits have ended."""
        return sum(1 for one in self.fits if one.state in ("fitted", "failed"))

    @property
    def best(self) -> FitNote | None:
        """The best challenger so far; None before the first one."""
        known = [one for one in self.fits if one.bad_rate is not None]
        return min(known, key=lambda one: (one.bad_rate or 0.0, one.number)) if known else None

    def seconds(self, now: datetime) -> float:
        """How long it took from when it was asked for; of an open one, how long until now."""
        return ((self.ended_at or now) - self.requested_at).total_seconds()

    def seconds_left(self, now: datetime) -> float | None:
        """How long the fits to come will take, if they take as long as those before; None: not known."""
        if not self.is_open or self.started_at is None or not self.done:
            return None
        passed = (now - self.started_at).total_seconds()
        return max(0.0, passed / self.done * (len(self.fits) - self.done))


def run_name(number: int) -> str:
    """What a run is called.

    >>> run_name(12)
    'run-12'
    """
    return f"run-{number}"


def run_document(run: Run, now: datetime | None = None) -> dict[str, Any]:
    """The document of the contract, with what else is known of the run; times are not texts yet.

    Args:
        run: the run.
        now: the machine's clock, for the time left and the seconds of an open run.
    """
    result = run.result
    end = run.ended_at or now
    best = run.best
    return {
        "run": run.id,
        "model": run.model,
        "state": run.state,
        "backend": run.backend,
        "champion": run.champion,
        "challenger": result.challenger if result else None,
        "data_version": run.data_version or None,
        "train_rows": run.train_rows,
        "holdout_rows": run.holdout_rows,
        "metrics": asdict(result.metrics if result else RunMetrics()),
        "recommend_promotion": result.recommend_promotion if result else None,
        "artifact": result.artifact if result else None,
        "seconds": run.seconds(end) if end is not None else None,
        "reason": result.reason if result else run.reason or _why_not(run),
        "redesign_candidate": result.is_redesign if result else None,
        "segments": [asdict(one) for one in result.segments] if result else [],
        "cost": result.cost if result else None,
        "phase": run.phase,
        "window": run.window,
        "verdict": run.verdict,
        "author": run.author,
        "mode": run.mode,
        "forced": run.forced,
        "requested_at": run.requested_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "progress": {
            "done": run.done,
            "planned": len(run.fits),
            "best": {"fit": best.number, "bad_rate": best.bad_rate} if best else None,
            "seconds_left": run.seconds_left(now) if now is not None else None,
        },
        "chosen": result.chosen if result else None,
        "fits": [asdict(one) for one in run.fits],
    }


def result_document(result: RunResult) -> dict[str, Any]:
    """A result as JSON can hold it; `result_of` reads it."""
    return asdict(result)


def result_of(document: Mapping[str, Any]) -> RunResult:
    """The result that a document says.

    Raises:
        KeyError, TypeError: it is no such document.
    """
    parts = dict(document)
    parts["metrics"] = RunMetrics(**parts["metrics"])
    parts["segments"] = tuple(SegmentChange(**one) for one in parts["segments"])
    return RunResult(**parts)


def fit_of(document: Mapping[str, Any]) -> FitNote:
    """The note that a document says.

    Raises:
        TypeError: it is no such document.
    """
    return FitNote(**document)


def _why_not(run: Run) -> str | None:
    return f"the run is {run.state}" if run.is_open else None
