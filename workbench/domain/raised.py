"""Which alert is raised, as the store has it? Its cause, its incident and what was said of it last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class RaisedAlert:
    """An alert as the store has it."""

    id: int
    model: str
    kind: str
    columns: tuple[str, ...]
    since: datetime
    raised_look: datetime
    incident: int
    status: str
    """The newest entry's; `ok` once it is over."""
    look: datetime
    """The newest entry's."""
    message: str
    told: str | None = None
    """How loud it was when `check --since-last` told of it last; None where none has yet."""
