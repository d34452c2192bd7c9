"""Is what must not be stored really not there, and is the key that it was hashed with?"""

from __future__ import annotations

from collections.abc import Mapping

from workbench.domain.card import ModelCard
from workbench.domain.health import ERROR, OK, WARNING, Check, found_or_well
from workbench.domain.names import shown
from workbench.errors import StoreError
from workbench.store.catalog import model_segments
from workbench.store.connections import Connection, StoreHome
from workbench.store.pseudonym_key import known_key, matching_key
from workbench.store.unconcealed import raw_columns


def check_privacy(
    connection: Connection, home: StoreHome, cards: Mapping[str, ModelCard | None]
) -> tuple[Check, ...]:
    """Whether the key is the right one, and columns to pseudonymise are so in every row."""
    found = []
    known = known_key(connection)
    if known is not None:
        try:
            matching_key(home, known)
        except StoreError as error:
            found.append(Check("privacy", ERROR, error.message, error.hint))
    private = {name: card for name, card in cards.items() if card and card.privacy.pseudonymise}
    for name, card in private.items():
        raw = raw_columns(home, card, model_segments(connection, name, home.segments))
        if raw:
            what = f"rows of {shown(name)} hold values of {', '.join(map(repr, raw))} as they were"
            hint = (
                "They were stored before the card said pseudonymise: move .workbench/ away and "
                "ingest the exports again."
            )
            found.append(Check("privacy", WARNING, what, hint))
    if not found and known is None and not private:
        return (Check("privacy", OK, "no column is pseudonymised"),)
    return found_or_well("privacy", found, "the key is there, and every value was hashed with it")
