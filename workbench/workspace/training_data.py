"""Has a table changed since the champion was trained on it? Then against now, by hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from workbench.diff.data_versions import DataVersion, versions_of
from workbench.diff.dvc_records import recorded
from workbench.diff.dvc_repository import HOME, DvcError
from workbench.diff.fingerprints import fingerprint
from workbench.diff.git_repository import commit_of
from workbench.diff.revisions import repository_of
from workbench.workspace.training_records import TableRecord, TrainingRecord, training_record

if TYPE_CHECKING:
    from workbench.domain.card import ModelCard

TRAINING, REFERENCE = "training", "reference"


@dataclass(frozen=True)
class TableState:
    """One table of a model: what the champion was made with, and what is there now."""

    model: str
    version: str
    """The champion's."""
    table: str
    """`training` or `reference`."""
    path: str
    """Relative to the workspace."""
    then: str | None
    """The hash of what the champion was made with."""
    then_from: str | None
    """Who says so: `registry` (the version's metadata), or `history` (of the table's versions)."""
    now: str | None
    """The hash of the file as it is now; as of an earlier moment, of the version recorded by then."""
    changed: bool | None
    """None where one of the two is not known."""
    since: datetime | None
    """When it changed: when the next version was recorded, else when the file was written last."""
    reason: str | None
    """Why it is not known whether it changed."""


@dataclass(frozen=True)
class _History:
    """The recorded versions of a table, looked up when they are first asked for."""

    root: Path
    path: str
    as_of: datetime | None

    @property
    def versions(self) -> tuple[DataVersion, ...]:
        """Newest first; none where `untold` says why."""
        return self._found[0]

    @property
    def untold(self) -> str | None:
        """Why there are no versions to be seen."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[tuple[DataVersion, ...], str | None]:
        tracked = repository_of(self.root / self.path)
        if tracked is None:
            return (), f"no versions of {self.path} are kept"
        try:
            versions = versions_of(tracked)
        except DvcError as error:
            return (), error.message
        kept = tuple(one for one in versions if self.as_of is None or one.time <= self.as_of)
        then = " by then" if self.as_of is not None else ""
        return kept, None if kept else f"no version of {self.path} was recorded{then}"


@dataclass(frozen=True)
class _Then:
    md5: str | None
    source: str | None
    reason: str | None


def table_states(
    root: Path,
    card: ModelCard,
    version: str,
    as_of: datetime | None = None,
    tables: tuple[str, ...] = (TRAINING, REFERENCE),
) -> tuple[TableState, ...]:
    """Whether the tables of a model are what its champion was made with.

    What the champion was trained on is what the registry says of it: a hash, or a revision. Where
    it says only when, it is the version that was current then. The reference, where nothing else
    is said, is what the commit that first recorded this training table recorded of it.
    Nothing is raised: what cannot be known has its reason.

    Args:
        root: the workspace.
        card: the model's card.
        version: the champion's.
        as_of: what was recorded later does not exist; None: the files as they are.
        tables: which of the two.
    """
    record = training_record(root, card.name, version)
    own = {TRAINING: card.training.data, REFERENCE: card.reference.data}
    said = {TRAINING: record.training, REFERENCE: record.reference}
    found = []
    for table in tables:
        path = _path(root, said[table].path, own[table])
        history = _History(root, path, as_of)
        then = _then(history, table, record)
        if then.md5 is None and table == REFERENCE:
            training = _path(root, record.training.path, own[TRAINING])
            then = _beside(history, training, record) or then
        now, unread = _now(history)
        changed = None if then.md5 is None or now is None else then.md5 != now
        since = _since(history, then.md5) if changed else None
        reason = (then.reason or unread) if changed is None else None
        found.append(
            TableState(
                card.name, version, table, path, then.md5, then.source, now, changed, since, reason
            )
        )
    return tuple(found)


def unknown_state(model: str, reason: str) -> TableState:
    """The state of a training table of which not even the path is known."""
    return TableState(model, "", TRAINING, "", None, None, None, None, None, reason)


def _path(root: Path, said: str | None, own: str) -> str:
    """The table's path: as the registry has it where that is one of the workspace, else the card's."""
    if said is None or PurePosixPath(said).is_absolute() or ".." in PurePosixPath(said).parts:
        return own
    return said if (root / said).exists() or not (root / own).exists() else own


def _then(history: _History, table: str, record: TrainingRecord) -> _Then:
    path = history.path
    said: TableRecord = record.training if table == TRAINING else record.reference
    if said.md5 is not None:
        return _Then(said.md5, "registry", None)
    what = f"which {table} table version {record.version} was made with"
    if said.revision is None and record.at is None:
        return _Then(None, None, f"the registry does not say {what}")
    if history.untold is not None:
        return _Then(None, None, history.untold)
    if said.revision is not None:
        md5 = _recorded_at(history, said.revision)
        reason = None if md5 else f"revision {said.revision} records no version of {path}"
        return _Then(md5, "registry" if md5 else None, reason)
    at = record.at
    current = next((one for one in history.versions if at is not None and one.time <= at), None)
    if current is None:
        return _Then(None, None, f"{path} had no recorded version when the champion was made")
    return _Then(current.md5, "history", None)


def _beside(history: _History, training: str, record: TrainingRecord) -> _Then | None:
    """The reference as of the commit that first recorded the training table of a version."""
    if record.training.md5 is None:
        return None
    versions = _History(history.root, training, history.as_of).versions
    first = next((one for one in reversed(versions) if one.md5 == record.training.md5), None)
    md5 = _recorded_at(history, first.revision) if first is not None else None
    return _Then(md5, "history", None) if md5 is not None else None


def _recorded_at(history: _History, revision: str) -> str | None:
    tracked = repository_of(history.root / history.path)
    if tracked is None:
        return None
    try:
        commit = commit_of(tracked.root, revision)
        entry = recorded(tracked.root, tracked.path, commit) if commit is not None else None
    except DvcError:
        return None  # the caller says what is missing
    return entry.md5 if entry is not None else None


def _now(history: _History) -> tuple[str | None, str | None]:
    """The hash of the table now, or why there is none."""
    if history.as_of is not None:
        return (history.versions[0].md5 if history.versions else None), history.untold
    file = history.root / history.path
    if not file.exists():
        return None, f"there is no {history.path}"
    try:
        return fingerprint(file, history.root / HOME / "md5.json"), None
    except DvcError as error:
        return None, error.message


def _since(history: _History, then: str | None) -> datetime | None:
    later: datetime | None = None
    for one in history.versions:
        if one.md5 == then:
            if later is not None:
                return later
            break
        later = one.time
    if history.as_of is not None:
        return later
    try:
        written = (history.root / history.path).stat().st_mtime
    except OSError:
        return None  # it was there a moment ago
    return datetime.fromtimestamp(int(written), UTC)
