"""How is a workspace's state put into one file while others work on? From one state of the catalog.

Segments never change, so that their names in a copy of the catalog are a consistent state. A
link to each keeps its content until it is in the archive, whatever is swept meanwhile.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from workbench.domain.housekeeping import BackedUp
from workbench.domain.period import iso
from workbench.errors import StoreError
from workbench.store.archives import written_archive
from workbench.store.catalog import catalog_version
from workbench.store.connections import Connection, StoreHome, reading
from workbench.store.failures import translated
from workbench.store.migrations import schema_version
from workbench.store.pseudonym_key import KEY_FILE
from workbench.store.staging import staging_folder

STORE = ".workbench"
SETTINGS = "workbench.toml"
INCLUDES = (
    "the catalog with its counts", "all rows", "the quarantine", "settings", "model cards",
    "the references that cards name", "the registry of models",
)  # fmt: skip
LEAVES_OUT = ("training data and what else is in data/", "reports/")
_KEY_NOTE = (
    "it holds the key that pseudonyms are made with: whoever has this file can tell whose they are"
)


def back_up(
    home: StoreHome,
    root: Path,
    file: Path,
    references: Mapping[str, str],
    now: datetime,
    *,
    replace_it: bool = False,
) -> BackedUp:
    """Writes the state of a workspace into one archive.

    Args:
        home: the store.
        root: the workspace.
        file: the archive, which gets mode 0600.
        references: each model's reference, as its card names it.
        now: the machine's clock.
        replace_it: an archive of this name may be replaced.

    Raises:
        StoreError: it is there already, or the store or the archive fails.
    """
    if file.exists() and not replace_it:
        raise StoreError(f"{file.name} is there already", "Choose another name, or add --yes.")
    with staging_folder(home) as staging, translated():
        with reading(home, "making a backup") as catalog:
            version_, schema = catalog_version(catalog), schema_version(catalog)
            members = _store_members(catalog, home, staging.work)
        notes = []
        if (home.folder / KEY_FILE).is_file():
            members[f"{STORE}/{KEY_FILE}"] = home.folder / KEY_FILE
            notes.append(_KEY_NOTE)
        members |= dict(_own_files(root))
        for model, reference in references.items():
            path = root / reference
            if reference and _is_inside(reference) and path.is_file():
                members[Path(reference).as_posix()] = path
            else:
                notes.append(f"the reference of {model} is not in it: it is not in the workspace")
        with written_archive(file) as archive:
            for name, path in members.items():
                archive.add(name, path)
            archive.close(
                {
                    "workbench": version("oncall-workbench"), "made_at": iso(now),
                    "catalog_version": version_, "schema": schema, "models": sorted(references),
                }
            )  # fmt: skip
            files, size = len(archive.files) - 1, archive.size
    return BackedUp(
        str(file), files, size, version_, tuple(sorted(references)), INCLUDES, LEAVES_OUT,
        tuple(notes),
    )  # fmt: skip


def _store_members(catalog: Connection, home: StoreHome, folder: Path) -> dict[str, Path]:
    """Copies the catalog and links what it names, under the lock that `catalog` holds."""
    members: dict[str, Path] = {}
    for path in (home.catalog, home.catalog.with_name(f"{home.catalog.name}.wal")):
        if path.exists():
            members[f"{STORE}/{path.name}"] = Path(shutil.copyfile(path, folder / path.name))
    rows = catalog.execute(
        "SELECT path FROM segments WHERE removed_version IS NULL ORDER BY path"
    ).fetchall()
    for number, (name,) in enumerate(rows):
        path = home.segments / name
        if not path.is_file():
            raise StoreError(
                f"the store is damaged: a segment is missing ({name})", "Run `workbench doctor`."
            )
        members[f"{STORE}/segments/{name}"] = _linked(path, folder / f"s{number}")
    rows = catalog.execute("SELECT DISTINCT path FROM quarantine ORDER BY path").fetchall()
    for number, (name,) in enumerate(rows):
        path = home.quarantine / name
        if path.is_file():
            members[f"{STORE}/quarantine/{name}"] = _linked(path, folder / f"q{number}")
    return members


def _linked(path: Path, link: Path) -> Path:
    try:
        os.link(path, link)
    except OSError:  # a file system without links: the file itself has to do
        return path
    return link


def _own_files(root: Path) -> Iterator[tuple[str, Path]]:
    """The files that people and the registry own, sorted; no links, nothing hidden."""
    settings = root / SETTINGS
    if settings.is_file():
        yield SETTINGS, settings
    for folder in ("models", "registry"):
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            hidden = any(part.startswith(".") for part in relative.parts)
            if path.is_file() and not path.is_symlink() and not hidden:
                yield relative.as_posix(), path


def _is_inside(reference: str) -> bool:
    path = Path(reference)
    return not path.is_absolute() and not any(p == ".." or p.startswith(".") for p in path.parts)
