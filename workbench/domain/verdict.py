"""What is to be done about a model, and why? A verdict with its evidence and its causes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.domain.period import Period

VERDICTS = (
    "no_action", "wait", "fix_upstream", "fix_serving", "roll_back", "recalibrate", "retrain",
    "redesign", "undecided",
)  # fmt: skip
"""Every verdict that there is."""

REDESIGN_REASONS = ("model_class", "missing_information", "harder_cases", "short_half_life")
"""Why a model would have to be redesigned."""

WHERE = ("feature", "label", "serving", "version", "world")
"""Where a cause can lie."""


@dataclass(frozen=True)
class Evidence:
    """One figure that speaks for something or against it."""

    step: str
    """The step of triage that measured it, as its module is called."""
    name: str
    value: float | None
    reading: str
    """What it means, in a sentence; or why there is no figure."""
    low: float | None = None
    high: float | None = None
    """The 95 % interval."""
    n: int | None = None
    """Rows that it rests on."""
    threshold: float | None = None
    supports: str | None = None
    """One of `VERDICTS`; None: it only describes."""
    against: str | None = None
    """One of `VERDICTS` that it speaks against."""


@dataclass(frozen=True)
class Cause:
    """Something that makes predictions worse, or would have to be mended."""

    kind: str
    """A kind of fault (`domain.fault.KINDS`), or `version`, `concept`, `inputs`, `prior`."""
    where: str
    """One of `WHERE`."""
    column: str = ""
    segment: tuple[str, str] | None = None
    """(column, value) that it is confined to."""
    since: datetime | None = None
    until: datetime | None = None
    share_of_rise: float | None = None
    """Of the rise of the bad rate; None where it cannot be told."""
    repair: str | None = None
    """What would undo it, in words."""
    verdict: str = "fix_upstream"


@dataclass(frozen=True)
class Exclusion:
    """Rows to keep out of training."""

    where: tuple[tuple[str, str], ...]
    """(column, value) pairs that hold together; empty: all rows of the time."""
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class StepNote:
    """How a step of triage went."""

    step: str
    skipped: str | None = None
    """Why it could not be made; None: it was."""
    seconds: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """What is to be done about a model in a period."""

    model: str
    period: Period
    onset: datetime | None
    labels_as_of: datetime | None
    verdict: str
    reason: str
    redesign_reason: str | None
    confidence: float
    """Share of resamplings that give the same verdict, calibrated; 0 to 1."""
    summary: str
    """At most three sentences for a chat."""
    causes: tuple[Cause, ...] = ()
    residual_verdict: str | None = None
    """What remains once the causes are gone; None: nothing, or not known."""
    cannot_distinguish: tuple[str, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    actions: tuple[str, ...] = ()
    """Commands to type next."""
    steps: tuple[StepNote, ...] = ()
    versions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    id: int | None = None
    """Its number in the store; None before it is recorded."""
    inputs: tuple[tuple[str, str], ...] = ()
    """What it was made from: periods, hashes, seeds, thresholds; name and value."""

    @property
    def pro(self) -> tuple[Evidence, ...]:
        """The evidence that speaks for it."""
        return tuple(e for e in self.evidence if e.supports == self.verdict)

    @property
    def contra(self) -> tuple[Evidence, ...]:
        """The evidence that speaks against it, or for another verdict."""
        return tuple(
            e for e in self.evidence
            if e.supports != self.verdict and (e.against == self.verdict or e.supports is not None)
        )  # fmt: skip
