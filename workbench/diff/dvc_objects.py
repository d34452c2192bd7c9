"""Where does the content of a version lie? Cache, remote, or a copy fetched from the remote.

An object is the file as it was, under the name of its hash, so that it is read where it lies
and nothing is checked out.
"""

from __future__ import annotations

import configparser
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from workbench.diff.dvc_records import PLAIN, Entry
from workbench.diff.dvc_repository import fetch, home_of
from workbench.diff.git_repository import DvcError, files_of, read_blobs

_CONFIG = ".dvc/config"


@dataclass(frozen=True)
class Places:
    """Where a repository keeps its objects."""

    cache: Path
    remote_name: str | None
    """None where no remote is set up."""
    remote: Path | None
    """Its folder, where it is one on this machine; None: only DVC can ask it."""


@dataclass(frozen=True)
class Presence:
    """Where an object is."""

    in_cache: bool
    in_remote: bool | None
    """None where that cannot be told without asking over the network, or there is no remote."""


def places_of(root: Path, remote: str | None = None, revision: str | None = None) -> Places:
    """Where a repository keeps its objects, by its settings.

    Args:
        root: the repository's folder.
        remote: the name of a remote; the default one if None.
        revision: a commit whose settings hold where those of the working tree name no remote.

    Raises:
        DvcError: the settings cannot be read.
    """
    own = _settings([_read(root / _CONFIG), _read(root / f"{_CONFIG}.local")])
    name = remote or own.get("core", {}).get("remote")
    if (name is None or f"remote {name}" not in own) and revision is not None:
        blob = files_of(root, revision, _CONFIG).get(_CONFIG)
        texts = read_blobs(root, [blob]) if blob else {}
        then = _settings([text.decode("utf-8", errors="replace") for text in texts.values()])
        name = remote or then.get("core", {}).get("remote") or name
        own = {**then, **own}
    base = root / ".dvc"
    cache = base / Path(own.get("cache", {}).get("dir", "cache")).expanduser()
    url = own.get(f"remote {name}", {}).get("url") if name else None
    folder = None
    if url is not None and ("://" not in url or url.startswith("file://")):
        folder = base / Path(url.removeprefix("file://")).expanduser()
    return Places(cache.resolve(), name, folder.resolve() if folder is not None else None)


def presence_of(places: Places, entry: Entry) -> Presence:
    """Whether the object of a version is in the cache and in the remote."""
    remote = places.remote
    return Presence(
        object_path(places.cache, entry.md5, entry.hash_name).is_file(),
        None if remote is None else object_path(remote, entry.md5, entry.hash_name).is_file(),
    )


def object_path(store: Path, md5: str, hash_name: str = PLAIN) -> Path:
    """Where an object lies in a cache, or in a remote that is a folder."""
    folder = store / "files" / "md5" if hash_name == PLAIN else store
    return folder / md5[:2] / md5[2:]


def present_object(places: Places, entry: Entry) -> Path | None:
    """The object of a version where it can be read at once; None where it cannot."""
    for store in (places.cache, places.remote):
        if store is None:
            continue
        path = object_path(store, entry.md5, entry.hash_name)
        if path.is_file() and (
            entry.is_folder or entry.size is None or path.stat().st_size == entry.size
        ):
            return path
    return None


def readable(root: Path, places: Places, entry: Entry, inner: str = "") -> tuple[Path, str]:
    """A file or folder with the content of a version, to be read and never written; and its hash.

    Args:
        root: the repository's folder.
        places: where it keeps its objects.
        entry: the version.
        inner: of a folder's version, only the file of this path within it.

    Raises:
        DvcError: the object is nowhere, or what is there is damaged.
    """
    path = _obtained(root, places, entry)
    if not entry.is_folder:
        return path, entry.md5
    members = _members(path, entry)
    if inner:
        if inner not in members:
            raise DvcError(
                f"there is no {inner} in that version of {entry.path}",
                f"It holds {', '.join(sorted(members)[:5])}."
                if members
                else "That version is an empty folder.",
            )
        return _obtained(root, places, members[inner]), members[inner].md5
    return _assembled(root, places, entry, members), entry.md5


def _obtained(root: Path, places: Places, entry: Entry) -> Path:
    """The object of a version: where it lies, or fetched."""
    found = present_object(places, entry)
    if found is not None:
        return found
    if places.remote is not None:
        raise _absent(places, entry)
    folder = home_of(root) / "fetched"
    kept = folder / entry.md5
    if not kept.is_file():
        if places.remote_name is None:
            raise _absent(places, entry)
        folder.mkdir(exist_ok=True)
        fetch(root, [(entry.md5, entry.hash_name)], folder, places.remote_name)
    return kept


def _absent(places: Places, entry: Entry) -> DvcError:
    what = f"{entry.path} of version {entry.md5[:8]}"
    stores = [store for store in (places.cache, places.remote) if store is not None]
    if any(object_path(store, entry.md5, entry.hash_name).is_file() for store in stores):
        return DvcError(
            f"{what} is damaged: its object has another size than recorded",
            f"Move {object_path(stores[0], entry.md5, entry.hash_name)} away and run `dvc fetch`.",
        )
    if places.remote_name is None:
        return DvcError(
            f"{what} is not in the cache, and no remote is set up",
            "Set one up that has it: dvc remote add -d NAME URL",
        )
    if places.remote is not None and not places.remote.is_dir():
        return DvcError(
            f"{what} is not in the cache, and the remote {places.remote} is not there",
            "Mount or restore the remote's folder, or correct its url in .dvc/config.",
        )
    return DvcError(
        f"{what} is neither in the cache nor in the remote {places.remote_name}",
        "It was never pushed, or was removed by `dvc gc`: look for another copy of it.",
    )


def _members(listing: Path, entry: Entry) -> Mapping[str, Entry]:
    """Path within a folder to file, of a folder's version."""
    try:
        members = {
            str(one["relpath"]): Entry(
                f"{entry.path}/{one['relpath']}", str(one["md5"]), None, entry.record,
                entry.hash_name, entry.remote,
            )
            for one in json.loads(listing.read_text(encoding="utf-8"))
        }  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DvcError(
            f"the list of files of {entry.path} cannot be read: {error}",
            f"Move {listing} away and run `dvc fetch`.",
        ) from error
    for name, member in members.items():
        parts = PurePosixPath(name)
        if parts.is_absolute() or ".." in parts.parts or not member.md5.isalnum():
            raise DvcError(f"that version of {entry.path} names a file outside of it: {name}")
    return members


def _assembled(root: Path, places: Places, entry: Entry, members: Mapping[str, Entry]) -> Path:
    """A folder of links to the objects, under the names that the files had."""
    folders = home_of(root) / "fetched"
    whole = folders / entry.md5
    if whole.is_dir() and all((whole / name).is_file() for name in members):
        return whole
    folders.mkdir(exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=folders))
    try:
        for name, member in members.items():
            link = made / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(_obtained(root, places, member))
        if whole.exists():  # its links lead nowhere: the workspace was moved, the cache emptied
            shutil.rmtree(whole)
        made.rename(whole)
    except OSError as error:
        if not whole.is_dir():
            raise DvcError(f"cannot write {folders}: {error.strerror or error}") from error
        # Another process was faster.
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return whole


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise DvcError(f"cannot read {path}: {error}", "Check its permissions.") from error


def _settings(texts: list[str]) -> dict[str, dict[str, str]]:
    """DVC's settings: section (`remote NAME` without its quotes) to key to value; later texts win."""
    parser = configparser.RawConfigParser(strict=False, default_section="\0")
    try:
        for text in texts:
            parser.read_string(text)
    except configparser.Error as error:
        raise DvcError(
            f"cannot read the settings of DVC: {error}".replace("\n", " "), "Correct .dvc/config."
        ) from error
    return {
        section.strip("'").replace('"', ""): {
            key: value.strip("'\"") for key, value in parser.items(section)
        }
        for section in parser.sections()
    }
