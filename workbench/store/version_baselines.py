"""What is a promoted version compared with? The rows it was judged on, counted over the model's bins."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.names import shown
from workbench.errors import ReferenceTableError
from workbench.store.baseline import file_hash
from workbench.store.baseline_record import Baseline
from workbench.store.connections import StoreHome, scratch, writing
from workbench.store.counting import write_counts
from workbench.store.pseudonym_key import concealment
from workbench.store.rebuilding import copy_counts
from workbench.store.staging import spill_folder
from workbench.store.version_records import (
    VERSION,
    VersionBaseline,
    read_version_baselines,
    write_version_baseline,
)

__all__ = ["VersionBaseline", "ensure_version_baseline", "is_of_file", "read_version_baselines"]


def is_of_file(own: VersionBaseline | None, root: Path, path: str) -> bool:
    """Whether a stored baseline is of the file that lies there now; True where the file is gone."""
    try:
        found = (root / path).stat()
    except OSError:
        return own is not None and own.path == path
    if own is None or own.path != path or own.size != found.st_size:
        return False
    # A copied workspace has the same file with another time.
    return own.modified == found.st_mtime_ns or own.sha256 == file_hash(root / path)


def ensure_version_baseline(
    home: StoreHome,
    root: Path,
    card: ModelCard,
    baseline: Baseline,
    version: str,
    path: str,
    now: datetime,
) -> VersionBaseline:
    """Counts the table that a version was judged on, and stores it as the version's baseline.

    Args:
        home: the store.
        root: the workspace.
        card: the model's card.
        baseline: the model's, whose bins and rules hold.
        version: the version.
        path: of the table, relative to the workspace: in the columns that the card names, scored by
            this version.
        now: the machine's clock.

    Raises:
        ReferenceTableError: the table cannot be used.
        StoreError: the store cannot be written.
    """
    # Only a table that is new is read: `status` should not wait for the import.
    from workbench.store.reference_counts import count_scored

    file = root / path
    try:
        if not file.resolve().is_relative_to(root.resolve()):
            raise ReferenceTableError(
                f"{shown(path)} lies outside the workspace", "Copy the table into the registry."
            )
        found = file.stat()
        own = VersionBaseline(
            version, *baseline.ids, path, found.st_size, found.st_mtime_ns, file_hash(file), 0,
            None, None,
        )  # fmt: skip
    except OSError as error:
        raise ReferenceTableError(
            f"the rows that version {shown(version, 40)} was judged on cannot be read: "
            f"{error.strerror or error}",
            "Put the file back into the registry; until then the reference stands for it.",
        ) from error
    with spill_folder(home) as folder:
        with scratch(home, folder) as connection:
            conceal = concealment(home, card, now)
            rows, start, end = count_scored(connection, file, folder, card, baseline, now, conceal)
            written = write_counts(connection, folder)
        own = replace(own, rows=rows, start=start, end=end)
        source = own.source
        with writing(home, f"storing a baseline of {card.name}") as catalog:
            write_version_baseline(catalog, card.name, own)
            copy_counts(catalog, written, str(source.bins_id), str(source.rules_id), VERSION)
    return own
