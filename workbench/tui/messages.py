"""What can a worker thread tell a screen? Only these; no worker touches a widget."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from workbench.domain.drift import DriftReport
from workbench.domain.rates import PerformanceReport
from workbench.domain.status import ModelStatus
from workbench.errors import NoRowsError, WorkbenchError


@dataclass(frozen=True)
class Failure:
    """Why a question has no answer, in the operator's words."""

    title: str
    """`Error`, or for something nobody foresaw the class of the exception."""
    message: str
    hint: str
    is_empty: bool = False
    """There is nothing to show yet; nothing is broken."""


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
