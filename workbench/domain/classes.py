"""When are two class names the same class? The one normalisation, in Python.

The store applies the same rule in SQL (`store/expressions.py`); a test holds them together.
"""

from __future__ import annotations

import math
import re

_WHOLE = re.compile(r"([+-]?)([0-9]+)(?:\.0*)?")
BLANK = " \t\n\r\x0b\x0c"
"""What is trimmed from a class: the blanks of ASCII and nothing else."""

_TRUTH = {"true": "1", "false": "0"}


def class_name(value: object) -> str | None:
    """A class as text: trimmed, whole numbers without a fraction, true and false as 1 and 0.

    So `1`, `1.0`, `"1"` and `true` are one class. Leading zeros stay, since `"01"` may be a
    code of its own. None, NaN and an empty text are no class.

    >>> [class_name(v) for v in (1, 1.0, "1", " 1.00 ", True, "TRUE", "-0", "01", "late")]
    ['1', '1', '1', '1', '1', '1', '0', '01', 'late']
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(value).strip(BLANK)
    if not text or text.lower() == "nan":
        return None
    truth = _TRUTH.get(text.lower())
    if truth is not None:
        return truth
    match = _WHOLE.fullmatch(text)
    if match is None:
        return text
    sign, digits = match.groups()
    return f"-{digits}" if sign == "-" and digits.strip("0") else digits
