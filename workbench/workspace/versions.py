"""Which version of a model is the champion, and which versions does a question mean?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.names import file_stem
from workbench.errors import CardError


def champion_version(root: Path, card: ModelCard) -> str:
    """The champion's version: `champion.json` once it exists, until then the card's.

    Raises:
        CardError: `champion.json` cannot be read.
    """
    path = root / "registry" / file_stem(card.name) / "champion.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["version"])
    except FileNotFoundError:
        return card.model.version
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CardError(
            f"cannot read the champion of {card.name}: {error}",
            "Restore registry/.../champion.json.",
        ) from error


def chosen_versions(
    asked: str | None, champion: str, present: Sequence[str | None]
) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The versions to filter by (None: no filter) and the versions that the answer is about.

    Args:
        asked: `champion`, `all`, a version, or None for the default: the champion, or all
            when it has no rows in the period.
        champion: the champion's version.
        present: the versions that the period has rows of.
    """
    known = tuple(version for version in present if version is not None)
    if asked == "all" or (asked is None and champion not in known):
        return None, known
    if asked in (None, "champion"):
        return (champion,), (champion,)
    return (str(asked),), (str(asked),)
