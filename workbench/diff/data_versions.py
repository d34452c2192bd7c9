"""Which versions of a table are there, and how is the present one recorded?"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from workbench.diff.dvc_objects import (
    Places,
    object_path,
    places_of,
    presence_of,
    present_object,
)
from workbench.diff.dvc_records import Entry, history_of, recorded
from workbench.diff.dvc_repository import add, home_of
from workbench.diff.fingerprints import fingerprint
from workbench.diff.git_repository import LITERAL, DvcError, git, initialise_git, tags_of
from workbench.diff.revisions import Tracked, repository_of
from workbench.store.locking import queue_at

_FAR = "the remote is not a folder here: only DVC can ask it"
_NO_REMOTE = "no remote is set up"


@dataclass(frozen=True)
class DataVersion:
    """One version of a table, and the commit that recorded it first."""

    revision: str
    """The commit."""
    tags: tuple[str, ...]
    """Of git, that name this version."""
    time: datetime
    author: str
    message: str
    md5: str
    """Its hash; a folder's ends in `.dir`."""
    size: int | None
    """Bytes."""
    rows: int | None
    """None where counting them would mean to read the table, or its object is not at hand."""
    in_cache: bool
    in_remote: bool | None
    """None where it cannot be told."""
    reason: str | None
    """Why it cannot be told whether the remote has it."""


@dataclass(frozen=True)
class Recorded:
    """What became of a table whose present version was to be recorded."""

    path: str
    """Relative to its repository."""
    md5: str
    size: int | None
    is_new: bool
    """False: this version was recorded already."""
    revision: str
    """The commit that records it."""
    not_pushed: str | None
    """Why the remote lacks it; None: the remote has it."""
    notes: tuple[str, ...]
    """What else was found and mended."""


def record_version(workspace: Path, file: Path, message: str | None, patience: float) -> Recorded:
    """Records the present version of a table: in DVC, in a commit of git, and in the remote.

    The repository is made first where there is none: git, DVC and a remote beside the store, in
    one commit. Given again for what is recorded already, it only pushes what was not pushed.

    Args:
        workspace: its folder.
        file: a file or folder below `data/` of it.
        message: of the commit; `Track PATH` if None.
        patience: seconds to wait for another process that records a version.

    Raises:
        DvcError: it is no table of the workspace, something else keeps its versions, another
            process is at it, or git or DVC refuses.
    """
    tracked = _own(workspace, file)
    with queue_at(home_of(workspace) / "track.lock", patience) as is_ours:
        if not is_ours:
            raise DvcError(
                "another process is recording a version of a table",
                "Try again when it is done; `lock_timeout` in workbench.toml says how long to wait.",
            )
        if not (tracked.root / ".dvc").is_dir() and not _is_in_other_git(tracked.root):
            initialise_git(tracked.root)
        _require_free(tracked)
        notes = _parted_from_cache(tracked)
        made = add(tracked.root, tracked.path, message or f"Track {tracked.path}")
        revision = git(tracked.root, LITERAL, "log", "-1", "--format=%H", "--", made.record)
    return Recorded(
        tracked.path, made.md5, made.size, made.is_new, revision, made.not_pushed, notes
    )


def versions_of(tracked: Tracked) -> tuple[DataVersion, ...]:
    """The versions of a table that HEAD descends from, newest first.

    A version that comes back after another one is there twice.

    Raises:
        DvcError: git is missing, this is no repository of git, or a record cannot be read.
    """
    history = history_of(tracked.root, tracked.path)
    records = {entry.record for _, entry in history if entry is not None}
    named = tags_of(tracked.root, [f":(literal){one}" for one in records]) if records else {}
    places: dict[str | None, Places] = {}
    found: list[DataVersion] = []
    following: str | None = None
    for commit, entry in reversed(history):
        tags = named.get(commit.id, ())
        if entry is None or entry.md5 == following:
            if entry is not None and tags and found:
                found[-1] = _with_tags(found[-1], tags)
            following = entry.md5 if entry is not None else None
            continue
        following = entry.md5
        if entry.remote not in places:
            places[entry.remote] = places_of(tracked.root, entry.remote)
        here = places[entry.remote]
        presence = presence_of(here, entry)
        reason = None
        if presence.in_remote is None:
            reason = _NO_REMOTE if here.remote_name is None else _FAR
        found.append(
            DataVersion(
                commit.id, tags, commit.time, commit.author, commit.message, entry.md5, entry.size,
                _rows(here, entry, tracked.path), presence.in_cache, presence.in_remote, reason,
            )
        )  # fmt: skip
    return tuple(reversed(found))


def _with_tags(version: DataVersion, tags: tuple[str, ...]) -> DataVersion:
    return replace(version, tags=(*version.tags, *tags))


def _rows(places: Places, entry: Entry, path: str) -> int | None:
    """The rows of a Parquet file, which its last bytes tell."""
    found = present_object(places, entry) if path.endswith(".parquet") else None
    if found is None or entry.is_folder:
        return None
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: int = pq.read_metadata(found).num_rows
    except (pa.ArrowException, OSError):
        return None  # not Parquet, whatever its name says
    return rows


def _own(workspace: Path, file: Path) -> Tracked:
    """A table of the workspace, and the repository that keeps it or will."""
    root, whole = workspace.resolve(), file.parent.resolve() / file.name
    name = whole.relative_to(root).as_posix() if whole.is_relative_to(root) else str(file)
    if not whole.exists():
        raise DvcError(f"there is no file {name}", "Check the path.")
    if not whole.is_relative_to(root / "data") or whole == root / "data":
        raise DvcError(
            f"{name} does not lie in data/ of the workspace",
            "Tables live there: copy it there, and track the copy.",
        )
    tracked = repository_of(whole) or Tracked(root, name)
    if whole.is_symlink() and not whole.resolve().is_relative_to(tracked.root / ".dvc"):
        raise DvcError(f"{name} is a link", "Put a copy of what it leads to in its place.")
    return tracked


def _is_in_other_git(workspace: Path) -> bool:
    """Whether a git repository above the workspace keeps its files: DVC then works within it.

    A repository of its own in there would hide these files from the other one.
    """
    if (workspace / ".git").exists():
        return False
    top = git(workspace, "rev-parse", "--show-toplevel", check=False)
    return bool(top) and bool(git(workspace, "ls-files", "--", ".", check=False))


def _require_free(tracked: Tracked) -> None:
    """Raises a `DvcError` where something else keeps the versions of this path."""
    entry = recorded(tracked.root, tracked.path, None)
    if entry is not None and entry.path != tracked.path:
        raise DvcError(
            f"{tracked.path} is part of the folder {entry.path}, which is tracked as a whole",
            f"Record the folder: workbench data track {entry.path}",
        )
    if entry is not None and entry.is_pipeline:
        raise DvcError(
            f"{tracked.path} is made by a pipeline, which records its versions in {entry.record}",
            "Run the pipeline; to keep a table of your own, copy it to another name.",
        )
    if entry is None and git(tracked.root, LITERAL, "ls-files", "--", tracked.path):
        raise DvcError(
            f"{tracked.path} is kept in git itself",
            f"Take it out first: git rm -r --cached {tracked.path}",
        )


def _parted_from_cache(tracked: Tracked) -> tuple[str, ...]:
    """Makes sure that the file is not the one in the cache; what was found.

    Where the cache holds links to the files of the workspace, whoever wrote to the file in place
    has changed the version that was recorded before: what is left of it is no version at all.
    """
    entry = recorded(tracked.root, tracked.path, None)
    file = tracked.root / tracked.path
    if entry is None or entry.is_folder or not file.is_file():
        return ()
    places = places_of(tracked.root, entry.remote)
    kept = object_path(places.cache, entry.md5, entry.hash_name)
    if not kept.exists() or not kept.samefile(file):
        return ()
    is_changed = fingerprint(file) != entry.md5
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".new-", delete=False) as copy:
        path = Path(copy.name)
    try:
        shutil.copyfile(file, path)
        path.chmod(0o644)
        path.replace(file)
    finally:
        path.unlink(missing_ok=True)
    if not is_changed:
        return ()
    kept.unlink()
    has_copy = presence_of(places, entry).in_remote
    where = "the remote has it" if has_copy else "look for another copy of it"
    return (
        f"in place, the cache's copy of version {entry.md5[:8]} was changed too and is gone; {where}",
    )
