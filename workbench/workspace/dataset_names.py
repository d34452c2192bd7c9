"""Which dataset does a user's name stand for? Files, versions of files, stored rows, training tables."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from workbench.diff.revisions import located
from workbench.diff.sides import DiffError, Side, file_side
from workbench.diff.stored import stored_side
from workbench.domain.names import file_stem, shown
from workbench.errors import UnknownModelError, WorkbenchError
from workbench.ingest.files import expand_paths
from workbench.store.connections import Connection
from workbench.workspace.opened import Opened
from workbench.workspace.subjects import opened_subject
from workbench.workspace.versions import champion_version, chosen_versions

FORMS = "Name a file, a folder or a pattern; FILE@REVISION; MODEL:PERIOD; or MODEL@VERSION:train."
_TRAIN = ":train"


@dataclass(frozen=True)
class Dataset:
    """What a name stands for, before anything is read of it."""

    name: str
    files: tuple[Path, ...] = ()
    """Empty: stored rows."""
    digest: str = ""
    """What is known to tell the content; empty: it is made of the files."""
    model: str | None = None
    """Whose rows they are; None for any file."""
    period: str = ""
    notes: tuple[str, ...] = ()


def dataset_named(name: str, workspace: Opened | None, here: Path) -> Dataset:
    """What a name stands for; a file of that name goes before everything else.

    Args:
        name: as the user gave it.
        workspace: None: only files are known.
        here: what paths are relative to.

    Raises:
        WorkbenchError: nothing has this name.
    """
    if (here / name).exists():
        return Dataset(name, _files(here / name))
    if "://" in name:
        raise DiffError(
            f"{shown(name, 80)} is not on this machine", "Download it, and compare the file."
        )
    if name.endswith(_TRAIN) and "@" in name:
        model, _, version = name.removesuffix(_TRAIN).rpartition("@")
        if workspace is None or model in workspace.names():
            return _trained_on(name, model, version, _needed(workspace, name))
    model, _, period = name.partition(":")
    if workspace is not None:
        known = [one for one in workspace.names() if name.startswith(one + ":")]
        if known:
            model = max(known, key=len)
            return Dataset(name, model=model, period=name[len(model) + 1 :])
    if "@" in name:
        return _revision(name, workspace, here)
    if period and "/" not in model and not any(mark in name for mark in "*?["):
        _needed(workspace, name)
        raise UnknownModelError(
            f"there is no model {shown(model, 60)}, and no file {shown(name, 60)}", FORMS
        )
    return Dataset(name, _files(here / name))


def opened_dataset(
    connection: Connection, dataset: Dataset, workspace: Opened | None, folder: Path
) -> Side:
    """The dataset as a side on a connection.

    Args:
        connection: scratch.
        dataset: what is to be read.
        workspace: as for `dataset_named`.
        folder: of this side alone, for copies.

    Raises:
        WorkbenchError: it cannot be read, or there are no such rows.
    """
    if dataset.model is not None and not dataset.files:
        return _stored(connection, dataset, _needed(workspace, dataset.name), folder)
    digest = dataset.digest or _digest(dataset.files)
    side = file_side(connection, dataset.name, dataset.files, folder, digest)
    sensitive = side.sensitive
    if dataset.model is not None:
        privacy = _needed(workspace, dataset.name).card(dataset.model).privacy
        sensitive = frozenset(name for name in side.columns if privacy.is_sensitive(name))
    return replace(side, notes=(*side.notes, *dataset.notes), sensitive=sensitive)


def _stored(connection: Connection, dataset: Dataset, workspace: Opened, folder: Path) -> Side:
    card = workspace.card(dataset.model or "")
    subject = opened_subject(
        workspace.store, workspace.root, card, workspace.seen_as_of, workspace.clock.now()
    )
    period = subject.period(dataset.period or None)
    return stored_side(
        connection,
        dataset.name,
        card,
        subject.store,
        period,
        lambda present: chosen_versions(None, subject.champion, present),
        folder,
    )


def _needed(workspace: Opened | None, name: str) -> Opened:
    if workspace is None:
        raise DiffError(
            f"there is no file {shown(name, 80)}, and no workspace here whose models it could name",
            f"{FORMS} A workspace is named with -C DIR.",
        )
    return workspace


def _files(path: Path) -> tuple[Path, ...]:
    found = expand_paths([path])
    for _, error in found:
        if error is not None:
            raise DiffError(error.message, error.hint)
    files = tuple(file for file, _ in found)
    for file in files:
        if not file.exists():
            raise DiffError(f"there is no file {shown(file.name, 80)}", FORMS)
    return files


def _digest(files: tuple[Path, ...]) -> str:
    """`sha256:` of a file; of several, of their digests in order."""
    digests = []
    for file in files:
        try:
            with file.open("rb") as stream:
                digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
        except OSError as error:
            raise DiffError(
                f"cannot read {shown(file.name)}: {error.strerror or error}",
                "Check the path and its permissions.",
            ) from error
    if len(digests) == 1:
        return f"sha256:{digests[0]}"
    return f"sha256:{hashlib.sha256(' '.join(digests).encode()).hexdigest()}"


def _revision(name: str, workspace: Opened | None, here: Path) -> Dataset:
    path, _, revision = name.rpartition("@")
    base = here
    if workspace is not None and not _is_tracked(here, path) and _is_tracked(workspace.root, path):
        base = workspace.root
    return _located(base, path, revision, name)


def _is_tracked(base: Path, path: str) -> bool:
    return (base / path).exists() or (base / f"{path}.dvc").exists()


def _located(base: Path, path: str, revision: str, name: str) -> Dataset:
    found = located(base, path, revision)
    files = _files(found.path) if found.path.is_dir() else (found.path,)
    return Dataset(name, files, f"md5:{found.md5}")


def _trained_on(name: str, model: str, version: str, workspace: Opened) -> Dataset:
    """The table that a registered version was trained on; the champion's as the card says."""
    card = workspace.card(model)
    path = workspace.root / "registry" / file_stem(model) / version / "metadata.json"
    if path.exists():
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            table, data = said.get("train_table"), said.get("data_version")
        except (OSError, ValueError, AttributeError) as error:
            raise DiffError(
                f"the metadata of {shown(model)} {shown(version)} cannot be read: {error}",
                f"Restore {path.relative_to(workspace.root)}.",
            ) from error
        if table and data:
            try:
                return replace(_located(workspace.root, str(table), str(data), name), model=model)
            except WorkbenchError:
                if not (workspace.root / str(table)).exists():
                    raise
                note = f"version {data} is not kept: the table as it is now is read"
                return Dataset(
                    name, _files(workspace.root / str(table)), model=model, notes=(note,)
                )
        if table:
            return Dataset(name, _files(workspace.root / str(table)), model=model)
    champion = champion_version(workspace.root, card)
    if version != champion:
        raise DiffError(
            f"it is not known what {shown(model)} {shown(version, 40)} was trained on",
            f"The champion is {shown(champion)}: {shown(model)}@{shown(champion)}{_TRAIN}. Of other "
            "versions only those that `retrain` registered are known.",
        )
    table = workspace.root / card.training.data
    if not table.exists():
        raise DiffError(
            f"the training table of {shown(model)} is not there: {shown(card.training.data)}",
            "Correct [training] data in the card, or put the file there.",
        )
    return Dataset(name, _files(table), model=model)
