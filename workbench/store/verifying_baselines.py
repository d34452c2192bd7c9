"""Is every model still compared with its reference? The reference file, its bins, and the card."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from workbench.domain.card import ModelCard
from workbench.domain.health import ERROR, WARNING, Check, found_or_well, number_of
from workbench.domain.names import file_stem, shown
from workbench.errors import WorkbenchError
from workbench.store.baseline import file_hash
from workbench.store.baseline_record import card_basis
from workbench.store.connections import Connection, StoreHome, scratch
from workbench.store.reference_counts import measure_reference


def check_baselines(
    connection: Connection,
    home: StoreHome,
    root: Path,
    cards: dict[str, ModelCard | None],
    folder: Path,
    now: datetime,
) -> tuple[Check, ...]:
    """Whether what each model is compared with is there, is its reference of now, and can be used.

    Args:
        connection: the copy of the catalog.
        home: for the limits.
        root: what the cards' paths are relative to.
        cards: the card of each model; None for one that cannot be read.
        folder: for a reference that is not stored yet.
        now: the machine's clock.
    """
    stored = {
        str(row[0]): row[1:]
        for row in connection.execute(
            "SELECT model, basis, bins_id, reference_bytes, reference_mtime, reference_sha256 FROM baselines"
        ).fetchall()
    }
    rows = {
        str(model): int(count)
        for model, count in connection.execute(
            "SELECT model, sum(rows) FROM segments WHERE removed_version IS NULL AND kind = 'predictions' GROUP BY 1"
        ).fetchall()
    }
    found = [
        _without_card(model, rows.get(model, 0)) for model in sorted({*rows, *stored} - set(cards))
    ]
    compared = 0
    for model, card in sorted(cards.items()):
        if card is None or not (root / card.reference.data).is_file():
            continue
        known = stored.get(model)
        finding = None if known is None else _stored_finding(connection, root, card, known)
        is_current = known is not None and finding is None
        if not is_current:
            finding = _unusable(home, root, card, folder, now) or finding
        if finding is not None:
            found.append(finding)
        compared += is_current
    detail = f"{number_of(compared, 'model')}, compared with the reference of now"
    return found_or_well("baselines", found, detail)


def _without_card(model: str, rows: int) -> Check:
    what = f"{number_of(rows, 'row')} of {shown(model)} are stored, and it has no card"
    hint = f"Put models/{shown(file_stem(model))}.toml back; without it nothing reads them."
    return Check("baselines", WARNING, what, hint)


def _stored_finding(
    connection: Connection, root: Path, card: ModelCard, stored: Sequence[Any]
) -> Check | None:
    """What is wrong with a stored baseline; None when it is the card's and the reference's."""
    basis, bins_id, *file = stored
    bins = connection.execute("SELECT count(*) FROM bins WHERE bins_id = ?", [bins_id]).fetchall()
    if not bins[0][0]:
        what = f"the bins of {shown(card.name)} are gone from the catalog"
        hint = "Change the reference or the card and run `workbench status`: they are made again; or put a backup back."
        return Check("baselines", ERROR, what, hint)
    changed = _changed(root / card.reference.data, file, basis == card_basis(card))
    if changed is None:
        return None
    what = f"{changed} since the counts of {shown(card.name)} were made"
    hint = "The next command about it counts its rows anew; nothing else is to be done."
    return Check("baselines", WARNING, what, hint)


def _unusable(
    home: StoreHome, root: Path, card: ModelCard, folder: Path, now: datetime
) -> Check | None:
    """Why a reference that is not stored cannot be used; None when it can."""
    path = root / card.reference.data
    try:
        with scratch(home, folder) as connection:
            measure_reference(connection, path, folder, card, "", now)
    except WorkbenchError as error:
        return Check("baselines", ERROR, f"{shown(card.name)}: {error.message}", error.hint)
    return None


def _changed(path: Path, stored: list[object], is_same_card: bool) -> str | None:
    """What is another than it was; None when nothing is, or the reference is not there at all."""
    if not is_same_card:
        return "the card was changed"
    size, modified, digest = stored
    try:
        now = path.stat()
        if (now.st_size, now.st_mtime_ns) == (size, modified):
            return None
        return (
            None
            if now.st_size == size and file_hash(path) == digest
            else "the reference was changed"
        )
    except OSError:
        return None
