"""What is a model compared with? The reference, turned into bins, rules and counts, and kept.

The baseline is remade when the reference file or what the card says about it changes. The
counts of the model's own rows are then remade from the segments, outside the lock, and take
the place of the old ones in one commit, so that no reader ever sees counts over bins that are
gone. Counts whose rows retention took stay over the bins that made them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.errors import ReferenceTableError
from workbench.store.baseline_record import (
    REFERENCE,
    Baseline,
    ReferenceFile,
    card_basis,
    read_baseline,
    read_last_baseline,
    write_baseline,
)
from workbench.store.catalog import ModelSegments, model_segments
from workbench.store.connections import Connection, StoreHome, reading, scratch, writing
from workbench.store.counting import write_counts
from workbench.store.held_files import held_file, is_held
from workbench.store.pseudonym_key import concealment
from workbench.store.rebuilding import (
    copy_counts,
    count_segments,
    drop_counts,
    has_changed,
    replace_counts,
)
from workbench.store.staging import spill_folder
from workbench.store.version_records import drop_version_baselines

__all__ = [
    "REFERENCE", "Baseline", "earlier_baseline", "ensure_baseline", "file_hash", "stored_baseline",
]  # fmt: skip

_TRIES = 3


def ensure_baseline(home: StoreHome, root: Path, card: ModelCard, now: datetime) -> Baseline:
    """The baseline of a model, made or remade where the stored one is not of this card.

    Args:
        home: the store.
        root: the workspace, which the card's paths are relative to.
        card: the model's card.
        now: the machine's clock.

    Raises:
        ReferenceTableError: the reference cannot be used.
    """
    path = root / card.reference.data
    try:
        stat = path.stat()
    except OSError as error:
        raise ReferenceTableError(
            f"the reference of {card.name} is not there: {card.reference.data}",
            "Correct [reference] data in the card, or put the file there.",
        ) from error
    stored = stored_baseline(home, root, card)
    if stored is not None:
        return stored
    try:
        file = ReferenceFile(stat.st_size, stat.st_mtime_ns, file_hash(path))
    except OSError as error:
        raise ReferenceTableError(
            f"the reference of {card.name} cannot be read: {error.strerror or error}",
            "Check [reference] data in the card, and the file's permissions.",
        ) from error
    moved = _baseline_of_same_bytes(home, card, file)
    if moved is not None:
        return moved
    # Only a reference that is new is read: `status` should not wait for the import.
    from workbench.store.reference_counts import measure_reference

    with _remaking(home, card.name), spill_folder(home) as folder:
        with scratch(home, folder) as connection:
            conceal = concealment(home, card, now)
            baseline = measure_reference(connection, path, folder, card, file.sha256, now, conceal)
            reference = write_counts(connection, folder)
        return _store(home, card, baseline, reference, file, folder)


def stored_baseline(home: StoreHome, root: Path, card: ModelCard) -> Baseline | None:
    """The baseline of a model as it is stored; None when it is to be made or remade."""
    try:
        stat = (root / card.reference.data).stat()
    except OSError:
        return None
    with reading(home, f"reading the baseline of {card.name}") as catalog:
        return read_baseline(catalog, card, stat.st_size, stat.st_mtime_ns)


def earlier_baseline(home: StoreHome, card: ModelCard) -> Baseline | None:
    """The stored baseline that another process is just remaking; None when nobody does.

    It answers as before until the new counts are there.
    """
    if not is_held(_holder(home, card.name)):
        return None
    with reading(home, f"reading the baseline of {card.name}") as catalog:
        found = read_last_baseline(catalog, card.name)
    return found if found is not None and found.rules.task == card.model.task else None


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's bytes, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _store(
    home: StoreHome,
    card: ModelCard,
    baseline: Baseline,
    reference: dict[str, Path],
    file: ReferenceFile,
    folder: Path,
) -> Baseline:
    """Counts the rows over a new baseline and commits both; the one that is then stored.

    What is committed in between is counted by another try, the last one under the lock.
    """
    purpose = f"storing the baseline of {card.name}"
    for attempt in range(_TRIES):
        with reading(home, purpose) as catalog:
            segments = model_segments(catalog, card.name, home.segments)
        own = count_segments(home, segments, baseline, folder / f"own-{attempt}")
        with writing(home, purpose) as catalog:
            made = read_baseline(catalog, card, file.size, file.modified)
            if made is not None:
                return made  # another process was as quick
            if has_changed(catalog, card.name, segments):
                if attempt < _TRIES - 1:
                    continue
                own = _count_now(catalog, home, baseline, folder / "own-last")
            _exchange(catalog, card, baseline, reference, own, file)
            return baseline
    raise AssertionError  # the last try always returns


def _count_now(
    catalog: Connection, home: StoreHome, baseline: Baseline, folder: Path
) -> dict[str, Path]:
    segments: ModelSegments = model_segments(catalog, baseline.model, home.segments)
    return count_segments(home, segments, baseline, folder)


def _exchange(
    catalog: Connection,
    card: ModelCard,
    baseline: Baseline,
    reference: dict[str, Path],
    own: dict[str, Path],
    file: ReferenceFile,
) -> None:
    """Puts a baseline and its counts in the place of the stored one, in the open transaction."""
    for bins_id, rules_id in catalog.execute(
        "SELECT bins_id, rules_id FROM baselines WHERE model = ?", [baseline.model]
    ).fetchall():
        drop_counts(catalog, bins_id, rules_id)
    drop_counts(catalog, baseline.reference_bins_id, baseline.reference_rules_id)
    drop_version_baselines(catalog, baseline.model)
    write_baseline(catalog, baseline, card, file)
    copy_counts(
        catalog, reference, baseline.reference_bins_id, baseline.reference_rules_id, REFERENCE
    )
    replace_counts(catalog, baseline, own)


def _baseline_of_same_bytes(
    home: StoreHome, card: ModelCard, file: ReferenceFile
) -> Baseline | None:
    """The stored baseline of a reference that only has another time, as in a copied workspace."""
    same = "model = ? AND basis = ? AND reference_sha256 = ?"
    values = [card.name, card_basis(card), file.sha256]
    with reading(home, f"reading the baseline of {card.name}") as catalog:
        rows = catalog.execute(
            f"SELECT reference_bytes, reference_mtime FROM baselines WHERE {same}", values
        ).fetchall()
        found = read_baseline(catalog, card, *rows[0]) if rows else None
    if found is not None and os.access(home.folder, os.W_OK):
        with writing(home, f"storing the baseline of {card.name}") as catalog:
            catalog.execute(
                f"UPDATE baselines SET reference_bytes = ?, reference_mtime = ? WHERE {same}",
                [file.size, file.modified, *values],
            )
    return found


@contextmanager
def _remaking(home: StoreHome, model: str) -> Iterator[None]:
    """Lets others see for the length of the block that the model's baseline is being remade."""
    path = _holder(home, model)
    if is_held(path) or not os.access(home.staging, os.W_OK):
        yield
        return
    with ExitStack() as announced:
        with suppress(OSError):  # nobody need hear of it for it to be done
            announced.enter_context(held_file(path))
        yield


def _holder(home: StoreHome, model: str) -> Path:
    name = hashlib.sha256(model.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return home.staging / f"baseline-{name}.held"
