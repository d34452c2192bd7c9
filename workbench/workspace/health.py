"""What is wrong with a workspace, and how is it mended? The machine, the cards, the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.clock import SystemClock
from workbench.domain.health import ERROR, OK, Check, found_or_well, number_of
from workbench.domain.names import shown
from workbench.errors import SettingsError, WorkbenchError
from workbench.settings import Settings
from workbench.workspace.cards import card_names, require_supported
from workbench.workspace.environment import check_environment
from workbench.workspace.keeping_champions import check_champions
from workbench.workspace.keeping_versions import check_data_versions
from workbench.workspace.locating import STORE, read_settings

if TYPE_CHECKING:
    from workbench.domain.card import ModelCard
    from workbench.workspace import Workspace


def examine(
    root: Path | None, *, deep: bool = False, told: Callable[[str], None] = lambda _: None
) -> tuple[Check, ...]:
    """Everything that can be looked at; nothing is changed.

    Args:
        root: the workspace; None where there is none, and only the machine is looked at.
        deep: look at every row of a large store too.
        told: told what is being looked at.
    """
    from workbench.workspace import Workspace

    if root is None:
        return check_environment(Path.cwd(), Settings().store.memory_limit)
    settings, read = _settings(root)
    folder = root / STORE if (root / STORE).is_dir() else root
    ws = Workspace(root, settings, SystemClock())
    cards = {name: _card(ws, name) for name in card_names(root)}
    return (
        *check_environment(folder, settings.store.memory_limit),
        read,
        *_store(ws, cards, deep, told),
        *_cards(ws, cards),
        *check_champions(
            ws, [card for card in cards.values() if not isinstance(card, WorkbenchError)]
        ),
        check_data_versions(root),
    )


def _settings(root: Path) -> tuple[Settings, Check]:
    try:
        settings = read_settings(root)
    except SettingsError as error:
        return Settings(), Check("settings", ERROR, error.message, error.hint)
    return settings, Check("settings", OK, "workbench.toml can be used")


def _card(ws: Workspace, name: str) -> ModelCard | WorkbenchError:
    from workbench.ingest.formats.registry import require_own_format

    try:
        card = ws.card(name)
        require_supported(card)
        require_own_format(card)
    except WorkbenchError as error:
        return error
    return card


def _store(
    ws: Workspace,
    cards: dict[str, ModelCard | WorkbenchError],
    deep: bool,
    told: Callable[[str], None],
) -> tuple[Check, ...]:
    from workbench.store.verifying import verify_store

    readable = {
        name: None if isinstance(card, WorkbenchError) else card for name, card in cards.items()
    }
    try:
        return verify_store(ws.store, ws.root, readable, ws.clock.now(), deep=deep, told=told)
    except WorkbenchError as error:
        return (Check("store", ERROR, error.message, error.hint),)


def _cards(ws: Workspace, cards: dict[str, ModelCard | WorkbenchError]) -> tuple[Check, ...]:
    """Whether each card can be used, and its reference is there."""
    found = []
    for card in cards.values():
        if isinstance(card, WorkbenchError):
            found.append(Check("cards", ERROR, card.message, card.hint))
        elif not (ws.root / card.reference.data).is_file():
            what = f"the reference of {shown(card.name)} is not there: {shown(card.reference.data)}"
            hint = "Correct [reference] data in the card, or put the file there."
            found.append(Check("cards", ERROR, what, hint))
    return found_or_well("cards", found, f"{number_of(len(cards), 'card')} can be used")
