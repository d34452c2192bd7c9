"""What does a record say of its time? Its text or number, or nothing; never a guess."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workbench.ingest.formats.payload_values import kind_of


def moment(value: Any) -> Any:
    """A timestamp as logged; None only when the record has none.

    What can be no time at all becomes a text that is none either, so that it is told apart
    from a record without a time, which may be given its file's.

    >>> moment("2026-11-20T14:12:33Z"), moment(1795184000), moment(None), moment({})
    ('2026-11-20T14:12:33Z', 1795184000, None, 'an object')
    """
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return value
    return kind_of(value)
