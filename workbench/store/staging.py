"""Where does a batch wait before it exists? A folder of its own, held by a lock until the commit."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from workbench.errors import StoreError
from workbench.store import steps
from workbench.store.connections import Connection, StoreHome, reading
from workbench.store.failures import DISK_HINT, is_full, store_error
from workbench.store.held_files import held_file, is_held, remove_unheld
from workbench.store.holders import sweep_readers
from workbench.store.modes import private_files
from workbench.store.quarantining import overdue_quarantine
from workbench.store.replacing import overdue_files

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
        """Removes the rows that were staged, and the labels they brought, to begin again."""
        shutil.rmtree(self.rows)
        self.rows.mkdir(mode=0o700)
        self.late_labels.unlink(missing_ok=True)


@contextmanager
def staging_folder(home: StoreHome) -> Iterator[Staging]:
    """A new batch's folder, held for the length of the block and removed at its end.

    Raises:
        StoreError: it cannot be made.
    """
    with _held_folder(home, secrets.token_hex(8)) as folder:
        staging = Staging(folder.name, folder)
        try:
            for part in (staging.rows, staging.work):
                part.mkdir(mode=0o700)
        except OSError as error:
            raise _unwritable(error) from error
        yield staging


@contextmanager
def spill_folder(home: StoreHome) -> Iterator[Path]:
    """A folder for what does not fit in memory: in the store, or elsewhere where it is read-only."""
    if not os.access(home.staging, os.W_OK):
        with TemporaryDirectory(prefix="workbench-") as folder:
            yield Path(folder)
        return
    with _held_folder(home, f"spill-{secrets.token_hex(8)}") as made:
        yield made


@contextmanager
def _held_folder(home: StoreHome, name: str) -> Iterator[Path]:
    """A new folder under `staging/`.

    The file that says its owner lives is there before the folder is and goes after it: a
    folder without one has no owner.
    """
    folder = home.staging / name
    with ExitStack() as held:
        held.enter_context(private_files())
        try:
            held.enter_context(held_file(_holder_of(home, name)))
            folder.mkdir(mode=0o700)
        except OSError as error:
            raise _unwritable(error) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _holder_of(home: StoreHome, name: str) -> Path:
    return home.staging / f"{name}{_HELD}"


def is_under_way(home: StoreHome, batch: str) -> bool:
    """Whether a living process is still working on a batch."""
    return is_held(_holder_of(home, batch))


def sweep(home: StoreHome, now: datetime | None = None) -> int:
    """Removes what dead processes left and what was replaced; returns how many folders and files.

    A batch that nobody holds and that the catalog does not know has no owner. Whether it is
    held is looked at before the catalog is read: in the other order a batch committed in
    between would look ownerless.

    Args:
        home: the store.
        now: the machine's clock, by which the grace period of replaced files ends and the time
            of what is in quarantine; None: they stay.
    """
    sweep_readers(home.folder)
    staged = [path for path in home.staging.iterdir() if path.suffix != _HELD]
    left = [path for path in staged if not is_under_way(home, path.name)]
    stored = [p for folder in (home.segments, home.quarantine) for p in folder.iterdir()]
    unheld = [p for p in stored if not is_under_way(home, batch_of(p))]
    replaced: list[Path] = []
    if unheld:
        with reading(home, "looking for leftovers") as catalog:
            known = _known_batches(catalog)
            named = {
                str(row[0]) for row in catalog.execute("SELECT path FROM quarantine").fetchall()
            }
            if now is not None:
                replaced = [
                    *overdue_files(catalog, home, now),
                    *overdue_quarantine(catalog, home, now),
                ]
        left += [path for path in unheld if batch_of(path) not in known]
        # A file of quarantine that an erasure wrote anew has another name from then on.
        left += [
            path
            for path in unheld
            if path.parent == home.quarantine and path not in left and path.name not in named
        ]
    left += replaced
    for path in left:
        steps.reached(steps.BEFORE_DELETION)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    for folder in {path.parent for path in replaced} - {home.quarantine}:
        with suppress(OSError):
            folder.rmdir()  # only an empty one goes
    for path in home.staging.glob(f"*{_HELD}"):
        remove_unheld(path)
    return len(left)


def batch_of(path: Path) -> str:
    """The batch that wrote a folder of segments or a file of quarantine."""
    return path.stem.partition("-")[0]


def _unwritable(error: OSError) -> StoreError:
    if is_full(error):
        return store_error(error)
    return StoreError(f"cannot write to the store: {error.strerror or error}", DISK_HINT)


def _known_batches(catalog: Connection) -> set[str]:
    return {str(row[0]) for row in catalog.execute("SELECT batch FROM batches").fetchall()}
