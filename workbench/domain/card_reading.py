"""What does a model card say? TOML text read into a `ModelCard`, every mistake named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.domain.card import TASKS, ModelCard, Thresholds
from workbench.domain.card_checks import check_card
from workbench.domain.toml_tables import Origin, check_sections, key_types, load_toml, read_table
from workbench.errors import CardError

SECTIONS: Mapping[str, type] = {
    name: kind for name, kind in key_types(ModelCard).items() if name != "named"
}
"""The tables of a card, in order, and the dataclass of each."""


def parse_card(text: str, where: str, thresholds: Thresholds | None = None) -> ModelCard:
    r"""The card that a TOML text is.

    Args:
        text: the text of `models/<name>.toml`.
        where: the file's name, for messages.
        thresholds: what holds for thresholds that the card does not give (the workspace's
            settings); None for the defaults.

    Returns:
        The card with defaults filled in; `named` holds the keys that the text gives.

    Raises:
        CardError: it is not TOML, a key is unknown or of the wrong type, `[model] name`,
            `task` or `[reference]` is missing, or the keys contradict one another. The
            message names the file and the key; for an unknown one the nearest is in the hint.

    >>> card = parse_card('[model]\nname = "a"\ntask = "binary"\n[reference]\n', "a.toml")
    >>> card.rule, sorted(card.named)
    ('mismatch', ['model.name', 'model.task'])
    """
    origin = Origin(where, CardError)
    document = load_toml(text, origin)
    check_sections(document, SECTIONS, origin)
    _check_required(document, origin)
    bases: dict[str, Any] = {"thresholds": thresholds}
    tables = {
        section: read_table(kind, document.get(section, {}), section, origin, bases.get(section))
        for section, kind in SECTIONS.items()
    }
    named = frozenset(f"{section}.{name}" for section, table in document.items() for name in table)
    card = ModelCard(**tables, named=named)
    check_card(card, origin)
    return card


def _check_required(document: Mapping[str, Any], origin: Origin) -> None:
    if "name" not in document.get("model", {}):
        raise origin.mistake("[model] name is missing", 'Write it as name = "arrivals".')
    if "task" not in document["model"]:
        raise origin.mistake(
            "[model] task is missing", f"Write one of {', '.join(TASKS)} as task = ..."
        )
    if "reference" not in document:
        raise origin.mistake(
            "[reference] is missing",
            'Write [reference] and below it data = "data/reference.parquet".',
        )
