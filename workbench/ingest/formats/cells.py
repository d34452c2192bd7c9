"""What does one value of a row or an attribute say? Ids, numbers, times and lists of any type.

Tables hold more types than JSON: times, decimals, bytes. What cannot be read is None, and the
reason for a rejection never quotes a value, which may be a sensitive one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from workbench.domain.classes import BLANK, class_name
from workbench.ingest.formats.payload import PayloadError, id_text, json_value
from workbench.ingest.formats.payload_values import is_list, number_in

_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_SEPARATORS = re.compile(r"[\s,]+")


def is_blank(value: Any) -> bool:
    """Whether nothing stands there: null, NaN, or a text of blanks or `nan`."""
    return value is None or (isinstance(value, str | float | Decimal) and class_name(value) is None)


def identifier(value: Any) -> str | None:
    """An id as text; None where there is none or it is of no usable type.

    >>> [identifier(v) for v in (" a ", 7, 7.0, Decimal("7.00"), b"x", "", None, True, [1])]
    ['a', '7', '7', '7', 'x', None, None, None, None]
    """
    if isinstance(value, str):
        return value.strip(BLANK) or None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip(BLANK) or None
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Decimal):
        return class_name(value)
    return id_text(value)


def number(value: Any) -> float | None:
    """A finite number, also from text; true and false are none.

    >>> [number(v) for v in (1, "0.5", " 2 ", "1_0", "nan", True, None, "x", 10**400)]
    [1.0, 0.5, 2.0, None, None, None, None, None, None]
    """
    if isinstance(value, str):
        return number_in(value)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def probability(value: Any) -> float | None:
    """A probability; None where there is no number.

    Raises:
        PayloadError: it lies outside 0..1.
    """
    read = number(value)
    if read is not None and not 0.0 <= read <= 1.0:
        raise PayloadError("a probability lies outside 0 to 1")
    return read


def moment(value: Any) -> Any:
    """A time in the vocabulary of `Prediction.timestamp`; None where there is none.

    >>> [moment(v) for v in ("2026-11-20 14:12:33", "1795183953", 5, "", [5], date(2026, 1, 2))]
    ['2026-11-20 14:12:33', 1795183953, 5, None, None, '2026-01-02']
    """
    if isinstance(value, date):  # a datetime too
        text = value.isoformat()
        return None if text == "NaT" else text
    if isinstance(value, str):
        text = value.strip(BLANK)
        return int(text) if _WHOLE.fullmatch(text) else text or None
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or is_blank(value):
        return None
    return value


def decoded(value: Any) -> Any:
    """A list or an object that stands as text in a cell, decoded; anything else as it is.

    Lists are taken as JSON or as NumPy prints them, without commas.

    >>> [decoded(v) for v in ("[1, 2]", "[0.5 0.5]", '{"a": 1}', "churn", 3)]
    [[1, 2], [0.5, 0.5], {'a': 1}, 'churn', 3]

    Raises:
        PayloadError: the text begins as a list or an object and is neither.
    """
    if not isinstance(value, str):
        return value
    text = value.strip(BLANK)
    if not text.startswith(("[", "{")):
        return value
    try:
        return json_value(text)
    except PayloadError:
        items = [number_in(item) for item in _SEPARATORS.split(text[1:-1].strip()) if item]
        if not (text.startswith("[") and text.endswith("]")) or not items or None in items:
            raise
        return items


def listed(value: Any) -> list[Any] | None:
    """A list, which a CSV holds as the text of one; None where there is none."""
    try:
        found = decoded(value)
    except PayloadError:
        return None
    return list(found) if is_list(found) else None


def first_of(there: Collection[str], names: Iterable[str]) -> str | None:
    """The first of some names that is there; of a record, one whose value is not null."""
    candidates = [name for name in names if name and name in there]
    if isinstance(there, Mapping):
        filled = next((name for name in candidates if there[name] is not None), None)
        if filled is not None:
            return filled
    return candidates[0] if candidates else None
