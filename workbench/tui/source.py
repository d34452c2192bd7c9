"""What does the terminal UI need of a workspace? Three questions and a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from workbench.domain.drift import DriftReport
from workbench.domain.rates import PerformanceReport
from workbench.domain.status import ModelStatus


class Source(Protocol):
    """The part of the workspace that screens ask, from worker threads."""

    @property
    def root(self) -> Path:
        """The workspace's folder; its name is shown."""
        ...

    def status(self) -> tuple[ModelStatus, ...]:
        """Every model, worst first."""
        ...

    def performance_report(self, model: str, period: str | None = None) -> PerformanceReport:
        """A model's bad-prediction rate over time; `period` None is the card's window."""
        ...

    def drift(self, model: str, period: str | None = None) -> DriftReport:
        """A model's columns, worst first; `period` None is the card's window."""
        ...
