"""Which models are to be redesigned? A person's flag, which blocks scheduled retraining until lifted."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.domain.alert import incident_name
from workbench.domain.decision import FLAG, LIFT, Decision
from workbench.domain.incident import IncidentEntry
from workbench.domain.names import shown
from workbench.errors import WorkbenchError
from workbench.retrain.registry import decision_id, standing_champion
from workbench.store.connections import reading, writing
from workbench.store.decisions import add_decision, standing_flags
from workbench.store.incidents import add_entry, add_incident, read_incidents
from workbench.workspace.incidents import known_text

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_KEPT = ("id", "verdict", "redesign_reason", "confidence", "residual_verdict")
"""What of the newest verdict is evidence: no value of any row is among it."""


@dataclass(frozen=True)
class Flagged:
    """A flag that was set or lifted."""

    decision: Decision
    incident: int | None
    """The incident that tells of it; None where a lifted flag has no open one."""
    is_new: bool
    """Whether that incident was opened for it."""

    @property
    def document(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {
            **self.decision.document,
            "flagged": self.decision.kind == FLAG,
            "incident": None if self.incident is None else incident_name(self.incident),
        }


def standing_flag(ws: Workspace, name: str) -> Decision | None:
    """The flag of a model that is not lifted; None without one. As of a moment, as it was then.

    Raises:
        UnknownModelError, CardError: as for `Workspace.card`.
        StoreError: the store cannot be read.
    """
    ws.card(name)
    with reading(ws.store, "reading decisions") as catalog:
        return standing_flags(catalog, ws.seen_as_of).get(name)


def flag(ws: Workspace, name: str, reason: str, author: str) -> Flagged:
    """Flags a model for redesign; its newest verdict is the evidence.

    The model's open incidents get a note; without one an incident is opened.

    Raises:
        UnknownModelError, CardError: as for `Workspace.card`.
        WorkbenchError: there is no reason, or it is flagged already.
        StoreError: the store cannot be written.
    """
    _require_now(ws)
    text, standing = known_text(reason, "reason"), standing_flag(ws, name)
    if standing is not None:
        raise WorkbenchError(
            f"{shown(name)} is flagged already, by {shown(standing.author, 60)} on "
            f"{standing.at:%Y-%m-%d}: {shown(standing.reason, 200)}",
            f"Lift it first: workbench flag {shlex.quote(shown(name))} --lift --reason TEXT",
        )
    from workbench.workspace.triaging import newest_verdict

    verdict = newest_verdict(ws, name)
    evidence: dict[str, Any] = {}
    if verdict is not None:
        evidence = {"verdict": {key: getattr(verdict, key) for key in _KEPT}}
    return _decided(ws, name, FLAG, text, author, evidence)


def lift(ws: Workspace, name: str, reason: str, author: str) -> Flagged:
    """Takes a model's flag back; its open incidents get a note and stay open.

    Raises:
        UnknownModelError, CardError: as for `Workspace.card`.
        WorkbenchError: there is no reason, or it is not flagged.
        StoreError: the store cannot be written.
    """
    _require_now(ws)
    text = known_text(reason, "reason")
    if standing_flag(ws, name) is None:
        raise WorkbenchError(
            f"{shown(name)} is not flagged", "workbench status shows the flagged models."
        )
    return _decided(ws, name, LIFT, text, author, {})


def _decided(
    ws: Workspace, name: str, kind: str, reason: str, author: str, evidence: dict[str, Any]
) -> Flagged:
    now, card = ws.clock.now(), ws.card(name)
    version = standing_champion(ws.root, card)[0]
    number = decision_id(name, kind, version, None, now)
    decision = Decision(number, name, kind, now, author, reason, version, None, evidence)
    said = f"flagged for redesign: {reason}" if kind == FLAG else f"flag lifted: {reason}"
    ws.store.create()
    with writing(ws.store, f"recording a decision about {name}") as catalog:
        # Two people may flag at once: looked at again where nobody can come between.
        if (name in standing_flags(catalog)) == (kind == FLAG):
            raise WorkbenchError(
                f"somebody else has just decided about {shown(name)}",
                f"workbench model history {shlex.quote(shown(name))} tells what.",
            )
        add_decision(catalog, decision)
        incidents = read_incidents(catalog, model=name, only_open=True)
        for one in incidents:
            add_entry(catalog, one.id, IncidentEntry(now, author, "note", said))
        if incidents or kind == LIFT:
            return Flagged(decision, incidents[0].id if incidents else None, False)
        title = f"to be redesigned: {reason}"
        opened = add_incident(
            catalog, name, title[:200], now, IncidentEntry(now, author, "opened", said)
        )
        return Flagged(decision, opened, True)


def _require_now(ws: Workspace) -> None:
    if ws.seen_as_of is not None:
        raise WorkbenchError("a flag is set now, not in the past", "Leave --as-of out.")
