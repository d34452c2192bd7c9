"""Which columns to pseudonymise are stored as they are? Those of rows from before the card said so."""

from __future__ import annotations

from workbench.domain.card import ModelCard
from workbench.store.catalog import ModelSegments
from workbench.store.connections import StoreHome, scratch
from workbench.store.pseudonyms import PATTERN, folded
from workbench.store.quoting import identifier, literal
from workbench.store.rows import make_rows_view


def raw_columns(home: StoreHome, card: ModelCard, segments: ModelSegments) -> tuple[str, ...]:
    """The columns that the card pseudonymises and of which a stored row has another value.

    The values themselves are looked at: what was stored when is not to be relied on.
    """
    if not card.privacy.pseudonymise:
        return ()
    found = []
    with scratch(home) as connection:
        for name in card.privacy.pseudonymise:
            stored = _stored_name(card, name)
            files = [*segments.predictions, *(segments.labels if stored == "wb_id" else ())]
            make_rows_view(connection, "looked_at", files, {stored: "VARCHAR"})
            column = identifier(stored)
            if connection.execute(
                f"SELECT 1 FROM looked_at WHERE {column} IS NOT NULL "
                f"AND NOT regexp_full_match({column}, {literal(PATTERN)}) LIMIT 1"
            ).fetchall():
                found.append(name)
    return tuple(found)


def _stored_name(card: ModelCard, name: str) -> str:
    columns = card.columns
    own = {columns.prediction_id: "wb_id", columns.experiment: "wb_arm"}
    return next(
        (stored for given, stored in own.items() if given and folded(given) == folded(name)), name
    )
