"""Which decisions were taken about a model? Appended, never changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from workbench.domain.decision import FLAG, LIFT, Decision
from workbench.store.alerts import next_number
from workbench.store.catalog import known_time, naive
from workbench.store.connections import Connection


def add_decision(catalog: Connection, decision: Decision) -> None:
    """Records a decision in the open transaction; one of this id that is there already stays."""
    known = catalog.execute("SELECT 1 FROM decisions WHERE id = ?", [decision.id]).fetchall()
    if known:
        return
    number = next_number(catalog, "decisions", "decision")
    catalog.execute(
        "INSERT INTO decisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            number, decision.id, decision.model, decision.kind, naive(decision.at),
            decision.author, decision.reason, decision.version, decision.previous,
            json.dumps(dict(decision.evidence), default=str),
        ],
    )  # fmt: skip


def read_decisions(
    catalog: Connection,
    *,
    model: str | None = None,
    kinds: Sequence[str] = (),
    as_of: datetime | None = None,
) -> tuple[Decision, ...]:
    """Decisions, oldest first.

    Args:
        catalog: open.
        model: only those about it.
        kinds: only these; empty: all.
        as_of: what was decided later does not exist; None: everything does.
    """
    moment = naive(as_of) if as_of is not None else None
    rows = catalog.execute(
        "SELECT id, model, kind, decided_at, author, reason, version, previous, evidence "
        "FROM decisions WHERE (?::VARCHAR IS NULL OR model = ?) "
        "AND (len(?::VARCHAR[]) = 0 OR list_contains(?::VARCHAR[], kind)) "
        "AND (?::TIMESTAMP IS NULL OR decided_at <= ?) ORDER BY decision",
        [model, model, list(kinds), list(kinds), moment, moment],
    ).fetchall()
    return tuple(
        Decision(
            row[0], row[1], row[2], known_time(row[3]), row[4], row[5], row[6], row[7],
            json.loads(row[8]),
        )
        for row in rows
    )  # fmt: skip


def standing_flags(catalog: Connection, as_of: datetime | None = None) -> dict[str, Decision]:
    """The flag of every model that is flagged for redesign: the newest is not lifted.

    Args:
        catalog: open.
        as_of: what was decided later does not exist; None: everything does.
    """
    found: dict[str, Decision] = {}
    for decision in read_decisions(catalog, kinds=(FLAG, LIFT), as_of=as_of):
        if decision.kind == FLAG:
            found[decision.model] = decision
        else:
            found.pop(decision.model, None)
    return found
