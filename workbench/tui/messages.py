"""What can a worker thread tell a screen? Only these; no worker touches a widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from textual.message import Message

from workbench.domain.drift import DriftReport
from workbench.domain.names import shown
from workbench.domain.rates import PerformanceReport
from workbench.domain.run import Run
from workbench.domain.status import ModelStatus
from workbench.errors import NoRowsError, WorkbenchError
from workbench.tui.confirmation import Confirmation
from workbench.tui.desk import Standing


@dataclass(frozen=True)
class Failure:
    """Why a question has no answer, in the operator's words."""

    title: str
    """`Error`, or for something nobody foresaw the class of the exception."""
    message: str
    hint: str
    is_empty: bool = False
    """There is nothing to show yet; nothing is broken."""

    @property
    def words(self) -> str:
        """What went wrong and what to do, harmless, a line each."""
        return "\n".join(shown(part) for part in (self.message, self.hint) if part)


def failure_of(error: Exception) -> Failure:
    """What the operator is told about an exception: never a traceback."""
    if isinstance(error, NoRowsError):
        return Failure("Nothing stored yet", error.message, error.hint, is_empty=True)
    if isinstance(error, WorkbenchError):
        return Failure("Error", error.message, error.hint)
    return Failure(
        f"Unexpected error: {type(error).__name__}",
        str(error) or "no message",
        "Press r to try again. If it comes back, run workbench doctor.",
    )


@dataclass
class FleetLoaded(Message):
    """The state of every model was read."""

    statuses: tuple[ModelStatus, ...]


@dataclass
class PerformanceLoaded(Message):
    """A model's bad-prediction rate over time was read."""

    report: PerformanceReport


@dataclass
class DriftLoaded(Message):
    """A model's column comparison was read."""

    report: DriftReport


@dataclass
class QueryFailed(Message):
    """A question could not be answered."""

    query: str
    failure: Failure


@dataclass
class QueryEnded(Message):
    """A question is no longer being asked, answered or not."""

    query: str


@dataclass
class StandingLoaded(Message):
    """What is decided about a model was read, or a verdict was just reached."""

    standing: Standing
    is_reached: bool = False
    """Whether triage has just ended with it."""


@dataclass
class StepTaken(Message):
    """Triage has taken a step."""

    step: str
    reading: str


@dataclass
class RunsLoaded(Message):
    """The retraining runs were read."""

    runs: tuple[Run, ...]
    now: datetime


@dataclass
class LogLoaded(Message):
    """What a run has said was read."""

    run: str
    lines: tuple[str, ...]


@dataclass
class DeedPrepared(Message):
    """A deed was looked at before it is done: what to ask, and how it is done then."""

    confirmation: Confirmation
    deed: Callable[[str], str]
    """Given the reason, does it, blocking, and says what was done."""
    place: str = ""
    """Where to go once it is done; empty: stay."""


@dataclass
class DeedDone(Message):
    """A deed has ended, well or not."""

    text: str
    failure: Failure | None = None
    place: str = ""
    model: str = ""
