"""What may a single value of a logged payload be? Numbers, names, ids and texts, checked.

What an error says names types, places and counts, never a value: it is shown to people, and
values may be sensitive.
"""

from __future__ import annotations

import base64
import binascii
import csv
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.ingest.formats.adapter import Mapped

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LONGEST_NUMBER = 400
_MOST_BITS = 4_000
"""Python refuses to write much longer whole numbers as text."""


class PayloadError(ValueError):
    """A request or a response makes no sense; the text is the detail for the quarantine."""


def kind_of(value: Any) -> str:
    """A value's type in the words of JSON, for messages.

    >>> [kind_of(v) for v in ({}, [], "a", True, None, 1.5)]
    ['an object', 'a list', 'a text', 'a boolean', 'null', 'a number']
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    return "a text" if isinstance(value, str) else "a number"


def is_list(value: Any) -> bool:
    """Whether a value is a list of JSON, or the tuple that a table gives for one."""
    return isinstance(value, list | tuple)


def is_scalar(value: Any) -> bool:
    """Whether a value is no list and no object."""
    return not isinstance(value, Mapping | list | tuple)


def single(value: Any) -> Any:
    """The scalar inside a list of one, as tensors of one column nest their values.

    >>> [single(v) for v in ([14], [[14]], [1, 2], 14)]
    [14, [[14]], [1, 2], 14]
    """
    return value[0] if is_list(value) and len(value) == 1 and is_scalar(value[0]) else value


def number_in(text: str) -> float | None:
    """The finite number that a text is, if it is one.

    >>> number_in(" 0.83 "), number_in("1e3"), number_in("nan"), number_in("1_0")
    (0.83, 1000.0, None, None)
    """
    stripped = text.strip()
    if len(stripped) > _LONGEST_NUMBER or not _NUMBER.fullmatch(stripped):
        return None
    found = float(stripped)
    return found if math.isfinite(found) else None


def number(value: Any, what: str) -> float:
    """A finite number, also when it is written as text.

    Args:
        value: as decoded.
        what: names it in the message.

    Raises:
        PayloadError: it is none; booleans are none.
    """
    if isinstance(value, str):
        found = number_in(value)
        if found is None:
            raise PayloadError(f"{what} is a text that is no finite number")
        return found
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PayloadError(f"{what} is {kind_of(value)} and no number")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise PayloadError(f"{what} is not a finite number")
    return found


def share(value: Any, what: str) -> float:
    """A number from 0 to 1.

    Raises:
        PayloadError: it is none.
    """
    found = number(value, what)
    if not 0.0 <= found <= 1.0:
        raise PayloadError(f"{what} lies outside 0 to 1")
    return found


def id_text(value: Any) -> str | None:
    """An id as text, whole: ids may be numbers beyond the precision of a float.

    >>> [id_text(v) for v in ("a", 9007199254740993, 7.0, "", None, True, [1])]
    ['a', '9007199254740993', '7', None, None, None, None]
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int) and value.bit_length() < _MOST_BITS:
        return str(value)
    return None


def row_id(id: str | None, index: int, rows: int) -> str | None:  # noqa: A002
    """The id of one row of a request: the request's own, with the position in a batch.

    A request of exactly one row keeps the plain id, so that label files which carry the
    platform's or the caller's id join.

    >>> row_id("r", 0, 1), row_id("r", 1, 3), row_id(None, 0, 1)
    ('r', 'r-1', None)
    """
    return id if id is None or rows == 1 else f"{id}-{index}"


def named(values: Sequence[Any], mapped: Mapped) -> dict[str, Any]:
    """Names for the values of a row that was logged without them.

    Raises:
        PayloadError: the card names none, or another number of them.
    """
    if not mapped.features:
        raise PayloadError(
            f"a row of {len(values)} values without names: name them, in order,"
            " in the card under [source] features"
        )
    if len(values) != len(mapped.features):
        raise PayloadError(
            f"a row of {len(values)} values, and [source] features in the card names"
            f" {len(mapped.features)}"
        )
    return {name: single(value) for name, value in zip(mapped.features, values, strict=True)}


def names_of(value: Any, what: str) -> list[str]:
    """A list of column names.

    Raises:
        PayloadError: it is none, or a name stands twice.
    """
    if not is_list(value) or not all(isinstance(name, str | int) for name in value):
        raise PayloadError(f"{what} is no list of names")
    texts = [name if isinstance(name, str) else id_text(name) or "" for name in value]
    if len(set(texts)) != len(texts):
        raise PayloadError(f"{what} names a column twice")
    return texts


def csv_rows(text: str) -> list[list[str]]:
    """The rows of a CSV payload, which has no header; blank lines are none.

    Raises:
        PayloadError: it is no CSV, or there is no row.
    """
    try:
        rows = [row for row in csv.reader(text.splitlines(), strict=True) if row]
    except csv.Error:
        raise PayloadError("the payload is no CSV") from None
    if not rows:
        raise PayloadError("the payload is empty")
    return rows


def json_value(text: str | bytes) -> Any:
    """A JSON text decoded.

    Raises:
        PayloadError: it is none, or too deeply nested to be read.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise PayloadError(f"no valid JSON at character {error.pos + 1}") from None
    except UnicodeDecodeError:
        raise PayloadError("the text is not UTF-8") from None
    except ValueError:
        raise PayloadError("a number with too many digits") from None
    except RecursionError:
        raise PayloadError("JSON that is too deeply nested") from None


def base64_text(value: Any) -> str:
    """The text inside base64.

    Raises:
        PayloadError: it is no base64, or no text is in it.
    """
    if not isinstance(value, str):
        raise PayloadError(f"{kind_of(value)} where base64 was expected")
    try:
        return base64.b64decode("".join(value.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise PayloadError("the payload is not valid base64 of a text") from None
