"""What did a person decide about a model? Promotions, rollbacks, and flags for redesign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

PROMOTION, ROLLBACK, FLAG, LIFT = "promotion", "rollback", "flag", "lift"
DECISIONS = (PROMOTION, ROLLBACK, FLAG, LIFT)
"""`flag` says that the model is to be redesigned, `lift` that it is not any more."""
CHANGES = (PROMOTION, ROLLBACK)
"""The decisions that change the champion."""


@dataclass(frozen=True)
class Decision:
    """One decision; it is never changed."""

    id: str
    """The same in the store and in the registry's history."""
    model: str
    kind: str
    """One of `DECISIONS`."""
    at: datetime
    """By the machine's clock."""
    author: str
    reason: str
    version: str | None = None
    """The champion since then; None for flags."""
    previous: str | None = None
    """The champion until then."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What it rests on: the run, the verdict, the metrics."""

    @property
    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            "id": self.id, "model": self.model, "kind": self.kind, "when": self.at,
            "who": self.author, "why": self.reason, "version": self.version,
            "previous": self.previous, "evidence": dict(self.evidence),
        }  # fmt: skip
