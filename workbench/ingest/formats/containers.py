"""What kind of file is it? Told from its first bytes, then from its name."""

from __future__ import annotations

import json
from typing import Any

from workbench.store.source import ARROW, CSV, PARQUET
from workbench.store.sources import detect_binary

LINES, DOCUMENT = "jsonl", "json"
TABLES = (PARQUET, ARROW)
_LOOKED_AT = 20
"""Lines."""
BLANK = b"\xef\xbb\xbf \t\r\n"

__all__ = ["ARROW", "BLANK", "CSV", "DOCUMENT", "LINES", "PARQUET", "TABLES", "container_of",
           "object_in"]  # fmt: skip


def container_of(start: bytes, name: str) -> str:
    """The container of an unpacked file: `jsonl`, `json` (a document), `csv`, `parquet`, `arrow`.

    Args:
        start: its first bytes, a megabyte if there are as many.
        name: the file's name.
    """
    binary = detect_binary(start, name)
    if binary:
        return binary
    begin = start.lstrip(BLANK)
    first, _, rest = begin.partition(b"\n")
    # What comes after a first line that is broken tells what the file is.
    others = any(object_in(line) for line in rest.split(b"\n", _LOOKED_AT)[:_LOOKED_AT])
    if begin[:1] == b"[":
        return LINES if others and _is_json(first) else DOCUMENT
    if begin[:1] != b"{":
        return LINES if others else CSV
    if object_in(first) is not None:
        return LINES
    is_open = first.strip() == b"{" and not others
    return DOCUMENT if is_open or _spans_lines(begin) else LINES


def object_in(line: bytes) -> dict[str, Any] | None:
    """The JSON object that a line is, from its first byte on; None where it is none."""
    if line[:1] != b"{":
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _spans_lines(begin: bytes) -> bool:
    """Whether the first value of a text is an object that ends on a later line."""
    text = begin.decode("utf-8", "replace")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "\n" in text[:end]
