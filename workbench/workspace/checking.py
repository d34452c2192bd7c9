"""What should the owner of a card know of it? What its reference lacks, and what its rows still hold."""

from __future__ import annotations

from workbench.workspace.cards import absent_columns
from workbench.workspace.measuring import Subject

_GAPS = (
    ("label", "the reference has no labels: no rise of the bad rate can be judged"),
    (
        "prediction",
        "the reference has no predictions: its bad rate and prediction drift are unknown",
    ),
)


def card_notes(subject: Subject) -> tuple[str, ...]:
    """What is worth a look in a card that can be used.

    Raises:
        CardError: its log is of a format that is not known.
    """
    from workbench.ingest.formats.registry import require_own_format
    from workbench.store.unconcealed import raw_columns

    require_own_format(subject.card)
    card, baseline = subject.card, subject.store.baseline
    roles = {bins.role for bins in baseline.bins}
    notes = [text for role, text in _GAPS if role not in roles]
    absent = absent_columns(card, baseline.shape.reference_columns)
    if absent:
        listed = ", ".join(repr(column) for column in absent)
        notes.append(f"the card names columns that the reference lacks: {listed}")
    positive = baseline.rules.positive_class
    if card.model.task == "binary" and positive not in baseline.shape.classes:
        hides = card.privacy.is_sensitive
        is_hidden = hides(card.columns.label) or hides(card.columns.prediction)
        listed = "withheld" if is_hidden else ", ".join(baseline.shape.classes) or "none"
        notes.append(f"positive_class {positive!r} is no class of the reference ({listed})")
    raw = raw_columns(subject.store.home, card, subject.store.segments)
    if raw:
        listed = ", ".join(repr(column) for column in raw)
        notes.append(
            f"rows stored before {listed} was pseudonymised still hold its values, and neither a rebuild nor "
            "an erasure changes that: move .workbench/ away and ingest the exports again"
        )
    return tuple(notes)
