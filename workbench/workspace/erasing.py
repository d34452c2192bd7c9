"""From which models is an entity to be erased? All that know entities, each by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.domain.card import ModelCard
from workbench.domain.erased import Erased
from workbench.domain.names import file_stem
from workbench.errors import CardError, WorkbenchError
from workbench.store.connections import reading
from workbench.store.erasing import erase_entity
from workbench.store.pseudonyms import text_of
from workbench.store.runs import read_runs
from workbench.workspace.cards import card_names, require_supported
from workbench.workspace.planning_runs import TRAINING_TABLES

if TYPE_CHECKING:
    from workbench.workspace import Workspace

_WITHOUT = "its card names no entity column"
_WITHOUT_HINT = "Name the column under [columns] entity in the card."


def erase(ws: Workspace, entity: str, model: str | None = None) -> tuple[Erased, ...]:
    """Erases everything of an entity in the store, of one model or of all.

    A model in which that is not possible is in the result, with the reason; the others are done
    all the same. What is the user's own (exports, references, backups) stays. The tables of runs
    that have ended are removed with it; what a retraining learned from and was judged on is evidence
    of a decision, has a version in DVC and a hash in the registry, and is named instead.

    Args:
        ws: the workspace.
        entity: the entity, as the exports have it.
        model: None: all.

    Raises:
        UnknownModelError: there is no such model.
        CardError: the model's card cannot be used, or no card names an entity column.
        WorkbenchError: the entity is empty.
        StoreError: the store of the model cannot be written.
    """
    if text_of(entity) is None:
        raise WorkbenchError("the entity is empty", "Give its id as the exports have it.")
    if ws.seen_as_of is not None:
        raise WorkbenchError(
            "the store is erased from as it is, not as it was", "Leave --as-of out."
        )
    ws.store.create()
    if model is not None:
        card = ws.card(model)
        require_supported(card)
        if not card.columns.entity:
            raise CardError(f"models/{file_stem(card.name)}.toml: {_WITHOUT}", _WITHOUT_HINT)
        return (_erased(ws, card, entity),)
    found = [_by_name(ws, name, entity) for name in card_names(ws.root)]
    if all(one.skipped for one in found):
        raise CardError("no model's card names an entity column", _WITHOUT_HINT)
    return (*found, *_without_cards(ws))


def _by_name(ws: Workspace, name: str, entity: str) -> Erased:
    try:
        card = ws.card(name)
        require_supported(card)
        if not card.columns.entity:
            return Erased(name, skipped=_WITHOUT, hint=_WITHOUT_HINT)
        return _erased(ws, card, entity)
    except WorkbenchError as error:
        return Erased(name, problem=error.message, hint=error.hint)


def _erased(ws: Workspace, card: ModelCard, entity: str) -> Erased:
    found = erase_entity(ws.store, ws.root, card, entity, ws.clock)
    return replace(found, kept=_tables_of(ws, card))


def _tables_of(ws: Workspace, card: ModelCard) -> tuple[str, ...]:
    """What of a model's rows retrainings have written beside the store; what of them may go, goes."""
    from workbench.retrain.candidate import BASELINE
    from workbench.retrain.run_folder import is_alive, remove_rows, run_folder
    from workbench.retrain.versions_on_disk import registry_folder

    with reading(ws.store, "looking for runs") as catalog:
        runs = read_runs(catalog, model=card.name)
    under_way = []
    for run in runs:
        folder = run_folder(ws.store, run.id)
        if is_alive(folder):
            under_way.append(folder)
        else:
            remove_rows(folder)
    tables = sorted((ws.root / TRAINING_TABLES / file_stem(card.name)).glob("*.parquet"))
    judged = sorted(registry_folder(ws.root, card).glob(f"*/{BASELINE}"))
    return tuple(one.relative_to(ws.root).as_posix() for one in (*tables, *judged, *under_way))


def _without_cards(ws: Workspace) -> list[Erased]:
    """Models that have rows and no card any more: nobody can say where an entity would be."""
    with reading(ws.store, "looking for models") as catalog:
        stored = {
            str(row[0]) for row in catalog.execute("SELECT DISTINCT model FROM batches").fetchall()
        }
    return [
        Erased(name, problem="it has rows and no card", hint="Put its card back into models/.")
        for name in sorted(stored - set(card_names(ws.root)))
    ]
