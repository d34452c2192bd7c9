"""Which version is the champion, and which were before? The pointer, changed in one step, and its history.

`champion.json` is replaced in one step: that is the moment at which a promotion exists. It holds the
whole record, and `history.jsonl` gets the same record right after. A process that dies in between
leaves a champion whose record the history lacks: `unwritten_record` finds it, and it is added.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.domain.card import ModelCard
from workbench.domain.card_checks import COMMAND
from workbench.domain.decision import CHANGES, Decision
from workbench.domain.names import shown
from workbench.domain.period import parse_time
from workbench.errors import CardError, PeriodError, WorkbenchError
from workbench.retrain.versions_on_disk import (
    CHAMPION,
    VersionOnDisk,
    champion_record,
    registry_folder,
    versions_on_disk,
)
from workbench.store import steps
from workbench.store.settling import settle

HISTORY = "history.jsonl"
_LOCK = ".lock"
_POLL = 0.05


@dataclass(frozen=True)
class ChampionChange:
    """One change of the champion, as `champion.json` and a line of `history.jsonl` say it."""

    decision: Decision
    path: str
    """The artifact since then, relative to the workspace; empty where it is the card's command."""
    previous_path: str
    takes_over: datetime
    """The same moment in the time of the log, whose rows may be of long ago."""
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Keys of the file that are not known here; they are kept."""

    @property
    def id(self) -> str:
        """The decision's."""
        return self.decision.id

    @property
    def version(self) -> str:
        """The champion since then."""
        return str(self.decision.version)

    @property
    def document(self) -> dict[str, Any]:
        """What the files say."""
        one = self.decision
        return {
            **self.unknown,
            "version": one.version,
            "path": self.path,
            "who": one.author,
            "when": _iso(one.at),
            "why": one.reason,
            "evidence": dict(one.evidence),
            "previous": {"version": one.previous, "path": self.previous_path},
            "id": one.id,
            "kind": one.kind,
            "takes_over": _iso(self.takes_over),
        }


def decision_id(model: str, kind: str, version: str, previous: str | None, at: datetime) -> str:
    """The identity of a decision: 16 hexadecimal digits that follow from what was decided when."""
    words = json.dumps([model, kind, version, previous, _iso(at)])
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def candidate(root: Path, card: ModelCard, version: str) -> VersionOnDisk:
    """One trained version of a model.

    Raises:
        WorkbenchError: there is none of this name; the hint names those that there are.
    """
    found = versions_on_disk(root, card)
    for one in found:
        if one.version == version:
            return one
    known = ", ".join(shown(one.version, 40) for one in found[-10:])
    raise WorkbenchError(
        f"the registry has no version {shown(version, 40)} of {shown(card.name)}",
        f"It has: {known}." if known else "It has none: workbench retrain NAME trains one.",
    )


def standing_champion(root: Path, card: ModelCard) -> tuple[str, str]:
    """The champion's version and artifact; the path is empty where the card's command is meant.

    Raises:
        CardError: `champion.json` cannot be read.
    """
    record = champion_record(root, card)
    if record is None:
        artifact = card.model.artifact
        # Only a card may name a command: without a path the card's own artifact is taken.
        return card.model.version, "" if artifact.startswith(COMMAND) else artifact
    path = record.get("path")
    return str(record["version"]), path if isinstance(path, str) else ""


def previous_champion(root: Path, card: ModelCard) -> tuple[str, str]:
    """The version and the artifact that a rollback goes back to.

    Raises:
        WorkbenchError: there was none before.
        CardError: `champion.json` cannot be read.
    """
    record = champion_record(root, card) or {}
    named = record.get("previous")
    if isinstance(named, str):
        named = {"version": named}
    if isinstance(named, dict) and named.get("version"):
        path = named.get("path")
        return str(named["version"]), path if isinstance(path, str) else ""
    raise WorkbenchError(
        f"{shown(card.name)} has no champion before version {shown(record.get('version') or card.model.version)}",
        "There is nothing to roll back to: promote another version.",
    )


def standing_change(root: Path, card: ModelCard) -> ChampionChange | None:
    """The change that made the champion, as `champion.json` tells it; None where it tells none.

    Raises:
        CardError: `champion.json` cannot be read.
    """
    record = champion_record(root, card)
    return None if record is None else _change(card, record)


def champion_history(root: Path, card: ModelCard) -> tuple[ChampionChange, ...]:
    """Every change of the champion, oldest first, the one that stands included.

    Raises:
        CardError: `history.jsonl` or `champion.json` cannot be read.
    """
    written = _written(root, card)
    missing = unwritten_record(root, card)
    return (*written, *(() if missing is None else (missing,)))


def unwritten_record(root: Path, card: ModelCard) -> ChampionChange | None:
    """The standing change where the history lacks it, as a kill in between leaves it.

    Raises:
        CardError: `history.jsonl` or `champion.json` cannot be read.
    """
    standing = standing_change(root, card)
    if standing is None or any(one.id == standing.id for one in _written(root, card)):
        return None
    return standing


def judged_tables(root: Path, card: ModelCard) -> dict[str, str]:
    """The table that each version which was ever promoted was judged on last, by version.

    It is the file that the version's metadata calls `baseline`, beside the model; a path relative to
    the workspace. A version without one is left out: the card's reference stands for it.

    Raises:
        CardError: the registry cannot be read.
    """
    record = champion_record(root, card)
    if record is None:
        return {}
    promoted = {str(record["version"]), *(one.version for one in champion_history(root, card))}
    found = {}
    for one in versions_on_disk(root, card):
        named = one.metadata.get("baseline")
        if one.version not in promoted or not isinstance(named, str):
            continue
        path = Path(one.artifact).parent / named
        if Path(named).name == named and (root / path).is_file():
            found[one.version] = path.as_posix()
    return found


def write_change(root: Path, card: ModelCard, change: ChampionChange) -> None:
    """Makes a version the champion, and appends that to the history.

    Raises:
        WorkbenchError: the registry cannot be written; the champion then is who it was, or
            `restored_on_failure` sees to it.
        CardError: the history cannot be read.
    """
    folder = registry_folder(root, card)
    with _translated(card):
        folder.mkdir(parents=True, exist_ok=True)
        steps.reached(steps.BEFORE_CHAMPION)
        _replace(folder / CHAMPION, _text(change.document, indent=2))
        steps.reached(steps.AFTER_CHAMPION)
        append_history(root, card, change)
        steps.reached(steps.AFTER_HISTORY)


def append_history(root: Path, card: ModelCard, change: ChampionChange) -> None:
    """Appends a change to the history, unless it is there.

    The file is small and written whole: no reader ever sees half a line.

    Raises:
        CardError: the history cannot be read.
        WorkbenchError: it cannot be written.
    """
    if any(one.id == change.id for one in _written(root, card)):
        return
    path = registry_folder(root, card) / HISTORY
    with _translated(card):
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        _replace(path, before + _text(change.document))


@contextmanager
def restored_on_failure(root: Path, card: ModelCard) -> Iterator[None]:
    """Puts the champion and the history back as they were when the block raises."""
    folder = registry_folder(root, card)
    before = {name: _bytes(folder / name) for name in (CHAMPION, HISTORY)}
    try:
        yield
    except BaseException:
        for name, content in before.items():
            if _bytes(folder / name) == content:
                continue
            # Where even this cannot be written, `doctor` finds the difference.
            with suppress(OSError):
                if content is None:
                    (folder / name).unlink()
                    settle(folder)
                else:
                    _replace(folder / name, content)
        raise


@contextmanager
def registry_lock(root: Path, card: ModelCard, timeout: float = 10.0) -> Iterator[None]:
    """Holds the right to change the champion of a model for the length of the block.

    Args:
        root: the workspace.
        card: the model's.
        timeout: seconds to wait for another who holds it.

    Raises:
        WorkbenchError: another process holds it for longer, or the registry cannot be written.
    """
    folder = registry_folder(root, card)
    with _translated(card):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + timeout
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise WorkbenchError(
                        f"another process is just changing the champion of {shown(card.name)}",
                        "Wait for it, and ask again.",
                    ) from None
                time.sleep(_POLL)
        _sweep(folder)
        yield
    finally:
        os.close(descriptor)


def _written(root: Path, card: ModelCard) -> tuple[ChampionChange, ...]:
    path = registry_folder(root, card) / HISTORY
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        raw = [json.loads(line) for line in lines if line.strip()]
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise CardError(
            f"cannot read the history of {shown(card.name)}: {shown(error, 200)}",
            f"Restore {shown(path.relative_to(root))}, or move it aside: another is begun.",
        ) from error
    found = (_change(card, one) for one in raw if isinstance(one, dict))
    return tuple(one for one in found if one is not None)


def _change(card: ModelCard, raw: Mapping[str, Any]) -> ChampionChange | None:
    """What a record says; None where it is one that somebody wrote by hand, without an id."""
    given = raw.get("id")
    if not isinstance(given, str) or not given or raw.get("kind") not in CHANGES:
        return None
    previous = raw.get("previous")
    previous = previous if isinstance(previous, dict) else {}
    evidence = raw.get("evidence")
    try:
        at = parse_time(str(raw.get("when")))
        takes_over = parse_time(str(raw.get("takes_over") or raw.get("when")))
    except PeriodError:
        return None
    version = previous.get("version")
    return ChampionChange(
        Decision(
            given[:64], card.name, str(raw["kind"]), at, _said(raw, "who"), _said(raw, "why"),
            str(raw.get("version")), None if version is None else str(version),
            evidence if isinstance(evidence, dict) else {},
        ),
        _said(raw, "path"),
        _said(previous, "path"),
        takes_over,
        {key: raw[key] for key in raw if key not in _KNOWN},
    )  # fmt: skip


_KNOWN = frozenset(
    {
        "version", "path", "who", "when", "why", "evidence", "previous", "id", "kind", "takes_over",
    }
)  # fmt: skip


def _said(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return value[:4000] if isinstance(value, str) else ""


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _text(document: Mapping[str, Any], indent: int | None = None) -> str:
    return json.dumps(document, indent=indent, ensure_ascii=True, default=str) + "\n"


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _replace(path: Path, content: str | bytes) -> None:
    """Puts a file in the place of another in one step, safe from a loss of power."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    settle(path.parent)


def _sweep(folder: Path) -> None:
    """Removes what a process that died has left; only who holds the lock writes such files."""
    for path in folder.glob(".new-*"):
        if path.is_file():
            path.unlink(missing_ok=True)


@contextmanager
def _translated(card: ModelCard) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkbenchError(
            f"the registry of {shown(card.name)} cannot be written: {error.strerror or error}",
            "Check the disk, and that you may write to registry/.",
        ) from error
