"""Which code that a card names may be run here? What its user has read and trusted, word for word."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.card_checks import COMMAND, RECIPES
from workbench.domain.period import iso
from workbench.errors import StoreError
from workbench.workspace.locating import STORE, write_whole

_FOLDER = "trusted"


def code_of(card: ModelCard) -> tuple[str, ...]:
    """What of a card runs code that is not workbench's: its command, and a recipe of its own."""
    found = [card.model.artifact] if card.model.artifact.startswith(COMMAND) else []
    if card.training.recipe not in RECIPES:
        found.append(card.training.recipe)
    return tuple(found)


@dataclass(frozen=True)
class Trust:
    """What was trusted."""

    model: str
    code: tuple[str, ...]
    """The exact texts; empty when the card runs no code."""


def trust_code(root: Path, card: ModelCard, author: str, now: datetime) -> Trust:
    """Records that the user trusts the code that a card names, as the card has it now.

    The record lies in `.workbench/`, never in the card, and holds for this account, this folder,
    this model and these very words: whoever copies a workspace or changes the card asks again.
    It lets the command run, and a recipe be imported from the workspace's folder; what these
    files themselves hold is not recorded.

    Raises:
        StoreError: the record cannot be written.
    """
    code = code_of(card)
    for text in code:
        path = _record(root, card, text)
        said = {"model": card.name, "code": text, "who": author, "when": iso(now)}
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path, json.dumps(said, indent=2) + "\n")
        except OSError as error:
            raise StoreError(
                f"cannot record what is trusted: {error.strerror or error}",
                f"Check that you may write to {STORE}/ of the workspace.",
            ) from error
    return Trust(card.name, code)


def is_trusted(root: Path, card: ModelCard, code: str) -> bool:
    """Whether this account has trusted this text of the card here (see `trust_code`)."""
    path = _record(root, card, code)
    try:
        found = path.lstat()
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no record that can be read is no trust
        return False
    # A record that somebody else put there says nothing of what this user has read.
    is_own = stat.S_ISREG(found.st_mode) and found.st_uid == os.getuid()
    return is_own and isinstance(said, dict) and said.get("code") == code


def is_artifact_trusted(root: Path, card: ModelCard) -> bool:
    """Whether the card's command may be run; for `retrain.artifacts.load_artifact`."""
    return is_trusted(root, card, card.model.artifact)


def recipe_folder(root: Path, card: ModelCard) -> Path | None:
    """Where the card's own recipe may be imported from; for `retrain.recipes.recipe_of`."""
    return root if is_trusted(root, card, card.training.recipe) else None


def _record(root: Path, card: ModelCard, code: str) -> Path:
    words = json.dumps([os.getuid(), str(root.resolve()), card.name, code])
    digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
    return root / STORE / _FOLDER / f"{digest[:32]}.json"
