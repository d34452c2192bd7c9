"""What was in a file at a revision? A version that DVC keeps, read without checkout."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workbench.diff.dvc_objects import Places, places_of, present_object, readable
from workbench.diff.dvc_records import Entry, history_of, recorded
from workbench.diff.dvc_repository import home_of
from workbench.diff.git_repository import (
    Commit,
    DvcError,
    commit_of,
    files_of,
    has_commits,
    read_blobs,
)

_HASH = re.compile(r"[0-9a-f]{6,32}(\.dir)?$")
_COMPRESSED = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")


@dataclass(frozen=True)
class Located:
    """One version of a tracked file or folder, ready to be read."""

    path: Path
    """A file or folder with its content, in the cache, the remote or a copy: never to be written."""
    name: str
    """How it is shown: `data/train.parquet@v1`."""
    suffix: str
    """The end of the original file's name, `.csv.gz`; empty for a folder: the object has none."""
    md5: str
    """Its hash; a folder's ends in `.dir`."""


@dataclass(frozen=True)
class Tracked:
    """A path within a DVC repository."""

    root: Path
    """The folder that holds `.dvc`."""
    path: str
    """Relative to it, with `/`."""


def located(root: Path, path: str, revision: str) -> Located:
    """The content of a DVC-tracked file as of a revision; the working tree is not touched.

    Args:
        root: what `path` is relative to: the workspace, or the current folder.
        path: a file or folder that a `.dvc` file or a `dvc.lock` records, or a file within such
            a folder. The repository is looked for from there upwards. It need not exist now.
        revision: a commit, tag or branch of git; or the md5 of a version, or at least six of its
            characters where no other version begins so.

    Raises:
        DvcError: there is no such revision, the path is not tracked as of it, its content is
            neither in the cache nor in the remote, or git or DVC is missing.
    """
    tracked = repository_of(root / path)
    if tracked is None:
        raise DvcError(
            f"{path} lies in no DVC repository",
            "`workbench data track FILE` begins to keep versions of a table of a workspace.",
        )
    entry, commit = _entry_at(tracked, path, revision)
    places = places_of(tracked.root, entry.remote, commit)
    inner = tracked.path.removeprefix(entry.path).removeprefix("/")
    found = _kept_in_git(tracked, entry, commit, places)
    md5 = entry.md5
    if found is None:
        found, md5 = readable(tracked.root, places, entry, inner)
    return Located(found, f"{path}@{revision}", _suffix(tracked.path, md5), md5)


def repository_of(path: Path) -> Tracked | None:
    """The DVC repository that a path lies in, and the path within it; None where there is none.

    Links on the way to the file are followed, the file itself is not: DVC may have put a link
    there. A git repository without DVC is not left to look above it.
    """
    absolute = Path(os.path.normpath(Path.cwd() / path))
    whole = absolute.parent.resolve() / absolute.name
    for folder in (whole, *whole.parents):
        if (folder / ".dvc").is_dir():
            return Tracked(folder, whole.relative_to(folder).as_posix())
        if (folder / ".git").exists():
            return None
    return None


def _entry_at(tracked: Tracked, path: str, revision: str) -> tuple[Entry, str | None]:
    """What is recorded as of a revision, and its commit; None for a version that has none."""
    by_hash = _by_hash(tracked, path, revision) if _HASH.match(revision) else None
    commit = _commit(tracked, revision, is_needed=by_hash is None)
    if commit is None:
        if by_hash is not None:
            return by_hash
        raise DvcError(
            f"there is no revision {revision!r} of {path}",
            f"`workbench data log {path}` lists its versions.",
        )
    entry = recorded(tracked.root, tracked.path, commit)
    if by_hash is not None and entry is not None and entry.md5 != by_hash[0].md5:
        raise DvcError(
            f"{revision} begins both a commit and another version of {path}",
            "Give more characters of the one that is meant.",
        )
    if by_hash is not None:
        return by_hash
    if entry is None:
        raise DvcError(
            f"{path} is not tracked by DVC as of {revision}",
            f"`workbench data log {path}` lists its versions.",
        )
    return entry, commit


def _commit(tracked: Tracked, revision: str, *, is_needed: bool) -> str | None:
    try:
        return commit_of(tracked.root, revision)
    except DvcError:
        if is_needed:
            raise
        return None  # without git, what the working tree records can still be read


def _by_hash(tracked: Tracked, path: str, start: str) -> tuple[Entry, str | None] | None:
    """The one version of a path whose hash begins so, and a commit that records it."""
    found: dict[str, tuple[Entry, str | None]] = {}
    history: tuple[tuple[Commit, Entry | None], ...] = ()
    if _has_git(tracked):  # without it there is what the working tree records
        history = history_of(tracked.root, tracked.path, everywhere=True)
    for commit, entry in history:
        if entry is not None and entry.md5.startswith(start):
            found[entry.md5] = (entry, commit.id)
    now = recorded(tracked.root, tracked.path, None)
    if now is not None and now.md5.startswith(start):
        found.setdefault(now.md5, (now, None))
    if len(found) > 1:
        raise DvcError(
            f"{len(found)} versions of {path} begin with {start}", "Give more characters of it."
        )
    return next(iter(found.values()), None)


def _has_git(tracked: Tracked) -> bool:
    try:
        return has_commits(tracked.root)
    except DvcError:
        return False  # git is not installed


def _kept_in_git(tracked: Tracked, entry: Entry, commit: str | None, places: Places) -> Path | None:
    """A copy of an output that a pipeline keeps in git and not in the cache; None for others."""
    if not entry.is_pipeline or entry.is_folder or commit is None or present_object(places, entry):
        return None
    blob = files_of(tracked.root, commit, entry.path).get(entry.path)
    if blob is None:
        return None
    folder = home_of(tracked.root) / "fetched"
    folder.mkdir(exist_ok=True)
    copy, part = folder / entry.md5, folder / f".{entry.md5}-{os.getpid()}"
    part.write_bytes(read_blobs(tracked.root, [blob])[blob])
    part.replace(copy)
    return copy


def _suffix(path: str, md5: str) -> str:
    if md5.endswith(".dir"):
        return ""
    suffixes = PurePosixPath(path).suffixes
    return "".join(
        suffixes[-2:] if suffixes[-1:] and suffixes[-1] in _COMPRESSED else suffixes[-1:]
    )
