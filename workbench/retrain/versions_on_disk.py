"""Which trained versions of a model lie in the registry, and which was before the champion?"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.domain.card import ModelCard
from workbench.domain.card_checks import COMMAND
from workbench.domain.names import file_stem, name_of_stem, shown
from workbench.errors import CardError

MODEL_FILES = ("model.skops", "model.onnx")
METADATA = "metadata.json"
CHAMPION = "champion.json"


@dataclass(frozen=True)
class VersionOnDisk:
    """One trained version of a model."""

    version: str
    artifact: str
    """Its file, relative to the workspace."""
    metadata: dict[str, Any] = field(default_factory=dict, compare=False)
    """What `metadata.json` says; empty where there is none or it cannot be read."""


def registry_folder(root: Path, card: ModelCard) -> Path:
    """Where the versions of a model lie."""
    return root / "registry" / file_stem(card.name)


def versions_on_disk(root: Path, card: ModelCard) -> tuple[VersionOnDisk, ...]:
    """The versions that have a model file, oldest first by the order of their names: 9 before 10."""
    folder = registry_folder(root, card)
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    except OSError:  # no registry, or one that cannot be read: nothing to choose from
        return ()
    found = []
    for name in names:
        if name.startswith("."):  # one that is just being written
            continue
        file = next((f for f in MODEL_FILES if (folder / name / f).is_file()), None)
        if file is not None:
            path = (folder / name / file).relative_to(root).as_posix()
            metadata = _metadata(folder / name / METADATA)
            found.append(VersionOnDisk(name_of_stem(name), path, metadata))
    return tuple(sorted(found, key=lambda one: natural_order(one.version)))


def previous_version(root: Path, card: ModelCard, champion: str) -> VersionOnDisk | None:
    """The version before the champion; None where there is none.

    It is the one that `champion.json` calls `previous`, or else the last one before it by name. After a
    rollback the former champion is a later model, not one from before: it is passed over.

    Args:
        root: the workspace.
        card: the model's.
        champion: the champion's version.

    Raises:
        CardError: `champion.json` cannot be read.
    """
    versions = {one.version: one for one in versions_on_disk(root, card)}
    record = champion_record(root, card) or {}
    named = record.get("previous") if str(record.get("version")) == champion else None
    if isinstance(named, dict):
        named = named.get("version")
    before = None if named is None or str(named) == champion else versions.get(str(named))
    if before is not None and not _is_later(before, versions.get(champion)):
        return before
    older = [v for v in versions if natural_order(v) < natural_order(champion)]
    return versions[older[-1]] if older else None


def _is_later(one: VersionOnDisk, own: VersionOnDisk | None) -> bool:
    """Whether a version was trained after the champion; one without a time is from before there were runs."""
    time = one.metadata.get("trained_at")
    champion = own.metadata.get("trained_at") if own is not None else None
    return isinstance(time, str) and (not isinstance(champion, str) or time > champion)


def champion_record(root: Path, card: ModelCard) -> dict[str, Any] | None:
    """What `champion.json` says; None where it does not exist yet.

    Raises:
        CardError: it cannot be read.
    """
    path = registry_folder(root, card) / CHAMPION
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unreadable(card, path, root, str(error)) from error
    if not isinstance(found, dict) or "version" not in found:
        raise _unreadable(card, path, root, "it names no version")
    return found


def champion_artifact(root: Path, card: ModelCard) -> str:
    """The champion's artifact: the path of `champion.json` once it exists, the card's until then.

    Where `champion.json` names a version without a path, it is that version's file in the
    registry. Empty where neither names one.

    Raises:
        CardError: `champion.json` cannot be read, or names a command (only a card may).
    """
    record = champion_record(root, card)
    if record is None:
        return card.model.artifact
    named = record.get("path")
    if isinstance(named, str) and named:
        if named.startswith(COMMAND):
            path = registry_folder(root, card) / CHAMPION
            raise _unreadable(card, path, root, "its path is a command")
        return named
    version = str(record["version"])
    found = [one for one in versions_on_disk(root, card) if one.version == version]
    if found:
        return found[0].artifact
    return card.model.artifact if version == card.model.version else ""


def natural_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """A key by which `v9` comes before `v10`.

    >>> sorted(["v10", "v9", "2", "10"], key=natural_order)
    ['2', '10', 'v9', 'v10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", version)
    return tuple((0, int(p), p) if p[0] in "0123456789" else (1, 0, p) for p in parts)


def _metadata(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the model can be scored without it
        return {}
    return found if isinstance(found, dict) else {}


def _unreadable(card: ModelCard, path: Path, root: Path, why: str) -> CardError:
    return CardError(
        f"cannot read the champion of {shown(card.name)}: {shown(why, 200)}",
        f"Restore {shown(path.relative_to(root))}.",
    )
