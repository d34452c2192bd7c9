"""What kind of file is it? Told from its first bytes, then from its name."""

from __future__ import annotations

import json
from typing import Any

from workbench.store.source import ARROW, CSV, PARQUET
from workbench.store.sources import detect_binary

LINES, DOCUMENT = "jsonl", "json"
TABLES = (PARQUET, ARROW)
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
    if begin[:1] == b"[":
        return DOCUMENT
    if begin[:1] != b"{":
        return CSV
    first = begin.partition(b"\n")[0].strip()
    if first == b"{" or (object_in(first) is None and _spans_lines(begin)):
        return DOCUMENT
    return LINES


def object_in(line: bytes) -> dict[str, Any] | None:
    """The JSON object that a line is; None where it is none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _spans_lines(begin: bytes) -> bool:
    """Whether the first value of a text is an object that ends on a later line."""
    text = begin.decode("utf-8", "replace")
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "\n" in text[:end]
