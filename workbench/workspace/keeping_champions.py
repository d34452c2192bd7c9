"""Do the registry and the store tell the same of who is champion? What `doctor` looks at."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from workbench.domain.decision import CHANGES
from workbench.domain.health import ERROR, WARNING, Check, found_or_well, number_of
from workbench.domain.names import shown
from workbench.errors import StoreLockedError, WorkbenchError
from workbench.retrain.artifacts import artifact_path
from workbench.retrain.registry import champion_history, standing_change, unwritten_record
from workbench.retrain.versions_on_disk import champion_record
from workbench.store.connections import reading
from workbench.store.decisions import read_decisions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.domain.card import ModelCard
    from workbench.domain.decision import Decision
    from workbench.workspace import Workspace


def check_champions(ws: Workspace, cards: Iterable[ModelCard]) -> tuple[Check, ...]:
    """Whether every champion is there and recorded, in the registry's history and in the store.

    Args:
        ws: the workspace.
        cards: of the models that are looked at.
    """
    stored: dict[str, list[Decision]] = {}
    if ws.store.catalog.exists():
        try:
            with reading(ws.store, "reading decisions") as catalog:
                for decision in read_decisions(catalog, kinds=CHANGES):
                    stored.setdefault(decision.model, []).append(decision)
        except StoreLockedError:
            return ()  # the check of the catalog tells who holds it
        except WorkbenchError as error:
            return (Check("champions", ERROR, error.message, error.hint),)
    found: list[Check] = []
    many = 0
    for card in cards:
        try:
            many += champion_record(ws.root, card) is not None
            found += _of_model(ws, card, stored.get(card.name, []))
        except WorkbenchError as error:
            found.append(Check("champions", ERROR, error.message, error.hint))
    return found_or_well(
        "champions", found, f"{number_of(many, 'champion')} of the registry, each recorded"
    )


def _of_model(ws: Workspace, card: ModelCard, stored: list[Decision]) -> list[Check]:
    found = []
    record = champion_record(ws.root, card) or {}
    path = record.get("path")
    if isinstance(path, str) and path:
        try:
            artifact_path(ws.root, path)
        except WorkbenchError as error:
            what = f"the champion of {shown(card.name)}: {error.message}"
            found.append(Check("champions", ERROR, what, error.hint))
    name = shlex.quote(shown(card.name))
    version = shlex.quote(shown(record.get("version", "")))
    mend = f"`workbench promote {name} {version} --yes` completes the record."
    if unwritten_record(ws.root, card) is not None:
        what = f"the history of {shown(card.name)} lacks how version {version} became champion"
        found.append(Check("champions", WARNING, what, mend))
    changes = champion_history(ws.root, card)
    known, listed = {one.id for one in stored}, {one.id for one in changes}
    lacking = [one for one in changes if one.id not in known]
    if lacking:
        what = (
            f"the store lacks {number_of(len(lacking), 'decision')} about {shown(card.name)} that "
            f"the registry has, the last of {lacking[-1].decision.at:%Y-%m-%d %H:%MZ}"
        )
        found.append(Check("champions", WARNING, what, mend))
    foreign = [one for one in stored if one.id not in listed]
    if foreign:
        what = (
            f"the store has {number_of(len(foreign), 'decision')} about {shown(card.name)} that the "
            f"registry lacks, the last of {foreign[-1].at:%Y-%m-%d %H:%MZ}: champion is "
            f"version {version or shown(card.model.version)} all the same"
        )
        hint = "Restore registry/ from git if it is an older one, or promote the version meant."
        found.append(Check("champions", WARNING, what, hint))
    standing = standing_change(ws.root, card)
    if standing is not None and changes and changes[-1].id != standing.id:
        what = (
            f"champion.json of {shown(card.name)} names version {version}, and the newest decision "
            f"of its history is for {shown(changes[-1].version)}"
        )
        hint = "The champion is read from champion.json: promote the version that is meant."
        found.append(Check("champions", WARNING, what, hint))
    return found
