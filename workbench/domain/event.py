"""What else changed, and when? A deployment, a holiday, a new threshold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

KINDS = ("deploy", "config", "library", "schema", "holiday", "campaign", "threshold")
"""Every kind of event."""


@dataclass(frozen=True)
class Event:
    """Something that was done or came to pass outside of the logs."""

    id: int
    model: str
    at: datetime
    kind: str
    """One of `KINDS`."""
    text: str
    author: str
    added_at: datetime
