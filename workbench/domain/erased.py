"""What did an erasure take? The figures of one model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Erased:
    """What was erased of one entity in one model."""

    model: str
    rows: int = 0
    """Predictions."""
    labels: int = 0
    """Label records of these predictions."""
    quarantined: int = 0
    """Rows in quarantine that named them; they are still counted, without their text."""
    segments: int = 0
    """Files that were written anew."""
    kept: tuple[str, ...] = ()
    """Tables beside the store that hold rows of the model, relative to the workspace: what its
    retrainings learned from and were judged on, and runs that are under way."""
    skipped: str | None = None
    """Why the model was not looked into; None: it was."""
    problem: str | None = None
    """Why nothing could be erased in this model; None: it could."""
    hint: str = ""
