"""Where does a batch wait before it exists? A folder of its own, held by a lock until the commit."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from workbench.errors import StoreError
from workbench.store import steps
from workbench.store.connections import Connection, StoreHome, reading
from workbench.store.locking import held_file, is_held
from workbench.store.modes import private_files

_HELD = ".held"


@dataclass(frozen=True)
class Staging:
    """A batch under way."""

    batch: str
    folder: Path
    """Everything of it; gone when the block that made it ends."""

    @property
    def rows(self) -> Path:
        """The folder that becomes `segments/<batch>` at the commit."""
        return self.folder / "rows"

    @property
    def rejected(self) -> Path:
        """The file that becomes `quarantine/<batch>.parquet`, when there is any."""
        return self.folder / "rejected.parquet"

    @property
    def late_labels(self) -> Path:
        """Labels that came with rows which were there already; often missing."""
        return self.folder / "late-labels.parquet"

    @property
    def work(self) -> Path:
        """For copies and for what does not fit in memory."""
        return self.folder / "work"

    def clear_rows(self) -> None:
        """Removes the rows that were staged, to begin again."""
        shutil.rmtree(self.rows)
        self.rows.mkdir(mode=0o700)


@contextmanager
def staging_folder(home: StoreHome) -> Iterator[Staging]:
    """A new batch's folder, held for the length of the block and removed at its end."""
    batch = secrets.token_hex(8)
    folder = home.staging / batch
    staging = Staging(batch, folder)
    with private_files():
        yield from _held_folder(staging)


def _held_folder(staging: Staging) -> Iterator[Staging]:
    folder = staging.folder
    try:
        for part in (folder, staging.rows, staging.work):
            part.mkdir(mode=0o700)
    except OSError as error:
        raise StoreError(
            f"cannot write to the store: {error.strerror or error}",
            "Check the disk's space and the permissions of .workbench/.",
        ) from error
    try:
        with held_file(folder / _HELD):
            yield staging
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(home: StoreHome) -> int:
    """Removes what dead writers left; returns how many folders and files.

    A batch that nobody holds and that the catalog does not know has no owner. Whether it is
    held is looked at before the catalog is read: in the other order a batch committed in
    between would look ownerless.
    """
    staged = [path for path in home.staging.iterdir() if path.is_dir()]
    dead = [path for path in staged if not is_held(path / _HELD)]
    stored = [p for folder in (home.segments, home.quarantine) for p in folder.iterdir()]
    unheld = [p for p in stored if not is_held(home.staging / p.stem / _HELD)]
    if not dead and not unheld:
        return 0
    with reading(home, "looking for leftovers") as catalog:
        known = _known_batches(catalog)
    left = dead + [path for path in unheld if path.stem not in known]
    for path in left:
        steps.reached(steps.BEFORE_DELETION)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(left)


def settle(path: Path) -> None:
    """Forces a file's or a folder's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _known_batches(catalog: Connection) -> set[str]:
    return {str(row[0]) for row in catalog.execute("SELECT batch FROM batches").fetchall()}
