"""How is a card written for a person to edit? The commented text of `models/<name>.toml`."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.domain.card import ModelCard
from workbench.domain.card_reading import SECTIONS
from workbench.domain.toml_writing import commented_table
from workbench.errors import CardError

_ALWAYS = frozenset({"model.name", "model.task"})
_HEAD = """\
# A model card: what this model is, and what is expected of it.
# Keys behind a # have their default; take the # away to change one.
# `workbench model check` reads the card again.
"""


def card_toml(card: ModelCard, notes: Mapping[str, str] | None = None) -> str:
    """A complete card as TOML: every key, its meaning beside it, defaults commented out.

    What is written out is the name, the task, the reference, every key whose value is not the
    default, and every key in `card.named`. Reading the text with `parse_card` gives the same
    card back (`named` then holds the keys that are written out).

    Args:
        card: the card.
        notes: why a value was chosen, by `section.key`; a comment above the key.

    Raises:
        CardError: a value has no form in TOML.
    """
    notes = notes or {}
    reference = "reference.period" if card.reference.period else "reference.data"
    active = card.named | _ALWAYS | {reference}
    parts = [_HEAD]
    for section in SECTIONS:
        try:
            parts.append(
                commented_table(
                    section,
                    getattr(card, section),
                    active=_of_section(section, active),
                    notes={key: notes[f"{section}.{key}"] for key in _of_section(section, notes)},
                )
            )
        except ValueError as error:
            raise CardError(
                f"[{section}] cannot be written: {error}", "Rename the column or the model."
            ) from error
    return "\n".join(parts)


def _of_section(section: str, keys: frozenset[str] | Mapping[str, str]) -> set[str]:
    prefix = f"{section}."
    return {key.removeprefix(prefix) for key in keys if key.startswith(prefix)}
