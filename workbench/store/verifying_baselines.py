"""Is every model still compared with its reference? The reference file, its bins, and the card."""

from __future__ import annotations

from pathlib import Path

from workbench.domain.card import ModelCard
from workbench.domain.health import ERROR, WARNING, Check, found_or_well
from workbench.domain.names import file_stem, shown
from workbench.store.baseline import file_hash
from workbench.store.baseline_record import card_basis
from workbench.store.connections import Connection


def check_baselines(
    connection: Connection, root: Path, cards: dict[str, ModelCard | None]
) -> tuple[Check, ...]:
    """Whether what each model is compared with is there and is its reference of now."""
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
    found = []
    for model in sorted(set(rows) | set(stored)):
        name = shown(model)
        if model not in cards:
            what = f"{rows.get(model, 0):,} rows of {name} are stored, and it has no card"
            hint = f"Put models/{shown(file_stem(model))}.toml back; without it nothing reads them."
            found.append(Check("baselines", WARNING, what, hint))
            continue
        card = cards[model]
        if card is None:
            continue
        if model not in stored:
            what = f"{name} has rows and no stored reference"
            found.append(Check("baselines", WARNING, what, "The next `workbench status` makes it."))
            continue
        basis, bins_id, *file = stored[model]
        bins = connection.execute(
            "SELECT count(*) FROM bins WHERE bins_id = ?", [bins_id]
        ).fetchall()
        if not bins[0][0]:
            what = f"the bins of {name} are gone from the catalog"
            hint = f"Run `touch {card.reference.data}`, and the next `workbench status` makes them."
            found.append(Check("baselines", ERROR, what, shown(hint)))
            continue
        changed = _changed(root / card.reference.data, file, basis == card_basis(card))
        if changed:
            what = f"{changed} since the counts of {name} were made"
            hint = "The next command about it counts its rows anew; nothing else is to be done."
            found.append(Check("baselines", WARNING, what, hint))
    return found_or_well(
        "baselines", found, f"{len(stored):,} models are compared with their references of now"
    )


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
