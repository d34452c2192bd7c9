"""Which version of a file does a commit record? What `.dvc` files and `dvc.lock` say.

Read as text, without DVC: `git` has them as of any commit, and DVC takes a second to import.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.diff.git_repository import (
    Commit,
    DvcError,
    commits_of,
    files_of,
    read_blobs,
    working_files,
)

RECORDS = (":(glob)**/*.dvc", ":(glob)**/dvc.lock")
"""Git's pathspecs of the files that record versions."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._=+-]+$")
_HASH = re.compile(r"[0-9a-f]{32}(\.dir)?$")

PLAIN, LEGACY = "md5", "md5-dos2unix"
"""How DVC made the hash: of the bytes; or, before version 3, of text with other line ends."""


@dataclass(frozen=True)
class Entry:
    """One output that a `.dvc` file or `dvc.lock` records."""

    path: str
    """The file or folder, relative to the repository."""
    md5: str
    """Its hash; a folder's ends in `.dir`."""
    size: int | None
    record: str
    """The file that says so, relative to the repository."""
    hash_name: str = PLAIN
    remote: str | None = None
    """The remote that it is kept in, where it is not the default one."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, whose object is a list of files."""
        return self.md5.endswith(".dir")

    @property
    def is_pipeline(self) -> bool:
        """Whether a stage of a pipeline makes it."""
        return not self.record.endswith(".dvc")


def recorded(root: Path, path: str, revision: str | None) -> Entry | None:
    """What is recorded of a file, or of the nearest folder above it that is recorded as a whole.

    Args:
        root: the repository's folder (that holds `.dvc`).
        path: the file, relative to it.
        revision: a commit; None: the working tree.

    Raises:
        DvcError: git is missing or refuses, or a record cannot be read.
    """
    texts = _texts_of(root, revision) if revision is not None else _working_texts(root, path)
    found = [entry for entry in entries_of(texts, path) if is_of(entry, path)]
    return max(found, key=lambda entry: (len(entry.path), not entry.is_pipeline), default=None)


def history_of(
    root: Path, path: str, *, everywhere: bool = False
) -> tuple[tuple[Commit, Entry | None], ...]:
    """What the commits that changed a record of a file made of it, newest first; None: removed.

    Args:
        root: the repository's folder (that holds `.dvc`).
        path: the file, relative to it.
        everywhere: on any branch or tag, and not only in what HEAD descends from.

    Raises:
        DvcError: git is missing or refuses, or a record cannot be read.
    """
    commits = commits_of(root, RECORDS, everywhere=everywhere)
    contents = read_blobs(root, (blob for c in commits for blob in c.changed.values() if blob))
    texts = {blob: content.decode("utf-8", errors="replace") for blob, content in contents.items()}
    read: dict[tuple[str, str, str], list[Entry]] = {}
    found: list[tuple[Commit, Entry | None]] = []
    known: set[str] = set()
    for one in reversed(commits):
        entries = [
            entry
            for name, blob in one.changed.items()
            if blob is not None and _may_name(texts[blob], path)
            for entry in _entries_then(root, one, name, blob, texts[blob], read)
            if is_of(entry, path)
        ]
        if entries:
            best = max(entries, key=lambda entry: len(entry.path))
            known.add(best.record)
            found.append((one, best))
        elif known & one.changed.keys():
            found.append((one, None))
    return tuple(reversed(found))


def _entries_then(
    root: Path,
    commit: Commit,
    name: str,
    blob: str,
    text: str,
    read: dict[tuple[str, str, str], list[Entry]],
) -> list[Entry]:
    """What a record said as of a commit; `read` remembers what was parsed."""
    pipeline = ""
    if not name.endswith(".dvc") and "\n" not in name:  # git reads the names a line each
        beside = f"{commit.id}:./{posixpath.join(posixpath.dirname(name), 'dvc.yaml')}"
        pipeline = "".join(
            content.decode("utf-8", errors="replace")
            for content in read_blobs(root, [beside]).values()
        )
    key = (name, blob, pipeline if "wdir" in pipeline else "")
    if key not in read:
        read[key] = _entries(name, text, pipeline)
    return read[key]


def is_of(entry: Entry, path: str) -> bool:
    """Whether an entry is that of a file, or of a folder that the file lies in."""
    return entry.path == path or (entry.is_folder and path.startswith(f"{entry.path}/"))


def entries_of(texts: Mapping[str, str], path: str | None = None) -> list[Entry]:
    """Everything that records say.

    Args:
        texts: path relative to the repository, to content.
        path: leave out records that cannot be about this file.

    Raises:
        DvcError: one of them is no record.
    """
    found = []
    for record, text in texts.items():
        if record.endswith("dvc.yaml") or (path is not None and not _may_name(text, path)):
            continue
        folder = posixpath.dirname(record)
        pipeline = texts.get(posixpath.join(folder, "dvc.yaml"), "")
        found += _entries(record, text, pipeline)
    return found


def _may_name(text: str, path: str) -> bool:
    """Whether a record's text can name a file; to parse YAML takes a hundred times as long."""
    parts = path.split("/")
    if not all(_PLAIN_NAME.match(part) for part in parts):
        return True  # YAML may escape it, or break the line in it
    return any(part in text for part in parts) or "\\" in text


def _entries(record: str, text: str, pipeline: str) -> list[Entry]:
    folder = posixpath.dirname(record)
    document = _yaml(record, text)
    if record.endswith(".dvc"):
        where = posixpath.join(folder, str(document.get("wdir", ".")))
        return _outputs(record, where, document)
    stages = document.get("stages", document)
    folders = _folders(record, pipeline) if "wdir" in pipeline else {}
    found = []
    for name, stage in stages.items() if isinstance(stages, dict) else ():
        where = folders.get(str(name), folders.get(str(name).partition("@")[0], "."))
        found += _outputs(record, posixpath.join(folder, where), stage)
    return found


def _folders(record: str, pipeline: str) -> dict[str, str]:
    """The folder that each stage of a `dvc.yaml` works in, where it says so."""
    stages = _yaml(record.replace("dvc.lock", "dvc.yaml"), pipeline).get("stages", {})
    return {
        str(name): str(stage["wdir"])
        for name, stage in stages.items()
        if isinstance(stage, dict) and "wdir" in stage
    }


def _outputs(record: str, folder: str, stage: Any) -> list[Entry]:
    outputs = stage.get("outs") if isinstance(stage, dict) else None
    found = []
    for out in outputs if isinstance(outputs, list) else ():
        if not isinstance(out, dict) or not isinstance(out.get("md5"), str):
            continue  # not made yet, or kept elsewhere than in the cache
        if not _HASH.match(out["md5"]):
            continue  # it becomes part of a path
        size = out.get("size")
        found.append(
            Entry(
                posixpath.normpath(posixpath.join(folder, str(out.get("path", "")))),
                out["md5"],
                size if isinstance(size, int) else None,
                record,
                PLAIN if out.get("hash") == "md5" else LEGACY,
                str(out["remote"]) if out.get("remote") else None,
            )
        )
    return found


def _yaml(record: str, text: str) -> dict[Any, Any]:
    # What DVC itself reads and writes them with.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise DvcError(
            f"cannot read {record}: it is not YAML", "Restore it with git: git log -- FILE"
        ) from error
    return document if isinstance(document, dict) else {}


def is_record(name: str) -> bool:
    """Whether a file may record versions, or says where a record's stages work."""
    return name.endswith(".dvc") or posixpath.basename(name) in ("dvc.lock", "dvc.yaml")


def _texts_of(root: Path, revision: str) -> dict[str, str]:
    blobs = {name: b for name, b in files_of(root, revision).items() if is_record(name)}
    contents = read_blobs(root, blobs.values())
    return {name: contents[b].decode("utf-8", errors="replace") for name, b in blobs.items()}


def _working_texts(root: Path, path: str) -> dict[str, str]:
    try:
        names = [*working_files(root, [*RECORDS, ":(glob)**/dvc.yaml"])]
    except DvcError:
        # Without git, or without a repository: where DVC itself would put the records of the file.
        folders = [path, *(str(p) for p in Path(path).parents)]
        names = [f"{name}.dvc" for name in folders if name != "."]
        names += [posixpath.join(f, n) for f in folders for n in ("dvc.lock", "dvc.yaml")]
        names = [posixpath.normpath(name) for name in names if (root / name).is_file()]
    return {name: (root / name).read_text(encoding="utf-8", errors="replace") for name in names}
