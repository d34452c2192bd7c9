"""What of a fault may be shown when its column is sensitive? Everything but values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from workbench.domain.card import Privacy
from workbench.domain.fault import Fault
from workbench.quality.sides import VERSION

_WORDS = {
    "missing_values": "values are missing", "parse_failure": "values cannot be read",
    "missing_column": "the column is missing",
    "new_category": "categories that the reference does not have",
    "renamed_category": "known categories under other names",
    "out_of_range": "numbers outside the reference's range",
    "sentinel_value": "a value that stands for none", "unit_change": "another unit",
    "clock_shift": "hours of another time zone", "stale_value": "one value only",
}  # fmt: skip


def masked(fault: Fault, privacy: Privacy, label: str, version: str = VERSION) -> Fault:
    """The same fault without a value of a sensitive column, be it the fault's or the segment's.

    Args:
        fault: what was found.
        privacy: which columns are sensitive.
        label: the label's column, whose faults are the log's.
        version: the version's column, which segments have under our name.
    """
    if fault.kind == "label_definition" and fault.transform and privacy.is_sensitive(label):
        fault = replace(fault, detail="the label's unit changed", repair=None, transform=None)
    if fault.column and privacy.is_sensitive(fault.column):
        is_clock = fault.kind == "clock_shift"
        detail = _WORDS.get(fault.kind, fault.detail)
        kept = fault.kind in ("missing_values", "missing_column", "swapped_columns", "type_change")
        fault = replace(
            fault,
            detail=fault.detail if kept or is_clock else detail,
            repair=fault.repair if kept or is_clock else None,
            transform=fault.transform if is_clock or fault.kind == "swapped_columns" else None,
        )
    column = fault.segment[0] if fault.segment is not None else ""
    if column == VERSION and privacy.is_sensitive(version):
        column = version
    if column and privacy.is_sensitive(column):
        told = f"confined to one value of {column}, which is sensitive"
        note = "; ".join(text for text in (told, _without_segment(fault)) if text)
        fault = replace(fault, segment=None, also_in=(), note=note)
    return fault


def masked_words(words: str, kind: str, columns: Sequence[str], privacy: Privacy | None) -> str:
    """What was recorded of an alert, without what may be a value of a column that is sensitive now.

    Args:
        words: as recorded, when the column may not have been sensitive yet.
        kind: the alert's.
        columns: the alert's.
        privacy: the card's; None where it cannot be read, so that any column may be sensitive.
    """
    if privacy is not None:
        is_theirs = any(privacy.is_sensitive(name) for name in columns)
        if not is_theirs and not any(n.lower() in words.lower() for n in privacy.sensitive):
            return words
    subject = f" of {', '.join(columns)}" if columns else ""
    return f"{kind.replace('_', ' ')}{subject}; what was said of sensitive values is withheld"


def _without_segment(fault: Fault) -> str | None:
    """The note, unless it names further values of the segment's column."""
    if fault.note is None or "also where" not in fault.note:
        return fault.note
    return "and to others of its values"
